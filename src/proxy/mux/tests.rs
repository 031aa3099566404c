//! The mux over pipes in memory, some of them slow, dead or foreign.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{
    AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, sink, split,
};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{advance, sleep, timeout};

use super::*;

type Ended = JoinHandle<Result<(), Error>>;

/// Both sides of a mux, their drivers spawned.
struct Pair {
    opener: Opener,
    incoming: Incoming,
    opening: Ended,
    accepting: Ended,
}

fn pair_over(near: DuplexStream, far: DuplexStream) -> Pair {
    let (read, write) = split(near);
    let (opener, _, driver) = start(read, write, Role::Opens);
    let opening = tokio::spawn(driver);
    let (read, write) = split(far);
    let (_, incoming, driver) = start(read, write, Role::Accepts);
    let accepting = tokio::spawn(driver);
    Pair {
        opener,
        incoming,
        opening,
        accepting,
    }
}

fn pair() -> Pair {
    let (near, far) = duplex(64 * 1024);
    pair_over(near, far)
}

/// A pair over a link of so many bytes per second each way.
fn pair_over_slow_link(bytes_per_second: u32) -> Pair {
    let (near, near_end) = duplex(64 * 1024);
    let (far, far_end) = duplex(64 * 1024);
    let (near_read, near_write) = split(near_end);
    let (far_read, far_write) = split(far_end);
    tokio::spawn(relay(near_read, far_write, bytes_per_second));
    tokio::spawn(relay(far_read, near_write, bytes_per_second));
    pair_over(near, far)
}

async fn relay(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    bytes_per_second: u32,
) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let count32 = u32::try_from(count).unwrap();
        sleep(Duration::from_secs(1) * count32 / bytes_per_second).await;
        if to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
}

/// Sends back what comes, on every stream, until the mux ends.
fn echo(mut incoming: Incoming) {
    tokio::spawn(async move {
        while let Some(stream) = incoming.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = split(stream);
                tokio::io::copy(&mut read, &mut write).await.unwrap();
                write.shutdown().await.unwrap();
            });
        }
    });
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
}

#[tokio::test]
async fn bytes_come_back_on_each_of_many_streams() {
    let pair = pair();
    echo(pair.incoming);
    let mut asks = JoinSet::new();
    for number in 0..1000_u32 {
        let opener = pair.opener.clone();
        asks.spawn(async move {
            let mut stream = opener.open().await.unwrap();
            stream.write_all(&number.to_be_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, number.to_be_bytes());
        });
    }
    while let Some(ask) = asks.join_next().await {
        ask.unwrap();
    }
}

#[tokio::test]
async fn ten_megabytes_arrive_unchanged_both_ways() {
    let pair = pair();
    echo(pair.incoming);
    let bytes = pattern(10_000_000);
    let (mut read, mut write) = split(pair.opener.open().await.unwrap());
    let writing = tokio::spawn({
        let bytes = bytes.clone();
        async move {
            write.write_all(&bytes).await.unwrap();
            write.shutdown().await.unwrap();
        }
    });
    let mut answer = Vec::new();
    read.read_to_end(&mut answer).await.unwrap();
    assert!(answer == bytes, "the bytes differ");
    writing.await.unwrap();
}

#[tokio::test]
async fn half_closed_stream_still_receives_the_answer() {
    let mut pair = pair();
    let mut near = pair.opener.open().await.unwrap();
    near.write_all(b"ask").await.unwrap();
    near.shutdown().await.unwrap();
    let mut far = pair.incoming.accept().await.unwrap();
    let mut ask = String::new();
    far.read_to_string(&mut ask).await.unwrap();
    assert_eq!(ask, "ask");
    far.write_all(b"answer").await.unwrap();
    far.shutdown().await.unwrap();
    drop(far);
    let mut answer = String::new();
    near.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "answer");
}

#[tokio::test]
async fn answer_is_whole_though_the_question_was_never_ended() {
    let mut pair = pair();
    let mut near = pair.opener.open().await.unwrap();
    near.write_all(b"ask").await.unwrap();
    let mut far = pair.incoming.accept().await.unwrap();
    far.write_all(&pattern(300_000)).await.unwrap();
    far.shutdown().await.unwrap();
    drop(far);
    let mut answer = Vec::new();
    near.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.len(), 300_000);
}

#[tokio::test]
async fn dropped_stream_is_an_error_and_no_end_of_file() {
    let mut pair = pair();
    let mut near = pair.opener.open().await.unwrap();
    near.write_all(b"ask").await.unwrap();
    drop(pair.incoming.accept().await.unwrap());
    let error = near.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn death_of_the_peer_ends_streams_and_waits_with_an_error() {
    let mut pair = pair();
    let mut near = pair.opener.open().await.unwrap();
    near.write_all(b"ask").await.unwrap();
    let _far = pair.incoming.accept().await.unwrap();
    pair.accepting.abort();
    let error = near.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    assert!(pair.opening.await.unwrap().is_ok());
    assert!(!pair.opener.is_live());
    assert!(matches!(pair.opener.open().await, Err(Error::Closed)));
    assert!(matches!(pair.opener.ping().await, Err(Error::Closed)));
    assert!(pair.incoming.accept().await.is_none());
}

#[tokio::test]
async fn dropped_driver_ends_its_own_streams_with_an_error() {
    let pair = pair();
    let mut near = pair.opener.open().await.unwrap();
    near.write_all(b"ask").await.unwrap();
    pair.opening.abort();
    assert!(near.read_u8().await.is_err());
    assert!(!pair.opener.is_live());
}

#[tokio::test]
async fn other_version_is_named() {
    let (near, mut far) = duplex(1024);
    let (read, write) = split(near);
    let (_opener, _, driver) = start(read, write, Role::Opens);
    far.write_all(b"ccpmux\x00\x63").await.unwrap();
    let error = driver.await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Version {
                ours: VERSION,
                theirs: 99
            }
        ),
        "{error:?}"
    );
    let mut hello = [0; 8];
    far.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"ccpmux\x00\x01");
}

#[tokio::test]
async fn greeting_of_a_shell_is_a_protocol_error() {
    for role in [Role::Opens, Role::Accepts] {
        let (_, _, driver) = start(&b"Welcome to gpu1"[..], sink(), role);
        let error = driver.await.unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    }
}

#[tokio::test]
async fn stalled_reader_blocks_nobody_else() {
    let mut pair = pair();
    let mut stalled = pair.opener.open().await.unwrap();
    let stalling = tokio::spawn(async move {
        stalled.write_all(&pattern(20_000_000)).await.unwrap();
    });
    let _unread = pair.incoming.accept().await.unwrap();
    echo(pair.incoming);
    let mut other = pair.opener.open().await.unwrap();
    let (mut read, mut write) = split(&mut other);
    for _ in 0..20 {
        let ask = pattern(500_000);
        let mut answer = vec![0; ask.len()];
        let (wrote, answered) = tokio::join!(write.write_all(&ask), read.read_exact(&mut answer));
        wrote.unwrap();
        answered.unwrap();
        assert!(answer == ask, "the bytes differ");
    }
    assert!(!stalling.is_finished());
}

#[tokio::test(start_paused = true)]
async fn bulk_does_not_hide_a_key() {
    let mut pair = pair_over_slow_link(4_096_000);
    let mut ask = pair.opener.open().await.unwrap();
    ask.write_all(b"bulk").await.unwrap();
    let mut bulk = pair.incoming.accept().await.unwrap();
    tokio::spawn(async move { while bulk.write_all(&[7; 65536]).await.is_ok() {} });
    tokio::spawn(async move { tokio::io::copy(&mut ask, &mut sink()).await });
    echo(pair.incoming);
    let mut keys = pair.opener.open().await.unwrap();
    let mut slowest = Duration::ZERO;
    for number in 0..500 {
        sleep(Duration::from_millis(20)).await;
        let pressed = Instant::now();
        keys.write_u8(b'k').await.unwrap();
        keys.read_u8().await.unwrap();
        // The first second belongs to the search for the link's rate.
        if number > 50 {
            slowest = slowest.max(pressed.elapsed());
        }
    }
    assert!(slowest < Duration::from_millis(50), "{slowest:?}");
}

#[tokio::test(start_paused = true)]
async fn ping_measures_the_link_even_without_streams() {
    let pair = pair_over_slow_link(1_000_000);
    let first = pair.opener.ping().await.unwrap();
    let second = pair.opener.ping().await.unwrap();
    assert!(second < Duration::from_millis(5), "{first:?} {second:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_begins_with_a_question_and_ends_with_any_word() {
    let limit = Duration::from_secs(3);
    let (near, mut far) = duplex(64 * 1024);
    let (read, write) = split(near);
    let (opener, _, driver) = start(read, write, Role::Opens);
    tokio::spawn(driver);
    let mut hello = vec![0; 8];
    far.read_exact(&mut hello).await.unwrap();
    far.write_all(&hello).await.unwrap();
    let asked = Instant::now();
    let ping = tokio::spawn({
        let opener = opener.clone();
        async move { opener.ping().await }
    });
    opener.silent_for(limit).await;
    assert!(asked.elapsed() >= limit, "{:?}", asked.elapsed());
    assert!(timeout(limit, opener.heard_again()).await.is_err());
    // A ping: not the answer, but a word.
    far.write_all(&[3, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7])
        .await
        .unwrap();
    timeout(limit, opener.heard_again()).await.unwrap();
    assert!(!ping.is_finished());
}

#[tokio::test(start_paused = true)]
async fn an_idle_mux_is_not_silent() {
    let pair = pair();
    pair.opener.ping().await.unwrap();
    let hour = Duration::from_secs(3600);
    let silence = pair.opener.silent_for(Duration::from_secs(3));
    assert!(timeout(hour, silence).await.is_err());
}

#[tokio::test]
async fn side_that_accepts_opens_nothing() {
    let (opener, _, _driver) = start(&b""[..], sink(), Role::Accepts);
    assert!(matches!(opener.open().await, Err(Error::NotOpener)));
}

#[tokio::test(start_paused = true)]
async fn idle_mux_never_wakes() {
    let (near, far) = duplex(64 * 1024);
    let (read, write) = split(far);
    let (_o, incoming, driver) = start(read, write, Role::Accepts);
    echo(incoming);
    tokio::spawn(driver);
    let (read, write) = split(near);
    let (opener, _, mut driver) = start(read, write, Role::Opens);
    let polls = Arc::new(AtomicUsize::new(0));
    tokio::spawn({
        let polls = Arc::clone(&polls);
        std::future::poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut driver).poll(cx)
        })
    });
    let mut stream = opener.open().await.unwrap();
    for _ in 0..100 {
        stream.write_all(&[7; 10_000]).await.unwrap();
        stream.read_exact(&mut [0; 10_000]).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    let before = polls.load(Ordering::Relaxed);
    advance(Duration::from_secs(3600)).await;
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(polls.load(Ordering::Relaxed), before);
}
