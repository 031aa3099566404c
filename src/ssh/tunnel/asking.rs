//! What the link asks of the server for a command.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde::Deserialize;

use super::http;
use super::link::Link;
use super::orders::Upstream;
use super::pulse::DOUBT;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::protocol::control::Pong;
use crate::protocol::control::ServerInfo;
use crate::protocol::control::Stopped;
use crate::protocol::ending::Ending;
use crate::ssh::attach::STATE_HEADER;
use crate::sys::secret::Secret;

/// How long the server may take to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(15);

/// What `/customize` tells of a server, as far as it is needed here.
#[derive(Deserialize)]
struct About {
    run: String,
    version: String,
    ui: String,
    #[serde(default)]
    previous: Option<Ending>,
}

async fn about(upstream: &Upstream) -> Result<About, Box<dyn std::error::Error + Send + Sync>> {
    let request = Request::get("/customize").body(Body::empty())?;
    let response = http::send(upstream, request).await?;
    let body = response.into_body().collect().await?;
    Ok(serde_json::from_slice(&body.to_bytes())?)
}

impl Link {
    pub(super) async fn ping(&self) -> Result<Pong, Failure> {
        let upstream = self.connected()?;
        let pinged = tokio::time::timeout(DOUBT, upstream.opener.ping()).await;
        match pinged {
            Ok(Ok(round_trip)) => Ok(Pong {
                ms: round_trip.as_secs_f64() * 1000.0,
                server: upstream.server.clone(),
            }),
            Ok(Err(error)) => Err(self.away(&error.to_string())),
            Err(_) => Err(self.away("no answer for 3 s")),
        }
    }

    pub(super) async fn stop_server(&self, keep_terminals: bool) -> Result<Stopped, Failure> {
        let upstream = self.connected()?;
        let body = serde_json::json!({ "keep_terminals": keep_terminals }).to_string();
        let request = Request::post("/stop")
            .header("content-type", "application/json")
            .body(Body::from(body))
            .map_err(|error| self.away(&error.to_string()))?;
        let asking = async {
            let response = http::send(&upstream, request)
                .await
                .map_err(|error| self.away(&error.to_string()))?;
            let status = response.status();
            let state = response.headers().get(STATE_HEADER);
            if state.is_some_and(|state| state == "stopped") {
                return Err(Failure {
                    cause: Cause::NotRunning,
                    ..self.away("its server was stopped already")
                });
            }
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(|error| self.away(&error.to_string()))?;
            serde_json::from_slice(&body.to_bytes())
                .map_err(|_| self.away(&format!("the server answered {status}")))
        };
        tokio::time::timeout(STOP_DEADLINE, asking)
            .await
            .unwrap_or_else(|_| Err(self.away("the server did not stop within 15 s")))
    }

    /// Learns how the last run ended from the server that attach has started in
    /// its place; the connection goes on.
    pub(super) async fn learn_restart(&self) {
        let Ok(upstream) = self.connected() else {
            return;
        };
        match tokio::time::timeout(DOUBT, about(&upstream)).await {
            Ok(Ok(about)) if about.run != upstream.run => {
                let fresh = Arc::new(Upstream {
                    run: about.run,
                    server: ServerInfo {
                        previous: about.previous,
                        version: about.version,
                        ..upstream.server.clone()
                    },
                    opener: upstream.opener.clone(),
                    token: Secret::from_text(upstream.token.reveal()),
                    ui: about.ui,
                });
                self.say(self.ready(&fresh));
                self.way.seen.upstream.send_replace(Some(fresh));
            }
            // The next response tells of it again.
            Ok(Ok(_)) | Err(_) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the server does not say what it is"),
        }
    }

    fn connected(&self) -> Result<Arc<Upstream>, Failure> {
        self.way
            .seen
            .upstream
            .borrow()
            .clone()
            .ok_or_else(|| self.away("it is not connected"))
    }

    fn away(&self, why: &str) -> Failure {
        Failure {
            cause: Cause::Lost,
            message: format!("`{}` is out of reach: {why}", self.way.target),
            hint: format!("cocalc-plus ssh {}", self.way.target),
        }
    }
}
