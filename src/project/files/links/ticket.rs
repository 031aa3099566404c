//! URLs that a browser opens by itself: a download, an image, a frame.
//!
//! Such a request carries the cookie and cannot carry the key, so the URL
//! holds a random ticket instead, which only a page with the key can get, for
//! one path and one purpose. A preview's ticket works for ten minutes. One of
//! a download is begun within ten minutes and works until the file was sent
//! whole: until then a browser may continue where the network failed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use crate::protocol::files::Purpose;
use crate::sys::secret;
use crate::sys::secret::Secret;

/// How long a ticket works, or waits to be used (again).
const LIFETIME: Duration = Duration::from_secs(600);

/// The most tickets at a time; the oldest goes when one is issued.
const MAX_TICKETS: usize = 1024;

/// How many letters of 5 bits a ticket has: more than 128 bits.
const LETTERS: usize = 26;

/// The tickets that work now; clones are the same.
#[derive(Clone, Debug, Default)]
pub(in crate::project::files) struct Tickets(Arc<Mutex<Vec<Issued>>>);

/// A ticket in the table; the lock is never held over an await.
#[derive(Clone, Debug)]
struct Issued {
    word: Secret,
    path: PathBuf,
    purpose: Purpose,
    end: Instant,
}

/// What a ticket allows, while it is being used.
#[derive(Debug)]
pub(in crate::project::files) struct Used {
    /// Of what.
    pub(in crate::project::files) path: PathBuf,
    /// To what end.
    pub(in crate::project::files) purpose: Purpose,
    /// Goes back into the table on drop, unless it is spent.
    back: Option<(Tickets, Issued)>,
}

impl Tickets {
    /// Issues a ticket.
    pub(in crate::project::files) fn issue(&self, path: PathBuf, purpose: Purpose) -> String {
        let word = secret::word(LETTERS);
        self.put(Issued {
            word: Secret::from_text(&word),
            path,
            purpose,
            end: Instant::now() + LIFETIME,
        });
        word
    }

    /// Uses a ticket. While a download runs, its ticket works for nobody.
    pub(in crate::project::files) fn take(&self, offered: &str) -> Option<Used> {
        let mut all = self.0.lock().ok()?;
        all.retain(|issued| issued.end > Instant::now());
        let at = all.iter().position(|issued| issued.word.matches(offered))?;
        if all[at].purpose == Purpose::Preview {
            let Issued { path, purpose, .. } = all[at].clone();
            let back = None;
            return Some(Used {
                path,
                purpose,
                back,
            });
        }
        let issued = all.remove(at);
        Some(Used {
            path: issued.path.clone(),
            purpose: issued.purpose,
            back: Some((self.clone(), issued)),
        })
    }

    fn put(&self, issued: Issued) {
        if let Ok(mut all) = self.0.lock() {
            all.retain(|issued| issued.end > Instant::now());
            if all.len() == MAX_TICKETS {
                all.remove(0);
            }
            all.push(issued);
        }
    }
}

impl Used {
    /// Says that everything was sent; the ticket does not come back.
    pub(in crate::project::files) fn spend(mut self) {
        self.back = None;
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        if let Some((tickets, issued)) = self.back.take() {
            tickets.put(Issued {
                end: Instant::now() + LIFETIME,
                ..issued
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_works_once_and_a_preview_again() {
        let tickets = Tickets::default();
        let download = tickets.issue("/a".into(), Purpose::Download);
        let preview = tickets.issue("/b".into(), Purpose::Preview);
        assert!(tickets.take("wrong").is_none() && tickets.take("").is_none());
        let used = tickets.take(&download).unwrap();
        assert!(tickets.take(&download).is_none(), "it is being used");
        drop(used);
        let again = tickets.take(&download).expect("it was not sent whole");
        again.spend();
        assert!(tickets.take(&download).is_none());
        for _ in 0..2 {
            assert_eq!(tickets.take(&preview).unwrap().path, PathBuf::from("/b"));
        }
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let tickets = Tickets::default();
        let issue = || tickets.issue("/a".into(), Purpose::Preview);
        let first = issue();
        (0..MAX_TICKETS).for_each(|_| drop(issue()));
        assert!(tickets.take(&first).is_none());
        assert_eq!(tickets.0.lock().unwrap().len(), MAX_TICKETS);
    }
}
