//! The one person of a plain server: who she is, and what her pages are told.

use std::sync::Arc;

use serde_json::Value;

use crate::lite::http::Customize;
use crate::lite::identity::Identity;
use crate::lite::settings::keeper::Keeper;

/// The id of the one account, as the original system has it.
pub(super) const ACCOUNT: &str = "00000000-1000-4000-8000-000000000001";

/// The account, whose are all projects: the server's own, and the servers that
/// are attached to it.
pub(super) fn identity() -> Identity {
    Identity::Account {
        id: ACCOUNT.to_owned(),
        projects: vec!["*".to_owned()],
    }
}

/// Adds the settings for every page to what `/customize` tells.
pub(super) fn customize(fixed: Value, keeper: Arc<Keeper>) -> Customize {
    Arc::new(move || {
        let mut told = fixed.clone();
        // A page does without them until the file is mended.
        let settings = keeper.public().unwrap_or_default();
        told["settings"] = settings.into();
        told
    })
}
