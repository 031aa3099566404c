//! The stream mux alone, over one `ssh T` exec: bulk, with keys beside it.
//!
//! This program is its own remote end: `ssh T figures --mux-peer FILE…` accepts
//! streams, and a stream's first byte says what it wants: `b` the files, `k`
//! every byte back.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::future::Future;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cocalc_plus::proxy::mux::{self, Opener, Role, Stream};
use cocalc_plus::sys::stdio;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::{interval, timeout};

use crate::sample::Samples;
use crate::timed::milliseconds;
use crate::typist::PACE;

/// The word that makes this program the remote end.
pub(crate) const PEER: &str = "--mux-peer";

/// How long one transfer may take.
const DEADLINE: Duration = Duration::from_secs(300);

/// What one transfer showed.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// Bytes a second, from the first byte to the last.
    pub(crate) rate: f64,
    /// Each key's way there and back meanwhile, in milliseconds.
    pub(crate) keys: Samples,
}

/// Runs the remote end until its stdin ends; it sends these files.
pub(crate) fn peer(files: &[OsString]) -> ExitCode {
    let files: Vec<Vec<u8>> = files
        .iter()
        .map(|file| fs::read(file).expect("the laptop's side made it"))
        .collect();
    let files: Arc<[Vec<u8>]> = files.into();
    run(async {
        let (input, output) = stdio::take().expect("sshd gives pipes");
        let (_opener, mut incoming, driver) = mux::start(input, output, Role::Accepts);
        tokio::spawn(driver);
        while let Some(stream) = incoming.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&files)));
        }
    });
    ExitCode::SUCCESS
}

async fn answer(mut stream: Stream, files: Arc<[Vec<u8>]>) -> std::io::Result<()> {
    if stream.read_u8().await? == b'b' {
        for file in files.iter() {
            stream.write_all(file).await?;
        }
        return stream.shutdown().await;
    }
    let mut buffer = [0; 64];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return stream.shutdown().await,
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}

/// Downloads the files that the remote end was given.
///
/// Not by tokio's processes: their SIGCHLD handler would interrupt reads with
/// a timeout in all other figures.
pub(crate) fn download(mut remote: Command) -> Transfer {
    remote.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut ssh = remote.spawn().expect("ssh starts");
    let read = ssh.stdout.take().expect("stdout is piped");
    // As a tunnel has it.
    stdio::widen(&read);
    let write = ssh.stdin.take().expect("stdin is piped");
    let transfer = run(async {
        let read = Receiver::from_owned_fd(read.into()).expect("it is a pipe");
        let write = Sender::from_owned_fd(write.into()).expect("it is a pipe");
        let (opener, _incoming, driver) = mux::start(read, write, Role::Opens);
        tokio::spawn(driver);
        opener.ping().await.expect("the remote end answers");
        let (over, is_over) = watch::channel(false);
        let keys = tokio::spawn(keys(opener.clone(), is_over));
        let rate = timeout(DEADLINE, bulk(&opener)).await.expect("in time");
        over.send_replace(true);
        let keys = timeout(DEADLINE, keys).await.expect("in time");
        let keys = keys.expect("no key is lost");
        Transfer { rate, keys }
    });
    // The runtime's end has closed its pipes.
    ssh.wait().expect("a child of ours can be waited for");
    transfer
}

async fn bulk(opener: &Opener) -> f64 {
    let mut stream = opener.open().await.expect("the mux is open");
    stream.write_all(b"b").await.expect("the mux is open");
    let mut buffer = vec![0; 256 << 10];
    let mut count = stream.read(&mut buffer).await.expect("the mux is open");
    let begun = Instant::now();
    loop {
        match stream.read(&mut buffer).await.expect("the mux is open") {
            0 => return count as f64 / begun.elapsed().as_secs_f64(),
            length => count += length,
        }
    }
}

/// Types keys 20 ms apart until the bulk is over and all are back.
async fn keys(opener: Opener, mut is_over: watch::Receiver<bool>) -> Samples {
    let mut stream = opener.open().await.expect("the mux is open");
    stream.write_all(b"k").await.expect("the mux is open");
    let mut ticks = interval(PACE);
    let mut under_way = VecDeque::new();
    let mut taken = Vec::new();
    let mut buffer = [0; 64];
    loop {
        let is_typing = !*is_over.borrow_and_update();
        if !is_typing && under_way.is_empty() {
            return Samples(taken);
        }
        tokio::select! {
            _ = ticks.tick(), if is_typing => {
                under_way.push_back(Instant::now());
                stream.write_all(b"k").await.expect("the mux is open");
            }
            _ = is_over.changed(), if is_typing => {}
            length = stream.read(&mut buffer) => {
                let length = length.expect("the mux is open");
                assert!(length > 0, "the echo ended");
                let sent = under_way.drain(..length);
                taken.extend(sent.map(|sent: Instant| milliseconds(sent.elapsed())));
            }
        }
    }
}

/// One thread, as a tunnel and an attach have.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("the system has descriptors").block_on(work)
}
