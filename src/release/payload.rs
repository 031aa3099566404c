//! The running executable, packed for the way to another machine.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::build::Build;
use crate::sys::dirs;
use crate::sys::files;

/// Held while packing: who comes second finds what the first one kept.
static PACKING: Mutex<()> = Mutex::new(());

/// How a payload is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Unpacked by `gzip -dc`.
    Gzip,
    /// The bytes as they are, for a machine without gzip.
    Plain,
}

impl Codec {
    /// Chooses from what the remote has.
    pub fn choose(theirs: &[String]) -> Self {
        if theirs.iter().any(|codec| codec == "gzip") {
            Self::Gzip
        } else {
            Self::Plain
        }
    }
}

/// Packs the running executable ahead of its use, unless a packed one is kept.
pub fn prepare(build: &Build) {
    if !kept_path(build).exists() {
        // Whoever uses it packs it then, and says what is wrong.
        let _ = pack(build, Codec::Gzip);
    }
}

/// Packs the running executable; a packed one is kept for the next machine.
///
/// Blocks for about a second per 20 MB the first time.
///
/// # Errors
/// When the executable cannot be read.
pub fn pack(build: &Build, codec: Codec) -> io::Result<Vec<u8>> {
    match codec {
        Codec::Plain => read_executable(),
        Codec::Gzip => {
            let _one_at_a_time = PACKING.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = kept_path(build);
            if let Ok(packed) = files::read_private(&kept) {
                return Ok(packed);
            }
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
            encoder.write_all(&read_executable()?)?;
            let packed = encoder.finish()?;
            if files::make_dir(&dirs::cache()).is_ok() {
                forget();
                let _ = files::write_private(&kept, &packed);
            }
            Ok(packed)
        }
    }
}

fn read_executable() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    dirs::open_executable()?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn kept_path(build: &Build) -> PathBuf {
    dirs::cache().join(format!("payload-{}.gz", build.sha256))
}

/// Removes every packed executable from the cache: there is one at a time, and
/// none that arrived damaged is sent again.
pub fn forget() {
    for entry in fs::read_dir(dirs::cache()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("payload-") {
            let _ = fs::remove_file(entry.path());
        }
    }
}
