//! The holder process: start the program, serve clients, end with it.
//!
//! ```text
//!            program ends, all output read          a client knows it, the others
//! running ──────────────────────────────▶ ended ────────────────────────────────▶ gone
//!    │ Kill, SIGTERM                      ▲  ▲   have EXIT_DEADLINE; nobody comes:
//!    └──▶ ending: hang-up, grace, kill ───┘  │   KEPT, Kill, SIGTERM
//!                                            └─ shows its last screen
//! ```
//!
//! The socket is removed on the way to *gone*; only SIGKILL leaves it behind,
//! and then [`super::list`] removes it.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::audience::clamp;
use super::commands;
use super::commands::Build;
use super::connection;
use super::error::Error;
use super::screen;
use super::shell;
use super::socket::Socket;
use super::terminal::Terminal;
use super::terminal::Typed;
use crate::protocol::call::TerminalRow;
use crate::protocol::terminal::Exit;
use crate::protocol::terminal::Refused;
use crate::sys::clock;
use crate::sys::detach;
use crate::sys::env;
use crate::sys::heap;
use crate::sys::process;
use crate::sys::pty;
use crate::sys::pty::Program;
use crate::sys::pty::Pty;
use crate::sys::pty::Size;
use crate::sys::text;

/// How many clients are served at once; the next is refused as `busy`.
const MAX_CLIENTS: usize = 32;

/// How long the program has after the hang-up until it is killed.
pub(super) const KILL_GRACE: Duration = Duration::from_secs(2);

/// How long clients have to take the last output once one of them has it.
const EXIT_DEADLINE: Duration = Duration::from_secs(5);

/// How long an ended program's last screen is kept for somebody who comes back:
/// a fortnight's holiday.
const KEPT: Duration = Duration::from_secs(16 * 24 * 3600);

/// How long accepting rests when there are no descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How many events one turn of the runtime takes; its buffer is kept.
const IO_EVENTS: usize = 64;

/// What to hold.
#[derive(Clone, Debug)]
pub struct HoldOptions {
    /// Where the socket is to be; made with mode 0700 when it is not there.
    pub dir: PathBuf,
    /// The terminal's id: `[a-z0-9]`, at most 16; the socket is `ID.sock`.
    pub id: String,
    /// Width in cells, 1 to 1000; beyond is clamped, 0 means 80.
    pub cols: u16,
    /// Height in cells, 1 to 1000; beyond is clamped, 0 means 24.
    pub rows: u16,
    /// The directory to start in; without it, or if it is gone, the home.
    pub cwd: Option<PathBuf>,
}

/// The line on the readiness pipe: `{"ready":{…}}` or `{"failed":"…"}`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Readiness {
    /// The socket is there and the program runs.
    Ready(TerminalRow),
    /// Nothing is held; why, with causes.
    Failed(String),
}

/// Runs the holder process: the hidden subcommand `__holder`.
///
/// Runs the user's login shell, serves it on `DIR/ID.sock`, says so on stdout
/// in one line, and returns when the terminal is gone.
///
/// # Errors
/// [`Error::Insecure`], [`Error::Taken`], [`Error::Id`], [`Error::File`] or
/// [`Error::Program`]; the line on stdout has said so, and nothing is left.
pub fn hold(options: &HoldOptions) -> Result<(), Error> {
    heap::give_back_early();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_io_events_per_tick(IO_EVENTS)
        .build()?;
    runtime.block_on(async {
        match start(options) {
            Ok((holder, socket)) => serve_ready(holder, socket).await,
            Err(error) => {
                say(&Readiness::Failed(text::with_causes(&error)))?;
                Err(error)
            }
        }
    })
}

fn start(options: &HoldOptions) -> Result<(Holder, Socket), Error> {
    let socket = Socket::bind(&options.dir, &options.id)?;
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let uid = process::uid();
    let mut program = shell::login_shell(env::all(), &passwd, uid);
    if let Some(cwd) = options.cwd.as_ref().filter(|cwd| cwd.is_dir()) {
        program.cwd.clone_from(cwd);
    }
    commands::name_terminal(&mut program, &options.id);
    // A terminal without our commands is better than none.
    if let Ok(bin) = commands::place(&options.dir, Build::This) {
        commands::add(&mut program, &bin);
    }
    let size = clamp(options.cols, options.rows).unwrap_or(Size { cols: 80, rows: 24 });
    let holder = Holder::start(&program, &options.id, size, history_rows())?;
    Ok((holder, socket))
}

async fn serve_ready(holder: Holder, socket: Socket) -> Result<(), Error> {
    let (wish, wishes) = mpsc::channel(1);
    follow(SignalKind::terminate(), Wish::End, &wish)?;
    // Not a wish to end: terminals outlive whoever started them. A holder that
    // knows no better ignores it, so it may be sent to any.
    follow(SignalKind::hangup(), Wish::ListenAgain, &wish)?;
    if say(&Readiness::Ready(holder.terminal.row().clone())).is_err() {
        // Whoever started it gave up: nobody would ever find this terminal.
        let _ = wish.try_send(Wish::End);
    }
    holder.serve(socket, wishes).await;
    Ok(())
}

/// Turns a signal into a wish.
fn follow(kind: SignalKind, wish: Wish, wishes: &mpsc::Sender<Wish>) -> io::Result<()> {
    let mut signals = signal(kind)?;
    let wishes = wishes.clone();
    tokio::spawn(async move {
        while signals.recv().await.is_some() && wishes.send(wish).await.is_ok() {}
    });
    Ok(())
}

/// What the outside may want of a holder, without its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// End the program and its session.
    End,
    /// Make the socket again: its directory was deleted.
    ListenAgain,
}

/// How many rows above the screen are kept: `COCALC_PLUS_SCROLLBACK`, else
/// 10,000. However many, they take 8 MiB at most.
fn history_rows() -> usize {
    let asked = env::var("COCALC_PLUS_SCROLLBACK").and_then(|rows| rows.parse().ok());
    asked.unwrap_or(screen::DEFAULT_ROWS)
}

/// A program on a pty, and the tasks that serve it.
#[derive(Debug)]
pub(super) struct Holder {
    terminal: Arc<Terminal>,
    child: Child,
    typed: mpsc::Receiver<Typed>,
}

impl Holder {
    /// Starts the program.
    ///
    /// # Errors
    /// [`Error::Program`].
    pub(super) fn start(
        program: &Program,
        id: &str,
        size: Size,
        history_rows: usize,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Program {
            path: program.path.clone(),
            source,
        };
        let (pty, child) = Pty::spawn(program, size).map_err(failed)?;
        let row = TerminalRow {
            id: id.to_owned(),
            title: shell::title(program),
            pid: child.id().unwrap_or_default(),
            started_at: clock::now_ms(),
            label: None,
            cwd: None,
            cols: size.cols,
            rows: size.rows,
            clients: 0,
            exit: None,
        };
        let (terminal, typed) = Terminal::new(row, pty, size, history_rows);
        Ok(Self {
            terminal: Arc::new(terminal),
            child,
            typed,
        })
    }

    /// Serves clients until the program has ended and they know.
    pub(super) async fn serve(self, socket: Socket, mut wishes: mpsc::Receiver<Wish>) -> Exit {
        let Self {
            terminal,
            mut child,
            typed,
        } = self;
        let mut clients = Clients {
            socket,
            terminal: &terminal,
            served: JoinSet::new(),
        };
        let reader = Arc::clone(&terminal);
        let reading = tokio::spawn(async move { reader.read_output().await });
        let writer = Arc::clone(&terminal);
        let typing = tokio::spawn(async move { writer.write_input(typed).await });
        let end = || tokio::spawn(pty::end_session(terminal.row().pid, KILL_GRACE));
        let mut ending: Option<JoinHandle<()>> = None;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                () = clients.serve_next() => {}
                () = terminal.killed(), if ending.is_none() => ending = Some(end()),
                Some(wish) = wishes.recv() => match wish {
                    Wish::End if ending.is_none() => ending = Some(end()),
                    Wish::End => {}
                    Wish::ListenAgain => clients.listen_again(),
                },
            }
        };
        let was_killed = ending.is_some();
        if let Some(ending) = ending {
            let _ = ending.await;
        }
        typing.abort();
        reading.abort();
        let _ = reading.await;
        terminal.read_last_output();
        let exit = exit_of(status);
        if was_killed {
            // Whoever asked for the end hears of it after the last listing.
            clients.socket.hide();
        }
        terminal.end(exit);
        if !was_killed {
            clients.keep(&mut wishes).await;
        }
        clients.see_off().await;
        exit
    }
}

/// Those who are connected, and those who come.
struct Clients<'a> {
    socket: Socket,
    terminal: &'a Arc<Terminal>,
    served: JoinSet<()>,
}

impl Clients<'_> {
    /// Waits until a client comes or goes. Cancel-safe.
    async fn serve_next(&mut self) {
        tokio::select! {
            accepted = self.socket.listener().accept() => match accepted {
                Ok((stream, _)) => self.admit(stream),
                Err(_) => tokio::time::sleep(ACCEPT_REST).await,
            },
            Some(_) = self.served.join_next() => {}
        }
    }

    fn admit(&mut self, stream: UnixStream) {
        let uid = process::uid();
        // The directory keeps others out already; this is for one that was
        // opened up by mistake.
        if !stream.peer_cred().is_ok_and(|peer| peer.uid() == uid) {
            return;
        }
        if self.served.len() >= MAX_CLIENTS {
            let message = format!("{MAX_CLIENTS} pages show this terminal already");
            return connection::refuse(
                &stream,
                Refused {
                    code: "busy".into(),
                    message,
                },
            );
        }
        self.served
            .spawn(connection::serve(stream, Arc::clone(self.terminal)));
    }

    /// Serves until somebody knows of the end, or asks for it.
    async fn keep(&mut self, wishes: &mut mpsc::Receiver<Wish>) {
        let terminal = self.terminal;
        let told = async {
            while !terminal.state().is_end_known {
                tokio::select! {
                    () = self.serve_next() => {}
                    () = terminal.killed() => return,
                    Some(wish) = wishes.recv() => match wish {
                        Wish::End => return,
                        Wish::ListenAgain => self.listen_again(),
                    },
                }
            }
        };
        let _ = timeout(KEPT, told).await;
    }

    /// Serves those who are still there.
    async fn see_off(&mut self) {
        let _ = timeout(EXIT_DEADLINE, async {
            while !self.served.is_empty() {
                self.serve_next().await;
            }
        })
        .await;
    }

    /// Makes the socket again, and the commands beside it; where it cannot,
    /// whoever asked goes on without them.
    fn listen_again(&mut self) {
        let _ = self.socket.renew();
        let _ = commands::place(self.socket.dir(), Build::Any);
    }
}

fn say(readiness: &Readiness) -> io::Result<()> {
    detach::announce(&serde_json::to_vec(readiness).map_err(io::Error::other)?)
}

fn exit_of(status: io::Result<ExitStatus>) -> Exit {
    status.map_or(
        Exit {
            code: None,
            signal: None,
        },
        |status| Exit {
            code: status.code(),
            signal: status.signal(),
        },
    )
}
