//! What a person asks of a connect, and what of that is kept.

use sha2::Digest;
use sha2::Sha256;

use super::registry::Entry;
use crate::protocol::control::ConnectOptions;

/// Where targets' ports begin: below what systems hand out by themselves.
const FIRST_PORT: u16 = 17_000;

/// How many ports the targets' names are spread over.
const PORT_SPREAD: u16 = 8_000;

/// What a person asked for, beyond the target.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Options given now; what is `None` or empty is taken from the registry.
    pub ssh_args: Vec<String>,
    /// A key file.
    pub identity: Option<String>,
    /// A jump host.
    pub proxy_jump: Option<String>,
    /// The laptop's port; `Some(0)` forgets one that was kept.
    pub local_port: Option<u16>,
    /// The remote's port; `Some(0)` forgets one that was kept.
    pub remote_port: Option<u16>,
    /// Whether installing is forbidden.
    pub never_install: bool,
    /// Whether only a server that runs is wanted.
    pub running_only: bool,
    /// Shows each ssh command before it runs.
    pub show_ssh: Option<fn(&str)>,
}

impl Wish {
    /// What is given now wins over what was kept; an empty word or 0 forgets it.
    pub fn merge(&self, kept: Option<&Entry>) -> ConnectOptions {
        let kept = kept.map(|entry| entry.options.clone()).unwrap_or_default();
        let port = |now: Option<u16>, then| match now {
            Some(0) => None,
            Some(port) => Some(port),
            None => then,
        };
        let word = |now: &Option<String>, then| match now.as_deref() {
            Some("") => None,
            Some(word) => Some(word.to_owned()),
            None => then,
        };
        ConnectOptions {
            ssh_args: if self.ssh_args == [""] {
                Vec::new()
            } else if self.ssh_args.is_empty() {
                kept.ssh_args
            } else {
                self.ssh_args.clone()
            },
            identity: word(&self.identity, kept.identity),
            proxy_jump: word(&self.proxy_jump, kept.proxy_jump),
            local_port: port(self.local_port, kept.local_port),
            remote_port: port(self.remote_port, kept.remote_port),
        }
    }
}

/// The port that a name prefers the first time, the same on every laptop.
pub fn first_port(name: &str) -> u16 {
    let digest = Sha256::digest(name);
    FIRST_PORT + u16::from_be_bytes([digest[0], digest[1]]) % PORT_SPREAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_now_wins_and_zero_forgets() {
        let options = ConnectOptions {
            ssh_args: vec!["-4".into()],
            identity: Some("k".into()),
            proxy_jump: None,
            local_port: Some(7000),
            remote_port: Some(7001),
        };
        let entry = Entry {
            target: "a".into(),
            name: "a".into(),
            options: options.clone(),
            local_port: 7000,
            remote_port: None,
            version: None,
            last_used: 0,
            stopped: false,
        };
        assert_eq!(Wish::default().merge(Some(&entry)), options);
        let wish = Wish {
            local_port: Some(0),
            identity: Some("l".into()),
            ..Wish::default()
        };
        let merged = wish.merge(Some(&entry));
        assert_eq!(
            (merged.local_port, merged.identity.as_deref()),
            (None, Some("l"))
        );
        assert_eq!(merged.remote_port, Some(7001));
    }

    #[test]
    fn first_ports_lie_below_what_systems_hand_out() {
        for name in ["a", "gpu1", "me-gpu1-example-org"] {
            assert!((17_000..25_000).contains(&first_port(name)));
        }
    }
}
