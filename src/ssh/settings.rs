//! What ssh would do with a target, as `ssh -G` prints it.

use std::net::IpAddr;
use std::path::PathBuf;

/// The port where ssh writes a host's name without brackets.
const SSH_PORT: u16 = 22;

/// One setting a line, `name value`, names in lower case; see ssh_config(5).
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(String);

impl Settings {
    /// Takes what `ssh -G` printed.
    pub(super) fn of(printed: String) -> Self {
        Self(printed)
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Finds one setting.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
    }

    /// The user's own control path, if a master there outlives its first
    /// session.
    pub(super) fn persistent_path(&self) -> Option<PathBuf> {
        let persists = self
            .get("controlpersist")
            .is_some_and(|value| !matches!(value, "no" | "false"));
        let path = self.get("controlpath").filter(|path| *path != "none")?;
        persists.then(|| PathBuf::from(path))
    }

    /// The machine's name or address, for the resolver.
    pub(super) fn host(&self) -> &str {
        self.get("hostname").unwrap_or_default()
    }

    /// The port.
    pub(super) fn port(&self) -> u16 {
        self.get("port")
            .and_then(|port| port.parse().ok())
            .unwrap_or(SSH_PORT)
    }

    /// Under which name `known_hosts` has the machine's key, see sshd(8).
    pub(super) fn known_name(&self) -> String {
        match (self.get("hostkeyalias"), self.port()) {
            (Some(alias), _) => alias.to_owned(),
            (None, SSH_PORT) => self.host().to_lowercase(),
            (None, port) => format!("[{}]:{port}", self.host().to_lowercase()),
        }
    }

    /// The files of known hosts, the user's own first.
    pub(super) fn known_files(&self) -> Vec<PathBuf> {
        ["userknownhostsfile", "globalknownhostsfile"]
            .iter()
            .filter_map(|name| self.get(name))
            .flat_map(str::split_whitespace)
            .filter(|path| *path != "none")
            .map(PathBuf::from)
            .collect()
    }

    /// Whether keys are known from elsewhere than files.
    pub(super) fn has_other_keys(&self) -> bool {
        let is_set =
            |name, unset: &[&str]| self.get(name).is_some_and(|value| !unset.contains(&value));
        is_set("knownhostscommand", &["none"]) || is_set("verifyhostkeydns", &["false", "no"])
    }

    /// Whether an unknown key keeps ssh out until a person accepts it.
    pub(super) fn is_strict(&self) -> bool {
        !self
            .get("stricthostkeychecking")
            .is_some_and(|value| matches!(value, "false" | "no" | "off" | "accept-new"))
    }

    /// Which addresses may be used.
    pub(super) fn family(&self) -> Family {
        match self.get("addressfamily") {
            Some("inet") => Family::V4,
            Some("inet6") => Family::V6,
            _ => Family::Any,
        }
    }
}

/// A kind of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Either.
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Family {
    /// Whether an address is of this kind.
    pub(super) fn has(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_is_borrowed_only_when_it_persists() {
        for (persist, path, borrowed) in [
            ("yes", "/tmp/x", true),
            ("600", "/tmp/x", true),
            ("no", "/tmp/x", false),
            ("yes", "none", false),
        ] {
            let text = format!("host a\ncontrolpersist {persist}\ncontrolpath {path}\n");
            let is_borrowed = Settings::of(text).persistent_path().is_some();
            assert_eq!(is_borrowed, borrowed, "{persist} {path}");
        }
    }

    #[test]
    fn a_key_is_known_by_alias_or_by_name_and_port() {
        for (text, name) in [
            ("hostname GPU1\nport 22\n", "gpu1"),
            ("hostname gpu1\nport 2222\n", "[gpu1]:2222"),
            ("hostname gpu1\nport 2222\nhostkeyalias lab\n", "lab"),
        ] {
            assert_eq!(Settings::of(text.into()).known_name(), name);
        }
    }
}
