//! The server as a client meets it: the real program, real connections, what each address gives, and what hostile ones get.

mod desk;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use desk::server::Server;

const PLAN: &str = r#"
title = "Tisch"
tables = [["age"], ["sex"]]
[source]
files = ["persons.csv"]
[position]
crs = "EPSG:3035"
x = "e"
y = "n"
[grid]
sizes = [100, 1000]
[[area]]
name = "half"
file = "areas.geojson"
key = "key"
crs = "EPSG:3035"
[[dimension]]
name = "age"
column = "age"
[[dimension]]
name = "sex"
column = "sex"
[protection]
method = "suppress"
threshold = 5
[output]
folder = "out"
formats = ["pmtiles", "geojson"]
"#;

fn desk() -> tempfile::TempDir {
    let (desk, _) = desk::desk();
    std::fs::write(desk.path().join("plan.toml"), PLAN).unwrap();
    let output = desk::kleinraum(desk.path(), &["run", "plan.toml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    desk
}

#[test]
fn what_each_address_gives() {
    let desk = desk();
    let server = Server::start(desk.path());
    assert_eq!(server.get("/health", &[]).body, b"ok\n");
    assert_eq!(server.get("/bundles.json", &[]).json()[0]["name"], "out");
    let about = server.get("/b/out/about.json", &[]);
    assert_eq!(about.json()["method"], "suppress");
    assert_eq!(about.header("access-control-allow-origin"), "*");

    // The client's copy is good as long as the bundle is the same.
    let tag = about.header("etag").to_owned();
    let again = server.get("/b/out/about.json", &[("If-None-Match", &tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));

    // Compression as asked for.
    let level = server.get("/b/out/level/100m.json", &[]);
    for (wanted, magic) in [("gzip", Some(&b"\x1f\x8b"[..])), ("br", None)] {
        let packed = server.get("/b/out/level/100m.json", &[("Accept-Encoding", wanted)]);
        assert_eq!(packed.header("content-encoding"), wanted);
        assert!(packed.body.len() < level.body.len() / 2);
        assert!(magic.is_none_or(|magic| packed.body.starts_with(magic)));
    }
    // Withheld is null, never a number.
    let total = &level.json()["numbers"][0];
    assert!(total.as_array().unwrap().iter().all(|n| n.is_null() || n.as_i64().is_some_and(|n| n == 0 || n >= 5)));

    // The archive by ranges, byte for byte.
    let file = std::fs::read(desk.path().join("out/tiles.pmtiles")).unwrap();
    let whole = server.get("/b/out/tiles.pmtiles", &[("Accept-Encoding", "gzip, br")]);
    assert_eq!((whole.status, whole.body == file, whole.header("accept-ranges")), (200, true, "bytes"));
    let part = server.get("/b/out/tiles.pmtiles", &[("Range", "bytes=7-126")]);
    assert_eq!((part.status, part.body == file[7..127]), (206, true));
    assert_eq!(part.header("content-range"), format!("bytes 7-126/{}", file.len()));
    let etag = part.header("etag").to_owned();
    assert!(!etag.starts_with("W/"), "ranges need a strong tag");
    assert_eq!(server.get("/b/out/tiles.pmtiles", &[("Range", "bytes=0-1"), ("If-Range", "\"other\"")]).status, 200);
    assert_eq!(server.get("/b/out/tiles.pmtiles", &[("Range", "bytes=999999999-")]).status, 416);

    // Tiles: the archive's, one group's, an empty one.
    let bounds: Vec<f64> = serde_json::from_value(about.json()["bounds"].clone()).unwrap();
    let (lon, lat) = ((bounds[0] + bounds[2]) / 2.0, (bounds[1] + bounds[3]) / 2.0);
    let side = f64::from(1 << 13);
    let x = ((lon + 180.0) / 360.0 * side) as u32;
    let y = ((1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * side) as u32;
    let tile = server.get(&format!("/b/out/tiles/13/{x}/{y}.pbf"), &[]);
    assert_eq!((tile.status, tile.header("content-type")), (200, "application/vnd.mapbox-vector-tile"));
    let group = server.get(&format!("/b/out/tiles/13/{x}/{y}.pbf?q=age%3D65%2B"), &[]);
    assert_eq!(group.status, 200);
    check_group_tile(&tile.body, &group.body);
    // For the way it is made smaller, and is the same tile.
    let sent = server.get(&format!("/b/out/tiles/13/{x}/{y}.pbf?q=age%3D65%2B"), &[("Accept-Encoding", "gzip")]);
    assert_eq!((sent.header("content-encoding"), sent.header("vary")), ("gzip", "accept-encoding"));
    assert!(sent.body.len() * 3 < group.body.len() * 2, "{} of {} bytes", sent.body.len(), group.body.len());
    let mut same = Vec::new();
    flate2::read::GzDecoder::new(sent.body.as_slice()).read_to_end(&mut same).unwrap();
    assert!(same == group.body);
    assert_eq!(server.get("/b/out/tiles/13/0/0.pbf", &[]).status, 204);
    assert_eq!(server.get("/b/out/tiles.json", &[]).json()["tilejson"], "3.0.0");

    // Questions and selections.
    let asked = server.get("/ask?q=age%3D65%2B&by=half&lang=de", &[]);
    assert_eq!((asked.status, asked.json()["query"].as_str().unwrap()), (200, "age=65+"));
    assert!(asked.json()["sentence"].as_str().unwrap().contains("Personen"));
    let refused = server.get("/b/out/ask?q=age%3D65%2B%26sex%3Df", &[]);
    assert_eq!((refused.status, refused.json()["instead"][0].as_str().unwrap()), (400, "age=65+"));
    let table = server.get("/b/out/select.csv?q=sex%3Df&by=1km&excel=1", &[]);
    let text = String::from_utf8(table.body).unwrap();
    assert!(text.starts_with("\u{feff}id;label;date;n;status;base\r\n"), "{text}");
    let places = server.get("/b/out/select.geojson?q=sex%3Df&by=half", &[]).json();
    assert_eq!(places["features"][0]["geometry"]["type"], "MultiPolygon");
}

#[test]
fn a_drawn_area_and_a_selection_as_a_geopackage() {
    let desk = desk();
    let server = Server::start(desk.path());
    let within = "9.99,53.5;10.04,53.5;10.04,53.6;9.99,53.6";
    let asked = server.get(&format!("/b/out/ask?q=sex%3Df&by=100m&within={within}&top=100000"), &[]).json();
    assert_eq!(asked["within"], "POLYGON((9.99 53.5, 10.04 53.5, 10.04 53.6, 9.99 53.6, 9.99 53.5))");
    // The same cells as the ones whose middle another reader finds inside, and the same sum.
    let all = server.get("/b/out/select.geojson?q=sex%3Df&by=100m", &[]).json();
    let middle = |feature: &serde_json::Value, axis: usize| {
        let ring = feature["geometry"]["coordinates"][0].as_array().unwrap();
        (ring[0][axis].as_f64().unwrap() + ring[2][axis].as_f64().unwrap()) / 2.0
    };
    let inside = |f: &&serde_json::Value| middle(f, 0) < 10.04;
    let cells: Vec<&serde_json::Value> = all["features"].as_array().unwrap().iter().filter(inside).collect();
    let sum: i64 = cells.iter().filter_map(|f| f["properties"]["n"].as_i64()).sum();
    assert!(cells.len() > 100 && cells.len() < all["features"].as_array().unwrap().len());
    assert_eq!((asked["places"].as_u64(), asked["whole"]["count"].as_i64()), (Some(cells.len() as u64), Some(sum)));
    let few = server.get("/b/out/ask?q=*&by=100m&within=10,53.5;10.0001,53.5;10.0001,53.5001", &[]);
    assert_eq!(few.status, 400, "{}", String::from_utf8_lossy(&few.body));
    for wrong in ["within=1,2", "within=nonsense", "by=half&within=9.9,53;10.1,53;10.1,54"] {
        assert_eq!(server.get(&format!("/b/out/ask?q=*&{wrong}"), &[]).status, 400, "{wrong}");
    }
    let package = server.get(&format!("/b/out/select.gpkg?q=sex%3Df&by=100m&within={within}"), &[]);
    assert_eq!((package.status, package.header("content-type")), (200, "application/geopackage+sqlite3"));
    assert_eq!(server.get(&format!("/b/out/select.gpkg?q=sex%3Df&by=100m&within={within}"), &[]).body, package.body);
    let file = desk.path().join("selection.gpkg");
    std::fs::write(&file, &package.body).unwrap();
    let database = rusqlite::Connection::open(&file).unwrap();
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM \"100m\""), cells.len() as i64);
    assert_eq!(count("SELECT sum(n) FROM \"100m\""), sum);
    assert_eq!(count("SELECT count(*) FROM \"100m\" WHERE status = 'suppressed' AND n IS NOT NULL"), 0);
    assert_eq!(count("SELECT count(*) FROM \"rtree_100m_geom\""), cells.len() as i64);
}

/// Group tiles: the same features, `n` as the column's number, `status` as its status.
fn check_group_tile(tile: &[u8], group: &[u8]) {
    let value = |v: fast_mvt::MvtValueRef<'_>| match v {
        fast_mvt::MvtValueRef::UInt(n) => n.to_string(),
        fast_mvt::MvtValueRef::SInt(n) => n.to_string(),
        fast_mvt::MvtValueRef::String(s) => s.to_string(),
        other => panic!("unexpected type {other:?}"),
    };
    let features = |bytes: &[u8]| {
        let mut all = BTreeMap::new();
        for layer in fast_mvt::MvtReaderRef::new(bytes).unwrap().layers() {
            for feature in layer.features() {
                let attributes = feature.properties().map(|p| p.unwrap()).map(|(key, v)| (key.to_owned(), value(v)));
                let commands = format!("{:?}", feature.geometry_commands());
                all.insert((layer.name().to_owned(), feature.id()), (attributes.collect::<BTreeMap<String, String>>(), commands));
            }
        }
        all
    };
    let (tile, group) = (features(tile), features(group));
    assert_eq!(tile.keys().collect::<Vec<_>>(), group.keys().collect::<Vec<_>>());
    let mut withheld = 0;
    for (key, (before, geometry)) in &tile {
        let (after, same) = &group[key];
        assert_eq!((after.get("n"), after.get("base")), (before.get("age_65_plus"), before.get("total")), "{key:?}");
        assert_eq!(geometry, same);
        let suppressed = before.get("age_65_plus_status").map(String::as_str) == Some("suppressed");
        assert_eq!(after.get("status").map(String::as_str) == Some("suppressed"), suppressed);
        withheld += usize::from(suppressed);
    }
    assert!(tile.len() > 50 && withheld > 5, "{} features, {withheld} withheld", tile.len());
}

#[test]
fn ogc_api_features_and_tiles() {
    let desk = desk();
    let server = Server::start(desk.path());
    let landing = server.get("/ogc", &[]).json();
    assert!(landing["links"].as_array().unwrap().iter().any(|l| l["rel"] == "data"));
    assert!(server.get("/ogc/conformance", &[]).json()["conformsTo"].as_array().unwrap().len() > 4);
    assert_eq!(server.get("/ogc/api", &[]).json()["openapi"], "3.0.3");
    let collections = server.get("/ogc/collections", &[]).json();
    let ids: Vec<&str> = collections["collections"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["out:100m", "out:1km", "out:half"]);
    // Paging through everything meets each place once.
    let (mut seen, mut path) = (Vec::new(), "/ogc/collections/out:1km/items?limit=4".to_owned());
    loop {
        let page = server.get(&path, &[]).json();
        seen.extend(page["features"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap().to_owned()));
        let next =
            page["links"].as_array().unwrap().iter().find(|l| l["rel"] == "next").map(|l| l["href"].as_str().unwrap().to_owned());
        let Some(next) = next else {
            assert_eq!(page["numberMatched"].as_u64().unwrap() as usize, seen.len());
            break;
        };
        path = next.split_once(&server.address).unwrap().1.to_owned();
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert!(count > 4 && count == seen.len());
    let one = server.get(&format!("/ogc/collections/out:1km/items/{}", seen[0]), &[]).json();
    assert_eq!(one["geometry"]["type"], "Polygon");
    let lon = one["geometry"]["coordinates"][0][0][0].as_f64().unwrap();
    let lat = one["geometry"]["coordinates"][0][0][1].as_f64().unwrap();
    let near = server
        .get(&format!("/ogc/collections/out:1km/items?bbox={},{},{},{}", lon - 1e-4, lat - 1e-4, lon + 1e-4, lat + 1e-4), &[]);
    assert!((1..=4).contains(&near.json()["numberMatched"].as_u64().unwrap()));
    assert_eq!(server.get("/ogc/collections/out:half/items/west", &[]).json()["properties"]["label"], "west");
    let set = server.get("/ogc/collections/out:100m/tiles/WebMercatorQuad", &[]).json();
    let limits = set["tileMatrixSetLimits"].as_array().unwrap().last().unwrap().clone();
    let tile = format!(
        "/ogc/collections/out:100m/tiles/WebMercatorQuad/{}/{}/{}",
        limits["tileMatrix"].as_str().unwrap(),
        limits["minTileRow"],
        limits["minTileCol"]
    );
    let tile = server.get(&tile, &[]);
    assert!([200, 204].contains(&tile.status));
}

#[test]
fn hostile_requests_get_the_right_status_and_nothing_else() {
    let desk = desk();
    std::fs::write(desk.path().join("secret.txt"), "geheim").unwrap();
    let server = Server::start(desk.path());
    let long = format!("/b/out/ask?q={}", "a".repeat(6000));
    let question = format!("/b/out/ask?q={}", "age%3D".repeat(200));
    for (path, expected) in [
        ("/b/out/../secret.txt", 404),
        ("/b/out/..%2fsecret.txt", 404),
        ("/b/out/%2e%2e/secret.txt", 404),
        ("/b/out/....//secret.txt", 404),
        ("/b/../persons.csv", 404),
        ("/b/out/..\\..\\secret.txt", 404),
        ("/../../../../etc/passwd", 404),
        ("/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/b/out/level/..%2frun.json", 404),
        ("/b/out/outlines/%00.json", 404),
        ("/b/out/incidence.parquet", 404),
        ("/b/other/about.json", 404),
        ("/b/out/tiles/99/0/0.pbf", 400),
        ("/b/out/tiles/3/8/0.pbf", 400),
        ("/b/out/tiles/3/-1/0.pbf", 400),
        ("/b/out/tiles/3/99999999999999999999/0.pbf", 400),
        ("/b/out/tiles/1e1/0/0.pbf", 400),
        ("/b/out/tiles/24/16777215/16777215.pbf", 204),
        ("/b/out/tiles/0/0/0", 400),
        ("/b/out/tiles/0/0/0.pbf?q=hair%3Dred", 400),
        ("/b/out/ask?q=hair%3Dred", 400),
        ("/b/out/ask?q=%26%26%3D%3D", 400),
        ("/b/out/ask?q=bahnhof", 400),
        ("/b/out/ask?q=%ff%fe%00", 400),
        ("/b/out/ask?q=age%3D0-17&by=nowhere", 400),
        ("/b/out/ask?q=age%3D0-17&date=1900-01-01", 400),
        ("/b/out/ask?q=*&top=-1", 400),
        ("/b/out/ask?q=*&top=99999999999999999999999", 400),
        ("/b/out/select.csv?q=in%3Dnowhere", 400),
        (&long, 414),
        (&question, 400),
        ("/ogc/collections/out:1km/items?bbox=1,2,3", 400),
        ("/ogc/collections/out:1km/items?bbox=NaN,0,1,1", 400),
        ("/ogc/collections/out:1km/items?limit=0", 400),
        ("/ogc/collections/out:1km/items?limit=x", 400),
        ("/ogc/collections/out:1km/items?offset=99999999999999999", 200),
        ("/ogc/collections/out:1km/items?age=1", 400),
        ("/ogc/collections/out:1km/items/nothing", 404),
        ("/ogc/collections/out%3A9km/items", 404),
    ] {
        let answer = server.get(path, &[]);
        assert_eq!(answer.status, expected, "{path}");
        let body = String::from_utf8_lossy(&answer.body);
        assert!(!body.contains("geheim") && !body.contains("root:"), "{path}");
    }
    for range in [
        "bytes=-",
        "bytes=5-1",
        "bytes=0-0,2-3",
        "bytes=99999999999999999999-",
        "bytes=-99999999999999999999",
        "\u{7f}",
        "bytes=-0",
    ] {
        let status = server.get("/b/out/tiles.pmtiles", &[("Range", range)]).status;
        assert!([200, 206, 400, 416].contains(&status), "{range}: {status}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let request =
            format!("{method} /b/out/about.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(server.raw(request.as_bytes()).unwrap().status, 405, "{method}");
    }
    // Heads without end, and what is no HTTP.
    let endless = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(100_000));
    assert!(server.raw(endless.as_bytes()).is_none_or(|a| a.status == 431));
    for nonsense in [&b"\x16\x03\x01\x00\xff"[..], b"GET\r\n\r\n", b"\r\n\r\n\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"] {
        let _ = TcpStream::connect(&server.address).and_then(|mut s| s.write_all(nonsense));
    }
    // Slow clients wait by themselves: a thousand open connections that say nothing do not stop anybody who was there before.
    let slow: Vec<TcpStream> = (0..300).filter_map(|_| TcpStream::connect(&server.address).ok()).collect();
    assert_eq!(server.get("/health", &[]).status, 200);
    drop(slow);
    let metrics = String::from_utf8(server.get("/metrics", &[]).body).unwrap();
    assert!(metrics.contains("kleinraum_responses_total{class=\"5xx\"} 0\n"), "{metrics}");
}

#[test]
fn a_newer_bundle_takes_the_place_of_the_old_one_without_a_lost_request() {
    let desk = desk();
    let server = Server::start(desk.path());
    let before = server.get("/b/out/about.json", &[]).json()["version"].clone();
    let changed =
        std::fs::read_to_string(desk.path().join("plan.toml")).unwrap().replace("title = \"Tisch\"", "title = \"Neuer Tisch\"");
    std::fs::write(desk.path().join("plan.toml"), changed).unwrap();
    let running = std::thread::scope(|scope| {
        let run = scope.spawn(|| desk::kleinraum(desk.path(), &["run", "plan.toml"]));
        let mut asked = 0;
        while !run.is_finished() {
            assert_eq!(server.get("/b/out/about.json", &[]).status, 200);
            assert_eq!(server.get("/b/out/tiles.pmtiles", &[("Range", "bytes=0-126")]).status, 206);
            asked += 1;
        }
        assert!(run.join().unwrap().status.success());
        asked
    });
    assert!(running > 0);
    let newer = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        let about = server.get("/b/out/about.json", &[]);
        assert_eq!(about.status, 200);
        (about.json()["version"] != before).then(|| about.json())
    });
    assert_eq!(newer.expect("it was taken up")["title"], "Neuer Tisch");
}

/// What clicks: the page in this program, the judges, and Chromium. Where one is missing the tests of the page are skipped, but not in CI.
fn clicked(words: &[&str]) {
    judged("page.mjs", words);
}

fn judged(judge: &str, words: &[&str]) {
    let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges");
    let judged = Command::new("node").arg(judges.join(judge)).args(words).output().unwrap();
    assert!(judged.status.success(), "{}{}", String::from_utf8_lossy(&judged.stdout), String::from_utf8_lossy(&judged.stderr));
}

fn nobody_can_click() -> bool {
    let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges");
    let browser = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    let missing =
        !kleinraum::serve::has_page() || !judges.join("node_modules/axe-core").exists() || !Path::new(&browser).exists();
    if missing {
        let what = "the page, the judges (npm ci in tests/judges) or Chromium are missing";
        assert!(std::env::var_os("CI").is_none(), "{what}");
        eprintln!("skipped: {what}");
    }
    missing
}

/// A bundle with three dates: each person is counted from a day on.
fn dated(desk: &Path) {
    let text = std::fs::read_to_string(desk.join("persons.csv")).unwrap();
    let from = |at: usize| ["2021-01-01", "2022-01-01", "2022-06-01", "2023-01-01"][at % 4];
    let mut lines = text.lines();
    let head = format!("{},since\n", lines.next().unwrap());
    let rows: String = lines.enumerate().map(|(at, line)| format!("{line},{}\n", from(at))).collect();
    std::fs::write(desk.join("persons.csv"), head + &rows).unwrap();
    let dates = "[date]\ndays = [\"2021-12-31\", \"2022-12-31\", \"2023-12-31\"]\nvalid_from = \"since\"\n[output]";
    let plan = PLAN.replace("[output]", dates).replace("folder = \"out\"", "folder = \"dates\"");
    std::fs::write(desk.join("dates.toml"), plan).unwrap();
    let output = desk::kleinraum(desk, &["run", "dates.toml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The planner's story in Chromium: German, no other host, no error in the console, nothing serious found by axe. First on what `demo --serve` shows, then on
/// the same as files in a plain web space, beside a bundle with several dates.
#[test]
fn the_page_in_a_browser() {
    if nobody_can_click() {
        return;
    }
    let (desk, _) = desk::desk();
    let server = Server::of(desk.path(), &["demo", "-o", "demo", "--serve", "127.0.0.1:0"]);
    clicked(&[&format!("http://{}/", server.address)]);
    drop(server);
    dated(desk.path());
    let output = desk::kleinraum(desk.path(), &["site", "demo/bundle", "dates", "-o", "site"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    clicked(&[desk.path().join("site").to_str().unwrap(), "--dates", "dates"]);
}

/// The question that the project begins with, on the demo that crosses age and benefit: near the truth at the server, and the same number on the page.
#[test]
fn children_under_three_in_families_on_benefits() {
    let desk = tempfile::tempdir().unwrap();
    let words = ["demo", "-o", "demo", "--method", "round", "--serve", "127.0.0.1:0"];
    let server = Server::of(desk.path(), &words);
    let persons = std::fs::read_to_string(desk.path().join("demo/input/personen.csv")).unwrap();
    let mut lines = persons.lines().map(|line| line.split(';').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let [age, benefit] = ["alter", "leistung"].map(|name| head.iter().position(|column| *column == name).unwrap());
    let truth = lines.filter(|row| row[age].parse::<u32>().unwrap() < 3 && row[benefit] == "SGB II").count() as i64;
    let question =
        "Wo%20wohnen%20Kinder%20unter%20drei%20in%20Familien%20mit%20SGB%20II,%20in%20welchen%20Gemeinden%20am%20meisten";
    let answer = server.get(&format!("/b/bundle/ask?q={question}"), &[]).json();
    assert_eq!(answer["query"], "alter=0 bis unter 3 & leistung=SGB II");
    assert_eq!((&answer["level"], &answer["other_units"][0]), (&"gemeinde".into(), &"Familien".into()), "{answer}");
    let published = answer["whole"]["count"].as_i64().unwrap();
    assert!(truth > 100 && (published - truth).abs() < truth / 20, "{published} of {truth}");
    let places = answer["rows"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert!(places.len() > 3 && places.windows(2).all(|two| two[0]["count"].as_i64() >= two[1]["count"].as_i64()), "{answer}");
    if !nobody_can_click() {
        clicked(&[&format!("http://{}/", server.address), "--families", &published.to_string()]);
    }
}

/// Glyph files: what the style names is given, for any font that is asked for, and read and drawn by others.
#[test]
fn glyphs_that_names_need() {
    if !kleinraum::serve::has_page() {
        eprintln!("skipped: the page is missing, and with it the glyphs");
        return;
    }
    let (desk, _) = desk::desk();
    let server = Server::of(desk.path(), &["demo", "-o", "demo", "--serve", "127.0.0.1:0"]);
    let style = server.get("/b/bundle/style.json", &[]).json();
    assert_eq!(style["glyphs"], format!("http://{}/fonts/{{fontstack}}/{{range}}.pbf", server.address));
    let names: Vec<&serde_json::Value> = style["layers"].as_array().unwrap().iter().filter(|l| l["type"] == "symbol").collect();
    assert!(
        !names.is_empty() && names.iter().all(|layer| layer["layout"]["text-font"] == serde_json::json!(["Noto Sans Regular"]))
    );
    let latin = server.get("/fonts/Noto%20Sans%20Regular/0-255.pbf", &[]);
    assert_eq!((latin.status, latin.header("content-type")), (200, "application/x-protobuf"));
    assert_eq!(server.get("/fonts/Open%20Sans%20Regular,Arial/0-255.pbf", &[]).body, latin.body);
    assert_eq!(server.get("/fonts/x/0-255.pbf", &[("If-None-Match", latin.header("etag"))]).status, 304);
    for missing in ["x/1-255.pbf", "x/65280-65535.pbf", "x/..", "x/%2e%2e%2fOFL.txt", "x/y/0-255.pbf", "x"] {
        assert_eq!(server.get(&format!("/fonts/{missing}"), &[]).status, 404, "{missing}");
    }
    assert!(String::from_utf8(server.get("/fonts/OFL.txt", &[]).body).unwrap().contains("SIL Open Font License"));
    let output = desk::kleinraum(desk.path(), &["site", "demo/bundle", "-o", "site"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read(desk.path().join("site/fonts/Noto Sans Regular/0-255.pbf")).unwrap(), latin.body);
    if !nobody_can_click() {
        judged("glyphs.mjs", &[&format!("http://{}", server.address), "bundle", "9.75", "53.72", "9.3"]);
    }
}

/// A background map is asked for from the one host that was named, in each of the forms that it may have, and is drawn; the page's policy names it, and no other.
#[test]
fn a_background_map() {
    let desk = desk();
    let refused = desk::kleinraum(desk.path(), &["serve", "out", "--background", "ftp://x"]);
    assert_eq!(refused.status.code(), Some(2));
    let plain = Server::start(desk.path());
    assert!(!plain.get("/", &[]).header("content-security-policy").contains("http"));
    for path in [
        "xyz/{z}/{x}/{y}.png",
        "wmts/{TileMatrix}/{TileRow}/{TileCol}.png",
        "wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=karte&STYLES=&CRS=EPSG:3857&FORMAT=image/png&WIDTH=256&HEIGHT=256&BBOX={bbox-epsg-3857}",
        "style.json",
    ] {
        // A port that is free now; the judge answers there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/{path}");
        let words =
            ["serve", "out", "--listen", "127.0.0.1:0", "--background", &url, "--background-attribution", "Amt für Karten"];
        let server = Server::of(desk.path(), &words);
        assert_eq!(server.get("/page.json", &[]).json()["background"]["attribution"], "Amt für Karten");
        let policy = server.get("/", &[]).header("content-security-policy").to_owned();
        assert!(policy.contains(&format!(" http://127.0.0.1:{port}")), "{policy}");
        if !nobody_can_click() {
            clicked(&[&format!("http://{}/", server.address), "--background", &port.to_string()]);
        }
    }
}
