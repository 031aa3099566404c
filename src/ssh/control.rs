//! Talks to a target's tunnel from a command.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::UnixStream;

use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::protocol::control::Hello;
use crate::protocol::control::Request;
use crate::protocol::control::Response;
use crate::protocol::session::Phase;
use crate::sys::process;
use crate::sys::process::End;
use crate::sys::process::Identity;

/// How long a tunnel may take to answer what it can answer by itself.
const LOCAL_DEADLINE: Duration = Duration::from_secs(5);

/// How long a tunnel may be silent while it connects: it tells of every step,
/// and each has its own, shorter deadline.
const CONNECT_SILENCE: Duration = Duration::from_secs(120);

/// After how long without news a person is told what is waited for.
const SLOW_AFTER: Duration = Duration::from_secs(2);

/// How long a tunnel may take to leave.
const LEAVE_GRACE: Duration = Duration::from_secs(5);

/// Whether a connect moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A step began, ended or went on.
    Steady,
    /// The last step has been silent for 2 s.
    Slow,
}

/// A connection to a tunnel.
#[derive(Debug)]
pub struct Control {
    stream: BufReader<UnixStream>,
}

impl Control {
    /// Finds a tunnel that listens and answers, and what it says of itself.
    pub async fn find(socket: &Path) -> Option<(Self, Hello)> {
        let stream = UnixStream::connect(socket).await.ok()?;
        process::check_peer(&stream).ok()?;
        let mut control = Self {
            stream: BufReader::new(stream),
        };
        let hello = control.ask(&Request::Hello).await.ok()?;
        Some((control, hello))
    }

    /// Asks what is answered at once, or after one round trip.
    ///
    /// # Errors
    /// The tunnel's [`Failure`], or [`Cause::Tunnel`] when it says nothing.
    pub async fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Result<T, Failure> {
        self.ask_within(request, LOCAL_DEADLINE).await
    }

    /// Asks with a deadline of its own.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn ask_within<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        limit: Duration,
    ) -> Result<T, Failure> {
        self.send(request).await?;
        read(&self.receive(limit).await?)
    }

    /// Asks for a connect; `progress` hears of every step, and once of one
    /// that takes long.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn connect<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        progress: &mut dyn FnMut(Pace, &[Phase]),
    ) -> Result<T, Failure> {
        self.send(request).await?;
        let mut phases = Vec::new();
        loop {
            let receiving = self.receive(CONNECT_SILENCE);
            tokio::pin!(receiving);
            let response = match tokio::time::timeout(SLOW_AFTER, &mut receiving).await {
                Ok(response) => response,
                Err(_) => {
                    progress(Pace::Slow, &phases);
                    receiving.await
                }
            };
            let response = response?;
            let Some(seen) = response.phases else {
                return read(&response);
            };
            phases = seen;
            progress(Pace::Steady, &phases);
        }
    }

    /// Asks the tunnel to end and waits until its process has; the port and
    /// the master stay for the next one.
    pub async fn dismiss(mut self, hello: &Hello) {
        let start = process::start_of(hello.pid);
        let _: Result<serde_json::Value, Failure> = self.ask(&Request::Leave).await;
        let Some(start) = start else { return };
        let tunnel = Identity {
            pid: hello.pid,
            start,
            boot_id: process::boot_id(),
        };
        if !process::wait_gone(&tunnel, LEAVE_GRACE).await {
            tunnel.signal(End::AtOnce);
            process::wait_gone(&tunnel, LEAVE_GRACE).await;
        }
    }

    /// Ends a tunnel that listens and does not answer: another beside it would
    /// be a second one of its target.
    pub async fn end_silent(socket: &Path) {
        let Ok(stream) = UnixStream::connect(socket).await else {
            return;
        };
        let pid = stream
            .peer_cred()
            .ok()
            .and_then(|peer| u32::try_from(peer.pid()?).ok());
        let Some(tunnel) = pid.and_then(Identity::of) else {
            return;
        };
        for how in [End::Politely, End::AtOnce] {
            tunnel.signal(how);
            if process::wait_gone(&tunnel, LEAVE_GRACE).await {
                return;
            }
        }
    }

    async fn send(&mut self, request: &Request) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(request).map_err(|error| broken(&error.to_string()))?;
        line.push(b'\n');
        self.stream
            .write_all(&line)
            .await
            .map_err(|error| broken(&error.to_string()))
    }

    async fn receive(&mut self, limit: Duration) -> Result<Response, Failure> {
        let mut line = String::new();
        match tokio::time::timeout(limit, self.stream.read_line(&mut line)).await {
            Ok(Ok(1..)) => serde_json::from_str(&line).map_err(|error| broken(&error.to_string())),
            Ok(Ok(_)) => Err(broken("it ended")),
            Ok(Err(error)) => Err(broken(&error.to_string())),
            Err(_) => Err(broken("it does not answer")),
        }
    }
}

fn read<T: DeserializeOwned>(response: &Response) -> Result<T, Failure> {
    if let Some(failure) = &response.error {
        return Err(failure.clone());
    }
    let body = response.ok.clone().unwrap_or_default();
    serde_json::from_value(body).map_err(|error| broken(&error.to_string()))
}

fn broken(why: &str) -> Failure {
    let message = format!("the tunnel of this target is not well: {why}");
    Failure {
        cause: Cause::Tunnel,
        message,
        hint: "cocalc-plus ssh list".into(),
    }
}
