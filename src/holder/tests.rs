//! A holder in this process, real programs on real ptys, clients on its socket.

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
use crate::sys::pty;
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
            env: pty::inheritable_env()
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

#[tokio::test]
async fn what_is_typed_comes_back_with_what_it_did() {
    let held = Held::new("while read x; do eval \"$x\"; done");
    let mut page = held.page("a").await;
    assert_eq!(
        (page.hello.title.as_str(), page.hello.id.as_str()),
        ("sh", "t1")
    );
    page.say("echo a$((40+2))b\n").await;
    page.until("a42b").await;
    while page.taken < page.typed {
        page.take().await;
    }
    let mut other = held.page("b").await;
    other.until("a42b").await;
    other.say("exit 3\n").await;
    assert!(page.last_words().await.contains("exit 3"));
    assert_eq!(
        page.exit,
        Some(Exit {
            code: Some(3),
            signal: None
        })
    );
    assert_eq!(held.ended().await.code, Some(3));
}

#[tokio::test]
async fn a_page_that_returns_gets_exactly_what_it_missed() {
    let script = "stty -onlcr -echo; echo ready; read go; seq 1 100000; read bye";
    let numbers: String = (1..=100_000).map(|n| format!("{n}\n")).collect();
    let expected = format!("ready\n{numbers}");
    let held = Held::new(script);
    let mut page = held.returning("a", Some(0)).await;
    page.until("ready\n").await;
    page.say("\n").await;
    let mut seen = Vec::new();
    for returns in 0.. {
        // The connection breaks after some frames, the last of which was
        // drawn in part only.
        for _ in 0..returns % 3 + 1 {
            if page.drawn < expected.len() as u64 {
                page.take().await;
            }
        }
        let drawn = page.seen.len() / (returns % 4 + 1);
        seen.extend(&page.seen[..drawn]);
        if seen.len() >= expected.len() {
            break;
        }
        page = held.returning("a", Some(seen.len() as u64)).await;
    }
    assert!(String::from_utf8(seen).unwrap() == expected);
}

#[tokio::test]
async fn a_page_that_resends_types_nothing_twice() {
    let held = Held::new("stty raw -echo; echo ready; exec cat");
    let mut watcher = held.page("watcher").await;
    watcher.until("ready").await;
    let before = watcher.seen.len();
    let text: Vec<u8> = (0..30_000)
        .flat_map(|n| format!("{n} ").into_bytes())
        .collect();
    let mut at = 0;
    while at < text.len() {
        let mut page = held.page("typist").await;
        // Goes back behind what the holder says it has, as a page may that
        // reads the answer late, then goes away without reading on.
        at = usize::try_from(page.hello.input_seq).unwrap();
        let from = at.saturating_sub(777);
        for piece in text[from..text.len().min(from + 20_000)].chunks(6_000) {
            let seq = from + (piece.as_ptr() as usize - text[from..].as_ptr() as usize);
            let frame = Frame::Data {
                seq: seq as u64,
                bytes: piece.to_vec(),
            };
            page.writer.send(&frame).await.unwrap();
        }
        while watcher.seen.len() < before + at {
            watcher.take().await;
        }
    }
    while watcher.seen.len() < before + text.len() {
        watcher.take().await;
    }
    assert!(watcher.seen[before..] == text);
}

#[tokio::test]
async fn input_with_a_gap_is_refused() {
    let held = Held::new("exec cat");
    let mut page = held.page("a").await;
    page.say("x").await;
    page.typed += 1;
    page.say("y").await;
    loop {
        match page.reader.next().await.unwrap() {
            Some(Frame::Refused(refused)) => break assert_eq!(refused.code, "protocol"),
            Some(_) => {}
            None => panic!("closed without a word"),
        }
    }
}

#[tokio::test]
async fn a_flood_and_a_page_that_reads_nothing_hold_up_nobody() {
    let held = Held::new("trap : INT; echo on; yes; echo stopped; read bye");
    let mut stalled = Vec::new();
    for n in 0..4 {
        stalled.push(held.page(&format!("stalled{n}")).await);
    }
    let mut page = held.page("a").await;
    page.until("y\r\ny").await;
    // Far beyond what is remembered, so that this page skips too.
    while page.drawn < 8 * ring::RING_BYTES as u64 {
        page.take().await;
    }
    let asked = std::time::Instant::now();
    page.say("\x03").await;
    page.until("stopped").await;
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    // The stalled ones were sent no more than a window.
    for mut page in stalled {
        let mut received = 0;
        while let Ok(Ok(Some(frame))) = timeout(Duration::from_millis(50), page.reader.next()).await
        {
            if let Frame::Data { bytes, .. } | Frame::Replay { bytes, .. } = frame {
                received += bytes.len() as u64;
            }
        }
        assert!(
            received <= WINDOW_BYTES + ring::CHUNK_BYTES as u64,
            "{received}"
        );
    }
}

#[tokio::test]
async fn a_program_that_does_not_read_holds_up_no_output() {
    let script = "stty raw -echo; echo ready; while :; do echo tick; sleep 0.01; done";
    let held = Held::new(script);
    let mut page = held.page("a").await;
    page.until("ready").await;
    let mut writer = page.writer;
    let typist = tokio::spawn(async move {
        let mut sent = 0;
        let bytes = vec![b'x'; 10_000];
        let patience = Duration::from_millis(500);
        while let Ok(sending) = {
            let frame = Frame::Data {
                seq: sent,
                bytes: bytes.clone(),
            };
            timeout(patience, async { writer.send(&frame).await }).await
        } {
            sending.unwrap();
            sent += 10_000;
        }
        (sent, writer)
    });
    for _ in 0..20 {
        page.reader.next().await.unwrap().unwrap();
    }
    let (sent, _writer) = typist.await.unwrap();
    // What the queue, the kernel's buffers and one frame hold.
    assert!(sent < 2 << 20, "{sent}");
    for _ in 0..20 {
        page.reader.next().await.unwrap().unwrap();
    }
    held.page("b").await.until("tick").await;
}

#[tokio::test]
async fn a_program_that_ends_unseen_waits_for_its_first_page() {
    let held = Held::new("echo rc file is broken; kill -9 $$");
    // A listing is not a page.
    held.listed(|row| row.id == "t1").await;
    let mut page = held.page("a").await;
    assert!(page.last_words().await.contains("rc file is broken"));
    assert_eq!(
        page.exit,
        Some(Exit {
            code: None,
            signal: Some(9)
        })
    );
    let socket = held.socket();
    held.ended().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn an_end_that_no_page_was_told_is_kept() {
    let held = Held::new("read x; echo bye; exit 7");
    let mut page = held.page("a").await;
    page.say("\n").await;
    page.until("bye").await;
    // Its link breaks before it hears more.
    drop(page);
    let exit = Exit {
        code: Some(7),
        signal: None,
    };
    held.listed(|row| row.exit == Some(exit)).await;
    std::fs::remove_file(held.socket()).unwrap();
    held.wishes.send(Wish::ListenAgain).await.unwrap();
    held.listed(|row| row.exit == Some(exit)).await;
    let mut back = held.page("a").await;
    assert!(back.last_words().await.contains("bye"));
    assert_eq!(back.exit, Some(exit));
    assert_eq!(held.ended().await, exit);
}

#[tokio::test]
async fn an_ended_terminal_can_be_killed() {
    let held = Held::new("exit 7");
    held.listed(|row| row.exit.is_some()).await;
    kill(&held.sockets(), "t1").await.unwrap();
    held.ended().await;
}

#[tokio::test]
async fn all_output_comes_before_the_end() {
    for _ in 0..20 {
        let held = Held::new("seq 1 20000; echo last");
        let mut page = held.returning("a", Some(0)).await;
        assert!(
            page.last_words()
                .await
                .ends_with("19999\r\n20000\r\nlast\r\n")
        );
        assert_eq!(
            page.exit,
            Some(Exit {
                code: Some(0),
                signal: None
            })
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_kill_ends_the_session_with_its_jobs() {
    let script = "set -m; sleep 1000 & echo job $!; (sleep 1001; :) & echo job $!; \
                  sh -c 'trap \"\" HUP; echo nohup $$; exec sleep 1002' & \
                  setsid sh -c 'echo away $$; exec sleep 1003' & sleep 1004";
    let held = Held::new(script);
    let mut page = held.returning("a", Some(0)).await;
    for word in ["away ", "nohup ", "job "] {
        page.until(word).await;
    }
    page.say("\n").await;
    page.until("\r\n\r\n").await;
    kill(&held.sockets(), "t1").await.unwrap();
    let said = page.last_words().await;
    assert!(page.exit.is_some());
    let pids = |word: &str| -> Vec<String> {
        let lines = said.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|pid| pid.trim().to_owned()).collect()
    };
    let lives = |pid: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    assert_eq!(pids("job ").len(), 2);
    assert!(!pids("job ").iter().any(lives), "{said}");
    for word in ["nohup ", "away "] {
        let [pid] = &pids(word)[..] else {
            panic!("{said}")
        };
        assert!(lives(pid), "{word}: {said}");
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

#[tokio::test]
async fn a_program_that_ignores_the_hang_up_is_killed() {
    let held = Held::new("trap '' HUP TERM INT; echo on; while :; do read x; done");
    let mut page = held.page("a").await;
    page.until("on").await;
    page.writer.send(&Frame::Kill).await.unwrap();
    page.last_words().await;
    assert_eq!(
        page.exit,
        Some(Exit {
            code: None,
            signal: Some(9)
        })
    );
}

#[tokio::test]
async fn a_version_that_is_not_spoken_is_refused_in_words() {
    let held = Held::new("exec cat");
    let old = ClientHello {
        version: 0,
        ..hello("a", None)
    };
    match connect(&held.socket(), &old).await {
        Err(Error::Refused(refused)) => assert_eq!(refused.code, "version"),
        other => panic!("{other:?}"),
    }
    let new = ClientHello {
        version: VERSION + 1,
        ..hello("a", None)
    };
    assert_eq!(
        connect(&held.socket(), &new).await.unwrap().0.version,
        VERSION
    );
}

#[tokio::test]
async fn garbage_closes_only_the_one_who_sent_it() {
    let held = Held::new("exec cat");
    let mut page = held.page("a").await;
    let too_long = u32::try_from(MAX_FRAME_BYTES + 1).unwrap().to_be_bytes();
    let mut hello_and_long = Vec::new();
    Frame::hello(&hello("b", None)).encode_with_length(&mut hello_and_long);
    hello_and_long.extend(too_long);
    let name = "x".repeat(65);
    let mut long_name = Vec::new();
    Frame::hello(&hello(&name, None)).encode_with_length(&mut long_name);
    let garbage: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &too_long,
        &[0; 100],
        &hello_and_long,
        &long_name,
    ];
    for bytes in garbage {
        let mut stream = UnixStream::connect(held.socket()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .expect("closed");
        assert!(
            String::from_utf8_lossy(&answer).contains("protocol"),
            "{answer:?}"
        );
    }
    page.say("still here\n").await;
    page.until("still here\r\nstill here").await;
}

#[tokio::test]
async fn the_program_sees_the_smallest_size_within_bounds() {
    let held = Held::new("while read x; do stty size; done");
    let mut page = held.page("a").await;
    // (cols, rows) asked, then what the program sees.
    let sizes = [
        (100, 40, "40 100"),
        (5000, 1, "1 1000"),
        (0, 9, "1 1000"),
        (7, u16::MAX, "1000 7"),
    ];
    for (cols, rows, size) in sizes {
        let resize = Frame::Resize { cols, rows };
        page.writer.send(&resize).await.unwrap();
        page.seen.clear();
        page.say("\n").await;
        page.until(size).await;
    }
    list(&held.sockets()).await;
    let mut other = held.page("b").await;
    assert_eq!((other.hello.cols, other.hello.rows), (7, 24));
    other
        .writer
        .send(&Frame::Size { mine: true })
        .await
        .unwrap();
    other.say("\n").await;
    other.until("24 80").await;
    // Both are told, and drawn anew: the view comes before the redraw.
    while page.view.is_none_or(|view| view.cols != 80) {
        page.take().await;
    }
    let view = page.view.unwrap();
    assert_eq!(
        (view.sized_by, view.clients, view.leads),
        (SizedBy::Other, 2, false)
    );
    drop(other);
    while page.view.is_none_or(|view| view.clients != 1) {
        page.take().await;
    }
    let view = page.view.unwrap();
    assert_eq!((view.cols, view.rows, view.leads), (7, 1000, true));
    assert_eq!(view.sized_by, SizedBy::Smallest);
}

#[tokio::test]
async fn the_holder_answers_queries_while_nobody_else_can() {
    let script = "stty raw -echo; printf '\\033[c'; head -c 13 | od -c; \
                  printf '\\033]2;asked\\007'; stty -raw; read x; stty raw; printf '\\033[5n'; exec cat";
    let held = Held::new(script);
    // A listing is nobody.
    let is_asked = |row: &TerminalRow| row.label.as_deref() == Some("asked");
    held.listed(is_asked).await;
    let mut page = held.returning("a", Some(0)).await;
    page.until("033   [   ?   6   2   ;   4   ;   9   ;   2   2   c")
        .await;
    // Now the page would answer, and nobody else may.
    page.say("\n").await;
    page.until("\x1b[5n").await;
    page.say("typed").await;
    page.until("typed").await;
    assert!(!page.seen.windows(4).any(|window| window == b"\x1b[0n"));
}

#[tokio::test]
async fn the_holder_answers_what_its_leader_was_not_shown() {
    // One byte, so that the flood begins when the page is there.
    let script = "stty raw -echo; head -c 1 >/dev/null; seq 400000; printf '\\033[5n'; \
                  printf '\\033]2;asked\\007'; head -c 4 | od -c; exec cat";
    let held = Held::new(script);
    let mut page = held.page("a").await;
    page.say("x").await;
    held.listed(|row| row.label.as_deref() == Some("asked"))
        .await;
    page.until("033   [   0   n").await;
    page.say("typed").await;
    page.until("typed").await;
    assert!(!page.seen.windows(4).any(|window| window == b"\x1b[0n"));
}

#[tokio::test]
async fn a_listing_shows_the_living_and_removes_the_dead() {
    let held = Held::new("exec cat");
    let dir = held.sockets();
    drop(std::os::unix::net::UnixListener::bind(dir.join("dead.sock")).unwrap());
    std::fs::write(dir.join("notes.txt"), "").unwrap();
    let rows = list(&dir).await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].id.as_str(), rows[0].title.as_str()), ("t1", "sh"));
    assert!(!dir.join("dead.sock").exists() && dir.join("notes.txt").exists());
    assert!(list(Path::new("/nowhere")).await.is_empty());
    kill(&dir, "t1").await.unwrap();
    assert!(matches!(kill(&dir, "../t1").await, Err(Error::Id { .. })));
    held.ended().await;
    assert!(matches!(kill(&dir, "t1").await, Err(Error::Gone { .. })));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let program = Program {
        path: "/nowhere/sh".into(),
        argv0: "-sh".into(),
        args: Vec::new(),
        cwd: "/".into(),
        env: Vec::new(),
    };
    let size = Size { cols: 80, rows: 24 };
    let error = process::Holder::start(&program, "t1", size, screen::DEFAULT_ROWS).unwrap_err();
    assert!(matches!(error, Error::Program { .. }));
}

#[tokio::test]
async fn a_terminal_whose_directory_was_deleted_is_found_again() {
    let held = Held::new("read x; echo got $x; read bye");
    let mut page = held.page("a").await;
    std::fs::remove_dir_all(held.sockets()).unwrap();
    assert!(list(&held.sockets()).await.is_empty());
    held.wishes.send(Wish::ListenAgain).await.unwrap();
    held.listed(|row| row.id == "t1").await;
    page.say("it\n").await;
    page.until("got it").await;
    held.page("b").await.until("got it").await;
}
