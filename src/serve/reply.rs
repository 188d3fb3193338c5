//! Responses that several routes give.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::ask::AskError;
use crate::error::{Failure, Language};
use crate::serve::loaded::Loaded;

pub(super) fn of_type(content_type: &str, body: impl Into<Body>) -> Response {
    let response = Response::builder().header(header::CONTENT_TYPE, content_type).header(header::CACHE_CONTROL, "no-cache");
    response.body(body.into()).expect("the headers are ours")
}

pub(super) fn json(value: &Value) -> Response {
    of_type("application/json", value.to_string())
}

/// With an ETag that stays the same as long as the bundle does. Weak: compression changes the bytes.
pub(super) fn of_bundle(mut response: Response, bundle: &Loaded) -> Response {
    let tag = format!("W/\"{}\"", bundle.version);
    response.headers_mut().insert(header::ETAG, tag.parse().expect("hexadecimal"));
    response
}

pub(super) fn empty(status: StatusCode) -> Response {
    Response::builder().status(status).body(Body::empty()).expect("a status")
}

/// What is wrong with a request, as RFC 9457 tells it.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({"title": status.canonical_reason(), "status": status.as_u16(), "detail": detail});
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/problem+json");
    response.body(Body::from(body.to_string())).expect("the headers are ours")
}

pub(super) fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, "nothing is here")
}

/// Why a question has no answer, with what can be asked.
pub(super) fn unanswered(error: &AskError, language: Language) -> Response {
    let instead = match error {
        AskError::NotPublished { instead, .. } => instead.clone(),
        AskError::Category { instead, .. } => instead.iter().cloned().collect(),
        _ => Vec::new(),
    };
    let status = StatusCode::BAD_REQUEST;
    let body = json!({"title": status.canonical_reason(), "status": 400, "detail": error.explain(language), "instead": instead});
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/problem+json");
    response.body(Body::from(body.to_string())).expect("the headers are ours")
}

/// A vector tile; nothing there is 204.
pub(super) fn tile(bytes: Option<Bytes>, gzip: bool) -> Response {
    match bytes.filter(|bytes| !bytes.is_empty()) {
        None => empty(StatusCode::NO_CONTENT),
        Some(bytes) => {
            let response = Response::builder()
                .header(header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile")
                .header(header::CACHE_CONTROL, "no-cache");
            let response = if gzip {
                response.header(header::CONTENT_ENCODING, "gzip").header(header::VARY, "accept-encoding")
            } else {
                response
            };
            response.body(Body::from(bytes)).expect("the headers are ours")
        }
    }
}

/// Whether the client takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or("");
    accepts.split(',').any(|part| part.trim().starts_with("gzip") && !part.contains("q=0"))
}

/// The reader's language: `lang=de` before `Accept-Language`.
pub(super) fn language(wanted: Option<&str>, headers: &HeaderMap) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    Language::from_locale(wanted.or(accepted).unwrap_or("en"))
}

/// The parameters of a query string, decoded; the first of each name counts.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(query: Option<&str>) -> Self {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name, true), decoded(value, true))
        };
        Self(query.unwrap_or("").split('&').filter(|p| !p.is_empty()).map(pair).collect())
    }

    pub(super) fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Names that are none of these.
    pub(super) fn other_than(&self, known: &[&str]) -> Option<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| !known.contains(name))
    }
}

/// Percent-decoded; what is no UTF-8 becomes U+FFFD and is found nowhere.
pub(super) fn decoded(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) if plus_is_space => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let parameters = Parameters::of(Some("q=alter%3D0-17+%26+x&by=&flag&q=other&bad=%zz%"));
        assert_eq!(parameters.get("q"), Some("alter=0-17 & x"));
        assert_eq!((parameters.get("by"), parameters.get("flag"), parameters.get("none")), (Some(""), Some(""), None));
        assert_eq!(parameters.get("bad"), Some("%zz%"));
        assert_eq!(parameters.other_than(&["q", "by", "flag"]), Some("bad"));
    }
}
