//! Work that takes long: it is begun, asked after, and may be ended.
//!
//! At most four jobs work at a time, each on a thread of its own; further ones
//! wait. A job lives in the server and ends with it; what was under way then
//! has a hidden name.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::Semaphore;

use crate::protocol::call::Refusal;
use crate::protocol::files::Job;
use crate::protocol::files::JobState;
use crate::protocol::files::JobUnit;
use crate::protocol::pathtext;
use crate::sys::secret;
use crate::web::bytes::stream::blocking;

/// How many jobs work at a time.
const MAX_WORKING: usize = 4;

/// How many jobs are remembered; the oldest that has ended goes first.
const MAX_JOBS: usize = 256;

/// How many letters an id has.
const ID_LETTERS: usize = 8;

/// The jobs of a server.
#[derive(Debug)]
pub(in crate::project::files) struct Jobs {
    all: Mutex<Vec<Arc<Progress>>>,
    permits: Arc<Semaphore>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            all: Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_WORKING)),
        }
    }
}

/// How far one job is; its locks are never held over an await.
#[derive(Debug)]
pub(in crate::project::files) struct Progress {
    id: String,
    unit: JobUnit,
    done: AtomicU64,
    total: AtomicU64,
    shall_end: AtomicBool,
    paths: Mutex<Vec<String>>,
    end: Mutex<Option<Result<(), Refusal>>>,
}

impl Jobs {
    /// Begins a job; returns its id.
    ///
    /// # Errors
    /// 429 when 256 work or wait.
    pub(in crate::project::files) fn begin<F>(
        &self,
        unit: JobUnit,
        work: F,
    ) -> Result<String, Refusal>
    where
        F: FnOnce(&Progress) -> Result<(), Refusal> + Send + 'static,
    {
        let progress = Arc::new(Progress::of(secret::word(ID_LETTERS), unit));
        self.remember(Arc::clone(&progress))?;
        let id = progress.id.clone();
        let permits = Arc::clone(&self.permits);
        tokio::spawn(async move {
            // Closed by nobody.
            let _permit = permits.acquire().await;
            let working = Arc::clone(&progress);
            let ended = blocking(move || work(&working)).await;
            if let Ok(mut end) = progress.end.lock() {
                *end = Some(ended);
            }
        });
        Ok(id)
    }

    /// Tells how far a job is.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(in crate::project::files) fn look(&self, id: &str) -> Result<Job, Refusal> {
        Ok(self.find(id)?.tell())
    }

    /// Asks a job to end soon.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(in crate::project::files) fn cancel(&self, id: &str) -> Result<Job, Refusal> {
        let progress = self.find(id)?;
        progress.shall_end.store(true, Ordering::Relaxed);
        Ok(progress.tell())
    }

    fn find(&self, id: &str) -> Result<Arc<Progress>, Refusal> {
        let all = self.all.lock();
        let found = all.ok().and_then(|all| {
            let is_it = |progress: &&Arc<Progress>| progress.id == id;
            all.iter().find(is_it).cloned()
        });
        found.ok_or_else(|| Refusal::new(404, format!("no job `{id}` in this server")))
    }

    fn remember(&self, progress: Arc<Progress>) -> Result<(), Refusal> {
        let full = || Refusal::new(429, "too many jobs wait: let some end first");
        let mut all = self.all.lock().map_err(|_| full())?;
        if all.len() == MAX_JOBS {
            let ended = all.iter().position(|known| known.has_ended());
            all.remove(ended.ok_or_else(full)?);
        }
        all.push(progress);
        Ok(())
    }
}

impl Progress {
    fn of(id: String, unit: JobUnit) -> Self {
        Self {
            id,
            unit,
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            shall_end: AtomicBool::new(false),
            paths: Mutex::default(),
            end: Mutex::default(),
        }
    }

    /// The progress of something that nobody asks after or ends.
    pub(in crate::project::files) fn unheard() -> Self {
        Self::of(String::new(), JobUnit::Entries)
    }

    /// Says that there is so much more to do.
    pub(in crate::project::files) fn expect(&self, count: u64) {
        self.total.fetch_add(count, Ordering::Relaxed);
    }

    /// Says that so much was done.
    ///
    /// # Errors
    /// [`io::ErrorKind::Interrupted`] when the job shall end.
    pub(in crate::project::files) fn step(&self, count: u64) -> io::Result<()> {
        self.done.fetch_add(count, Ordering::Relaxed);
        match self.shall_end.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::Interrupted.into()),
            false => Ok(()),
        }
    }

    /// Says that something is there, complete.
    pub(in crate::project::files) fn made(&self, path: &Path) {
        if let Ok(mut paths) = self.paths.lock() {
            paths.push(pathtext::encode(path));
        }
    }

    fn has_ended(&self) -> bool {
        self.end.lock().is_ok_and(|end| end.is_some())
    }

    fn tell(&self) -> Job {
        // The end first: what is counted below is then the whole.
        let end = self.end.lock().map(|end| end.clone()).unwrap_or_default();
        let (state, error) = match end {
            None => (JobState::Running, None),
            Some(Ok(())) => (JobState::Done, None),
            Some(Err(refusal)) => (JobState::Failed, Some(refusal)),
        };
        Job {
            state,
            unit: self.unit,
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            paths: self
                .paths
                .lock()
                .map(|paths| paths.clone())
                .unwrap_or_default(),
            error,
        }
    }
}

/// The refusal of a job that was asked to end.
pub(in crate::project::files) fn cancelled() -> Refusal {
    Refusal::new(499, "it was cancelled; what was complete stays")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn end_of(jobs: &Jobs, id: &str) -> Job {
        loop {
            let job = jobs.look(id).unwrap();
            if job.state != JobState::Running {
                return job;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_job_is_followed_to_its_end() {
        let jobs = Jobs::default();
        let work = |progress: &Progress| {
            progress.expect(2);
            progress.step(2).map_err(|_| cancelled())?;
            progress.made(Path::new("/a"));
            Ok(())
        };
        let id = jobs.begin(JobUnit::Entries, work).unwrap();
        let job = end_of(&jobs, &id).await;
        assert_eq!((job.state, job.done, job.total), (JobState::Done, 2, 2));
        assert_eq!(job.paths, ["/a"]);
        assert_eq!(jobs.look("other").unwrap_err().code, 404);
    }

    #[tokio::test]
    async fn a_job_that_is_cancelled_ends() {
        let jobs = Jobs::default();
        let work = |progress: &Progress| {
            loop {
                progress.step(1).map_err(|_| cancelled())?;
            }
        };
        let id = jobs.begin(JobUnit::Bytes, work).unwrap();
        jobs.cancel(&id).unwrap();
        assert_eq!(end_of(&jobs, &id).await.error.unwrap().code, 499);
    }
}
