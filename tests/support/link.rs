//! A simulated network link: a TCP proxy with delay, rate, freeze and cut.
//!
//! Each direction of a connection is a chain of three stages:
//!
//! ```text
//! source ─read─> bottleneck queue ─rate─> delay line ─write─> destination
//!                (QUEUE_BYTES)            (LINE_BYTES)
//! ```
//!
//! A full queue stops the reading, so that back-pressure reaches the source
//! as on a real link; nothing is ever dropped. All connections of a link
//! share its rate, each direction its own. Bytes in the delay line carry
//! their time of arrival, so delay costs no throughput. Settings apply at
//! once, also to what is under way, except that a byte in the delay line
//! keeps its time of arrival.
//!
//! Timers tick in milliseconds: rate is exact over some milliseconds, delay
//! to one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout_at};

/// Bytes that wait in front of the bottleneck; then the source is not read.
const QUEUE_BYTES: usize = 256 * 1024;

/// Bytes under way in the delay line; bounds memory, not the simulation.
const LINE_BYTES: usize = 32 * 1024 * 1024;

/// Largest piece that moves at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Chunks a stage may hold, however short they are.
const CHUNKS_MAX: usize = 64 * 1024;

/// Kernel receive buffer of each socket.
///
/// Left to itself, loopback grows it to megabytes, a queue no network has.
const RECEIVE_BUFFER_BYTES: u32 = 128 * 1024;

/// How far the bottleneck may run behind the clock and still catch up.
const CATCH_UP: Duration = Duration::from_millis(5);

/// What the link does to bytes now.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Settings {
    delay: Duration,
    /// Bytes per second each way; `None` is unlimited.
    rate: Option<u64>,
    is_frozen: bool,
    is_cut: bool,
}

/// One direction of the link, shared by its connections.
#[derive(Debug, Default)]
struct Direction {
    bytes: AtomicU64,
    /// When the bottleneck is free again.
    free_at: Mutex<Option<Instant>>,
}

/// What connections share with their link.
#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    settings: watch::Sender<Settings>,
    connections: AtomicU64,
    turned_away: AtomicU64,
    up: Direction,
    down: Direction,
}

/// A running link; stops, and closes its connections, when dropped.
#[derive(Debug)]
pub(crate) struct Link {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: AbortHandle,
}

impl Link {
    /// Starts a link to `upstream`, without delay or limit, on a free port.
    ///
    /// # Errors
    /// Whatever binding a loopback port fails with.
    pub(crate) async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(128)?;
        let (settings, _) = watch::channel(Settings {
            delay: Duration::ZERO,
            rate: None,
            is_frozen: false,
            is_cut: false,
        });
        let shared = Arc::new(Shared {
            upstream,
            settings,
            connections: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            up: Direction::default(),
            down: Direction::default(),
        });
        Ok(Self {
            addr: listener.local_addr()?,
            acceptor: tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle(),
            shared,
        })
    }

    /// The address to connect to instead of the upstream's.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Sets the one-way delay; a round trip takes twice as long.
    pub(crate) fn set_delay(&self, delay: Duration) {
        self.change(|settings| settings.delay = delay);
    }

    /// Sets the bytes per second each way; `None` is unlimited.
    pub(crate) fn set_rate(&self, bytes_per_second: Option<u64>) {
        self.change(|settings| settings.rate = bytes_per_second);
    }

    /// Stops every byte; nothing is closed, connecting still succeeds.
    pub(crate) fn freeze(&self) {
        self.change(|settings| settings.is_frozen = true);
    }

    /// Ends a freeze; what waited moves on.
    pub(crate) fn thaw(&self) {
        self.change(|settings| settings.is_frozen = false);
    }

    /// Closes every connection, and each new one at once, until mended.
    pub(crate) fn cut(&self) {
        self.change(|settings| settings.is_cut = true);
    }

    /// Lets new connections through again.
    pub(crate) fn mend(&self) {
        self.change(|settings| settings.is_cut = false);
    }

    /// Counts the connections that were closed at once, because of a cut.
    pub(crate) fn turned_away(&self) -> u64 {
        self.shared.turned_away.load(Ordering::Relaxed)
    }

    /// Connections accepted so far, those refused by a cut excluded.
    pub(crate) fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Bytes delivered to the upstream so far.
    pub(crate) fn bytes_up(&self) -> u64 {
        self.shared.up.bytes.load(Ordering::Relaxed)
    }

    /// Bytes delivered from the upstream so far.
    pub(crate) fn bytes_down(&self) -> u64 {
        self.shared.down.bytes.load(Ordering::Relaxed)
    }

    fn change(&self, change: impl FnOnce(&mut Settings)) {
        self.shared.settings.send_modify(change);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

/// Accepts until aborted; owns, and so ends, every connection's task.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                if shared.settings.borrow().is_cut {
                    shared.turned_away.fetch_add(1, Ordering::Relaxed);
                } else {
                    shared.connections.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(connection(client, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection until both ways ended, one broke, or a cut.
async fn connection(client: TcpStream, shared: Arc<Shared>) {
    let mut settings = shared.settings.subscribe();
    let carry = async {
        let server = connect(shared.upstream).await?;
        client.set_nodelay(true)?;
        let (client_read, client_write) = client.into_split();
        let (server_read, server_write) = server.into_split();
        tokio::try_join!(
            carry(client_read, server_write, &shared, &shared.up),
            carry(server_read, client_write, &shared, &shared.down),
        )
    };
    tokio::select! {
        // An error of either side has closed both; there is nobody to tell.
        _ = carry => {}
        _ = settings.wait_for(|settings| settings.is_cut) => {}
    }
}

async fn connect(upstream: SocketAddr) -> io::Result<TcpStream> {
    let socket = match upstream {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    let server = socket.connect(upstream).await?;
    server.set_nodelay(true)?;
    Ok(server)
}

/// Bytes in a stage, with the stage's room that they occupy.
struct Chunk {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

/// One direction of one connection, from end to end.
async fn carry(
    source: OwnedReadHalf,
    destination: OwnedWriteHalf,
    shared: &Shared,
    direction: &Direction,
) -> io::Result<()> {
    let (queue, queued) = mpsc::channel(CHUNKS_MAX);
    let (line, arriving) = mpsc::channel(CHUNKS_MAX);
    let settings = || shared.settings.subscribe();
    tokio::try_join!(
        fill(source, queue, settings()),
        squeeze(queued, line, settings(), direction),
        deliver(arriving, destination, settings(), direction),
    )?;
    Ok(())
}

/// Reads the source into the bottleneck's queue; ends at its end.
async fn fill(
    mut source: OwnedReadHalf,
    queue: mpsc::Sender<Chunk>,
    mut settings: watch::Receiver<Settings>,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(QUEUE_BYTES));
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        thawed(&mut settings).await;
        let permit = reserve(&room, CHUNK_BYTES).await;
        let count = source.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let permit = shrink(permit, count);
        let bytes = buffer[..count].to_vec();
        if queue
            .send(Chunk {
                bytes,
                _room: permit,
            })
            .await
            .is_err()
        {
            return Ok(());
        }
    }
}

/// Lets chunks through at the rate, and stamps their time of arrival.
async fn squeeze(
    mut queued: mpsc::Receiver<Chunk>,
    line: mpsc::Sender<(Instant, Chunk)>,
    mut settings: watch::Receiver<Settings>,
    direction: &Direction,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(LINE_BYTES));
    while let Some(chunk) = queued.recv().await {
        thawed(&mut settings).await;
        pass_bottleneck(chunk.bytes.len(), &mut settings, direction).await;
        let permit = reserve(&room, chunk.bytes.len()).await;
        let arrival = Instant::now() + settings.borrow().delay;
        let bytes = chunk.bytes;
        if line
            .send((
                arrival,
                Chunk {
                    bytes,
                    _room: permit,
                },
            ))
            .await
            .is_err()
        {
            break;
        }
    }
    Ok(())
}

/// Waits until `len` bytes went through the bottleneck.
///
/// The mutex is held meanwhile: other connections wait their turn behind.
async fn pass_bottleneck(
    len: usize,
    settings: &mut watch::Receiver<Settings>,
    direction: &Direction,
) {
    let mut free_at = direction.free_at.lock().await;
    let started = Instant::now();
    let start = free_at
        .filter(|free| *free + CATCH_UP > started)
        .unwrap_or(started);
    loop {
        let Some(rate) = settings.borrow_and_update().rate else {
            *free_at = None;
            return;
        };
        let done = start + Duration::from_secs_f64(len as f64 / rate.max(1) as f64);
        // A change of the rate applies to the chunk in the bottleneck too.
        let changed = done > Instant::now() && timeout_at(done, settings.changed()).await.is_ok();
        if !changed {
            *free_at = Some(done);
            return;
        }
    }
}

/// Writes chunks at their time of arrival; then passes the end on.
async fn deliver(
    mut arriving: mpsc::Receiver<(Instant, Chunk)>,
    mut destination: OwnedWriteHalf,
    mut settings: watch::Receiver<Settings>,
    direction: &Direction,
) -> io::Result<()> {
    while let Some((arrival, chunk)) = arriving.recv().await {
        if arrival > Instant::now() {
            sleep_until(arrival).await;
        }
        thawed(&mut settings).await;
        destination.write_all(&chunk.bytes).await?;
        let count = chunk.bytes.len() as u64;
        direction.bytes.fetch_add(count, Ordering::Relaxed);
    }
    destination.shutdown().await
}

async fn thawed(settings: &mut watch::Receiver<Settings>) {
    // The sender lives in `Shared`, which outlives every connection.
    let _ = settings.wait_for(|settings| !settings.is_frozen).await;
}

async fn reserve(room: &Arc<Semaphore>, bytes: usize) -> OwnedSemaphorePermit {
    let count = u32::try_from(bytes).expect("a chunk is at most CHUNK_BYTES long");
    Arc::clone(room)
        .acquire_many_owned(count)
        .await
        .expect("the semaphore is never closed")
}

/// Gives back the part of a permit that a short read does not need.
fn shrink(mut permit: OwnedSemaphorePermit, needed: usize) -> OwnedSemaphorePermit {
    drop(permit.split(permit.num_permits() - needed));
    permit
}
