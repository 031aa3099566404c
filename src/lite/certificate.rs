//! The certificate of a hub that serves TLS: a given one, or its own.
//!
//! Its own is made once for a name and kept with its key in one file, 0600:
//!
//! ```text
//! DATA/certificate.json   {"name":"gpu1.lab","ends_ms":1826784000000,"certificate":"-----BEGIN …","key":"-----BEGIN …"}
//! DATA/certificate.pem    the certificate alone, for whoever wants to trust it
//! ```
//!
//! Another name, or less than 30 days left, makes it anew at the next start. One
//! that runs longer than that shows an old certificate, and one that is given
//! files reads them at its start only.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use tokio_rustls::TlsAcceptor;

use crate::sys::clock;
use crate::sys::files;
use crate::web::outside::Voucher;

/// How long one of our own is good: browsers refuse more than 398 days.
const LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// How long before its end it is made anew.
const RENEWED_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);

/// How far clocks may be behind ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(24 * 3600);

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file has no certificate or key in it.
    #[error("`{path}` is no {what} in PEM")]
    Pem {
        /// Which file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
        /// What the parser said.
        #[source]
        source: pem::Error,
    },
    /// One of certificate and key is given without the other.
    #[error("`tls_cert` and `tls_key` are given together")]
    Half,
    /// Certificate and key do not fit, or are of a kind that is not known.
    #[error("certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
    /// None could be made.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
}

/// A certificate and what serves it.
pub struct Certificate {
    /// Accepts TLS connections.
    pub acceptor: TlsAcceptor,
    /// Who vouches for it.
    pub voucher: Voucher,
    /// The SHA-256 of the certificate, `3F:90:…`, by which a person knows it.
    pub fingerprint: String,
}

/// What stands in the file.
#[derive(Deserialize, Serialize)]
struct Kept {
    name: String,
    ends_ms: u64,
    certificate: String,
    key: String,
}

impl Certificate {
    /// Takes the given files, the certificate with those between it and whoever
    /// vouches for it.
    ///
    /// # Errors
    /// [`Error`].
    pub fn given(certificate: &Path, key: &Path) -> Result<Self, Error> {
        let bad = |path: &Path, what, source| Error::Pem {
            path: path.to_owned(),
            what,
            source,
        };
        let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|chain| match chain[..] {
                [] => Err(pem::Error::NoItemsFound),
                _ => Ok(chain),
            })
            .map_err(|source| bad(certificate, "certificate", source))?;
        let secret = PrivateKeyDer::from_pem_slice(&read(key)?)
            .map_err(|source| bad(key, "private key", source))?;
        Self::serve(chain, secret, Voucher::Given)
    }

    /// Takes its own for `name` in the directory `data`, or makes it.
    ///
    /// # Errors
    /// [`Error`].
    pub fn own(name: &str, data: &Path) -> Result<Self, Error> {
        let path = data.join("certificate.json");
        let failed = |source| Error::File {
            path: path.clone(),
            source,
        };
        let kept = files::read_private(&path).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let kept = match kept.filter(|kept| kept.is_for(name, clock::now_ms())) {
            Some(kept) => kept,
            None => {
                let made = Kept::make(name, clock::now_ms())?;
                let content = serde_json::to_vec(&made).expect("texts serialise");
                files::make_dir(data).map_err(failed)?;
                files::write_private(&path, &content).map_err(failed)?;
                // For whoever wants to trust it; nothing here needs it.
                let _ =
                    files::write_private(&path.with_extension("pem"), made.certificate.as_bytes());
                made
            }
        };
        let bad = |what, source| Error::Pem {
            path: path.clone(),
            what,
            source,
        };
        let certificate = CertificateDer::from_pem_slice(kept.certificate.as_bytes())
            .map_err(|source| bad("certificate", source))?;
        let key = PrivateKeyDer::from_pem_slice(kept.key.as_bytes())
            .map_err(|source| bad("private key", source))?;
        Self::serve(vec![certificate], key, Voucher::Itself)
    }

    fn serve(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        voucher: Voucher,
    ) -> Result<Self, Error> {
        let fingerprint = chain.first().map(|first| fingerprint(first));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            voucher,
            fingerprint: fingerprint.unwrap_or_default(),
        })
    }
}

impl Kept {
    fn make(name: &str, now_ms: u64) -> Result<Self, Error> {
        let now = Duration::from_millis(now_ms);
        let since_1970 = |time: Duration| rcgen::date_time_ymd(1970, 1, 1) + time;
        let bare = name.trim_matches(['[', ']']);
        let mut params = CertificateParams::new([bare.to_owned()])?;
        params
            .distinguished_name
            .push(DnType::CommonName, format!("cocalc-plus {bare}"));
        params.not_before = since_1970(now.saturating_sub(CLOCKS_DIFFER));
        params.not_after = since_1970(now + LIFETIME);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let ends = now + LIFETIME;
        Ok(Self {
            name: name.to_owned(),
            ends_ms: u64::try_from(ends.as_millis()).unwrap_or(u64::MAX),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    fn is_for(&self, name: &str, now_ms: u64) -> bool {
        let left = Duration::from_millis(self.ends_ms.saturating_sub(now_ms));
        self.name == name && left > RENEWED_BEFORE && left <= LIFETIME
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })
}

fn fingerprint(certificate: &[u8]) -> String {
    let digest = Sha256::digest(certificate);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_our_own_is_kept_until_its_name_or_its_end_changes() {
        let dir = tempfile::tempdir().unwrap();
        let own = |name: &str| Certificate::own(name, dir.path()).unwrap().fingerprint;
        let first = own("gpu1.lab");
        assert_eq!(own("gpu1.lab"), first);
        let other = own("10.0.0.5");
        assert_ne!(other, first);
        let path = dir.path().join("certificate.json");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let mut kept: Kept = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        kept.ends_ms = clock::now_ms() + 29 * 24 * 3_600_000;
        files::write_private(&path, &serde_json::to_vec(&kept).unwrap()).unwrap();
        assert_ne!(own("10.0.0.5"), other, "it ends soon");
        let second = own("10.0.0.5");
        fs::write(&path, "{").unwrap();
        assert_ne!(own("10.0.0.5"), second, "a damaged one is made anew");
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let made = Kept::make("gpu1.lab", clock::now_ms()).unwrap();
        let [cert, key, junk] = ["c.pem", "k.pem", "j.pem"].map(|name| dir.path().join(name));
        fs::write(&cert, &made.certificate).unwrap();
        fs::write(&key, &made.key).unwrap();
        fs::write(
            &junk,
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        assert!(Certificate::given(&cert, &key).is_ok());
        assert!(matches!(
            Certificate::given(&junk, &key),
            Err(Error::Pem { .. })
        ));
        assert!(matches!(
            Certificate::given(&cert, &junk),
            Err(Error::Pem { .. })
        ));
        let other = Kept::make("gpu1.lab", clock::now_ms()).unwrap();
        fs::write(&key, &other.key).unwrap();
        assert!(matches!(
            Certificate::given(&cert, &key),
            Err(Error::Unusable(_))
        ));
        let nowhere = dir.path().join("nowhere");
        assert!(matches!(
            Certificate::given(&nowhere, &key),
            Err(Error::File { .. })
        ));
    }
}
