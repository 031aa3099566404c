//! Random secrets, and comparing them without telling how far they agree.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::Mac;
use serde::Deserialize;
use serde::Serialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Letters of [`word`]: no capital, so it may stand in a host name or path.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A secret whose `Debug` hides it; 43 characters of base64url when made here.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Makes a new one of 256 random bits.
    ///
    /// # Panics
    /// When the system has no randomness, where nothing secret can be done.
    pub fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random::<32>()))
    }

    /// Takes a secret from a file or a peer.
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Shows it, for the one place that must send or store it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Signs a message: HMAC-SHA256 (RFC 2104), 64 hexadecimal digits.
    ///
    /// Whoever has the secret can tell that the signer has it, and no one else
    /// learns it.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    pub fn sign(&self, message: &str) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("any length will do");
        let tag = mac.chain_update(message).finalize().into_bytes();
        Self(tag.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Compares in constant time; an empty secret matches nothing.
    pub fn matches(&self, offered: &str) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(offered.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Makes a random word of `length` letters and digits, 5 bits each.
pub fn word(length: usize) -> String {
    random_bytes(length)
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect()
}

/// Says whether this may be such a word.
pub fn is_word(text: &[u8], length: usize) -> bool {
    text.len() == length && text.iter().all(|letter| LETTERS.contains(letter))
}

/// Returns a random number from 0 up to 1, for spreading things in time.
pub fn fraction() -> f64 {
    f64::from(u32::from_ne_bytes(random::<4>())) / (f64::from(u32::MAX) + 1.0)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

fn random_bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fill(&mut bytes);
    bytes
}

fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has randomness");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_hides_and_compares() {
        let secret = Secret::random();
        assert_eq!(secret.reveal().len(), 43);
        assert!(!format!("{secret:?}").contains(secret.reveal()));
        assert!(secret.matches(secret.clone().reveal()));
        assert!(!secret.matches(""));
        assert!(!Secret::from_text("").matches(""));
    }
}
