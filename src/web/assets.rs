//! The built page, compressed, in the binary.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;

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

/// Answers a GET or HEAD of a file of the page; `None` when there is none.
pub fn respond(path: &str, request: &HeaderMap, connectable: &str) -> Option<Response<Body>> {
    let asset = find(path)?;
    let etag = format!("\"{}\"", asset.hash);
    let mut response = if request
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tag| tag == etag.as_str())
    {
        let mut unchanged = Response::new(Body::empty());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
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
    let takes_gzip = request
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    let mut response = if takes_gzip {
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

    #[test]
    fn the_root_is_the_index_and_names_the_page_it_belongs_to() {
        let response = respond("/", &HeaderMap::new(), "").unwrap();
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
        let first = respond("/", &HeaderMap::new(), "").unwrap();
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(
            respond("/", &again, "").unwrap().status(),
            StatusCode::NOT_MODIFIED
        );
    }
}
