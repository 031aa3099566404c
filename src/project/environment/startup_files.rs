//! Which files a login shell reads by itself, and whether they changed.
//!
//! More are looked at than a shell reads at one login: bash's profile reads
//! `.bashrc` on most systems, zsh's may read `/etc/profile`. Not `/etc/environment`,
//! which a login process reads and no shell.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use super::Variables;
use crate::sys::pty::Program;

/// Of the whole machine, for shells that know `sh`'s profile.
const ETC: [&str; 8] = [
    "/etc/profile",
    "/etc/profile.d",
    "/etc/bash.bashrc",
    "/etc/bashrc",
    "/etc/zshenv",
    "/etc/zsh",
    "/etc/mkshrc",
    "/etc/ksh.kshrc",
];

/// Below the home, for the same.
const HOME: [&str; 6] = [
    ".profile",
    ".bash_profile",
    ".bash_login",
    ".bashrc",
    ".mkshrc",
    ".kshrc",
];

/// Below `ZDOTDIR` and the home.
const ZSH: [&str; 4] = [".zshenv", ".zprofile", ".zshrc", ".zlogin"];

/// Of the whole machine, for csh and tcsh.
const ETC_CSH: [&str; 2] = ["/etc/csh.cshrc", "/etc/csh.login"];

/// Below the home, for the same.
const CSH: [&str; 3] = [".tcshrc", ".cshrc", ".login"];

/// Below fish's directories.
const FISH: [&str; 3] = ["config.fish", "conf.d", "fish_variables"];

/// What tells one state of a file from another: modification in nanoseconds,
/// size, inode; `None` where there is no file.
type Stamp = Option<(i128, u64, u64)>;

/// The state of files at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps(BTreeMap<PathBuf, Stamp>);

impl Stamps {
    /// Looks at the files that a shell with these variables reads.
    pub(super) async fn of_shell(shell: &Program, variables: &Variables) -> Self {
        let name = shell.path.file_name().unwrap_or_default().to_owned();
        let (home, variables) = (shell.cwd.clone(), variables.clone());
        blocking(move || Self::of(files(&name, &home, &variables))).await
    }

    /// Adds the files of another look that this one did not have.
    pub(super) fn and(mut self, later: Self) -> Self {
        for (path, stamp) in later.0 {
            self.0.entry(path).or_insert(stamp);
        }
        self
    }

    /// Looks again; says whether nothing changed.
    pub(super) async fn hold(&self) -> bool {
        let then = self.clone();
        blocking(move || Self::of(then.0.keys().cloned()) == then).await
    }

    fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let stamped = files.into_iter().map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        });
        Self(stamped.collect())
    }
}

fn stamp(path: &Path) -> Stamp {
    let meta = path.metadata().ok()?;
    let nanoseconds = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    Some((nanoseconds, meta.size(), meta.ino()))
}

/// Lists the files, and where one is a directory, also what is in it.
fn files(name: &OsStr, home: &Path, variables: &Variables) -> Vec<PathBuf> {
    let place = |variable: &str| {
        let found = variables.iter().find(|(known, _)| known == variable);
        let path = found.map(|(_, value)| PathBuf::from(value));
        path.filter(|path| path.is_absolute())
    };
    let below = |dir: &Path, names: &[&str]| -> Vec<PathBuf> {
        names.iter().map(|name| dir.join(name)).collect()
    };
    let mut all = match name.to_str() {
        Some("fish") => {
            let config = place("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
            let dirs = [config.join("fish"), PathBuf::from("/etc/fish")];
            dirs.iter().flat_map(|dir| below(dir, &FISH)).collect()
        }
        Some("csh" | "tcsh") => [below(Path::new("/"), &ETC_CSH), below(home, &CSH)].concat(),
        _ => {
            let of_zsh = place("ZDOTDIR").into_iter().chain([home.to_owned()]);
            let mut all = [below(Path::new("/"), &ETC), below(home, &HOME)].concat();
            all.extend(of_zsh.flat_map(|dir| below(&dir, &ZSH)));
            all.extend(place("ENV"));
            all
        }
    };
    let dirs = all.iter().filter_map(|path| path.read_dir().ok());
    let inside: Vec<_> = dirs.flatten().flatten().map(|entry| entry.path()).collect();
    all.extend(inside);
    all
}

/// Looks at a disk that may be slow.
async fn blocking<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> T {
    let looking = tokio::task::spawn_blocking(look).await;
    looking.expect("looking at files does not panic")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn shell(name: &str, home: &Path) -> Program {
        Program {
            path: Path::new("/bin").join(name),
            argv0: name.into(),
            args: Vec::new(),
            cwd: home.into(),
            env: Vec::new(),
        }
    }

    #[tokio::test]
    async fn what_a_shell_reads_is_looked_at() {
        let home = tempfile::tempdir().unwrap();
        let dir = |name: &str| {
            let path = home.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        dir(".config/fish/conf.d");
        let variables = vec![
            ("ZDOTDIR".into(), dir("z").into()),
            ("ENV".into(), home.path().join("env").into()),
        ];
        let cases = [
            ("bash", ".bashrc"),
            ("dash", ".profile"),
            ("ash", "env"),
            ("zsh", ".zshenv"),
            ("zsh", "z/.zshrc"),
            ("mksh", ".mkshrc"),
            ("tcsh", ".login"),
            ("fish", ".config/fish/conf.d/a.fish"),
            ("fish", ".config/fish/fish_variables"),
        ];
        for (name, file) in cases {
            let shell = shell(name, home.path());
            let (file, what) = (home.path().join(file), format!("{name} {file}"));
            let look = || Stamps::of_shell(&shell, &variables);
            let absent = look().await;
            assert!(absent.hold().await, "{what}");
            fs::write(&file, "a").unwrap();
            assert!(!absent.hold().await, "{what} was made");
            let made = look().await;
            fs::write(&file, "ab").unwrap();
            assert!(!made.hold().await, "{what} was changed");
            let changed = look().await;
            fs::remove_file(&file).unwrap();
            assert!(!changed.hold().await, "{what} was removed");
        }
    }
}
