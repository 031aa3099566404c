//! `HOST`: the one name under which browsers of other machines come in.

use std::fmt;
use std::net::Ipv6Addr;

/// The longest name, RFC 1035 section 2.3.4.
const MOST: usize = 253;

/// How a connection carries HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// As it is.
    Http,
    /// Within TLS.
    Https,
}

/// A name with how it is reached: `gpu1.lab`, `https://10.0.0.5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// How.
    pub scheme: Scheme,
    /// The name or address in lower case, an IPv6 address in brackets.
    pub name: String,
}

/// Who vouches for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voucher {
    /// Nobody: a person compares its fingerprint.
    Itself,
    /// Whoever has signed the given one.
    Given,
}

impl Scheme {
    /// The port that browsers do not name.
    fn usual_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl Outside {
    /// Reads what a person wrote: a name or address, perhaps behind `http://` or
    /// `https://`. One that no browser can open is none, such as `0.0.0.0`.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, name) = match text.split_once("://") {
            Some(("https", name)) => (Scheme::Https, name),
            Some(("http", name)) => (Scheme::Http, name),
            Some(_) => return None,
            None => (Scheme::Http, text),
        };
        let name = name.strip_suffix('/').unwrap_or(name).to_ascii_lowercase();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if let Ok(six) = bare.parse::<Ipv6Addr>() {
            let name = format!("[{six}]");
            return (!six.is_unspecified()).then_some(Self { scheme, name });
        }
        let is_name = name.len() <= MOST && name != "0.0.0.0" && name.split('.').all(is_label);
        is_name.then_some(Self { scheme, name })
    }

    /// What browsers send as `Host`: `gpu1.lab:6060`, or without the port that
    /// they do not name.
    pub fn authority(&self, port: u16) -> String {
        if port == self.scheme.usual_port() {
            return self.name.clone();
        }
        format!("{}:{port}", self.name)
    }

    /// The origin: `https://gpu1.lab:6060`.
    pub fn origin(&self, port: u16) -> String {
        format!("{}://{}", self.scheme, self.authority(port))
    }

    /// The name as resolvers and certificates have it.
    pub fn bare_name(&self) -> &str {
        self.name.trim_start_matches('[').trim_end_matches(']')
    }
}

/// Says whether this is a label of a host name, RFC 1123 section 2.1.
fn is_label(label: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(is_letter)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_people_write_it() {
        for (text, origin) in [
            ("gpu1", "http://gpu1:6060"),
            ("https://GPU1.Lab", "https://gpu1.lab:6060"),
            ("https://gpu1.lab/", "https://gpu1.lab:6060"),
            ("http://10.0.0.5", "http://10.0.0.5:6060"),
            ("2001:DB8::5", "http://[2001:db8::5]:6060"),
            ("https://[2001:db8:0::5]", "https://[2001:db8::5]:6060"),
        ] {
            let outside = Outside::parse(text).map(|outside| outside.origin(6060));
            assert_eq!(outside.as_deref(), Some(origin), "{text}");
        }
        for text in [
            "",
            "https://",
            "ftp://a",
            "0.0.0.0",
            "::",
            "[::]",
            "a b",
            "a:80",
            "a/b",
            "-a",
            "a..b",
            "*.lab",
            "a@b",
            "äö",
            "a.",
            "https://a:443",
        ] {
            assert_eq!(Outside::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_usual_port_is_not_named() {
        let outside = Outside::parse("https://gpu1.lab").unwrap();
        assert_eq!(outside.origin(443), "https://gpu1.lab");
        assert_eq!(outside.origin(80), "https://gpu1.lab:80");
    }
}
