//! What a person types for a machine, and the slug that we make of it.

use std::fmt;

use sha2::Digest;
use sha2::Sha256;

/// The longest slug: a DNS label may have 63, and `NAME` carries prefixes.
const MAX_NAME: usize = 40;

/// Slugs that mean something else below `localhost`.
const RESERVED: [&str; 5] = ["local", "localhost", "sessions", "nb", "path"];

/// A target in the user's own spelling, and what is split off it.
///
/// `user@gpu1:2222` is the destination `user@gpu1` with `-p 2222`; an alias of
/// the ssh configuration is passed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    spelling: String,
    destination: String,
    port: Option<u16>,
}

/// Why a target is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing was given.
    #[error("the target is empty")]
    Empty,
    /// It would be an option of ssh.
    #[error("the target `{0}` begins with `-`")]
    Option(String),
    /// It holds a character that no target has.
    #[error("the target `{0}` holds a space or control character")]
    Character(String),
    /// What follows the colon is no port.
    #[error("`{port}` in the target `{target}` is no port (1 to 65535)")]
    Port {
        /// What was typed.
        target: String,
        /// The part after the colon.
        port: String,
    },
    /// A bracket is not closed.
    #[error("the target `{0}` opens a bracket that it does not close")]
    Bracket(String),
}

impl Target {
    /// Takes a target apart.
    ///
    /// # Errors
    /// [`TargetError`] for what ssh could not take or would take as an option.
    pub fn parse(spelling: &str) -> Result<Self, TargetError> {
        let bare = spelling.strip_prefix("ssh://").unwrap_or(spelling);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        if bare.is_empty() {
            return Err(TargetError::Empty);
        }
        if bare.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(TargetError::Character(spelling.into()));
        }
        let (user, host) = match bare.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, bare),
        };
        if bare.starts_with('-') || host.starts_with('-') {
            return Err(TargetError::Option(spelling.into()));
        }
        let (host, port) = split_port(host, spelling)?;
        if host.is_empty() || user == Some("") {
            return Err(TargetError::Empty);
        }
        let destination = user.map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"));
        Ok(Self {
            spelling: spelling.to_owned(),
            destination,
            port,
        })
    }

    /// What the person typed.
    pub fn spelling(&self) -> &str {
        &self.spelling
    }

    /// What ssh gets as its destination.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// What ssh gets with `-p`.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Makes the slug: `[a-z0-9-]`, at most 40, no `--`; `is_taken` says
    /// which slugs belong to other targets.
    pub fn name(&self, is_taken: impl Fn(&str) -> bool) -> String {
        let slug = slug(&self.spelling);
        if !slug.is_empty() && !RESERVED.contains(&slug.as_str()) && !is_taken(&slug) {
            return slug;
        }
        let digest = Sha256::digest(&self.spelling);
        let suffix: String = digest
            .iter()
            .take(3)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let head: String = slug.chars().take(MAX_NAME - suffix.len() - 1).collect();
        match head.trim_end_matches('-') {
            "" => format!("t-{suffix}"),
            head => format!("{head}-{suffix}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelling)
    }
}

/// Splits `host:port` and `[v6]:port`; a bare IPv6 address has no port.
fn split_port<'a>(host: &'a str, spelling: &str) -> Result<(&'a str, Option<u16>), TargetError> {
    let (host, port) = if let Some(rest) = host.strip_prefix('[') {
        let (address, rest) = rest
            .split_once(']')
            .ok_or_else(|| TargetError::Bracket(spelling.into()))?;
        match rest.strip_prefix(':') {
            Some(port) => (address, Some(port)),
            None if rest.is_empty() => (address, None),
            None => return Err(TargetError::Bracket(spelling.into())),
        }
    } else {
        match host.split_once(':') {
            Some((name, port)) if !port.contains(':') => (name, Some(port)),
            _ => (host, None),
        }
    };
    let Some(text) = port else {
        return Ok((host, None));
    };
    match text.parse::<u16>() {
        Ok(port) if port != 0 => Ok((host, Some(port))),
        _ => Err(TargetError::Port {
            target: spelling.into(),
            port: text.into(),
        }),
    }
}

fn slug(spelling: &str) -> String {
    let bare = spelling.strip_prefix("ssh://").unwrap_or(spelling);
    let mut slug = String::new();
    for letter in bare.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() == MAX_NAME {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_taken_apart_as_ssh_needs_them() {
        for (spelling, destination, port) in [
            ("gpu1", "gpu1", None),
            ("me@gpu1", "me@gpu1", None),
            ("me@gpu1:2222", "me@gpu1", Some(2222)),
            ("ssh://me@gpu1:2222", "me@gpu1", Some(2222)),
            ("[::1]:2222", "::1", Some(2222)),
            ("me@[fe80::1%eth0]", "me@fe80::1%eth0", None),
            ("::1", "::1", None),
            ("me@corp@gateway", "me@corp@gateway", None),
            ("DOM\\me@gpu1", "DOM\\me@gpu1", None),
        ] {
            let target = Target::parse(spelling).unwrap();
            assert_eq!(
                (target.destination(), target.port()),
                (destination, port),
                "{spelling}"
            );
            assert_eq!(target.spelling(), spelling);
        }
    }

    #[test]
    fn what_ssh_would_misread_is_refused() {
        for spelling in [
            "",
            "-oProxyCommand=x",
            "me@-oX",
            "a b",
            "gpu1:0",
            "gpu1:70000",
            "gpu1:x",
            "[::1",
            "[::1]x",
            "me@",
            "@gpu1",
            "a\nb",
        ] {
            assert!(Target::parse(spelling).is_err(), "{spelling:?}");
        }
    }

    #[test]
    fn a_name_is_a_label_whatever_was_typed() {
        for (spelling, name) in [
            ("gpu1", "gpu1"),
            ("Me@GPU1.example.org:2222", "me-gpu1-example-org-2222"),
            ("10.0.0.5", "10-0-0-5"),
            ("[::1]:22", "1-22"),
        ] {
            assert_eq!(Target::parse(spelling).unwrap().name(|_| false), name);
        }
    }

    #[test]
    fn taken_and_reserved_names_get_a_suffix() {
        for spelling in ["gpu1", "localhost", "local", "@@", "ü", &"x".repeat(90)] {
            let Ok(target) = Target::parse(spelling) else {
                continue;
            };
            let name = target.name(|_| true);
            assert!(name.len() <= MAX_NAME && !name.contains("--"), "{name}");
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            );
            assert!(!RESERVED.contains(&name.as_str()));
            assert!(!name.starts_with('-') && !name.ends_with('-'), "{name}");
        }
    }
}
