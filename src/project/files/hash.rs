//! The hash by which content is compared: SHA-256, in hexadecimal.

use std::fs::File;
use std::io;
use std::io::Read;

use sha2::Digest;
use sha2::Sha256;

/// How much is read at a time.
const PIECE_BYTES: usize = 256 << 10;

/// The largest file whose hash is told without being asked for by a save.
pub(super) const MAX_TOLD_BYTES: u64 = 32 << 20;

/// Writes a hash as 64 hexadecimal digits.
pub(super) fn hex(hasher: Sha256) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        write!(text, "{byte:02x}").expect("a string takes all");
    }
    text
}

/// Hashes what a file holds from where it stands.
///
/// # Errors
/// What reading says.
pub(super) fn of_file(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hex(hasher)),
            Ok(length) => hasher.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Hashes bytes.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}
