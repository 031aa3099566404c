//! `/files/…`: bytes, listings and what changes; see [`crate::protocol::files`].

use std::io::Write;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Files;
use super::content::condition::Condition;
use super::content::incoming;
use super::content::read;
use super::content::save::Failure;
use super::links::archive;
use super::links::get;
use super::listing;
use super::refusal::refuse;
use super::upload;
use crate::protocol::auth;
use crate::protocol::call::Refusal;
use crate::protocol::files::Place;
use crate::protocol::files::Purpose;
use crate::protocol::files::Ticket;
use crate::protocol::files::TicketRequest;
use crate::protocol::files::UploadRequest;
use crate::web::bytes;
use crate::web::bytes::stream::blocking;

/// The largest JSON body, in bytes.
const MAX_BODY_BYTES: usize = 64 << 10;

/// From which length on a listing is compressed.
const COMPRESSED_FROM_BYTES: usize = 4 << 10;

/// Returns the routes of files.
pub fn router(files: Arc<Files>) -> Router {
    Router::new()
        .route("/files/list", routing::get(list))
        .route("/files/content", routing::get(read_content).put(save))
        .route("/files/ticket", routing::post(issue))
        .route(auth::TICKET_PATH, routing::get(fetch))
        .route("/files/upload", routing::post(begin_upload))
        .route(
            "/files/upload/{id}",
            routing::put(upload_some).delete(cancel_upload),
        )
        .with_state(files)
}

/// A refusal as a response: `{"error":{"code":404,"message":"…"}}`.
pub(super) struct Refused(Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response<Body> {
        refused(&self.0, serde_json::json!({ "error": self.0 }))
    }
}

fn refused(refusal: &Refusal, body: serde_json::Value) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(header::CACHE_CONTROL, "no-store")];
    (status, headers, Json(body)).into_response()
}

/// What a handler answers.
pub(super) type Answer = Result<Response<Body>, Refused>;

/// Reads the parameters of a URL.
///
/// # Errors
/// 400 when one is missing or does not fit.
pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Refusal> {
    let found = Query::try_from_uri(uri);
    let misfit = |error| Refusal::new(400, format!("the URL's parameters do not fit: {error}"));
    found.map(|Query(parameters)| parameters).map_err(misfit)
}

/// Reads a JSON body.
///
/// # Errors
/// 400 when it does not fit.
pub(super) async fn json<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let misfit = |error: &dyn std::fmt::Display| {
        Refusal::new(400, format!("the body does not fit: {error}"))
    };
    let bytes = axum::body::to_bytes(body, MAX_BODY_BYTES).await;
    let bytes = bytes.map_err(|error| misfit(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| misfit(&error))
}

async fn list(State(files): State<Arc<Files>>, uri: Uri, headers: HeaderMap) -> Answer {
    let Place { path } = query(&uri)?;
    let path = files.path(&path)?;
    let takes_gzip = accepts_gzip(&headers);
    let (body, is_compressed) = blocking(move || {
        let failed = |error| refuse("list", &path, &error);
        let listing = listing::list(&path, &files.sweeper).map_err(failed)?;
        let text =
            serde_json::to_vec(&listing).map_err(|error| failed(std::io::Error::other(error)))?;
        if !takes_gzip || text.len() < COMPRESSED_FROM_BYTES {
            return Ok((text, false));
        }
        // Names compress to a fifth already by the fastest way.
        let mut packed = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
        let packed = packed.write_all(&text).and_then(|()| packed.finish());
        Ok((packed.map_err(failed)?, true))
    })
    .await?;
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::VARY, "accept-encoding");
    if is_compressed {
        response = response.header(header::CONTENT_ENCODING, "gzip");
    }
    Ok(bytes::built(response.body(Body::from(body)))?)
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let mut codings = accepted.unwrap_or_default().split(',').map(str::trim);
    codings.any(|coding| coding == "gzip" || (coding.starts_with("gzip;") && coding != "gzip;q=0"))
}

#[derive(Deserialize)]
struct ContentQuery {
    path: String,
    max: Option<u64>,
}

async fn read_content(State(files): State<Arc<Files>>, uri: Uri, headers: HeaderMap) -> Answer {
    let ContentQuery { path, max } = query(&uri)?;
    let path = files.path(&path)?;
    let is_ranged = headers.contains_key(header::RANGE);
    let content = blocking(move || read::open(&path, max, is_ranged)).await?;
    Ok(content.respond(&headers)?)
}

async fn save(State(files): State<Arc<Files>>, request: Request) -> Answer {
    let ContentQuery { path, .. } = query(request.uri())?;
    let path = files.path(&path)?;
    let condition = Condition::of(request.headers())?;
    match incoming::save(files, path, condition, request.into_body()).await {
        Ok(saved) => Ok(Json(saved).into_response()),
        Err(Failure::Refused(refusal)) => Err(refusal.into()),
        Err(Failure::Changed { refusal, hash }) => {
            let body = serde_json::json!({ "error": refusal, "hash": hash });
            Ok(refused(&refusal, body))
        }
    }
}

async fn issue(State(files): State<Arc<Files>>, request: Request) -> Answer {
    let asked: TicketRequest = json(request.into_body()).await?;
    let word = files.tickets.issue(files.path(&asked.path)?, asked.purpose);
    let url = format!("{}?{}={word}", auth::TICKET_PATH, auth::TICKET_PARAMETER);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(Ticket { url })).into_response())
}

#[derive(Deserialize)]
struct TicketQuery {
    ticket: String,
}

async fn fetch(
    State(files): State<Arc<Files>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let TicketQuery { ticket } = query(&uri)?;
    let Some(used) = files.tickets.take(&ticket) else {
        let text = "this link was used already, or is too old: open the file again";
        return Err(Refusal::new(403, text).into());
    };
    let (used, is_dir) = blocking(move || {
        let is_dir = used.path.is_dir();
        Ok((used, is_dir))
    })
    .await?;
    let is_archive = match used.purpose {
        Purpose::Archive => true,
        Purpose::Download => is_dir,
        Purpose::Preview => false,
    };
    if is_archive {
        return Ok(archive::respond(used, &method)?);
    }
    let opened = blocking(move || get::open(used)).await?;
    Ok(opened.respond(&method, &headers)?)
}

async fn begin_upload(State(files): State<Arc<Files>>, request: Request) -> Answer {
    let asked: UploadRequest = json(request.into_body()).await?;
    let place = upload::begin(files, asked).await?;
    Ok(Json(place).into_response())
}

#[derive(Deserialize)]
struct UploadQuery {
    offset: u64,
}

async fn upload_some(
    State(files): State<Arc<Files>>,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    let UploadQuery { offset } = query(request.uri())?;
    let place = upload::receive(files, id, offset, request.into_body()).await?;
    Ok(Json(place).into_response())
}

async fn cancel_upload(State(files): State<Arc<Files>>, Path(id): Path<String>) -> Answer {
    upload::cancel(files, id).await?;
    Ok(Json(serde_json::json!({})).into_response())
}
