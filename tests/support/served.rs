//! A plain `serve` in the foreground, and the papers of any server.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cocalc_plus::protocol::connection::ConnectionInfo;

use super::http::{Address, Request, Response};
use super::laptop::Laptop;
use super::{bin, poll};

/// How long a server may take to print its URL.
const DEADLINE: Duration = Duration::from_secs(30);

/// A server in the foreground; drop kills it.
#[derive(Debug)]
pub(crate) struct Served {
    child: Child,
    /// The URL that it printed.
    pub(crate) url: String,
    /// Its papers.
    pub(crate) info: ConnectionInfo,
}

impl Served {
    /// Starts `serve --no-open` and waits for its URL.
    #[track_caller]
    pub(crate) fn start(laptop: &Laptop, arguments: &[&str]) -> Self {
        Self::start_by(laptop, &mut laptop.command(&bin()), arguments)
    }

    /// The same by a command to which the arguments are added, and which
    /// becomes the server.
    #[track_caller]
    pub(crate) fn start_by(laptop: &Laptop, command: &mut Command, arguments: &[&str]) -> Self {
        let log = fs::File::create(laptop.file("serve.log")).expect("the directory is ours");
        let mut child = command
            .args(["serve", "--no-open"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (said, lines) = mpsc::channel();
        thread::spawn(move || {
            // The case may be over; then nobody listens.
            stdout
                .lines()
                .map_while(Result::ok)
                .for_each(|line| drop(said.send(line)));
        });
        let url = lines.recv_timeout(DEADLINE).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("no URL; it said:\n{}", laptop.read("serve.log"));
        });
        let info = papers(&laptop.runtime());
        Self { child, url, info }
    }

    /// Where it listens by TCP.
    pub(crate) fn address(&self) -> Address {
        Address::Port(self.info.port)
    }

    /// Asks for its health, as a program does.
    #[track_caller]
    pub(crate) fn health(&self, address: &Address) -> Response {
        let bearer = format!("Bearer {}", self.info.token);
        let request = Request::get("/healthz").header("authorization", &bearer);
        request.send(address)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; returns the exit code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Option<i32> {
        let ended = || self.child.try_wait().ok().flatten();
        poll::eventually("the server ends", DEADLINE, ended).code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the papers of the one server below a runtime directory.
#[track_caller]
pub(crate) fn papers(runtime: &Path) -> ConnectionInfo {
    poll::eventually("a server has papers", DEADLINE, || find_papers(runtime))
}

/// The same, where there may be none.
pub(crate) fn find_papers(runtime: &Path) -> Option<ConnectionInfo> {
    let instances = fs::read_dir(runtime).ok()?.flatten();
    let mut found = instances.filter_map(|instance| {
        let text = fs::read(instance.path().join("connection.json")).ok()?;
        serde_json::from_slice(&text).ok()
    });
    found.next()
}
