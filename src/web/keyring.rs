//! API keys, as the door sees them: somebody else keeps them.

use std::fmt;
use std::sync::Arc;

/// What a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// What the account may do.
    Door,
    /// The bus, with the rights that it has there.
    Bus,
}

/// Looks API keys up; the empty one knows none.
#[derive(Clone, Default)]
pub struct Keyring(Option<Arc<Lookup>>);

/// Says what a text opens, if it is a key.
type Lookup = dyn Fn(&str) -> Option<Opens> + Send + Sync;

impl Keyring {
    /// Makes one that looks keys up so.
    pub fn new(lookup: impl Fn(&str) -> Option<Opens> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(lookup)))
    }

    /// Says what a text opens, if it is a key.
    pub(super) fn look_up(&self, offered: &str) -> Option<Opens> {
        self.0.as_ref()?(offered)
    }
}

/// Nothing of it may be shown.
impl fmt::Debug for Keyring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Keyring")
    }
}
