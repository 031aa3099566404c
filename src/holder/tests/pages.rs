//! What pages send and are sent: input, output, sizes, answers, refusals.

use super::*;

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
