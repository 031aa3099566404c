//! TCP ports that are ours on every loopback family.
//!
//! A browser asks `[::1]` before 127.0.0.1 for `localhost`, so a port is ours
//! only when nobody else can answer on either.

use std::io;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::AddressFamily;
use rustix::net::SocketType;
use rustix::net::sockopt;

/// How many ports [`Loopback::any`] tries before it gives up.
const TRIES: u16 = 200;

/// How many connections may wait to be accepted: as many as Linux lets, for one
/// more waits a second until its client tries again.
const BACKLOG: i32 = 4096;

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
        // Without sharing, so that our own other programs count as others.
        let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = probe.local_addr()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Err(error) if !is_absent(&error) => return Err(error),
            _ => {}
        }
        drop(probe);
        Self::on_each_family(port)
    }

    fn on_each_family(port: u16) -> io::Result<Self> {
        let mut listeners = vec![listen((Ipv4Addr::LOCALHOST, port).into())?];
        match listen((Ipv6Addr::LOCALHOST, port).into()) {
            Ok(six) => listeners.push(six),
            // No IPv6 on this machine: nobody can answer there.
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(Self { port, listeners })
    }

    /// Takes a port that another process of this user has, beside it.
    ///
    /// The system lets sockets of one user share a port where all of them said
    /// so before; those of [`Self::exactly`] did.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] when another user, or a program that does
    /// not share, has it.
    pub fn shared(port: u16) -> io::Result<Self> {
        Self::on_each_family(port)
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

/// Listens without blocking, on a port that a successor of this user may share.
///
/// # Errors
/// Whatever the system says.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Has the kernel ask a silent connection's other side whether it is there:
/// after a minute, and then four times in another.
///
/// # Errors
/// Whatever the system says.
pub fn keep_alive(stream: impl AsFd) -> io::Result<()> {
    sockopt::set_socket_keepalive(&stream, true)?;
    sockopt::set_tcp_keepidle(&stream, Duration::from_secs(60))?;
    sockopt::set_tcp_keepintvl(&stream, Duration::from_secs(15))?;
    Ok(sockopt::set_tcp_keepcnt(&stream, 4)?)
}

/// Says whether an error means that this machine has no such address.
pub fn is_absent(error: &io::Error) -> bool {
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
    fn a_successor_shares_a_port_and_a_stranger_does_not() {
        let first = Loopback::any().unwrap();
        assert!(Loopback::exactly(first.port).is_err());
        assert_eq!(Loopback::shared(first.port).unwrap().port, first.port);
        let stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(Loopback::shared(stranger.local_addr().unwrap().port()).is_err());
    }

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
