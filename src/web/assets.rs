//! The built page, compressed, in the binary.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;

/// One file of the built page.
struct Asset {
    /// Its URL path without the leading slash, `assets/index-9f2c.js`.
    path: &'static str,
    /// Its media type.
    content_type: &'static str,
    /// Its content hash, 16 hexadecimal digits.
    hash: &'static str,
    /// Its bytes, gzipped.
    gzip: &'static [u8],
}

// `ASSETS`, sorted by path, and `UI_HASH`.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Where the files lie whose names hold their hashes.
pub const HASHED: &str = "/assets/";

/// How long a browser may keep a file whose name holds its hash.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Returns the content hash of the whole page, 16 hexadecimal digits.
pub fn ui_hash() -> &'static str {
    UI_HASH
}

/// Says whether a path is a file of the page.
pub fn is_asset(path: &str) -> bool {
    find(path).is_some()
}

/// Answers a request for a file of the page; `None` when there is none.
///
/// A name that holds a hash may be kept for a year; any other is asked for again
/// by its tag. That is a weak one, because it is the same for packed bytes and
/// unpacked ones. Whoever does more than read gets 405.
pub fn respond(
    method: &Method,
    path: &str,
    request: &HeaderMap,
    connectable: &str,
) -> Option<Response<Body>> {
    let asset = find(path)?;
    if !matches!(*method, Method::GET | Method::HEAD) {
        let allowed = [(header::ALLOW, "GET, HEAD")];
        return Some((StatusCode::METHOD_NOT_ALLOWED, allowed).into_response());
    }
    let etag = format!("W/\"{}\"", asset.hash);
    let mut response = if is_known(request, asset.hash) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        content(asset, request)
    };
    let headers = response.headers_mut();
    let lifetime = if asset.path.starts_with("assets/") {
        FOREVER
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(lifetime));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    protect(headers, connectable);
    Some(response)
}

/// Says whether whoever asks has this content already: `If-None-Match`, by weak
/// comparison (RFC 9110 section 13.1.2).
fn is_known(request: &HeaderMap, hash: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).iter();
    let tags = values.filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(',')).any(|tag| {
        let tag = tag.trim();
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        opaque == "*" || opaque.trim_matches('"') == hash
    })
}

/// Says whether whoever asks can unpack: `Accept-Encoding` names gzip, or
/// anything, and not with a weight of nothing (RFC 9110 section 12.5.3).
fn takes_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter();
    let codings: Vec<(&str, f32)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(weighed)
        .collect();
    let weight = |wanted: &str| {
        let mut all = codings.iter();
        let found = all.find(|(coding, _)| coding.eq_ignore_ascii_case(wanted));
        found.map(|(_, weight)| *weight)
    };
    weight("gzip").or_else(|| weight("*")).unwrap_or(0.0) > 0.0
}

/// Reads a coding with its weight: `gzip;q=0.5`.
fn weighed(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let coding = parts.next()?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    Some((
        coding,
        weight.map_or(1.0, |text| text.parse().unwrap_or(0.0)),
    ))
}

/// Adds the headers that keep a page of ours to itself; `connectable` are the
/// origins to which it may connect beside its own. A policy that a
/// response has already holds too.
pub fn protect(headers: &mut HeaderMap, connectable: &str) {
    // `'unsafe-inline'` styles are xterm.js's own, and its
    // decoder of images is WebAssembly.
    let policy = format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; \
         connect-src 'self' {connectable}; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.append(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
}

fn find(path: &str) -> Option<&'static Asset> {
    let path = path.strip_prefix('/')?;
    let path = if path.is_empty() { "index.html" } else { path };
    ASSETS
        .binary_search_by(|asset| asset.path.cmp(path))
        .ok()
        .map(|at| &ASSETS[at])
}

fn content(asset: &'static Asset, request: &HeaderMap) -> Response<Body> {
    let mut response = if takes_gzip(request) {
        let mut response = Response::new(Body::from(asset.gzip));
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        Response::new(Body::from(unpack(asset.gzip)))
    };
    let kind = HeaderValue::from_static(asset.content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn unpack(gzip: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(gzip);
    std::io::Read::read_to_end(&mut decoder, &mut bytes).expect("build.rs wrote valid gzip");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, pairs: &[(header::HeaderName, &str)]) -> Response<Body> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        respond(&Method::GET, path, &pairs.collect(), "").unwrap()
    }

    #[test]
    fn the_root_is_the_index_and_names_the_page_it_belongs_to() {
        let response = get("/", &[]);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        let index = unpack(find("/").unwrap().gzip);
        assert!(String::from_utf8(index).unwrap().contains(ui_hash()));
    }

    #[test]
    fn a_path_out_of_the_page_is_nothing() {
        for path in [
            "/../Cargo.toml",
            "//",
            "/assets",
            "assets",
            "/assets/../index.html",
        ] {
            assert!(!is_asset(path), "{path}");
        }
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        let first = get("/", &[]);
        let tag = first.headers()[header::ETAG].to_str().unwrap();
        let strong = tag.trim_start_matches("W/");
        let several = format!("\"x\", {tag}");
        for (known, status) in [
            (tag, 304),
            (strong, 304),
            (&several, 304),
            ("*", 304),
            ("\"x\"", 200),
        ] {
            let again = get("/", &[(header::IF_NONE_MATCH, known)]);
            assert_eq!(again.status(), status, "{known}");
            assert_eq!(again.headers()[header::ETAG], tag, "{known}");
        }
    }

    #[test]
    fn who_cannot_unpack_gets_the_bytes_as_they_are() {
        for (accepted, is_packed) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000, *", false),
            ("identity", false),
            ("xgzipx", false),
            ("", false),
        ] {
            let response = get("/", &[(header::ACCEPT_ENCODING, accepted)]);
            let encoding = response.headers().get(header::CONTENT_ENCODING);
            assert_eq!(encoding.is_some(), is_packed, "{accepted:?}");
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
        }
    }

    #[test]
    fn a_file_is_only_read() {
        let deleted = respond(&Method::DELETE, "/", &HeaderMap::new(), "").unwrap();
        assert_eq!(deleted.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(deleted.headers()[header::ALLOW], "GET, HEAD");
    }
}
