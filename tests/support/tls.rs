//! TLS as a careful client speaks it, and a certificate authority of a case.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A connection whose other side has proved its name.
pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// Where a server listens, what it is called, and whom the client trusts.
#[derive(Clone, Debug)]
pub(crate) struct Trusting {
    /// The address.
    pub(crate) address: SocketAddr,
    /// The name that the certificate has to have.
    pub(crate) name: String,
    /// The file of the certificate that vouches for it.
    pub(crate) root: PathBuf,
}

impl Trusting {
    /// Connects; a certificate that is not trusted is an error of the first
    /// write.
    pub(crate) fn connect(&self) -> std::io::Result<TlsStream> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(&self.root).expect("it is PEM");
        roots.add(root).expect("it is a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(self.name.clone()).expect("it is a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("it is complete");
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        Ok(StreamOwned::new(connection, stream))
    }

    /// What is sent as `Host`.
    pub(crate) fn host(&self) -> String {
        format!("{}:{}", self.name, self.address.port())
    }
}

/// Files of a certificate that an authority of the case has signed.
#[derive(Debug)]
pub(crate) struct Signed {
    /// The authority's certificate.
    pub(crate) root: PathBuf,
    /// The certificate.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

/// Makes an authority in a directory, and has it sign a certificate for `name`.
pub(crate) fn signed(directory: &Path, name: &str) -> Signed {
    let key = || KeyPair::generate().expect("ring makes keys");
    let root_key = key();
    let mut root = CertificateParams::new([]).expect("no name is wrong");
    root.distinguished_name
        .push(DnType::CommonName, "authority of a case");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root_pem = root.self_signed(&root_key).expect("it is complete").pem();
    let issuer = Issuer::new(root, root_key);
    let own_key = key();
    let mut own = CertificateParams::new([name.to_owned()]).expect("it is a name");
    own.distinguished_name.push(DnType::CommonName, name);
    let own = own.signed_by(&own_key, &issuer).expect("it is complete");
    let write = |file: &str, text: &str| {
        let path = directory.join(file);
        fs::write(&path, text).expect("the directory is ours");
        path
    };
    Signed {
        root: write("root.pem", &root_pem),
        certificate: write("signed.pem", &own.pem()),
        key: write("signed.key", &own_key.serialize_pem()),
    }
}
