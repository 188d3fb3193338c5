//! Routes: which address gives what.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use pmtiles::TileCoord;
use serde_json::json;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::ask::phrase;
use crate::serve::background::{self, Background};
use crate::serve::library::Library;
use crate::serve::limits::{ANSWER_SECONDS, TARGET_CHARACTERS, WORKING};
use crate::serve::loaded::Loaded;
use crate::serve::reply::{self, Parameters};
use crate::serve::{features, group_tile, page, page_data, questions};

struct App {
    library: Arc<Library>,
    /// What the page may load, and how it is set.
    policy: String,
    settings: serde_json::Value,
    working: Semaphore,
    requests: AtomicU64,
    bytes_of_tiles: AtomicU64,
    by_class: [AtomicU64; 6],
}

pub(super) fn router(library: Arc<Library>, background: Option<Background>) -> Router {
    let app = Arc::new(App {
        policy: page::policy(background.as_ref()),
        settings: background::settings(true, background.as_ref()),
        library,
        working: Semaphore::new(WORKING),
        requests: AtomicU64::new(0),
        bytes_of_tiles: AtomicU64::new(0),
        by_class: std::array::from_fn(|_| AtomicU64::new(0)),
    });
    // Files are given out byte for byte, by ranges; tiles are gzip already.
    let small = DefaultPredicate::new()
        .and(NotForContentType::const_new("application/vnd.pmtiles"))
        .and(NotForContentType::const_new("application/vnd.apache.parquet"));
    Router::new()
        .fallback(routed)
        .layer(CompressionLayer::new().compress_when(small))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

/// Around every request: limits, the client's copy, headers, numbers for `/metrics`.
async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    app.requests.fetch_add(1, Ordering::Relaxed);
    let head = request.method() == Method::HEAD;
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let mut response = match *request.method() {
        Method::OPTIONS => reply::empty(StatusCode::NO_CONTENT),
        Method::GET | Method::HEAD if target > TARGET_CHARACTERS => {
            reply::problem(StatusCode::URI_TOO_LONG, "the address is too long")
        }
        Method::GET | Method::HEAD => match tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS), next.run(request)).await {
            Ok(response) => response,
            Err(_) => reply::problem(StatusCode::SERVICE_UNAVAILABLE, "too busy; try again"),
        },
        _ => {
            let mut response = reply::problem(StatusCode::METHOD_NOT_ALLOWED, "everything here is only read");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            response
        }
    };
    let tag = response.headers().get(header::ETAG).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let same =
        |tag: &String| known.as_ref().is_some_and(|known| known.split(',').any(|k| weak(k) == weak(tag) || k.trim() == "*"));
    if response.status() == StatusCode::OK && tag.as_ref().is_some_and(same) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().remove(header::CONTENT_ENCODING);
        *response.body_mut() = Body::empty();
    }
    if head {
        *response.body_mut() = Body::empty();
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, HEAD, OPTIONS"),
        ("access-control-allow-headers", "range, if-range, if-none-match, accept, accept-language"),
        ("access-control-expose-headers", "etag, content-range, content-length, accept-ranges"),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    app.by_class[usize::from(response.status().as_u16() / 100).min(5)].fetch_add(1, Ordering::Relaxed);
    response
}

/// Paths are few and their parts are names of ours: split, and looked up.
async fn routed(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_matches('/');
    let parts: Vec<String> = path.split('/').map(|part| reply::decoded(part, false)).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let parameters = Parameters::of(uri.query());
    match parts.as_slice() {
        ["health"] => reply::of_type("text/plain", "ok\n"),
        ["metrics"] => metrics(&app),
        ["page.json"] => reply::json(&app.settings),
        ["bundles.json"] => {
            let list = app.library.all().iter().map(|b| json!({"name": b.name, "title": b.stock.title})).collect::<Vec<_>>();
            reply::json(&json!(list))
        }
        ["b", name, rest @ ..] => match app.library.get(name) {
            Some(bundle) => of_bundle(&app, bundle, rest, (&parameters, &headers)).await,
            None => reply::not_found(),
        },
        ["ogc", rest @ ..] => ogc(&app, rest, &parameters, &features::base(&headers)).await,
        ["ask"] => match app.library.all().as_slice() {
            [bundle] => of_bundle(&app, Arc::clone(bundle), &["ask"], (&parameters, &headers)).await,
            _ => reply::problem(StatusCode::BAD_REQUEST, "there are several bundles: ask at /b/NAME/ask"),
        },
        ["fonts", _, file] => page::glyphs(file).unwrap_or_else(reply::not_found),
        _ => page::respond(path, &app.policy).unwrap_or_else(reply::not_found),
    }
}

async fn of_bundle(
    app: &Arc<App>,
    bundle: Arc<Loaded>,
    rest: &[&str],
    (parameters, headers): (&Parameters, &HeaderMap),
) -> Response {
    let strong = format!("\"{}\"", bundle.version);
    match rest {
        ["about.json"] => {
            let about = page_data::description(&bundle.stock, (&bundle.name, &bundle.version), bundle.bounds);
            reply::of_bundle(reply::json(&about), &bundle)
        }
        ["level", file] => {
            let level = file.strip_suffix(".json").and_then(|layer| bundle.level(layer));
            level.map_or_else(reply::not_found, |bytes| reply::of_bundle(reply::of_type("application/json", bytes), &bundle))
        }
        ["outlines", file] => {
            let shelf = file.strip_suffix(".json").and_then(|layer| bundle.stock.shelves.iter().position(|s| s.name == layer));
            match shelf.map(|at| &bundle.outlines[at]).filter(|outlines| !outlines.is_empty()) {
                Some(outlines) => reply::of_bundle(reply::json(&json!(outlines)), &bundle),
                None => reply::not_found(),
            }
        }
        [file] if bundle.files.contains_key(file) => bundle.files[file].respond(headers, &strong),
        ["tiles.json"] => described(bundle.tilejson.as_ref(), &bundle, |tilejson| {
            tilejson["tiles"] = json!([format!("{}/b/{}/tiles/{{z}}/{{x}}/{{y}}.pbf", features::base(headers), bundle.name)]);
        }),
        ["style.json"] => described(bundle.style.as_ref(), &bundle, |style| {
            let tiles = format!("{}/b/{}/tiles.json", features::base(headers), bundle.name);
            if let Some(sources) = style["sources"].as_object_mut() {
                for source in sources.values_mut().filter(|s| s["type"] == "vector") {
                    source["url"] = json!(tiles);
                }
            }
            page::name_glyphs(style, &features::base(headers));
        }),
        ["legend.json"] => {
            let legend = bundle.style.as_ref().map(|style| style["metadata"]["kleinraum:legend"].clone());
            described(legend.filter(|l| !l.is_null()).as_ref(), &bundle, |_| {})
        }
        ["tiles", z, x, y] => {
            let tile = y.strip_suffix(".pbf").or(y.strip_suffix(".mvt")).and_then(|y| coord(z, x, y));
            tiled(app, &bundle, tile, (parameters.get("q"), headers)).await
        }
        ["ask" | "select.csv" | "select.geojson" | "select.gpkg"] => {
            let language = reply::language(parameters.get("lang"), headers);
            let kind = rest[0].to_owned();
            let get = |name: &str| parameters.get(name).filter(|v| !v.is_empty()).map(str::to_owned);
            let asked = questions::Asked {
                q: get("q").unwrap_or_default(),
                by: get("by"),
                date: get("date"),
                top: get("top"),
                within: get("within"),
                excel: get("excel").is_some(),
            };
            let held = Arc::clone(&bundle);
            let response = worked(app, move || match kind.as_str() {
                "ask" => questions::ask(&held, &asked, language),
                kind => questions::select(&held, &asked, (kind, language)),
            });
            reply::of_bundle(response.await, &bundle)
        }
        _ => reply::not_found(),
    }
}

/// Does work beside the connections, not more at a time than there are places for.
async fn worked(app: &Arc<App>, work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let Ok(_place) = app.working.acquire().await else { return reply::empty(StatusCode::SERVICE_UNAVAILABLE) };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| reply::problem(StatusCode::INTERNAL_SERVER_ERROR, "this went wrong"))
}

fn described(value: Option<&serde_json::Value>, bundle: &Loaded, change: impl FnOnce(&mut serde_json::Value)) -> Response {
    let Some(mut value) = value.cloned() else { return reply::not_found() };
    change(&mut value);
    reply::of_bundle(reply::json(&value), bundle)
}

/// A tile's place, if it is one.
fn coord(z: &str, x: &str, y: &str) -> Option<TileCoord> {
    let digits = |text: &str| {
        (text.len() <= 10 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u32>().ok())
    };
    let (z, x, y) = (digits(z)??, digits(x)??, digits(y)??);
    let z = u8::try_from(z).ok().filter(|z| *z <= 24)?;
    TileCoord::new(z, x, y).ok()
}

/// A tile of the archive, of one group where a question is asked.
async fn tiled(
    app: &Arc<App>,
    bundle: &Arc<Loaded>,
    tile: Option<TileCoord>,
    (question, headers): (Option<&str>, &HeaderMap),
) -> Response {
    let Some(tile) = tile else { return reply::problem(StatusCode::BAD_REQUEST, "no such tile: z/x/y.pbf, x and y below 2^z") };
    let Some(tiles) = &bundle.tiles else { return reply::not_found() };
    let columns = match question.map(|q| phrase::read(&bundle.stock, q).and_then(|r| r.query.columns(&bundle.stock))) {
        Some(Err(error)) => return reply::unanswered(&error, reply::language(None, headers)),
        Some(Ok(columns)) => Some(columns),
        None => None,
    };
    let Ok(found) = tiles.get_tile(tile).await else {
        return reply::problem(StatusCode::INTERNAL_SERVER_ERROR, "the archive cannot be read");
    };
    let Some(gzip) = found else { return reply::of_bundle(reply::tile(None, false), bundle) };
    app.bytes_of_tiles.fetch_add(gzip.len() as u64, Ordering::Relaxed);
    if columns.is_none() && reply::takes_gzip(headers) {
        return reply::of_bundle(reply::tile(Some(gzip), true), bundle);
    }
    let (held, takes) = (Arc::clone(bundle), reply::takes_gzip(headers));
    let response = worked(app, move || match (unpacked(&gzip), columns) {
        (Some(tile), Some(columns)) => {
            let tile = group_tile::of_group(&tile, &held.stock, &columns);
            match takes {
                // The general layer would take longer to compress it than all else takes together.
                true if !tile.is_empty() => reply::tile(Some(packed(&tile).into()), true),
                _ => reply::tile(Some(tile.into()), false),
            }
        }
        (Some(tile), None) => reply::tile(Some(tile.into()), false),
        (None, _) => reply::problem(StatusCode::INTERNAL_SERVER_ERROR, "the archive cannot be read"),
    });
    reply::of_bundle(response.await, bundle)
}

/// Bytes of a tile at most: ours have a few hundred kilobytes, and a broken archive does not fill the memory.
const LARGEST_TILE: usize = 64 << 20;

fn unpacked(gzip: &Bytes) -> Option<Vec<u8>> {
    // The last four bytes of gzip are its length.
    let length = gzip.len().checked_sub(4).and_then(|at| gzip[at..].try_into().ok()).map(u32::from_le_bytes)?;
    let mut tile = vec![0; usize::try_from(length).ok().filter(|length| *length <= LARGEST_TILE)?];
    let written = Decompressor::new().gzip_decompress(gzip, &mut tile).ok()?;
    tile.truncate(written);
    Some(tile)
}

/// For the way: quickly, since it is made for one request. libdeflate's fastest level is 0, which only wraps; of 137 tiles of the largest zooms (16.6 MB)
/// level 1 leaves 5.0 MB in 0.1 s, zlib's 6, which the general layer takes, 4.6 MB in 0.7 s.
fn packed(tile: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::new(1).expect("levels are 0 to 12"));
    let mut gzip = vec![0; compressor.gzip_compress_bound(tile.len())];
    let written = compressor.gzip_compress(tile, &mut gzip).expect("the bound is kept");
    gzip.truncate(written);
    gzip
}

async fn ogc(app: &Arc<App>, rest: &[&str], parameters: &Parameters, base: &str) -> Response {
    let bundles = app.library.all();
    match rest {
        [] | [""] => features::landing(base),
        ["conformance"] => features::conformance(),
        ["api"] => features::open_api(base),
        ["collections"] => features::collections(&bundles, base),
        ["collections", id, rest @ ..] => {
            let shelf = |b: &Arc<Loaded>| b.stock.shelves.iter().position(|s| features::collection_id(b, s) == *id);
            let Some((bundle, shelf)) = bundles.iter().find_map(|b| Some((Arc::clone(b), shelf(b)?))) else {
                return reply::not_found();
            };
            let response = match rest {
                [] => reply::json(&features::collection_json(&bundle, shelf, base)),
                ["items"] => {
                    let (held, base) = (Arc::clone(&bundle), base.to_owned());
                    let names = ["bbox", "bbox-crs", "crs", "limit", "offset", "datetime", "f"];
                    let unknown = parameters.other_than(&names).map(|name| (name.to_owned(), String::new()));
                    let given = names.iter().filter_map(|n| parameters.get(n).map(|v| ((*n).to_owned(), v.to_owned())));
                    let parameters = Parameters::of_pairs(given.chain(unknown).collect());
                    worked(app, move || features::items(&held, shelf, &parameters, &base)).await
                }
                ["items", id] => features::item(&bundle, shelf, id, base).unwrap_or_else(reply::not_found),
                ["tiles"] => features::tilesets(&bundle, shelf, base),
                ["tiles", "WebMercatorQuad"] => features::tileset(&bundle, shelf, base),
                ["tiles", "WebMercatorQuad", z, row, column] => return layer_tile(&bundle, shelf, coord(z, column, row)).await,
                _ => reply::not_found(),
            };
            reply::of_bundle(response, &bundle)
        }
        _ => reply::not_found(),
    }
}

/// A tile with one layer.
async fn layer_tile(bundle: &Loaded, shelf: usize, tile: Option<TileCoord>) -> Response {
    let Some(tile) = tile else { return reply::not_found() };
    let found = match &bundle.tiles {
        Some(tiles) => tiles.get_tile(tile).await.ok().flatten(),
        None => None,
    };
    let layer =
        found.and_then(|gzip| unpacked(&gzip)).and_then(|tile| group_tile::only_layer(&tile, &bundle.stock.shelves[shelf].name));
    reply::of_bundle(reply::tile(layer.map(Bytes::from), false), bundle)
}

/// In Prometheus' text form.
fn metrics(app: &App) -> Response {
    let number = |n: &AtomicU64| n.load(Ordering::Relaxed);
    let classes: BTreeMap<usize, u64> = app.by_class.iter().enumerate().skip(1).map(|(at, n)| (at, number(n))).collect();
    let mut text = format!("# TYPE kleinraum_requests_total counter\nkleinraum_requests_total {}\n", number(&app.requests));
    text += "# TYPE kleinraum_responses_total counter\n";
    for (class, count) in classes {
        text += &format!("kleinraum_responses_total{{class=\"{class}xx\"}} {count}\n");
    }
    text += &format!(
        "# TYPE kleinraum_tile_bytes_total counter\nkleinraum_tile_bytes_total {}\n# TYPE kleinraum_bundles gauge\nkleinraum_bundles {}\n",
        number(&app.bytes_of_tiles),
        app.library.all().len()
    );
    reply::of_type("text/plain; version=0.0.4", text)
}
