//! Which build this is: version, platform and content hash.

use std::io;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::Digest;
use sha2::Sha256;

use crate::sys::dirs;
use crate::sys::files;
use crate::sys::process;

/// The version in `Cargo.toml`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How many hexadecimal digits of the hash stand in a name.
const NAMED_DIGITS: usize = 16;

/// A build of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Its version, `0.1.0`.
    pub version: String,
    /// What it runs on, `Linux-x86_64`.
    pub platform: String,
    /// The SHA-256 of the executable's bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// The executable's size in bytes.
    pub size_bytes: u64,
}

impl Build {
    /// Finds out about the running executable.
    ///
    /// The hash of 20 MB takes tens of milliseconds, so it is kept in the
    /// cache directory under the file's identity, size and times.
    ///
    /// # Errors
    /// When the executable cannot be read.
    pub fn of_self() -> io::Result<Self> {
        let mut file = dirs::open_executable()?;
        let found = file.metadata()?;
        let size_bytes = found.len();
        let facts = format!(
            "{}-{}-{size_bytes}-{}.{}-{}.{}",
            found.dev(),
            found.ino(),
            found.mtime(),
            found.mtime_nsec(),
            found.ctime(),
            found.ctime_nsec()
        );
        let kept = dirs::cache().join(format!("build-{facts}"));
        let sha256 = match kept_hash(&kept) {
            Some(sha256) => sha256,
            _ => {
                let sha256 = hash(&mut file)?;
                keep(&kept, &sha256);
                sha256
            }
        };
        Ok(Self {
            version: VERSION.into(),
            platform: process::platform(),
            sha256,
            size_bytes,
        })
    }

    /// Names the build apart from every other, `0.1.0-9f2c41d07be3a655`.
    pub fn id(&self) -> String {
        format!("{}-{}", self.version, &self.sha256[..NAMED_DIGITS])
    }

    /// Names the installed file on a machine of `platform`.
    pub fn file_name(&self, platform: &str) -> String {
        format!(
            "{}-{platform}-{}",
            self.version,
            &self.sha256[..NAMED_DIGITS]
        )
    }
}

/// Returns the SHA-256 of everything that is left to read.
///
/// # Errors
/// Whatever reading says.
pub fn hash(source: &mut impl Read) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(source, &mut digest)?;
    Ok(digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Reads a kept hash, if nobody else can have written it.
fn kept_hash(path: &Path) -> Option<String> {
    let text = String::from_utf8(files::read_private(path).ok()?).ok()?;
    let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(text)
}

/// Keeps a hash; a cache that cannot be written only costs time.
fn keep(path: &Path, sha256: &str) {
    if let Some(dir) = path.parent()
        && files::make_dir(dir).is_ok()
    {
        let _ = files::write_private(path, sha256.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_named_by_version_platform_and_content() {
        let build = Build::of_self().unwrap();
        assert_eq!(
            build,
            Build::of_self().unwrap(),
            "the kept hash is the computed one"
        );
        let name = build.file_name("Linux-riscv64");
        assert!(
            name.starts_with(&format!("{VERSION}-Linux-riscv64-")),
            "{name}"
        );
    }
}
