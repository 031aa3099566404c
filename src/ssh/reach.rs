//! Whether an ssh server is there, found out without logging in.
//!
//! While a target is away its tunnel looks often, so that a page is back a
//! moment after the network is. An attempt to log in would be too much for
//! that: sshd's `MaxStartups` and whoever counts failed logins would mind. A
//! look is one TCP connection to the machine that ssh connects to first, held
//! until the server says its name, `SSH-2.0-…`. Where nobody is, nobody minds;
//! where somebody is, one look is followed by a login.
//!
//! A machine behind a `ProxyCommand` cannot be looked at: only ssh knows the
//! way. Behind a `ProxyJump` the first jump is looked at.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio::time::timeout;

use super::settings::Family;
use super::settings::Settings;
use crate::sys::process;
use crate::sys::resolve;
use crate::sys::text;

/// How long a look lasts where nobody answers.
const LOOK: Duration = Duration::from_millis(3500);

/// How long whoever took the connection may take to say its name.
const GREETING: Duration = Duration::from_secs(5);

/// How often a look knocks while nobody opens: a lost first packet is sent
/// again by TCP only after 1, 3 and 7 s.
const KNOCK: Duration = Duration::from_millis(500);

/// How many knocks a look has.
const KNOCKS: u32 = 6;

/// How much a server may say before its name, RFC 4253 §4.2.
const GREETING_BYTES: usize = 4 << 10;

/// The machine that ssh connects to first on its way to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstHop {
    /// The target itself, or a jump whose name and port are known.
    Address(Place, Family),
    /// A jump in ssh's own words; its address is in the configuration.
    Jump(String),
    /// Only ssh knows.
    Unknown,
}

/// A name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name or address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// An ssh server said its name.
    Server,
    /// Somebody is there and is no ssh server just now: what it said.
    Refused(String),
    /// Somebody took the connection and has said nothing yet.
    Mute,
    /// Nobody answers.
    Nobody {
        /// How that showed.
        absence: Absence,
        /// The same in words.
        why: String,
    },
    /// It cannot be looked at.
    Blind,
}

/// How it shows that no ssh server is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The name has no address.
    Nameless,
    /// The machine says that nobody listens.
    Closed,
    /// Nothing comes back, or not from there.
    Silent,
    /// Whoever answers hangs up without a word.
    Shut,
}

impl FirstHop {
    /// Reads what ssh would do.
    pub(super) fn of(settings: &Settings) -> Self {
        let set = |name| settings.get(name).filter(|value| *value != "none");
        if let Some(jumps) = set("proxyjump") {
            let first = jumps.split(',').next().unwrap_or_default();
            return Self::Jump(first.to_owned());
        }
        // A socket bound to one interface may reach what ours does not.
        if ["proxycommand", "bindaddress", "bindinterface"]
            .into_iter()
            .any(|name| set(name).is_some())
        {
            return Self::Unknown;
        }
        let place = Place {
            host: settings.host().to_owned(),
            port: settings.port(),
        };
        Self::Address(place, settings.family())
    }

    /// Looks once; takes 3.5 s where nobody answers.
    pub async fn look(&self) -> Look {
        match self {
            Self::Address(place, family) => place.look(*family).await,
            Self::Jump(_) | Self::Unknown => Look::Blind,
        }
    }

    /// Finds the address of a jump by asking ssh; `config` are the words that
    /// choose its configuration.
    pub async fn resolved(&self, config: &[String]) -> Self {
        let Self::Jump(jump) = self else {
            return self.clone();
        };
        let bare = jump.strip_prefix("ssh://").unwrap_or(jump);
        let (destination, port) = match bare.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') && port.parse::<u16>().is_ok() => {
                (host.trim_matches(['[', ']']), Some(port))
            }
            _ => (bare, None),
        };
        let mut command = process::command("ssh");
        command.arg("-G").args(config);
        if let Some(port) = port {
            command.args(["-p", port]);
        }
        let asked = command.arg("--").arg(destination).output().await;
        match asked {
            Ok(output) if output.status.success() => {
                let printed = String::from_utf8_lossy(&output.stdout).into_owned();
                match Self::of(&Settings::of(printed)) {
                    found @ Self::Address(..) => found,
                    // A jump behind a jump.
                    _ => Self::Unknown,
                }
            }
            _ => Self::Unknown,
        }
    }
}

impl Place {
    async fn look(&self, family: Family) -> Look {
        let Self { host, port } = self;
        // Where nothing can be asked here, ssh may know all the same.
        let Ok(addresses) = resolve::addresses(host).await else {
            return Look::Blind;
        };
        let mut looks = JoinSet::new();
        for address in addresses.into_iter().filter(|one| family.has(*one)) {
            looks.spawn(look_at(SocketAddr::new(address, *port)));
        }
        let mut best = Look::Nobody {
            absence: Absence::Nameless,
            why: format!("nobody knows the address of {host} just now"),
        };
        while let Some(looked) = looks.join_next().await {
            match looked {
                Ok(Look::Server) => return Look::Server,
                Ok(look) if look.tells_more_than(&best) => best = look,
                _ => {}
            }
        }
        best
    }
}

impl Look {
    /// Whether somebody is rather there than not.
    fn tells_more_than(&self, other: &Self) -> bool {
        let weight = |look: &Self| match look {
            Self::Blind => 0,
            Self::Nobody { .. } => 1,
            Self::Mute => 2,
            Self::Refused(_) => 3,
            Self::Server => 4,
        };
        weight(self) >= weight(other)
    }
}

/// Knocks until the address answers, with a yes or a no.
async fn look_at(address: SocketAddr) -> Look {
    let mut knocks = JoinSet::new();
    for number in 0..KNOCKS {
        knocks.spawn(async move {
            sleep(KNOCK * number).await;
            TcpStream::connect(address).await
        });
    }
    let knocked = timeout(LOOK, knocks.join_next()).await.ok().flatten();
    // The others would be strangers to a server that has opened.
    drop(knocks);
    let nobody = |absence, why: &str| Look::Nobody {
        absence,
        why: format!("{} port {}: {why}", address.ip(), address.port()),
    };
    match knocked {
        Some(Ok(Ok(stream))) => listen(stream)
            .await
            .unwrap_or_else(|| nobody(Absence::Shut, "whoever answers closes every connection")),
        Some(Ok(Err(error))) if error.kind() == ErrorKind::ConnectionRefused => {
            nobody(Absence::Closed, &error.to_string())
        }
        Some(Ok(Err(error))) => nobody(Absence::Silent, &error.to_string()),
        _ => nobody(Absence::Silent, "no answer"),
    }
}

/// Listens for a server's name; `None` when it ends without a word.
async fn listen(mut stream: TcpStream) -> Option<Look> {
    let mut said = Vec::new();
    let mut piece = [0; 512];
    let listening = async {
        while said.len() < GREETING_BYTES {
            match stream.read(&mut piece).await {
                Ok(length @ 1..) => said.extend_from_slice(&piece[..length]),
                _ => return false,
            }
            if said
                .split(|byte| *byte == b'\n')
                .any(|line| line.starts_with(b"SSH-"))
            {
                return true;
            }
        }
        false
    };
    match timeout(GREETING, listening).await {
        Ok(true) => Some(Look::Server),
        Err(_) => Some(Look::Mute),
        Ok(false) => {
            let said = String::from_utf8_lossy(&said);
            let line = said.lines().map(str::trim).find(|line| !line.is_empty())?;
            Some(Look::Refused(text::printable(line)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at a listener that says this and closes.
    async fn look_at_one_that_says(words: &'static [u8]) -> Look {
        use tokio::io::AsyncWriteExt;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(words).await;
            }
        });
        at("127.0.0.1", port).look().await
    }

    fn at(host: &str, port: u16) -> FirstHop {
        let host = host.to_owned();
        FirstHop::Address(Place { host, port }, Family::Any)
    }

    #[tokio::test]
    async fn a_look_tells_a_server_from_one_who_refuses() {
        assert_eq!(
            look_at_one_that_says(b"hello\r\nSSH-2.0-x\r\n").await,
            Look::Server
        );
        assert_eq!(
            look_at_one_that_says(b"Exceeded MaxStartups\r\n").await,
            Look::Refused("Exceeded MaxStartups".into())
        );
        for (look, expected) in [
            (look_at_one_that_says(b"").await, Absence::Shut),
            (at("127.0.0.1", 1).look().await, Absence::Closed),
            (
                at("no-such-name.invalid", 22).look().await,
                Absence::Nameless,
            ),
        ] {
            let Look::Nobody { absence, .. } = look else {
                panic!("{look:?}");
            };
            assert_eq!(absence, expected);
        }
        assert_eq!(FirstHop::Unknown.look().await, Look::Blind);
    }

    #[test]
    fn the_first_hop_is_read_from_what_ssh_resolves() {
        for (resolved, hop) in [
            (
                "host a\nhostname 10.0.0.1\nport 2222\nproxycommand none\n",
                at("10.0.0.1", 2222),
            ),
            ("hostname a\nport 22\nproxyjump none\n", at("a", 22)),
            (
                "hostname b\nport 22\nproxyjump me@gate:2200,inner\n",
                FirstHop::Jump("me@gate:2200".into()),
            ),
            (
                "hostname b\nport 22\nproxycommand nc %h %p\n",
                FirstHop::Unknown,
            ),
            (
                "hostname b\nport 22\nbindaddress 10.0.0.2\n",
                FirstHop::Unknown,
            ),
        ] {
            let settings = Settings::of(resolved.to_owned());
            assert_eq!(FirstHop::of(&settings), hop, "{resolved}");
        }
    }
}
