//! What a connection may publish and subscribe to.
//!
//! Rights are lists of patterns; what is in none of them is refused. A pattern
//! may be subscribed to when one right covers all of it, so that no wildcard
//! reaches further than the subjects that it was given for.
//!
//! A reply goes to a subject that the asker may read, and whoever received the
//! request may write to it for ten minutes, and again after each message there
//! that somebody received; that holds for the 65,536 places of a connection that
//! were used last. An inbox of somebody else is otherwise nobody's to write to.
//! The asker cannot name a subject that he may not read
//! as the place of a reply, so nobody writes on behalf of another.

use super::subject;

/// The rights of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    All,
    /// What the patterns cover, `project.local.>`.
    Only {
        /// To which subjects it may publish.
        publish: Vec<String>,
        /// To which patterns it may subscribe, its inbox among them.
        subscribe: Vec<String>,
    },
}

/// Who was let in, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// What he may do.
    pub access: Access,
    /// The credential's name, if it may be taken back while he is connected.
    pub credential: Option<String>,
}

impl From<Access> for Admission {
    /// By a credential that lasts as long as the broker.
    fn from(access: Access) -> Self {
        Self {
            access,
            credential: None,
        }
    }
}

impl Access {
    /// Says whether it may publish to a subject.
    pub fn may_publish(&self, wanted: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Only { publish, .. } => any_covers(publish, wanted),
        }
    }

    /// Says whether it may subscribe to a pattern, or read at a subject.
    pub fn may_subscribe(&self, wanted: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Only { subscribe, .. } => any_covers(subscribe, wanted),
        }
    }
}

fn any_covers(patterns: &[String], wanted: &[u8]) -> bool {
    patterns
        .iter()
        .any(|pattern| subject::covers(pattern.as_bytes(), wanted))
}
