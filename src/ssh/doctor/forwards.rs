//! Whether a connection carries forwards.

use std::path::Path;
use std::time::Duration;

use openssh::ForwardType;
use openssh::Session;
use openssh::Socket;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long each step may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// What an ssh server says first, RFC 4253 section 4.2.
const GREETING: &[u8; 4] = b"SSH-";

/// Says whether a forward leads anywhere: to the sshd that carries it, since
/// no other port is known to listen. It is cancelled when that has greeted.
///
/// `connection` is the remote's `SSH_CONNECTION`; `None` without one, or when
/// this machine's own ssh would not listen.
pub(super) async fn arrive(path: &Path, connection: &str, socket: &Path) -> Option<bool> {
    let mut words = connection.split_whitespace().skip(2);
    let (host, port) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
    let session = Session::resume_mux(path.into(), None);
    let here = || Socket::from(socket);
    let there = || Socket::TcpSocket {
        host: host.clone().into(),
        port,
    };
    let request = session.request_port_forward(ForwardType::Local, here(), there());
    timeout(DEADLINE, request).await.ok()?.ok()?;
    let greeting = async {
        let mut greeting = [0; GREETING.len()];
        let mut stream = UnixStream::connect(socket).await?;
        stream.read_exact(&mut greeting).await?;
        std::io::Result::Ok(greeting == *GREETING)
    };
    let greeted = timeout(DEADLINE, greeting).await;
    let cancel = session.close_port_forward(ForwardType::Local, here(), there());
    let _ = timeout(DEADLINE, cancel).await;
    let _ = std::fs::remove_file(socket);
    // sshd closes the stream of a forward that it refuses.
    Some(matches!(greeted, Ok(Ok(true))))
}
