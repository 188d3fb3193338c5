//! A map below the numbers, from a host that the operator names. Without one no reader's browser asks any other host.

use serde_json::{Value, json};

use crate::serve::ServeError;

/// Where a background map comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Background {
    url: String,
    kind: Kind,
    attribution: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A MapLibre style.
    Style,
    /// Pictures, 256 pixels a side.
    Raster,
}

impl Background {
    /// Takes an address: of a MapLibre style, or of pictures with `{z}`, `{x}` and `{y}` (a WMTS may say `{TileMatrix}`, `{TileCol}` and `{TileRow}`), or
    /// with `{bbox-epsg-3857}` (WMS).
    ///
    /// # Errors
    /// If it is neither `http`, `https` nor a path of this host, or its braces are others.
    pub fn new(url: &str, attribution: String) -> Result<Self, ServeError> {
        let wmts = [("{TileMatrix}", "{z}"), ("{TileCol}", "{x}"), ("{TileRow}", "{y}")];
        let url = wmts.iter().fold(url.trim().to_owned(), |url, (theirs, ours)| url.replace(theirs, ours));
        let refused = || ServeError::Background { url: url.clone() };
        // It stands in a header: nothing that would end it.
        let plain = url.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>;,\\".contains(&b));
        let local = url.starts_with('/') && !url.starts_with("//");
        if !plain || !(local || url.starts_with("https://") || url.starts_with("http://")) {
            return Err(refused());
        }
        let without =
            ["{z}", "{x}", "{y}", "{-y}", "{bbox-epsg-3857}"].iter().fold(url.clone(), |rest, known| rest.replace(known, ""));
        let has = |part: &str| url.contains(part);
        let kind = match (without.contains(['{', '}']), has("{z}") && has("{x}") && has("{y}"), has("{bbox-epsg-3857}"), has("{"))
        {
            (false, true, false, _) | (false, false, true, _) => Kind::Raster,
            (false, false, false, false) => Kind::Style,
            _ => return Err(refused()),
        };
        if kind == Kind::Style && host(&url).is_some_and(|h| h.is_empty()) {
            return Err(refused());
        }
        Ok(Self { url, kind, attribution })
    }

    /// What a page may ask besides its own host. A style names further hosts itself, so all by `https` are allowed with it.
    pub(super) fn hosts(&self) -> String {
        let own = host(&self.url).unwrap_or("");
        match self.kind {
            Kind::Raster => own.to_owned(),
            Kind::Style => format!("{own} https:").trim().to_owned(),
        }
    }
}

/// Scheme and host; none for a path.
fn host(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    Some(if end == start { "" } else { &url[..end] })
}

/// What the page reads first: whether a server is behind it, and what lies below the numbers.
pub(super) fn settings(served: bool, background: Option<&Background>) -> Value {
    let background = background.map(|b| {
        let kind = if b.kind == Kind::Style { "style" } else { "raster" };
        json!({"kind": kind, "url": b.url, "attribution": b.attribution})
    });
    json!({"served": served, "background": background})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, kind, hosts) in [
            ("https://tiles.example/{z}/{x}/{y}.png", Kind::Raster, "https://tiles.example"),
            ("https://wmts.example:8443/{TileMatrix}/{TileRow}/{TileCol}?k=1", Kind::Raster, "https://wmts.example:8443"),
            ("https://wms.example?SERVICE=WMS&BBOX={bbox-epsg-3857}&WIDTH=256", Kind::Raster, "https://wms.example"),
            ("https://styles.example/light.json", Kind::Style, "https://styles.example https:"),
            ("/background/{z}/{x}/{y}.png", Kind::Raster, ""),
            ("/background/style.json", Kind::Style, "https:"),
        ] {
            let background = Background::new(url, String::new()).unwrap();
            assert_eq!((background.kind, background.hosts().as_str()), (kind, hosts), "{url}");
        }
        for url in [
            "",
            "tiles/{z}/{x}/{y}.png",
            "//other.example/style.json",
            "ftp://x/y",
            "https://x/{z}/{x}.png",
            "https://x/{s}/{z}/{x}/{y}.png",
            "https://x/a b",
            "https://x/;script-src *",
            "https:///style.json",
        ] {
            assert!(Background::new(url, String::new()).is_err(), "{url}");
        }
    }

    #[test]
    fn what_the_page_may_load() {
        let nothing = crate::serve::page::policy(None);
        assert!(!nothing.contains("http"), "{nothing}");
        let background = Background::new("https://tiles.example/{z}/{x}/{y}.png", String::new()).unwrap();
        assert!(crate::serve::page::policy(Some(&background)).contains("connect-src 'self' blob: data: https://tiles.example;"));
    }
}
