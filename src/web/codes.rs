//! The codes in printed URLs: each works once, for ten minutes.

use std::sync::Mutex;
use std::time::Instant;

use crate::protocol::auth;
use crate::sys::secret::Secret;

/// The most codes that wait to be spent; the oldest goes when one is minted.
const MAX_CODES: usize = 64;

/// The codes that nobody has spent yet.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// With when each ends, oldest first; never held over an await.
    unspent: Mutex<Vec<(Secret, Instant)>>,
}

impl Codes {
    /// Makes a code.
    pub(super) fn mint(&self) -> Secret {
        let code = Secret::random();
        if let Ok(mut unspent) = self.unspent.lock() {
            let now = Instant::now();
            unspent.retain(|(_, end)| *end > now);
            if unspent.len() == MAX_CODES {
                unspent.remove(0);
            }
            unspent.push((code.clone(), now + auth::CODE_LIFETIME));
        }
        code
    }

    /// Takes a code; says whether it was one.
    pub(super) fn spend(&self, offered: &str) -> bool {
        let Ok(mut unspent) = self.unspent.lock() else {
            return false;
        };
        let Some(at) = unspent.iter().position(|(code, _)| code.matches(offered)) else {
            return false;
        };
        let (_, end) = unspent.remove(at);
        end > Instant::now()
    }

    /// Says whether one was minted that nobody has used yet.
    pub(super) fn wait(&self) -> bool {
        let now = Instant::now();
        self.unspent
            .lock()
            .is_ok_and(|unspent| unspent.iter().any(|(_, end)| *end > now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once() {
        let codes = Codes::default();
        assert!(!codes.wait());
        let code = codes.mint();
        assert!(codes.wait());
        assert!(!codes.spend("wrong"));
        assert!(codes.spend(code.reveal()));
        assert!(!codes.spend(code.reveal()));
        assert!(!codes.wait());
    }

    #[test]
    fn old_codes_go_when_too_many_wait() {
        let codes = Codes::default();
        let first = codes.mint();
        for _ in 0..MAX_CODES {
            codes.mint();
        }
        assert!(!codes.spend(first.reveal()));
        assert_eq!(codes.unspent.lock().unwrap().len(), MAX_CODES);
    }
}
