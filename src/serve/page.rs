//! The planner's page as it was built into the program.

use axum::body::Body;
use axum::http::{StatusCode, header, response};
use axum::response::Response;

use crate::serve::background::Background;

/// File names with their bytes; empty where the program was built without npm.
pub(super) const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Only what the page itself brings, and the background's host where there is one: no other is asked for anything.
pub(super) fn policy(background: Option<&Background>) -> String {
    let also = background.map_or_else(String::new, |background| format!(" {}", background.hosts()));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:{also}; font-src 'self'; \
         connect-src 'self' blob: data:{also}; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
}

const MISSING: &str = "<!doctype html><html lang=\"de\"><meta charset=\"utf-8\"><title>kleinraum</title><body style=\"font:16px system-ui;max-width:40em;margin:3em auto\">\
    <h1>kleinraum</h1><p>Dieses Programm wurde ohne die Karte gebaut. Node.js 20 oder neuer installieren und neu bauen: <code>cargo build --release</code>. \
    Kacheln, Fragen und OGC-Schnittstellen gibt es trotzdem: <a href=\"bundles.json\">bundles.json</a>, <a href=\"ogc\">ogc</a>.</p>\
    <p lang=\"en\">This program was built without the map. Install Node.js 20 or later and build it again: <code>cargo build --release</code>. Tiles, questions \
    and OGC interfaces are there all the same.</p></body></html>";

/// Whether the page is in this program.
pub fn has_page() -> bool {
    FILES.iter().any(|(name, _)| *name == "index.html")
}

/// The font of the glyph files; whatever else is asked for is given in it too, since it is the only one.
const FONT: &str = "Noto Sans Regular";

/// Glyphs of 256 characters, `0-255.pbf`, for renderers that draw no text of their own.
pub(super) fn glyphs(range: &str) -> Option<Response> {
    let found = FILES.iter().find(|(name, _)| name.strip_prefix("fonts/") == Some(&format!("{FONT}/{range}")));
    found.map(|&(name, bytes)| given(name, bytes, "public, max-age=86400").body(Body::from(bytes)).expect("the headers are ours"))
}

/// Lets a style name our glyphs, and the one font that they are of; where there are none it stays as it is, and browsers draw with fonts of their own.
pub(super) fn name_glyphs(style: &mut serde_json::Value, base: &str) {
    if !FILES.iter().any(|(name, _)| name.starts_with("fonts/")) {
        return;
    }
    style["glyphs"] = format!("{base}/fonts/{{fontstack}}/{{range}}.pbf").into();
    for layer in style["layers"].as_array_mut().into_iter().flatten().filter(|layer| layer["type"] == "symbol") {
        layer["layout"]["text-font"] = [FONT].into();
    }
}

/// A file of the page by its name; `""` is the page itself.
pub(super) fn respond(name: &str, policy: &str) -> Option<Response> {
    let name = if name.is_empty() { "index.html" } else { name };
    let found = FILES.iter().find(|(file, _)| *file == name).map(|(_, bytes)| *bytes);
    let bytes = match found {
        Some(bytes) => bytes,
        None if name == "index.html" => MISSING.as_bytes(),
        None => return None,
    };
    // Names of assets hold their hash.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let response =
        given(name, bytes, cache).header(header::CONTENT_SECURITY_POLICY, policy).header(header::REFERRER_POLICY, "no-referrer");
    Some(response.body(Body::from(bytes)).expect("the headers are ours"))
}

fn given(name: &str, bytes: &[u8], cache: &str) -> response::Builder {
    Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, content_type(name))
        .header(header::CACHE_CONTROL, cache)
        .header(header::ETAG, format!("W/\"{}\"", &blake3::hash(bytes).to_hex()[..16]))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("pbf") => "application/x-protobuf",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
