//! Serves commands on the tunnel's unix socket.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::orders::Command;
use super::orders::Order;
use super::orders::Seen;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::protocol::control::Hello;
use crate::protocol::control::MAX_LINE_BYTES;
use crate::protocol::control::Request;
use crate::protocol::control::Response;
use crate::protocol::control::Url;
use crate::ssh::exec::Install;
use crate::ssh::master::Master;
use crate::sys::process;
use crate::web::gate::Gate;

/// How long accepting rests when it fails.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// What commands are served from.
#[derive(Clone)]
pub struct Served {
    /// This tunnel's build.
    pub build: String,
    /// The door, which mints URLs.
    pub gate: Arc<Gate>,
    /// What there is to tell.
    pub seen: Seen,
    /// The link's task.
    pub commands: mpsc::Sender<Command>,
}

/// Serves commands of this user until the process ends.
pub async fn serve(listener: UnixListener, served: Served) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptor is left just now; commands wait in the queue.
            tokio::time::sleep(ACCEPT_REST).await;
            continue;
        };
        if let Err(error) = process::check_peer(&stream) {
            tracing::warn!(%error, "refused a command");
            continue;
        }
        let served = served.clone();
        tokio::spawn(async move {
            // A command that went away needs no answer.
            let _ = serve_one(stream, &served).await;
        });
    }
}

async fn serve_one(stream: UnixStream, served: &Served) -> std::io::Result<()> {
    let _present = served.seen.callers.enter();
    let (input, mut output) = stream.into_split();
    let mut input = BufReader::new(input);
    loop {
        let mut line = Vec::new();
        let limit = MAX_LINE_BYTES as u64;
        if (&mut input)
            .take(limit)
            .read_until(b'\n', &mut line)
            .await?
            == 0
        {
            return Ok(());
        }
        let response = match serde_json::from_slice(&line) {
            Ok(Request::Connect {
                control_path,
                borrowed,
                options,
                install,
                may_start,
            }) => {
                let order = Order {
                    master: Master {
                        path: control_path.into(),
                        is_borrowed: borrowed,
                    },
                    options,
                    install: if install {
                        Install::IfMissing
                    } else {
                        Install::Never
                    },
                    may_start,
                };
                served.connect(order, &mut input, &mut output).await?
            }
            Ok(request) => served.answer(request).await,
            Err(error) => refuse(Failure {
                cause: Cause::Version,
                message: format!("the tunnel does not understand this command: {error}"),
                hint: String::new(),
            }),
        };
        send(&mut output, &response).await?;
    }
}

impl Served {
    async fn answer(&self, request: Request) -> Response {
        match request {
            Request::Hello => ok(&self.hello()),
            Request::Url => ok(&Url {
                url: self.gate.mint_url(),
            }),
            Request::Progress { phase } => self.tell(Command::Progress(phase)).await,
            Request::Fail { why, hint } => {
                let failure = Failure {
                    cause: Cause::Ssh,
                    message: why,
                    hint,
                };
                self.tell(Command::Fail(failure)).await
            }
            // Not a reason to interrupt the link while it tries to come back.
            Request::Ping if self.seen.upstream.borrow().is_none() => refuse(away()),
            Request::Ping => result(self.ask(Command::Ping).await.and_then(|asked| asked)),
            Request::Stop { keep_terminals } => {
                let asked = self.ask(|reply| Command::Stop(keep_terminals, reply)).await;
                result(asked.and_then(|asked| asked))
            }
            Request::Leave => result(self.ask(Command::Leave).await),
            Request::Connect { .. } => refuse(gone()),
        }
    }

    /// Answered without the link's task, which may be busy.
    fn hello(&self) -> Hello {
        Hello {
            build: self.build.clone(),
            pid: std::process::id(),
            port: self.gate.port(),
            status: self.seen.status.borrow().clone(),
            server: self
                .seen
                .upstream
                .borrow()
                .as_ref()
                .map(|upstream| upstream.server.clone()),
        }
    }

    /// Passes the order on and tells how far it is until it is done.
    async fn connect(
        &self,
        order: Order,
        input: &mut (impl AsyncBufReadExt + Unpin),
        output: &mut (impl AsyncWriteExt + Unpin),
    ) -> std::io::Result<Response> {
        let mut status = self.seen.status.subscribe();
        let (reply, mut answer) = oneshot::channel();
        if self
            .commands
            .send(Command::Connect(Box::new(order), reply))
            .await
            .is_err()
        {
            return Ok(refuse(gone()));
        }
        loop {
            tokio::select! {
                answered = &mut answer => {
                    return Ok(answered.map_or_else(|_| refuse(gone()), result));
                }
                // A command says nothing more until it is answered, but goes.
                _ = input.fill_buf() => return Err(std::io::ErrorKind::BrokenPipe.into()),
                Ok(()) = status.changed() => {
                    let phases = Some(status.borrow_and_update().phases.clone());
                    send(output, &Response { phases, ..Response::default() }).await?;
                }
            }
        }
    }

    async fn tell(&self, command: Command) -> Response {
        match self.commands.send(command).await {
            Ok(()) => ok(&serde_json::json!({})),
            Err(_) => refuse(gone()),
        }
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(command(reply))
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }
}

async fn send(
    output: &mut (impl AsyncWriteExt + Unpin),
    response: &Response,
) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(response)?;
    line.push(b'\n');
    output.write_all(&line).await
}

fn ok<T: Serialize>(body: &T) -> Response {
    Response {
        ok: serde_json::to_value(body).ok().or(Some(Value::Null)),
        ..Response::default()
    }
}

fn result<T: Serialize>(outcome: Result<T, Failure>) -> Response {
    outcome.map_or_else(refuse, |body| ok(&body))
}

fn refuse(failure: Failure) -> Response {
    Response {
        error: Some(failure),
        ..Response::default()
    }
}

fn away() -> Failure {
    Failure {
        cause: Cause::Lost,
        message: "the target is not connected".into(),
        hint: String::new(),
    }
}

fn gone() -> Failure {
    Failure {
        cause: Cause::Tunnel,
        message: "the tunnel is ending".into(),
        hint: String::new(),
    }
}
