//! Where a request comes from.

use std::net::IpAddr;
use std::net::Ipv6Addr;

use super::outside::Scheme;

/// How a request came; each carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who sends it.
    pub peer: Peer,
    /// How its connection carries it.
    pub scheme: Scheme,
    /// Where that connection came in.
    pub entrance: Entrance,
}

/// Where a connection came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// A loopback address, or a unix socket.
    Inner,
    /// An address that other machines may reach.
    Outer,
}

impl Arrival {
    /// How this user's own requests come, over a unix socket.
    pub const OWNER: Self = Self {
        peer: Peer::Owner,
        scheme: Scheme::Http,
        entrance: Entrance::Inner,
    };

    /// Says whether it came from this machine without TLS.
    pub(super) fn is_plain_inside(self) -> bool {
        self.scheme == Scheme::Http && self.entrance == Entrance::Inner
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// This user, over a unix socket that lets in nobody else.
    Owner,
    /// Whoever has this address.
    Address(IpAddr),
}

impl Peer {
    /// Says whose tries count together: an IPv4 address, or the 64 bits of an
    /// IPv6 address that its owner cannot choose.
    pub(super) fn source(self) -> Option<IpAddr> {
        match self {
            Self::Owner => None,
            Self::Address(address) => Some(match address.to_canonical() {
                IpAddr::V6(six) if !six.is_loopback() => {
                    let [a, b, c, d, ..] = six.segments();
                    Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
                }
                other => other,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_network_of_addresses_is_one_source() {
        for (address, source) in [
            ("10.0.0.5", "10.0.0.5"),
            ("::ffff:10.0.0.5", "10.0.0.5"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
            ("::1", "::1"),
        ] {
            let peer = Peer::Address(address.parse().unwrap());
            assert_eq!(peer.source(), Some(source.parse().unwrap()), "{address}");
        }
        assert_eq!(Peer::Owner.source(), None);
    }
}
