//! `/blobs`: bytes that are named by their content.
//!
//! ```text
//! POST /blobs?ttl=86400                    multipart/form-data, the field `file`
//!   → 200 {"uuid":"da39a3ee-5e6b-44b0-9325-5bfef9560189"}
//! GET  /blobs/plot.png?uuid=da39a3ee-…     → 200, 206, 304
//! GET  /blobs/plot.png?uuid=…&download     → 200, as a file to save
//! ```
//!
//! `ttl` is in seconds; without it a blob stays. Whoever shows the cookie and
//! knows a blob's name may read it without the key, because `<img>` sends none:
//! the name says 122 bits of what only somebody who has the content can know.
//! Pictures, sounds and films are shown; everything else, SVG and PDF among it,
//! can act or hold what acts, and is a file to save.

use std::io;
use std::io::Seek;
use std::io::SeekFrom;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::Multipart;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::multipart::Field;
use axum::extract::multipart::MultipartError;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::QueryRejection;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing;
use serde::Deserialize;

use crate::protocol::auth;
use crate::protocol::call::Refusal;
use crate::store::blobs::BlobName;
use crate::store::blobs::Blobs;
use crate::store::blobs::Found;
use crate::sys::shutdown::Shutdown;
use crate::web::bytes;
use crate::web::bytes::kind;
use crate::web::bytes::range;
use crate::web::bytes::stream;
use crate::web::bytes::stream::Cut;
use crate::web::denial;

/// The largest blob; a larger one is a file, and belongs into the project.
const MAX_BLOB_BYTES: usize = 1 << 30;

/// What a request may have around its one blob: the lines of its form.
const MAX_FORM_BYTES: usize = 64 << 10;

/// How long a browser keeps a blob, a year: its name is its content.
const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 3600);

/// How often what has passed is removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);

/// What a shown blob may do: nothing.
const SANDBOX: &str = "sandbox; default-src 'none'";

/// `?ttl=86400`.
#[derive(Deserialize)]
struct Lifetime {
    ttl: Option<u64>,
}

/// `?uuid=da39a3ee-…&download`.
#[derive(Deserialize)]
struct Wish {
    uuid: Option<String>,
    download: Option<String>,
}

/// Returns the routes of blobs.
pub fn router(blobs: Blobs) -> Router {
    Router::new()
        .route("/blobs", routing::post(take))
        .layer(DefaultBodyLimit::max(MAX_BLOB_BYTES + MAX_FORM_BYTES))
        .route(&format!("{}{{name}}", auth::BLOBS_PATH), routing::get(give))
        .with_state(blobs)
}

/// Removes what has passed, now and then, until shutdown.
pub async fn sweep(blobs: Blobs, shutdown: Shutdown) {
    loop {
        let swept = blobs.clone();
        match stream::blocking(move || Ok(swept.sweep())).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(count)) => tracing::info!(count, "removed blobs whose time was over"),
            Ok(Err(error)) => tracing::warn!(%error, "cannot remove blobs whose time is over"),
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_INTERVAL) => {}
            () = shutdown.begun() => return,
        }
    }
}

async fn take(
    State(blobs): State<Blobs>,
    lifetime: Result<Query<Lifetime>, QueryRejection>,
    form: Result<Multipart, MultipartRejection>,
) -> Response<Body> {
    let taken = async {
        let Query(lifetime) =
            lifetime.map_err(|_| Refusal::new(400, "`ttl` is a number of seconds"))?;
        let form = form.map_err(|_| no_file())?;
        take_form(blobs, form, lifetime.ttl.map(Duration::from_secs)).await
    };
    match taken.await {
        Ok(name) => Json(serde_json::json!({ "uuid": name.as_str() })).into_response(),
        Err(refusal) => denial::refuse(&refusal),
    }
}

/// Takes the first `file` of a form; what follows it is not read.
async fn take_form(
    blobs: Blobs,
    mut form: Multipart,
    lifetime: Option<Duration>,
) -> Result<BlobName, Refusal> {
    loop {
        let field = form.next_field().await.map_err(|error| cut(&error))?;
        let field = field.ok_or_else(no_file)?;
        if field.name() == Some("file") {
            return take_field(blobs, field, lifetime).await;
        }
    }
}

async fn take_field(
    blobs: Blobs,
    mut field: Field<'_>,
    lifetime: Option<Duration>,
) -> Result<BlobName, Refusal> {
    let incoming = stream::blocking(move || blobs.begin().map_err(|error| kept(&error))).await?;
    let (incoming, written) = stream::drain(&mut field, incoming).await?;
    written.map_err(|ended| match ended {
        Cut::Sender(error) => cut(&error),
        Cut::Disk(error) => kept(&error),
    })?;
    stream::blocking(move || incoming.finish(lifetime).map_err(|error| kept(&error))).await
}

async fn give(
    State(blobs): State<Blobs>,
    method: Method,
    Path(name): Path<String>,
    wish: Result<Query<Wish>, QueryRejection>,
    headers: HeaderMap,
) -> Response<Body> {
    let given = async {
        let wish = wish.ok().map(|Query(wish)| wish);
        let (uuid, download) = wish.map_or((None, None), |wish| (wish.uuid, wish.download));
        let blob = uuid
            .as_deref()
            .and_then(BlobName::parse)
            .ok_or_else(|| Refusal::new(400, "a blob is asked for as `/blobs/NAME?uuid=UUID`"))?;
        let sought = blob.clone();
        let found = stream::blocking(move || {
            blobs.find(&sought).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => Refusal::new(
                    404,
                    format!("there is no blob `{}`, or no more", sought.as_str()),
                ),
                _ => lost(&error),
            })
        })
        .await?;
        respond(found, &blob, &name, download.is_some(), (&method, &headers))
    };
    given
        .await
        .unwrap_or_else(|refusal| denial::refuse(&refusal))
}

fn respond(
    found: Found,
    blob: &BlobName,
    name: &str,
    is_download: bool,
    (method, headers): (&Method, &HeaderMap),
) -> Result<Response<Body>, Refusal> {
    let tag = format!("\"{}\"", blob.as_str());
    let age = found.left.unwrap_or(MAX_AGE).min(MAX_AGE).as_secs();
    let mut response = Response::builder().header(header::ETAG, &tag).header(
        header::CACHE_CONTROL,
        format!("private, max-age={age}, immutable"),
    );
    if is_known(headers, &tag) {
        let response = response.status(StatusCode::NOT_MODIFIED);
        return bytes::built(response.body(Body::empty()));
    }
    for (header, value) in described(name, is_download) {
        response = response.header(header, value);
    }
    let wanted = range::wanted(headers, found.size, Some(&tag));
    let (response, part) = bytes::parted(response, wanted, found.size);
    let Some((first, end)) = part.filter(|_| method != Method::HEAD) else {
        return bytes::built(response.body(Body::empty()));
    };
    let mut file = found.file;
    bytes::built(response.body(stream::body(move |sender| {
        file.seek(SeekFrom::Start(first))?;
        stream::send_file(sender, &mut file, end - first)
    })))
}

/// The headers that say what a blob is and what it may do.
fn described(name: &str, is_download: bool) -> [(header::HeaderName, String); 6] {
    let shown = kind::of(name.as_ref());
    let is_harmless = matches!(shown.split('/').next(), Some("image" | "audio" | "video"))
        && shown != "image/svg+xml";
    let (kind, disposition) = if is_harmless && !is_download {
        (shown, "inline".to_owned())
    } else {
        ("application/octet-stream", kind::attachment(name))
    };
    [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin".to_owned(),
        ),
    ]
}

/// Whether the other side has this version: `If-None-Match`, RFC 9110 13.1.2.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn no_file() -> Refusal {
    let text = "a blob is sent as `multipart/form-data`, in the field `file`";
    Refusal::new(400, text)
}

/// Why a form ended too soon.
fn cut(error: &MultipartError) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let limit = MAX_BLOB_BYTES >> 20;
        return Refusal::new(413, format!("a blob has at most {limit} MiB"));
    }
    Refusal::new(400, "the form ended before its file did, or is none")
}

/// Why a blob could not be written.
fn kept(error: &io::Error) -> Refusal {
    let full = "cannot keep the blob: the disk is full; `df -h` shows which, make room first";
    let quota = "cannot keep the blob: your quota is used up; `quota` shows it, make room first";
    match error.kind() {
        io::ErrorKind::StorageFull => Refusal::new(507, full),
        io::ErrorKind::QuotaExceeded => Refusal::new(507, quota),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Refusal::new(
            503,
            "cannot keep the blob: the server may not write to its data directory",
        ),
        _ => lost(error),
    }
}

fn lost(error: &io::Error) -> Refusal {
    tracing::error!(%error, "work on blobs failed");
    Refusal::new(500, "this failed inside the server")
}
