//! The store as others see it: asked to write and to read, from any task.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::error::Error;
use super::opening;
use super::opening::Restored;
use super::place::Place;
use super::place::Sharing;
use super::read;
use super::read::Read;
use super::read::Readers;
use super::schema::STEPS;
use super::schema::Steps;
use super::tables::changes::Change;
use super::write::Task;
use super::write::Write;
use super::writer;
use super::writer::Order;
use super::writer::Writer;

/// How long whoever writes or reads waits for his turn.
const TURN_LIMIT: Duration = Duration::from_secs(30);

/// The store; clones are the same.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    orders: mpsc::Sender<Order>,
    readers: Readers,
    epoch: String,
    news: broadcast::WeakSender<Arc<[Change]>>,
}

/// A store that was opened, and what had to be done for it.
#[derive(Debug)]
pub struct Opened {
    /// It.
    pub store: Store,
    /// The database's file.
    pub path: PathBuf,
    /// What was restored, because it was damaged.
    pub restored: Option<Restored>,
}

impl Store {
    /// Opens the store in a directory, or begins one there.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::InUse`], [`Error::DiskFull`] or
    /// [`Error::File`]; what was acknowledged is still there then.
    pub async fn open(dir: &Path) -> Result<Opened, Error> {
        Self::open_with(dir, STEPS).await
    }

    pub(super) async fn open_with(dir: &Path, steps: Steps) -> Result<Opened, Error> {
        let dir = dir.to_owned();
        Self::open_place(move || Place::make(&dir), steps).await
    }

    /// Opens it as if other machines had the same files.
    #[cfg(test)]
    pub(super) async fn open_exclusively(dir: &Path, steps: Steps) -> Result<Opened, Error> {
        let dir = dir.to_owned();
        let exclusive = move || {
            let mut place = Place::make(&dir)?;
            place.sharing = Sharing::Exclusive;
            Ok(place)
        };
        Self::open_place(exclusive, steps).await
    }

    async fn open_place(
        place: impl FnOnce() -> Result<Place, Error> + Send + 'static,
        steps: Steps,
    ) -> Result<Opened, Error> {
        let opening = tokio::task::spawn_blocking(move || opening::open(place()?, steps))
            .await
            .map_err(|_| Error::Panicked)??;
        let place = opening.ledger.place.clone();
        let restored = opening.restored.clone();
        let epoch = opening.database.clone();
        let news = opening.ledger.news.downgrade();
        let (orders, received) = mpsc::channel(writer::QUEUE);
        let writer = Writer::new(opening, received);
        thread::Builder::new()
            .name("store".into())
            .spawn(|| writer.run())
            .map_err(|source| Error::io(&place.database(), source))?;
        let path = place.database();
        let inner = Inner {
            readers: Readers::new(place.clone()),
            place,
            orders,
            epoch,
            news,
        };
        Ok(Opened {
            store: Self {
                inner: Arc::new(inner),
            },
            path,
            restored,
        })
    }

    /// Writes: all that `work` executes, or nothing. When this returns, it is
    /// on the disk.
    ///
    /// Writes are done one after the other, in the order in which they were
    /// asked for; several share a wait for the disk. An error of `work` undoes
    /// it, and so does a panic. Whoever stops waiting does not stop the write.
    ///
    /// # Errors
    /// That of `work`, or [`Error`] turned into one; nothing has changed then,
    /// but see [`Error::Undecided`].
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Write<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Task::new(work, reply);
        self.order(Order::Write(Box::new(task))).await?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Reads: all that `work` asks for is of one moment. Reads wait for no
    /// write.
    ///
    /// # Errors
    /// That of `work`, or [`Error`] turned into one; [`Error::Busy`], when it
    /// took more than 10 s.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Read<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.inner.place.sharing == Sharing::Exclusive {
            return self.read_with_writer(work).await;
        }
        let turn = self.inner.readers.turns().acquire_owned();
        let turn = tokio::time::timeout(TURN_LIMIT, turn)
            .await
            .map_err(|_| Error::Busy)?
            .map_err(|_| Error::Closed)?;
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            let done = inner.readers.read(work);
            drop(turn);
            done
        })
        .await
        .map_err(|_| Error::Panicked)?
    }

    async fn read_with_writer<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Read<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let place = self.inner.place.clone();
        let look = move |connection: &rusqlite::Connection| {
            let done = read::read_on(connection, &place, work);
            let _ = reply.send(done.map_err(E::from).and_then(|done| done));
        };
        self.order(Order::Look(Box::new(look))).await?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Ends: what was asked for before is done, a backup is made if something
    /// changed, and the file is closed. Later writes and reads are refused.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        self.inner.readers.close();
        if self.order(Order::Close(reply)).await.is_ok() {
            let _ = closed.await;
        }
    }

    /// A random word for this database's past: while it is the same, a number
    /// that was given out is not given out again.
    pub fn epoch(&self) -> &str {
        &self.inner.epoch
    }

    /// What is committed from now on; it ends when the store is closed.
    pub(super) fn news(&self) -> broadcast::Receiver<Arc<[Change]>> {
        match self.inner.news.upgrade() {
            Some(news) => news.subscribe(),
            None => broadcast::channel(1).1,
        }
    }

    async fn order(&self, order: Order) -> Result<(), Error> {
        let sent = self.inner.orders.send(order);
        tokio::time::timeout(TURN_LIMIT, sent)
            .await
            .map_err(|_| Error::Busy)?
            .map_err(|_| Error::Closed)
    }
}
