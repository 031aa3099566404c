//! TCP ports that are ours on every loopback family.
//!
//! A browser asks `[::1]` before 127.0.0.1 for `localhost`, so a port is ours
//! only when nobody else can answer on either.

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::TcpListener;

/// How many ports [`Loopback::any`] tries before it gives up.
const TRIES: u16 = 200;

/// Listeners of one port on 127.0.0.1 and, where the machine has it, `[::1]`.
#[derive(Debug)]
pub struct Loopback {
    /// The port.
    pub port: u16,
    /// One listener a family, IPv4 first.
    pub listeners: Vec<TcpListener>,
}

impl Loopback {
    /// Takes exactly this port on every loopback family.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] when any family's port is taken.
    pub fn exactly(port: u16) -> io::Result<Self> {
        let four = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = four.local_addr()?.port();
        let mut listeners = vec![four];
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Ok(six) => listeners.push(six),
            // No IPv6 on this machine: nobody can answer there.
            Err(error) if is_absent_family(&error) => {}
            Err(error) => return Err(error),
        }
        for listener in &listeners {
            listener.set_nonblocking(true)?;
        }
        Ok(Self { port, listeners })
    }

    /// Takes `preferred` when it is free, else the next free port after it.
    ///
    /// # Errors
    /// The last refusal, when 200 ports in a row are taken.
    pub fn near(preferred: u16) -> io::Result<Self> {
        let mut refusal = io::Error::from(io::ErrorKind::AddrInUse);
        for step in 0..TRIES {
            match Self::exactly(preferred.saturating_add(step)) {
                Ok(taken) => return Ok(taken),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// Takes any port that is free on every family.
    ///
    /// # Errors
    /// The last refusal.
    pub fn any() -> io::Result<Self> {
        let mut refusal = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            match Self::exactly(0) {
                Ok(taken) => return Ok(taken),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

/// Says whether an address is the machine talking to itself.
pub fn is_loopback(address: &SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(four) => four.is_loopback(),
        IpAddr::V6(six) => six.is_loopback(),
    }
}

fn is_absent_family(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let codes = [Errno::ADDRNOTAVAIL, Errno::AFNOSUPPORT].map(Errno::raw_os_error);
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_taken_on_one_family_is_not_ours() {
        let Ok(six) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            return;
        };
        let port = six.local_addr().unwrap().port();
        assert_eq!(
            Loopback::exactly(port).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        assert_ne!(Loopback::near(port).unwrap().port, port);
    }
}
