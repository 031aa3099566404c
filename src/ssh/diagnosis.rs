//! A second look at a machine that ssh did not log in to.
//!
//! ssh's words are for people: another version says something else, a wrapper
//! may translate them, a server's banner may quote them. What the machine
//! itself shows cannot be mistaken:
//!
//! ```text
//! a proxy leads there         nothing can be seen from here
//! resolver   no address       Nameless
//! TCP        refused, silent  Refused, Silent
//! greeting   not SSH-…        Stranger
//! ssh-keygen no key is known  KeyUnknown
//! ssh-keyscan another key     KeyChanged
//! else                        KeyKnown: it was the person whom it refused
//! ```
//!
//! It connects at most twice, logs in never, and comes after a failure only.

use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use sha2::Digest;
use sha2::Sha256;
use tokio::time::timeout;

use super::reach::Absence;
use super::reach::FirstHop;
use super::reach::Look;
use super::reach::Place;
use super::settings::Settings;
use crate::sys::process;

/// How long a program that knows of keys may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a second look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Nothing: a proxy leads there, or a program to look with is missing.
    Nothing,
    /// The name has no address.
    Nameless {
        /// The name.
        host: String,
    },
    /// Nobody listens on the port.
    Refused(Place),
    /// Nobody answers.
    Silent(Place),
    /// What listens there does not greet as an ssh server.
    Stranger(Place),
    /// ssh knows no key of the machine.
    KeyUnknown,
    /// The machine shows another key than the known one.
    KeyChanged(Change),
    /// The machine answers, and with the key that is known.
    KeyKnown,
}

/// A host key that is not the known one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The fingerprint that the machine shows, `SHA256:…`.
    pub(super) shown: String,
    /// The fingerprint that is known.
    pub(super) known: String,
    /// The name in the file, `[gpu1]:2222`.
    pub(super) name: String,
    /// The file.
    pub(super) file: PathBuf,
}

/// A key of `known_hosts` or of ssh-keyscan(1).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    /// `ssh-ed25519`, …
    kind: String,
    /// The key, in base64.
    body: String,
}

/// Looks at the machine of these settings.
pub(super) async fn look(settings: &Settings) -> Evidence {
    let hop = FirstHop::of(settings);
    let looked = hop.look().await;
    let FirstHop::Address(place, _) = hop else {
        return Evidence::Nothing;
    };
    match looked {
        Look::Server => look_at_key(settings, &place).await,
        Look::Blind => Evidence::Nothing,
        Look::Refused(_) | Look::Mute => Evidence::Stranger(place),
        Look::Nobody { absence, .. } => match absence {
            Absence::Nameless => Evidence::Nameless { host: place.host },
            Absence::Closed => Evidence::Refused(place),
            Absence::Silent => Evidence::Silent(place),
            Absence::Shut => Evidence::Stranger(place),
        },
    }
}

async fn look_at_key(settings: &Settings, place: &Place) -> Evidence {
    let name = settings.known_name();
    let mut known = Vec::new();
    let mut is_vouched_for = settings.has_other_keys();
    for file in settings.known_files() {
        let Some(text) = known_lines(&name, &file).await else {
            return Evidence::Nothing;
        };
        is_vouched_for |= text.lines().any(|line| line.starts_with("@cert-authority"));
        let keys = text.lines().filter_map(parse_key);
        known.extend(keys.map(|key| (key, file.clone())));
    }
    if known.is_empty() {
        return match (is_vouched_for, settings.is_strict()) {
            // Its key is trusted, or not, by something that we do not follow.
            (true, _) => Evidence::Nothing,
            (false, true) => Evidence::KeyUnknown,
            // Where unknown keys are accepted, that was not the reason.
            (false, false) => Evidence::KeyKnown,
        };
    }
    let Some(shown) = shown_keys(place, known.iter().map(|(key, _)| key)).await else {
        return Evidence::Nothing;
    };
    if shown
        .iter()
        .any(|shown| known.iter().any(|(key, _)| key == shown))
    {
        return Evidence::KeyKnown;
    }
    let changed = shown.iter().find_map(|shown| {
        let (key, file) = known.iter().find(|(key, _)| key.kind == shown.kind)?;
        Some(Evidence::KeyChanged(Change {
            shown: fingerprint(shown),
            known: fingerprint(key),
            name: name.clone(),
            file: file.clone(),
        }))
    });
    changed.unwrap_or(Evidence::Nothing)
}

/// Reads what a file knows of a name; `None` without ssh-keygen(1).
async fn known_lines(name: &str, file: &Path) -> Option<String> {
    let mut keygen = process::command("ssh-keygen");
    keygen.args(["-F", name, "-f"]).arg(file);
    let output = timeout(PATIENCE, keygen.stdin(Stdio::null()).output());
    let output = output.await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Asks the machine for its keys of the kinds that are known.
async fn shown_keys(place: &Place, known: impl Iterator<Item = &Key>) -> Option<Vec<Key>> {
    let mut kinds: Vec<&str> = known.filter_map(|key| scan_name(&key.kind)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut keyscan = process::command("ssh-keyscan");
    keyscan.args(["-T", "5", "-t", &kinds.join(",")]);
    keyscan.args(["-p", &place.port.to_string(), &place.host]);
    let output = timeout(2 * PATIENCE, keyscan.stdin(Stdio::null()).output());
    let output = output.await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().filter_map(parse_key).collect())
}

/// How ssh-keyscan(1) calls a kind of key.
fn scan_name(kind: &str) -> Option<&'static str> {
    match kind {
        "ssh-ed25519" => Some("ed25519"),
        "ssh-rsa" => Some("rsa"),
        _ if kind.starts_with("ecdsa-sha2-") => Some("ecdsa"),
        _ => None,
    }
}

/// Takes `names kind key` apart; other lines are comments or marked ones.
fn parse_key(line: &str) -> Option<Key> {
    let mut words = line.split_whitespace();
    let names = words.next()?;
    if names.starts_with(['#', '@']) {
        return None;
    }
    Some(Key {
        kind: words.next()?.to_owned(),
        body: words.next()?.to_owned(),
    })
}

/// The fingerprint as ssh shows it, `SHA256:…`.
fn fingerprint(key: &Key) -> String {
    let blob = BASE64_STANDARD.decode(&key.body).unwrap_or_default();
    let digest = Sha256::digest(blob);
    format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_known_hosts_are_taken_apart() {
        for (line, kind) in [
            ("gpu1 ssh-ed25519 AAAA", Some("ssh-ed25519")),
            (
                "|1|F1E1=|a= ecdsa-sha2-nistp256 AAAA me@x",
                Some("ecdsa-sha2-nistp256"),
            ),
            ("# Host gpu1 found: line 3", None),
            ("@cert-authority * ssh-rsa AAAA", None),
            ("@revoked gpu1 ssh-rsa AAAA", None),
            ("", None),
        ] {
            let found = parse_key(line).map(|key| key.kind);
            assert_eq!(found.as_deref(), kind, "{line}");
        }
    }

    #[tokio::test]
    async fn a_port_that_nobody_listens_on_is_refused() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let settings = Settings::of(format!("hostname 127.0.0.1\nport {port}\n"));
        assert!(matches!(look(&settings).await, Evidence::Refused(_)));
    }

    #[tokio::test]
    async fn who_greets_otherwise_is_a_stranger() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let settings = Settings::of(format!("hostname 127.0.0.1\nport {port}\n"));
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400\r\n").await;
        };
        let (seen, ()) = tokio::join!(look(&settings), answering);
        assert!(matches!(seen, Evidence::Stranger(_)));
    }
}
