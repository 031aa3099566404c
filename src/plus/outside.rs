//! Listening where other machines come in: `HOST`.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::TcpListener;
use std::path::Path;

use super::serve::ServeError;
use crate::lite::certificate::Certificate;
use crate::lite::certificate::Error as CertificateError;
use crate::lite::settings::layers::Settings;
use crate::protocol::connection::OutsideInfo;
use crate::sys::dirs;
use crate::sys::ports;
use crate::sys::resolve;
use crate::web::outside::Outside;
use crate::web::outside::Scheme;
use crate::web::outside::Voucher;

/// The fewest characters of a token that keeps other machines out; on this one
/// a shorter is the person's own affair.
const LEAST_TOKEN: usize = 7;

/// What serves a name.
pub(super) struct Opened {
    /// The name.
    pub(super) outside: Outside,
    /// Listeners on its addresses, of which loopback has its own already.
    pub(super) listeners: Vec<TcpListener>,
    /// Its certificate, where it is served by TLS.
    pub(super) certificate: Option<Certificate>,
}

impl Opened {
    /// Who vouches for its certificate.
    pub(super) fn voucher(&self) -> Voucher {
        let certificate = self.certificate.as_ref();
        certificate.map_or(Voucher::Itself, |certificate| certificate.voucher)
    }

    /// What programs are told of it.
    pub(super) fn info(&self, port: u16) -> OutsideInfo {
        let certificate = self.certificate.as_ref();
        let own = certificate.filter(|certificate| certificate.voucher == Voucher::Itself);
        OutsideInfo {
            origin: self.outside.origin(port),
            fingerprint: own.map(|certificate| certificate.fingerprint.clone()),
        }
    }
}

/// Reads which name is asked for; nothing for the loopback that is served anyway.
///
/// # Errors
/// [`ServeError::NoToken`], where other machines could come in and none is set.
pub fn asked(settings: &Settings) -> Result<Option<Outside>, ServeError> {
    let Some(outside) = settings.text("host").and_then(Outside::parse) else {
        return Ok(None);
    };
    let is_loopback = matches!(outside.name.as_str(), "localhost" | "127.0.0.1" | "[::1]");
    if is_loopback {
        return Ok((outside.scheme == Scheme::Https).then_some(outside));
    }
    let token = settings.text("auth_token").unwrap_or_default();
    if token.chars().count() < LEAST_TOKEN {
        return Err(ServeError::NoToken { host: outside.name });
    }
    Ok(Some(outside))
}

/// Listens on every address of the name that is asked for, at this port.
///
/// # Errors
/// [`ServeError`]; nothing listens then.
pub(super) async fn open(settings: &Settings, port: u16) -> Result<Option<Opened>, ServeError> {
    let Some(outside) = asked(settings)? else {
        return Ok(None);
    };
    let certificate = match outside.scheme {
        Scheme::Http => None,
        Scheme::Https => Some(certificate(settings, &outside)?),
    };
    let listeners = listen(&outside, port)
        .await
        .map_err(|source| ServeError::Host {
            host: outside.bare_name().to_owned(),
            port,
            source,
        })?;
    Ok(Some(Opened {
        outside,
        listeners,
        certificate,
    }))
}

async fn listen(outside: &Outside, port: u16) -> io::Result<Vec<TcpListener>> {
    let found = resolve::addresses(outside.bare_name()).await?;
    let addresses: BTreeSet<IpAddr> = found.into_iter().collect();
    if addresses.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "nobody knows this name",
        ));
    }
    let is_served: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let (mut listeners, mut refusal) = (Vec::new(), None);
    let further = addresses
        .iter()
        .filter(|address| !is_served.contains(address));
    for address in further {
        match ports::listen((*address, port).into()) {
            Ok(listener) => listeners.push(listener),
            // A name may have addresses of other machines too, or of IPv6 that is
            // switched off.
            Err(error) if ports::is_absent(&error) => refusal = Some(error),
            Err(error) => return Err(error),
        }
    }
    let is_reached = !listeners.is_empty() || addresses.iter().any(|one| is_served.contains(one));
    match refusal {
        Some(error) if !is_reached => Err(error),
        _ => Ok(listeners),
    }
}

fn certificate(settings: &Settings, outside: &Outside) -> Result<Certificate, CertificateError> {
    match (settings.text("tls_cert"), settings.text("tls_key")) {
        (Some(certificate), Some(key)) => {
            Certificate::given(Path::new(certificate), Path::new(key))
        }
        (None, None) => Certificate::own(&outside.name, &dirs::data()),
        _ => Err(CertificateError::Half),
    }
}
