//! What the link asks of the server for a command.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;

use super::http;
use super::link::Link;
use super::orders::Upstream;
use super::pulse::DOUBT;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::protocol::control::Pong;
use crate::protocol::control::Stopped;

/// How long the server may take to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(15);

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
