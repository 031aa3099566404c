//! Joins two ends of a WebSocket without reading its messages.
//!
//! Bytes are copied as they come. The only thing looked at is where frames
//! end on the way to the client (RFC 6455 section 5.2): when the server's side
//! ends without a close frame, the client gets one with a code that says why,
//! if it is between two frames, else it sees the connection end.

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;

/// How much is copied at a time.
const PIECE_BYTES: usize = 16 << 10;

/// Copies both ways until either side ends.
pub async fn join<C, S>(client: C, server: S, close_code: u16)
where
    C: AsyncRead + AsyncWrite,
    S: AsyncRead + AsyncWrite,
{
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let mut frames = Frames::default();
    let down = async {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = from_server.read(&mut piece).await {
            frames.pass(&piece[..length]);
            if to_client.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
        if frames.is_between() && !frames.closed {
            let [high, low] = close_code.to_be_bytes();
            let _ = to_client.write_all(&[0x88, 2, high, low]).await;
        }
        let _ = to_client.shutdown().await;
    };
    let up = async {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = from_client.read(&mut piece).await {
            if to_server.write_all(&piece[..length]).await.is_err() {
                // The server's side is over: `down` finds out and says why.
                return std::future::pending().await;
            }
        }
        let _ = to_server.shutdown().await;
    };
    // The client's end ends both; the server's does so once it is told.
    tokio::select! {
        () = down => {}
        () = up => {}
    }
}

/// Where the frames of a byte stream end.
#[derive(Debug, Default)]
struct Frames {
    /// The header's bytes so far.
    header: Vec<u8>,
    /// How many bytes of the payload are still to come.
    payload: u64,
    /// Whether a close frame has passed.
    closed: bool,
}

impl Frames {
    fn is_between(&self) -> bool {
        self.header.is_empty() && self.payload == 0
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let taken = self.payload.min(bytes.len() as u64);
                self.payload -= taken;
                bytes = &bytes[usize::try_from(taken).unwrap_or(bytes.len())..];
                continue;
            }
            self.header.push(bytes[0]);
            bytes = &bytes[1..];
            if let Some(length) = self.payload_length() {
                self.closed |= self.header[0] & 0x0f == 8;
                self.payload = length;
                self.header.clear();
            }
        }
    }

    /// The payload's length, once the header is whole. Frames of a server are
    /// not masked; a mask would count as payload.
    fn payload_length(&self) -> Option<u64> {
        let second = *self.header.get(1)?;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            short => return Some(u64::from(short) + mask),
        };
        let digits = self.header.get(2..2 + extended)?;
        let length = digits
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        Some(length.saturating_add(mask))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[test]
    fn frame_ends_are_found_whatever_the_pieces() {
        let mut stream = vec![0x81, 3, b'a', b'b', b'c', 0x82, 126, 1, 0];
        stream.extend([7; 256]);
        stream.extend([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        stream.extend(vec![7; 65_536]);
        for size in [1, 2, 7, 1000] {
            let mut frames = Frames::default();
            for piece in stream.chunks(size) {
                frames.pass(piece);
            }
            assert!(frames.is_between(), "{size}");
            frames.pass(&[0x81]);
            assert!(!frames.is_between());
        }
    }

    #[tokio::test]
    async fn a_lost_server_closes_the_client_with_the_code() {
        let (mut browser, client) = tokio::io::duplex(1024);
        let (mut upstream, server) = tokio::io::duplex(1024);
        let joined = tokio::spawn(join(client, server, 4001));
        upstream.write_all(&[0x81, 1, b'x']).await.unwrap();
        drop(upstream);
        let mut seen = Vec::new();
        browser.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, [0x81, 1, b'x', 0x88, 2, 0x0f, 0xa1]);
        joined.await.unwrap();
    }

    #[tokio::test]
    async fn half_a_frame_is_never_followed_by_a_close() {
        let (mut browser, client) = tokio::io::duplex(1024);
        let (mut upstream, server) = tokio::io::duplex(1024);
        tokio::spawn(join(client, server, 4001));
        upstream.write_all(&[0x81, 9, b'x']).await.unwrap();
        drop(upstream);
        let mut seen = Vec::new();
        browser.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, [0x81, 9, b'x']);
    }
}
