//! The laptop's registry: one file a target.
//!
//! ```text
//! ~/.local/state/cocalc-plus/targets/gpu1.json        what `list` shows and every later command uses
//! ~/.local/state/cocalc-plus/targets/gpu1.secrets     whose, and cookie, key and token of its tunnel, 0600
//! /tmp/ccp-1000/l-4be1f0/gpu1.lock                    held while a connect is under way
//! /tmp/ccp-1000/l-4be1f0/gpu1.sock                    the tunnel's control socket
//! /tmp/ccp-1000/l-4be1f0/m-3f9a0c1b77d2               a master's control socket
//! ```
//!
//! Sockets and locks are node-local and short; the state directory's hash is
//! in their directory's name, so that two homes of one user do not mix.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use super::target::Target;
use crate::protocol::control::ConnectOptions;
use crate::sys::dirs;
use crate::sys::files;
use crate::sys::lock::Lock;
use crate::sys::process::Identity;
use crate::web::credentials::Credentials;

/// What to do when no directory for sockets is safe.
pub const RUNTIME_HINT: &str = "set COCALC_PLUS_RUNTIME to a directory of your own with mode 700";

/// What the registry keeps of a target.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// The target as it was typed.
    pub target: String,
    /// Its slug.
    pub name: String,
    /// How to connect.
    #[serde(default)]
    pub options: ConnectOptions,
    /// The laptop's port, the same in every run while it is free.
    pub local_port: u16,
    /// The server's port when it was last seen.
    #[serde(default)]
    pub remote_port: Option<u16>,
    /// The server's version when it was last seen.
    #[serde(default)]
    pub version: Option<String>,
    /// When `ssh T` last succeeded, in milliseconds since 1970.
    #[serde(default)]
    pub last_used: u64,
    /// Whether `ssh stop` ended the server.
    #[serde(default)]
    pub stopped: bool,
}

/// The content of a secrets file: whose they are, and they.
#[derive(Deserialize, Serialize)]
struct Secrets {
    owner: Identity,
    credentials: Credentials,
}

/// A file that was no entry, and where it is now.
#[derive(Debug)]
pub struct SetAside {
    /// Where it was.
    pub path: PathBuf,
    /// Where it is.
    pub kept_as: PathBuf,
    /// Why it is none.
    pub why: serde_json::Error,
}

/// Why the registry cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A directory or file of the registry.
    #[error("cannot use `{path}`")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No runtime directory is safe.
    #[error("no directory for sockets is safe to use")]
    Runtime(#[source] io::Error),
}

/// The laptop's registry.
#[derive(Clone, Debug)]
pub struct Registry {
    targets: PathBuf,
    runtime: PathBuf,
}

impl Registry {
    /// Opens the registry of this user and home.
    ///
    /// # Errors
    /// [`RegistryError`] when its directories cannot be made or are not safe.
    pub fn open() -> Result<Self, RegistryError> {
        let state = dirs::state();
        let digest = Sha256::digest(state.display().to_string());
        let mark: String = digest
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let runtime = dirs::runtime()
            .map_err(RegistryError::Runtime)?
            .join(format!("l-{mark}"));
        let registry = Self {
            targets: state.join("targets"),
            runtime,
        };
        for dir in [&registry.targets, &registry.runtime] {
            files::private_dir(dir).map_err(|source| io_error(dir, source))?;
        }
        Ok(registry)
    }

    /// Returns every readable entry, the last used first.
    pub fn entries(&self) -> Vec<Entry> {
        let Ok(found) = fs::read_dir(&self.targets) else {
            return Vec::new();
        };
        let mut entries: Vec<Entry> = found
            .flatten()
            .filter_map(|file| read_entry(&file.path()))
            .collect();
        entries.sort_by(|a, b| {
            b.last_used
                .cmp(&a.last_used)
                .then_with(|| a.name.cmp(&b.name))
        });
        entries
    }

    /// Renames the files that are no entries, so that nothing is lost and
    /// nothing stumbles over them again; the rest is used as ever.
    pub fn set_aside(&self) -> Vec<SetAside> {
        let found = fs::read_dir(&self.targets).into_iter().flatten().flatten();
        let set_aside = found.filter_map(|file| {
            let path = file.path();
            let content = fs::read(&path).ok().filter(|_| is_entry_file(&path))?;
            let why = serde_json::from_slice::<Entry>(&content).err()?;
            let kept_as = path.with_extension("json.broken");
            fs::rename(&path, &kept_as).ok()?;
            Some(SetAside { path, kept_as, why })
        });
        set_aside.collect()
    }

    /// Returns the entry of a target by its spelling alone.
    pub fn find_exactly(&self, spelling: &str) -> Option<Entry> {
        self.entries()
            .into_iter()
            .find(|entry| entry.target == spelling)
    }

    /// Returns the entry of a target, by its spelling or else by its slug.
    pub fn find(&self, word: &str) -> Option<Entry> {
        let by_slug = || self.entries().into_iter().find(|entry| entry.name == word);
        self.find_exactly(word).or_else(by_slug)
    }

    /// Returns the slug of a target: the kept one, or a new one.
    pub fn name_of(&self, target: &Target) -> String {
        let entries = self.entries();
        let kept = entries
            .iter()
            .find(|entry| entry.target == target.spelling());
        kept.map_or_else(
            || target.name(|slug| entries.iter().any(|entry| entry.name == slug)),
            |entry| entry.name.clone(),
        )
    }

    /// Writes an entry.
    ///
    /// # Errors
    /// [`RegistryError::Io`]; the old entry is then still there.
    pub fn save(&self, entry: &Entry) -> Result<(), RegistryError> {
        let path = self.targets.join(format!("{}.json", entry.name));
        let content = serde_json::to_vec_pretty(entry).expect("an entry serialises");
        files::write_private(&path, &content).map_err(|source| io_error(&path, source))
    }

    /// Returns the secrets of a target's tunnel, which is this process and
    /// listens already: those of a tunnel that still lives, else new ones.
    ///
    /// # Errors
    /// [`RegistryError::Io`] when they cannot be written.
    pub fn credentials(&self, name: &str) -> Result<Credentials, RegistryError> {
        let path = self.targets.join(format!("{name}.secrets"));
        let kept: Option<Secrets> = files::read_private(&path)
            .ok()
            .and_then(|content| serde_json::from_slice(&content).ok());
        let credentials = match kept {
            Some(kept) if kept.owner.is_alive() => kept.credentials,
            Some(kept) => kept.credentials.succeeded(),
            None => Credentials::random(),
        };
        let secrets = Secrets {
            owner: Identity::of_self(),
            credentials,
        };
        let content = serde_json::to_vec(&secrets).expect("secrets serialise");
        files::write_private(&path, &content).map_err(|source| io_error(&path, source))?;
        Ok(secrets.credentials)
    }

    /// Removes the secrets of a target's tunnel, if they are this process's.
    pub fn forget_credentials(&self, name: &str) {
        let path = self.targets.join(format!("{name}.secrets"));
        let kept: Option<Secrets> = files::read_private(&path)
            .ok()
            .and_then(|content| serde_json::from_slice(&content).ok());
        if kept.is_some_and(|kept| kept.owner == Identity::of_self()) {
            let _ = fs::remove_file(path);
        }
    }

    /// Waits for the lock of a target; blocks the thread.
    ///
    /// # Errors
    /// [`RegistryError::Io`] when the lock file cannot be opened.
    pub fn lock(&self, name: &str) -> Result<Lock, RegistryError> {
        let path = self.lock_path(name);
        Lock::take(&path).map_err(|source| io_error(&path, source))
    }

    /// Takes the lock of a target if nobody has it.
    ///
    /// # Errors
    /// [`RegistryError::Io`] when the lock file cannot be opened.
    pub fn try_lock(&self, name: &str) -> Result<Option<Lock>, RegistryError> {
        let path = self.lock_path(name);
        Lock::try_take(&path).map_err(|source| io_error(&path, source))
    }

    fn lock_path(&self, name: &str) -> PathBuf {
        self.runtime.join(format!("{name}.lock"))
    }

    /// Where a target's tunnel listens for commands.
    pub fn control_socket(&self, name: &str) -> PathBuf {
        self.runtime.join(format!("{name}.sock"))
    }

    /// Where a master of ours listens; `mark` is 12 hexadecimal digits.
    pub fn master_socket(&self, mark: &str) -> PathBuf {
        self.runtime.join(format!("m-{mark}"))
    }

    /// Where a forward that is only tried listens; `mark` is a random word.
    pub fn trial_socket(&self, mark: &str) -> PathBuf {
        self.runtime.join(format!("f-{mark}"))
    }

    /// A target's redirect page for the browser, 0600.
    pub fn redirect_page(&self, name: &str) -> PathBuf {
        self.targets.join(format!("{name}.html"))
    }

    /// A tunnel's log.
    pub fn log(&self, name: &str) -> PathBuf {
        dirs::state().join(format!("tunnel-{name}.log"))
    }
}

fn is_entry_file(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

fn read_entry(path: &Path) -> Option<Entry> {
    if !is_entry_file(path) {
        return None;
    }
    let entry: Entry = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    // A file under another name was copied by hand; it is nobody's entry.
    (path.file_stem()?.to_str()? == entry.name).then_some(entry)
}

fn io_error(path: &Path, source: io::Error) -> RegistryError {
    RegistryError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(dir: &Path) -> Registry {
        let registry = Registry {
            targets: dir.join("targets"),
            runtime: dir.join("run"),
        };
        files::private_dir(&registry.targets).unwrap();
        files::private_dir(&registry.runtime).unwrap();
        registry
    }

    fn entry(target: &str, name: &str, last_used: u64) -> Entry {
        Entry {
            target: target.into(),
            name: name.into(),
            options: ConnectOptions::default(),
            local_port: 17_000,
            remote_port: None,
            version: None,
            last_used,
            stopped: false,
        }
    }

    #[test]
    fn entries_come_back_newest_first_and_by_either_name() {
        let dir = tempfile::tempdir().unwrap();
        let registry = registry(dir.path());
        registry.save(&entry("me@a", "me-a", 1)).unwrap();
        registry.save(&entry("b", "b", 2)).unwrap();
        let names: Vec<_> = registry
            .entries()
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["b", "me-a"]);
        assert_eq!(registry.find("me@a").unwrap().name, "me-a");
        assert_eq!(registry.find("me-a").unwrap().target, "me@a");
        assert!(registry.find("c").is_none());
    }

    #[test]
    fn a_corrupt_or_renamed_file_is_nobodys_entry() {
        let dir = tempfile::tempdir().unwrap();
        let registry = registry(dir.path());
        registry.save(&entry("a", "a", 1)).unwrap();
        fs::write(registry.targets.join("broken.json"), "{").unwrap();
        fs::copy(
            registry.targets.join("a.json"),
            registry.targets.join("z.json"),
        )
        .unwrap();
        assert_eq!(registry.entries().len(), 1);
    }

    #[test]
    fn a_corrupt_file_is_kept_aside_once() {
        let dir = tempfile::tempdir().unwrap();
        let registry = registry(dir.path());
        registry.save(&entry("a", "a", 1)).unwrap();
        fs::write(registry.targets.join("b.json"), "{\"target\":").unwrap();
        let set_aside = registry.set_aside();
        assert_eq!(set_aside.len(), 1);
        let kept = fs::read_to_string(registry.targets.join("b.json.broken"));
        assert_eq!(kept.unwrap(), "{\"target\":");
        assert!(registry.set_aside().is_empty());
        assert_eq!(registry.entries().len(), 1);
    }

    #[test]
    fn two_targets_of_one_slug_get_two_names() {
        let dir = tempfile::tempdir().unwrap();
        let registry = registry(dir.path());
        registry.save(&entry("me@a", "me-a", 1)).unwrap();
        let other = Target::parse("me-a").unwrap();
        assert_ne!(registry.name_of(&other), "me-a");
        assert_eq!(registry.name_of(&Target::parse("me@a").unwrap()), "me-a");
    }

    #[test]
    fn secrets_end_with_their_tunnel() {
        let dir = tempfile::tempdir().unwrap();
        let registry = registry(dir.path());
        let first = registry.credentials("a").unwrap();
        let taken_over = registry.credentials("a").unwrap();
        assert!(
            taken_over.key.matches(first.key.reveal()),
            "its owner lives"
        );
        let path = registry.targets.join("a.secrets");
        let mut dead: Secrets = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        dead.owner.start = "0".into();
        files::write_private(&path, &serde_json::to_vec(&dead).unwrap()).unwrap();
        assert!(
            !registry
                .credentials("a")
                .unwrap()
                .key
                .matches(first.key.reveal())
        );
    }
}
