//! A holder in this process, real programs on real ptys, clients on its socket.

mod ends;
mod pages;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::process::Wish;
use super::*;
use crate::protocol::call::TerminalRow;
use crate::protocol::terminal::ClientHello;
use crate::protocol::terminal::Exit;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::HolderHello;
use crate::protocol::terminal::MAX_FRAME_BYTES;
use crate::protocol::terminal::SizedBy;
use crate::protocol::terminal::VERSION;
use crate::protocol::terminal::View;
use crate::protocol::terminal::WINDOW_BYTES;
use crate::sys::env;
use crate::sys::pty::Program;
use crate::sys::pty::Size;

/// Ends a test that hangs; nothing waits this long when it works.
const PATIENCE: Duration = Duration::from_secs(30);

/// A holder of `sh -c SCRIPT`, and its end.
struct Held {
    dir: TempDir,
    exit: JoinHandle<Exit>,
    wishes: mpsc::Sender<Wish>,
}

impl Held {
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = Program {
            path: "/bin/sh".into(),
            argv0: "-sh".into(),
            args: vec!["-c".into(), script.into()],
            cwd: "/".into(),
            env: env::all()
                .into_iter()
                .filter(|(name, _)| name == "PATH")
                .collect(),
        };
        let socket = socket::Socket::bind(&dir.path().join("t"), "t1").unwrap();
        let size = Size { cols: 80, rows: 24 };
        let holder = process::Holder::start(&program, "t1", size, screen::DEFAULT_ROWS).unwrap();
        let (wishes, received) = mpsc::channel(1);
        let exit = tokio::spawn(holder.serve(socket, received));
        Self { dir, exit, wishes }
    }

    fn sockets(&self) -> PathBuf {
        self.dir.path().join("t")
    }

    fn socket(&self) -> PathBuf {
        self.sockets().join("t1.sock")
    }

    async fn page(&self, name: &str) -> Page {
        self.returning(name, None).await
    }

    async fn returning(&self, name: &str, resume: Option<u64>) -> Page {
        let hello = hello(name, resume);
        let (hello, reader, writer) = connect(&self.socket(), &hello).await.unwrap();
        let drawn = resume.unwrap_or_default();
        let typed = hello.input_seq;
        Page {
            hello,
            reader,
            writer,
            seen: Vec::new(),
            drawn,
            typed,
            taken: typed,
            view: None,
            exit: None,
        }
    }

    /// Waits until the listing has such a row.
    async fn listed(&self, is_wanted: impl Fn(&TerminalRow) -> bool) {
        let waiting = async {
            while !list(&self.sockets()).await.iter().any(&is_wanted) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("in time");
    }

    async fn ended(self) -> Exit {
        timeout(PATIENCE, self.exit).await.unwrap().unwrap()
    }
}

fn hello(name: &str, resume: Option<u64>) -> ClientHello {
    ClientHello {
        version: VERSION,
        client: name.into(),
        cols: 80,
        rows: 24,
        resume,
        layout: Some(0),
    }
}

/// A client that draws everything, acknowledges it, and checks every number.
struct Page {
    hello: HolderHello,
    reader: FrameReader<OwnedReadHalf>,
    writer: FrameWriter<OwnedWriteHalf>,
    seen: Vec<u8>,
    drawn: u64,
    typed: u64,
    taken: u64,
    view: Option<View>,
    exit: Option<Exit>,
}

impl Page {
    async fn say(&mut self, text: &str) {
        let bytes = text.as_bytes().to_vec();
        let seq = self.typed;
        self.typed += bytes.len() as u64;
        self.writer.send(&Frame::Data { seq, bytes }).await.unwrap();
    }

    /// Takes one frame; false at the end.
    async fn take(&mut self) -> bool {
        let Ok(Some(frame)) = timeout(PATIENCE, self.reader.next())
            .await
            .expect("in time")
        else {
            return false;
        };
        match frame {
            Frame::Data { seq, bytes } => {
                assert_eq!(seq, self.drawn, "nothing missing, nothing twice");
                self.drawn += bytes.len() as u64;
                self.seen.extend(bytes);
                let _ = self.writer.send(&Frame::Ack { seq: self.drawn }).await;
            }
            Frame::Replay {
                seq,
                clear,
                last,
                bytes,
                ..
            } => {
                if clear {
                    self.seen.clear();
                }
                self.seen.extend(bytes);
                if last {
                    self.drawn = seq;
                    let _ = self.writer.send(&Frame::Ack { seq }).await;
                }
            }
            Frame::Ack { seq } => self.taken = seq,
            Frame::View(view) => self.view = Some(view),
            Frame::Exit(exit) => {
                self.exit = Some(exit);
                let seq = self.drawn + 1;
                let _ = self.writer.send(&Frame::Ack { seq }).await;
            }
            other => panic!("{other:?}"),
        }
        true
    }

    async fn until(&mut self, text: &str) {
        let mut searched = 0;
        loop {
            let from = searched.min(self.seen.len());
            if self.seen[from..]
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                return;
            }
            searched = self.seen.len().saturating_sub(text.len());
            let is_open = self.take().await;
            assert!(
                is_open,
                "ended before {text:?}: {:?}",
                String::from_utf8_lossy(&self.seen)
            );
        }
    }

    async fn last_words(&mut self) -> String {
        while self.take().await {}
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}
