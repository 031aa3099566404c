//! Both doors to a workspace: a server's own, and a tunnel's.

use std::fs;

use serde_json::Value;

use super::http::{Address, Request, Response};
use super::laptop::Laptop;
use super::served::{Served, papers};
use super::sshd::Sshd;
use super::targets::connected;
use super::visitor::{Visitor, code_of, port_of};

/// A door with what a case needs to knock at it.
pub(crate) struct Door {
    /// `server` or `tunnel`, for a failure's text.
    pub(crate) kind: &'static str,
    /// The workspace's slug.
    pub(crate) name: &'static str,
    /// The port.
    pub(crate) port: u16,
    /// The token of programs.
    pub(crate) token: String,
    /// The laptop whose door it is.
    pub(crate) laptop: Laptop,
    url: Option<String>,
    served: Option<Served>,
    sshd: Option<Sshd>,
}

impl Door {
    /// Opens both doors, each in a world of its own.
    #[track_caller]
    pub(crate) fn both() -> [Self; 2] {
        [Self::server(), Self::tunnel()]
    }

    /// Opens a server's own door.
    #[track_caller]
    pub(crate) fn server() -> Self {
        let laptop = Laptop::new();
        let served = Served::start(&laptop, &["--log-level", "trace"]);
        Self {
            kind: "server",
            name: "local",
            port: served.info.port,
            token: served.info.token.clone(),
            laptop,
            url: Some(served.url.clone()),
            served: Some(served),
            sshd: None,
        }
    }

    /// Opens a tunnel's door.
    #[track_caller]
    pub(crate) fn tunnel() -> Self {
        let (sshd, laptop) = connected();
        let url = laptop.connect("box")["url"]
            .as_str()
            .expect("a URL")
            .to_owned();
        let secrets = fs::read(laptop.state().join("targets/box.secrets"));
        let secrets: Value =
            serde_json::from_slice(&secrets.expect("they are kept")).expect("JSON");
        Self {
            kind: "tunnel",
            name: "box",
            port: port_of(&url),
            token: secrets["credentials"]["token"]
                .as_str()
                .expect("a token")
                .to_owned(),
            laptop,
            url: Some(url),
            served: None,
            sshd: Some(sshd),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Address {
        Address::Port(self.port)
    }

    /// The code in the printed URL, not spent yet.
    pub(crate) fn code(&self) -> &str {
        code_of(self.url.as_deref().expect("a URL was printed"))
    }

    /// Signs in with the printed URL, once.
    #[track_caller]
    pub(crate) fn sign_in(&self) -> Visitor {
        Visitor::sign_in(self.url.as_deref().expect("a URL was printed"))
    }

    /// Sends a request as it is.
    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Response {
        request.send(&self.address())
    }

    /// Lists everything that runs on both sides of the door.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mut all = self.laptop.processes();
        all.extend(self.sshd.iter().flat_map(Sshd::remote_processes));
        all
    }

    /// Every secret: tokens, cookie and key, of this door and the one behind.
    pub(crate) fn secrets(&self, visitor: &Visitor) -> Vec<String> {
        let mut all = vec![
            self.token.clone(),
            visitor.cookie.clone(),
            visitor.key.clone(),
        ];
        all.push(self.code().to_owned());
        all.extend(self.sshd.iter().map(|sshd| papers(&sshd.runtime()).token));
        all
    }

    /// Everything that both sides have logged.
    pub(crate) fn logs(&self) -> String {
        let mut folders = vec![self.laptop.state()];
        folders.extend(
            self.sshd
                .iter()
                .map(|sshd| sshd.home().join(".local/state/cocalc-plus")),
        );
        let files = folders
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok());
        let paths = files.flatten().flatten().map(|entry| entry.path());
        let logs = paths.filter(|path| path.to_string_lossy().contains(".log"));
        let texts = logs.filter_map(|path| fs::read_to_string(path).ok());
        texts.chain([self.laptop.read("serve.log")]).collect()
    }
}
