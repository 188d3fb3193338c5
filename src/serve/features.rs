//! OGC API – Features and Tiles: landing page, conformance, collections, items, tilesets, OpenAPI. One collection is one layer of one bundle.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::ask::Shelf;
use crate::serve::limits::FEATURES;
use crate::serve::loaded::{Bounds, Loaded};
use crate::serve::reply::{self, Parameters};

const CONFORMANCE: [&str; 8] = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
];
const MERCATOR: &str = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// Where the client reached us, for links: programs such as QGIS want them absolute.
pub(super) fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or("localhost");
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let host = if host.chars().all(plain) && host.len() < 256 { host } else { "localhost" };
    let scheme = match headers.get("x-forwarded-proto").and_then(|v| v.to_str().ok()) {
        Some("https") => "https",
        _ => "http",
    };
    format!("{scheme}://{host}")
}

fn link(href: String, rel: &str, kind: &str) -> Value {
    json!({"href": href, "rel": rel, "type": kind})
}

pub(super) fn landing(base: &str) -> Response {
    reply::json(&json!({
        "title": "kleinraum",
        "description": "Protected small-area statistics / Geschützte Kleinraumstatistik",
        "links": [
            link(format!("{base}/ogc"), "self", "application/json"),
            link(format!("{base}/ogc/api"), "service-desc", "application/vnd.oai.openapi+json;version=3.0"),
            link(format!("{base}/ogc/conformance"), "conformance", "application/json"),
            link(format!("{base}/ogc/collections"), "data", "application/json"),
            link(format!("{base}/"), "alternate", "text/html"),
        ],
    }))
}

pub(super) fn conformance() -> Response {
    reply::json(&json!({"conformsTo": CONFORMANCE}))
}

/// `bundle:layer`.
pub(super) fn collection_id(bundle: &Loaded, shelf: &Shelf) -> String {
    format!("{}:{}", bundle.name, shelf.name)
}

pub(super) fn collection_json(bundle: &Loaded, at: usize, base: &str) -> Value {
    let shelf = &bundle.stock.shelves[at];
    let id = collection_id(bundle, shelf);
    let here = format!("{base}/ogc/collections/{id}");
    let date = shelf.date.as_ref().map_or_else(String::new, |date| format!(", {date}"));
    let instant = shelf.date.as_ref().filter(|d| d.len() == 10).map(|d| format!("{d}T00:00:00Z"));
    let mut links =
        vec![link(here.clone(), "self", "application/json"), link(format!("{here}/items"), "items", "application/geo+json")];
    if bundle.tiles.is_some() {
        links.push(link(format!("{here}/tiles"), "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", "application/json"));
    }
    json!({
        "id": id,
        "title": format!("{} · {}{date}", bundle.stock.title, shelf.level),
        "description": bundle.stock.attribution,
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {
            "spatial": {"bbox": [bundle.bounds], "crs": CRS84},
            "temporal": {"interval": [[instant, instant]]},
        },
        "links": links,
    })
}

pub(super) fn collections(bundles: &[std::sync::Arc<Loaded>], base: &str) -> Response {
    let all = bundles.iter().flat_map(|b| (0..b.stock.shelves.len()).map(move |at| collection_json(b, at, base)));
    reply::json(&json!({
        "links": [link(format!("{base}/ogc/collections"), "self", "application/json")],
        "collections": all.collect::<Vec<_>>(),
    }))
}

/// One place as a feature: every published number by the name of its column, NULL with its status where withheld.
pub(super) fn feature(bundle: &Loaded, shelf: usize, place: usize) -> Value {
    let of = &bundle.stock.shelves[shelf];
    let mut properties = Map::new();
    properties.insert("id".into(), json!(of.ids[place]));
    if of.size.is_none() {
        properties.insert("label".into(), json!(of.label(place)));
    }
    if let Some(date) = &of.date {
        properties.insert("date".into(), json!(date));
    }
    for (column, number) in bundle.stock.columns.iter().zip(of.numbers(place)) {
        properties.insert(column.field.clone(), json!(number.value()));
        // Always: readers like QGIS know the fields that the first features have.
        properties.insert(column.status_field.clone(), json!(number.status().name()));
    }
    json!({"type": "Feature", "id": of.ids[place], "geometry": bundle.outline(shelf, place), "properties": properties})
}

/// `west,south,east,north`, or with heights, which are left out.
fn bbox(text: &str) -> Option<Bounds> {
    let numbers =
        text.split(',').map(|n| n.trim().parse::<f64>().ok().filter(|n| n.is_finite())).collect::<Option<Vec<f64>>>()?;
    let bounds = match numbers.as_slice() {
        [w, s, e, n] | [w, s, _, e, n, _] => [*w, *s, *e, *n],
        _ => return None,
    };
    // Across the antimeridian there is nothing of ours, but it is no mistake to ask.
    (bounds[1] <= bounds[3]).then_some(bounds)
}

fn meet(a: Bounds, b: Bounds) -> bool {
    let east_west = if b[0] <= b[2] { a[0] <= b[2] && a[2] >= b[0] } else { a[2] >= b[0] || a[0] <= b[2] };
    east_west && a[1] <= b[3] && a[3] >= b[1]
}

/// A page of a collection's features.
pub(super) fn items(bundle: &Loaded, shelf: usize, parameters: &Parameters, base: &str) -> Response {
    let of = &bundle.stock.shelves[shelf];
    let wrong = |detail: &str| reply::problem(StatusCode::BAD_REQUEST, detail);
    // Queryable attributes are not offered; a name that is no parameter is refused, as the standard wants.
    if let Some(name) = parameters.other_than(&["bbox", "bbox-crs", "crs", "limit", "offset", "datetime", "f"]) {
        let shown: String = name.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).take(40).collect();
        return wrong(&format!("unknown parameter {shown}; there are bbox, limit, offset, datetime and f"));
    }
    let window = match parameters.get("bbox").map(bbox) {
        Some(None) => return wrong("bbox is west,south,east,north in degrees"),
        window => window.flatten(),
    };
    let whole = |name: &str, default: usize| parameters.get(name).map_or(Some(default), |text| text.parse::<usize>().ok());
    let (Some(limit), Some(offset)) = (whole("limit", 1000).filter(|l| *l > 0), whole("offset", 0)) else {
        return wrong("limit and offset are whole numbers, limit at least 1");
    };
    let limit = limit.min(FEATURES);
    let of_time = parameters.get("datetime").is_none_or(|wanted| covers(wanted, of.date.as_deref()));
    let within = |at: &usize| window.is_none_or(|w| bundle.boxes[shelf][*at].is_some_and(|b| meet(b, w)));
    let found: Vec<usize> = if of_time { (0..of.ids.len()).filter(within).collect() } else { Vec::new() };
    let page: Vec<usize> = found.iter().copied().skip(offset).take(limit).collect();
    let here = format!("{base}/ogc/collections/{}/items", collection_id(bundle, of));
    let at = |offset: usize| {
        let bbox = window.map_or_else(String::new, |w| format!("&bbox={},{},{},{}", w[0], w[1], w[2], w[3]));
        format!("{here}?limit={limit}&offset={offset}{bbox}")
    };
    let mut links = vec![link(at(offset), "self", "application/geo+json")];
    if offset.saturating_add(page.len()) < found.len() && !page.is_empty() {
        links.push(link(at(offset + page.len()), "next", "application/geo+json"));
    }
    if offset > 0 {
        links.push(link(at(offset.saturating_sub(limit)), "prev", "application/geo+json"));
    }
    let body = json!({
        "type": "FeatureCollection",
        "numberMatched": found.len(),
        "numberReturned": page.len(),
        "links": links,
        "features": page.into_iter().map(|place| feature(bundle, shelf, place)).collect::<Vec<_>>(),
    });
    reply::of_type("application/geo+json", body.to_string())
}

/// Whether an instant or interval of RFC 3339 holds the date; text order is time order there.
fn covers(wanted: &str, date: Option<&str>) -> bool {
    let Some(date) = date else { return true };
    let day = |text: &str| text.chars().take(10).collect::<String>();
    match wanted.split_once('/') {
        None => day(wanted) == date,
        Some((from, to)) => {
            let open = |text: &str| text.is_empty() || text == "..";
            (open(from) || day(from).as_str() <= date) && (open(to) || day(to).as_str() >= date)
        }
    }
}

pub(super) fn item(bundle: &Loaded, shelf: usize, id: &str, base: &str) -> Option<Response> {
    let of = &bundle.stock.shelves[shelf];
    let place = of.ids.iter().position(|known| known == id)?;
    let mut feature = feature(bundle, shelf, place);
    let collection = format!("{base}/ogc/collections/{}", collection_id(bundle, of));
    feature["links"] = json!([
        link(format!("{collection}/items/{id}"), "self", "application/geo+json"),
        link(collection, "collection", "application/json"),
    ]);
    Some(reply::of_type("application/geo+json", feature.to_string()))
}

/// The tilesets of a collection: one.
pub(super) fn tilesets(bundle: &Loaded, shelf: usize, base: &str) -> Response {
    let here = format!("{base}/ogc/collections/{}/tiles", collection_id(bundle, &bundle.stock.shelves[shelf]));
    reply::json(&json!({
        "links": [link(here.clone(), "self", "application/json")],
        "tilesets": [{
            "title": bundle.stock.shelves[shelf].name,
            "dataType": "vector", "crs": "http://www.opengis.net/def/crs/EPSG/0/3857", "tileMatrixSetURI": MERCATOR,
            "links": [link(format!("{here}/WebMercatorQuad"), "self", "application/json")],
        }],
    }))
}

pub(super) fn tileset(bundle: &Loaded, shelf: usize, base: &str) -> Response {
    let of = &bundle.stock.shelves[shelf];
    let here = format!("{base}/ogc/collections/{}/tiles/WebMercatorQuad", collection_id(bundle, of));
    let (first, last) = of.zooms.unwrap_or((0, 0));
    reply::json(&json!({
        "title": of.name,
        "dataType": "vector", "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetURI": MERCATOR,
        "tileMatrixSetLimits": (first..=last).map(|z| limits(z, bundle.bounds)).collect::<Vec<_>>(),
        "layers": [{"id": of.name, "dataType": "vector", "minTileMatrix": first.to_string(), "maxTileMatrix": last.to_string()}],
        "links": [
            link(here.clone(), "self", "application/json"),
            link(MERCATOR.into(), "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme", "application/json"),
            {"href": format!("{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"), "rel": "item", "type": "application/vnd.mapbox-vector-tile", "templated": true},
        ],
    }))
}

/// Rows and columns of a zoom that hold something.
fn limits(zoom: u8, [west, south, east, north]: Bounds) -> Value {
    let side = f64::from(1_u32 << zoom);
    let column = |lon: f64| ((lon + 180.0) / 360.0 * side).floor().clamp(0.0, side - 1.0) as u32;
    let row = |lat: f64| {
        let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
        (y * side).floor().clamp(0.0, side - 1.0) as u32
    };
    json!({
        "tileMatrix": zoom.to_string(), "minTileRow": row(north), "maxTileRow": row(south),
        "minTileCol": column(west), "maxTileCol": column(east),
    })
}

/// What the interface takes, in OpenAPI 3.0.
pub(super) fn open_api(base: &str) -> Response {
    let path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let query = |name: &str, kind: &str| json!({"name": name, "in": "query", "required": false, "schema": {"type": kind}});
    let get = |summary: &str, kind: &str, parameters: Vec<Value>| {
        json!({"get": {"summary": summary, "parameters": parameters, "responses": {
            "200": {"description": "as asked", "content": {kind: {}}},
            "400": {"description": "a parameter is wrong"}, "404": {"description": "nothing is here"},
        }}})
    };
    let item = "application/geo+json";
    reply::of_type(
        "application/vnd.oai.openapi+json;version=3.0",
        json!({
            "openapi": "3.0.3",
            "info": {"title": "kleinraum", "version": env!("CARGO_PKG_VERSION"), "description": "Protected numbers only; withheld ones are null with a status."},
            "servers": [{"url": base}],
            "paths": {
                "/ogc": get("landing page", "application/json", vec![]),
                "/ogc/conformance": get("conformance", "application/json", vec![]),
                "/ogc/collections": get("collections", "application/json", vec![]),
                "/ogc/collections/{collectionId}": get("a collection", "application/json", vec![path("collectionId")]),
                "/ogc/collections/{collectionId}/items": get("features", item, vec![
                    path("collectionId"), query("bbox", "string"), query("limit", "integer"), query("offset", "integer"), query("datetime", "string"),
                ]),
                "/ogc/collections/{collectionId}/items/{featureId}": get("a feature", item, vec![path("collectionId"), path("featureId")]),
                "/ogc/collections/{collectionId}/tiles": get("tilesets", "application/json", vec![path("collectionId")]),
                "/ogc/collections/{collectionId}/tiles/WebMercatorQuad": get("the tileset", "application/json", vec![path("collectionId")]),
                "/ogc/collections/{collectionId}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": get(
                    "a tile", "application/vnd.mapbox-vector-tile",
                    vec![path("collectionId"), path("tileMatrix"), path("tileRow"), path("tileCol")],
                ),
                "/b/{bundle}/ask": get("a question", "application/json", vec![
                    path("bundle"), query("q", "string"), query("by", "string"), query("date", "string"), query("top", "integer"), query("lang", "string"),
                ]),
                "/b/{bundle}/select.csv": get("a group in all places", "text/csv", vec![path("bundle"), query("q", "string"), query("by", "string")]),
                "/b/{bundle}/select.geojson": get("a group in all places", item, vec![path("bundle"), query("q", "string"), query("by", "string")]),
                "/b/{bundle}/tiles/{z}/{x}/{y}.pbf": get(
                    "a tile, with q of one group", "application/vnd.mapbox-vector-tile",
                    vec![path("bundle"), path("z"), path("x"), path("y"), query("q", "string")],
                ),
            },
        })
        .to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        assert_eq!(bbox("9,53,10,54"), Some([9.0, 53.0, 10.0, 54.0]));
        assert_eq!(bbox("9,53,-5,10,54,100"), Some([9.0, 53.0, 10.0, 54.0]));
        for wrong in ["", "1,2,3", "a,b,c,d", "9,54,10,53", "NaN,0,1,1", "inf,0,1,1"] {
            assert_eq!(bbox(wrong), None, "{wrong}");
        }
        assert!(meet([9.0, 53.0, 9.1, 53.1], [9.1, 53.1, 10.0, 54.0]));
        assert!(!meet([9.0, 53.0, 9.1, 53.1], [9.2, 53.0, 10.0, 54.0]));
        assert!(meet([179.0, 0.0, 179.5, 1.0], [178.0, 0.0, -178.0, 1.0]));
    }

    #[test]
    fn times() {
        let covers = |wanted| covers(wanted, Some("2019-12-31"));
        assert!(covers("2019-12-31T00:00:00Z") && covers("2019-01-01/..") && covers("../2020-01-01"));
        assert!(!covers("2020-01-01") && !covers("2020-01-01/.."));
    }
}
