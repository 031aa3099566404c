//! A server with a signed-in page and a directory to work in.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::account::Account;
use super::http::{Request, Response};
use super::laptop::Laptop;
use super::processes;
use super::served::Served;
use super::visitor::Visitor;
use super::watch::Watch;
use super::{bin, find_program};

/// A server, a page and the directory `~/d`.
pub(crate) struct Desk {
    /// The page.
    pub(crate) visitor: Visitor,
    /// The server.
    pub(crate) served: Served,
    /// The machine of both.
    pub(crate) laptop: Laptop,
}

impl Desk {
    /// Starts a server on a machine of its own.
    #[track_caller]
    pub(crate) fn new() -> Self {
        let laptop = Laptop::new();
        fs::create_dir(laptop.home().join("d")).expect("the home is ours");
        let served = Served::start(&laptop, &[]);
        Self::of(laptop, served)
    }

    /// The same with `~/d` on a disk of one megabyte, which only the server
    /// sees: a user may mount one in namespaces of its own.
    #[track_caller]
    pub(crate) fn with_small_disk() -> Self {
        Self::after("mount -t tmpfs -o size=1m none ~/d")
    }

    /// The same in namespaces of its own after a line of `sh` as their root.
    #[track_caller]
    pub(crate) fn after(line: &str) -> Self {
        let (laptop, served) = served_after(line);
        Self::of(laptop, served)
    }

    /// The same as another user, whose are the home and `~/d`; only root may.
    #[track_caller]
    pub(crate) fn of_user(user: &Account) -> Self {
        let (laptop, served) = served_by(user);
        Self::of(laptop, served)
    }

    fn of(laptop: Laptop, served: Served) -> Self {
        let visitor = Visitor::sign_in(&served.url);
        Self {
            visitor,
            served,
            laptop,
        }
    }

    /// Kills the server and starts another.
    #[track_caller]
    pub(crate) fn replace_server(&mut self) {
        processes::kill(self.served.pid());
        self.served.end();
        self.served = Served::start(&self.laptop, &[]);
        self.visitor = Visitor::sign_in(&self.served.url);
    }

    /// Returns a path in `~/d`; `""` is the directory itself.
    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        let dir = self.laptop.home().join("d");
        match name.as_ref().is_empty() {
            true => dir,
            false => dir.join(name.as_ref()),
        }
    }

    /// Writes a file of `~/d` by the system, not by the server.
    #[track_caller]
    pub(crate) fn write(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("the directory is ours");
        path
    }

    /// Lists a directory.
    #[track_caller]
    pub(crate) fn list(&self, path: &Path) -> Value {
        let answer = self.visitor.get(&url("/files/list", &text(path)));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Lists `~/d`, sorted.
    #[track_caller]
    pub(crate) fn names(&self) -> Vec<String> {
        let listing = self.list(&self.path(""));
        let names = listing["names"].as_array().expect("names").iter();
        let mut names: Vec<String> = names
            .map(|name| name.as_str().expect("a name").to_owned())
            .collect();
        names.sort_unstable();
        names
    }

    /// Reads a file.
    #[track_caller]
    pub(crate) fn read(&self, path: &Path) -> Response {
        self.visitor.get(&url("/files/content", &text(path)))
    }

    /// Saves a file, expecting what a header says (`("if-match", "\"…\"")`).
    #[track_caller]
    pub(crate) fn save(
        &self,
        path: &Path,
        content: impl AsRef<[u8]>,
        expecting: Option<(&str, &str)>,
    ) -> Response {
        let mut request = Request::put(&url("/files/content", &text(path)), content.as_ref());
        if let Some((name, value)) = expecting {
            request = request.header(name, value);
        }
        self.visitor.send(request)
    }

    /// Asks for something about files; panics when it is refused.
    #[track_caller]
    pub(crate) fn call(&self, verb: &str, payload: &Value) -> Value {
        self.visitor.call(&format!("files.{verb}"), payload)
    }

    /// Asks for something that is refused; returns the refusal.
    #[track_caller]
    pub(crate) fn refusal(&self, verb: &str, payload: &Value) -> Value {
        let reply = self.visitor.try_call(&format!("files.{verb}"), payload);
        assert!(!reply["error"].is_null(), "`{verb}` was done: {reply}");
        reply["error"].clone()
    }

    /// Returns a URL for a path, to `download`, `archive` or `preview`.
    #[track_caller]
    pub(crate) fn ticket(&self, path: &Path, purpose: &str) -> String {
        let body = json!({ "path": text(path), "as": purpose });
        let answer = self.visitor.send(Request::post("/files/ticket", &body));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["url"].as_str().expect("a URL").to_owned()
    }

    /// Opens a URL as a browser does by itself: with the cookie alone.
    #[track_caller]
    pub(crate) fn open(&self, url: &str) -> Response {
        self.open_with(url, &[])
    }

    /// The same with further headers.
    #[track_caller]
    pub(crate) fn open_with(&self, url: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::get(url).header("cookie", &self.visitor.cookie_header());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send(&self.visitor.address())
    }

    /// Watches a path.
    #[track_caller]
    pub(crate) fn watch(&self, path: &Path) -> Watch {
        Watch::open(&self.visitor, &text(path))
    }
}

/// Starts a server as [`Desk::after`] does, and leaves its URL unused.
#[track_caller]
pub(crate) fn served_after(line: &str) -> (Laptop, Served) {
    let laptop = Laptop::new();
    fs::create_dir(laptop.home().join("d")).expect("the home is ours");
    let unshare = find_program("unshare").expect("util-linux is installed");
    let script = format!("{line} && exec \"$@\"");
    let mut command = laptop.command(&unshare);
    command.args(["-rm", "sh", "-c", &script, "sh"]).arg(bin());
    let served = Served::start_by(&laptop, &mut command, &[]);
    (laptop, served)
}

/// Starts a server as [`Desk::of_user`] does, and leaves its URL unused.
#[track_caller]
pub(crate) fn served_by(user: &Account) -> (Laptop, Served) {
    let laptop = Laptop::new();
    fs::create_dir(laptop.home().join("d")).expect("the home is ours");
    for path in [laptop.home(), laptop.home().join("d"), laptop.runtime()] {
        user.own(&path);
    }
    let program = laptop.file("cocalc-plus");
    fs::copy(bin(), &program).expect("`/tmp` has room");
    let mut command = laptop.command(&program);
    command.uid(user.uid).gid(user.gid);
    let served = Served::start_by(&laptop, &mut command, &[]);
    (laptop, served)
}

/// Writes a path as a page does: bytes that are not UTF-8 from U+10FF00 on.
pub(crate) fn text(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        let bytes = chunk.invalid().iter();
        text.extend(bytes.filter_map(|byte| char::from_u32(0x10_ff00 + u32::from(*byte))));
    }
    text
}

/// Returns a route with a path in its query.
pub(crate) fn url(route: &str, path: &str) -> String {
    let mut url = format!("{route}?path=");
    for byte in path.bytes() {
        write!(url, "%{byte:02x}").expect("a string takes all");
    }
    url
}
