//! The planner's page as it was built into the program.

use axum::body::Body;
use axum::http::{StatusCode, header};
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
    let response = Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, content_type(name))
        .header(header::CACHE_CONTROL, cache)
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::ETAG, format!("W/\"{}\"", &blake3::hash(bytes).to_hex()[..16]));
    Some(response.body(Body::from(bytes)).expect("the headers are ours"))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
