//! A small HTTP client, to ask exactly what a case wants to ask.
//!
//! It adds nothing by itself but `Host` and what a body needs, follows
//! nothing, and keeps nothing.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::tls::{TlsStream, Trusting};

/// How long a server may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    /// A port of this machine's loopback, IPv4.
    Port(u16),
    /// A port of this machine's loopback, IPv6.
    Port6(u16),
    /// A port of another address of this machine.
    At(SocketAddr),
    /// The same by TLS.
    Tls(Trusting),
    /// A unix socket.
    Socket(PathBuf),
}

/// A connection to an [`Address`].
pub(crate) enum Connection {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over TLS.
    Tls(Box<TlsStream>),
    /// Over a unix socket.
    Unix(UnixStream),
}

/// One request, not sent yet.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// Every header, its name in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, unpacked from its chunks, as text.
    pub(crate) body: String,
    /// The same as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Address {
    /// Returns the socket of this path.
    pub(crate) fn socket(path: &Path) -> Self {
        Self::Socket(path.to_owned())
    }

    /// Connects, with a deadline on everything that is read.
    pub(crate) fn connect(&self) -> std::io::Result<Connection> {
        let connection = match self {
            Self::Port(port) => Connection::Tcp(TcpStream::connect(("127.0.0.1", *port))?),
            Self::Port6(port) => Connection::Tcp(TcpStream::connect(("::1", *port))?),
            Self::At(address) => Connection::Tcp(TcpStream::connect(address)?),
            Self::Tls(trusting) => Connection::Tls(Box::new(trusting.connect()?)),
            Self::Socket(path) => Connection::Unix(UnixStream::connect(path)?),
        };
        // As browsers do: else a key waits behind an acknowledgement.
        if let Connection::Tcp(stream) = &connection {
            stream.set_nodelay(true)?;
        }
        connection.set_deadline(DEADLINE)?;
        Ok(connection)
    }

    /// The `Host` that a page of this server names.
    fn host(&self) -> String {
        match self {
            Self::Port(port) | Self::Port6(port) => format!("localhost:{port}"),
            Self::At(address) => address.to_string(),
            Self::Tls(trusting) => trusting.host(),
            Self::Socket(_) => "localhost".to_owned(),
        }
    }
}

impl Connection {
    /// Sets how long a read may wait.
    pub(crate) fn set_deadline(&self, deadline: Duration) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(deadline)),
            Self::Tls(stream) => stream.sock.set_read_timeout(Some(deadline)),
            Self::Unix(stream) => stream.set_read_timeout(Some(deadline)),
        }
    }
}

impl std::io::Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl std::io::Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Request {
    /// Begins a GET.
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// Begins a POST of a JSON body.
    pub(crate) fn post(path: &str, body: &Value) -> Self {
        let mut request = Self::new("POST", path).header("content-type", "application/json");
        request.body = Some(body.to_string().into_bytes());
        request
    }

    /// Begins a PUT of bytes.
    pub(crate) fn put(path: &str, body: &[u8]) -> Self {
        let mut request = Self::new("PUT", path);
        request.body = Some(body.to_vec());
        request
    }

    /// Begins any other request without a body.
    pub(crate) fn new(method: &'static str, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Gives it a body.
    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = Some(body.to_vec());
        self
    }

    /// Adds a header, in place of one of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks for a WebSocket, as a browser does.
    pub(crate) fn upgrade(self) -> Self {
        self.header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// Sends it and reads the answer; of an upgrade, its head.
    #[track_caller]
    pub(crate) fn send(&self, to: &Address) -> Response {
        match self.try_send(to) {
            Ok(response) => response,
            Err(cause) => panic!("no answer from {to:?} to {self:?}: {cause}"),
        }
    }

    /// The same, where no answer is an answer too.
    pub(crate) fn try_send(&self, to: &Address) -> std::io::Result<Response> {
        let mut connection = self.begin(to)?;
        // Who is refused may hear that before all was sent.
        let sent = connection.write_all(self.body.as_deref().unwrap_or_default());
        read_response(&mut connection).map_err(|cause| sent.err().unwrap_or(cause))
    }

    /// Sends the head alone; the caller sends the body and reads the answer.
    pub(crate) fn begin(&self, to: &Address) -> std::io::Result<Connection> {
        let mut connection = to.connect()?;
        connection.write_all(self.head(&to.host()).as_bytes())?;
        Ok(connection)
    }

    fn head(&self, host: &str) -> String {
        let has = |wanted: &str| self.headers.iter().any(|(name, _)| name == wanted);
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let mut header = |name: &str, value: &str| {
            write!(text, "{name}: {value}\r\n").expect("a string takes all");
        };
        for (name, value) in &self.headers {
            header(name, value);
        }
        if !has("host") {
            header("host", host);
        }
        if !has("connection") {
            header("connection", "close");
        }
        if let Some(body) = &self.body {
            header("content-length", &body.len().to_string());
        }
        format!("{text}\r\n")
    }
}

impl Response {
    /// Returns a header's first value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Parses the body.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(cause) => panic!("no JSON: {cause}: {self:?}"),
        }
    }
}

/// Reads an answer.
pub(crate) fn read_response(connection: &mut Connection) -> std::io::Result<Response> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let mut piece = [0; 4096];
        match connection.read(&mut piece)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            length => bytes.extend_from_slice(&piece[..length]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end + 4);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status: u16 = status.and_then(|word| word.parse().ok()).unwrap_or(0);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted);
    let length = header("content-length").and_then(|(_, value)| value.parse::<u64>().ok());
    let is_chunked = header("transfer-encoding").is_some_and(|(_, value)| value == "chunked");
    // An answer without a length ends with its connection; a 101 has no body.
    let length = if status == 101 {
        0
    } else {
        length.unwrap_or(u64::MAX)
    };
    let rest = length.saturating_sub(body.len() as u64);
    connection.take(rest).read_to_end(&mut body)?;
    let bytes = if is_chunked { unchunk(&body) } else { body };
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Response {
        status,
        headers,
        body,
        bytes,
    })
}

/// Joins the chunks of RFC 9112 section 7.1.
fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
        let digits = String::from_utf8_lossy(&rest[..at]);
        let length = usize::from_str_radix(digits.trim(), 16).unwrap_or(0);
        let begin = at + 2;
        let Some(chunk) = rest.get(begin..begin + length).filter(|_| length > 0) else {
            break;
        };
        joined.extend_from_slice(chunk);
        rest = rest.get(begin + length + 2..).unwrap_or_default();
    }
    joined
}
