//! Frames on a byte stream: a length, then the frame.

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;

use super::error::Error;
use crate::protocol::terminal::Frame;
use crate::protocol::terminal::MAX_FRAME_BYTES;

/// The least room for a read; most frames are keys.
const READ_BYTES: usize = 4 << 10;

/// A buffer that grew beyond this is given back when it is empty.
const KEPT_BYTES: usize = 128 << 10;

/// The length in front of a frame.
const LENGTH_BYTES: usize = 4;

/// Reads frames.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    buffer: Vec<u8>,
    /// How much of the buffer has been returned.
    taken: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads from a stream that nobody else reads.
    pub fn new(stream: R) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            taken: 0,
        }
    }

    /// Waits for the next frame; none at the end of the stream.
    ///
    /// Cancel-safe. After an error the stream's position is unknown.
    ///
    /// # Errors
    /// [`Error::TooLong`] before anything is allocated, [`Error::Frame`], or
    /// [`Error::Broken`], also for an end in the middle of a frame.
    pub async fn next(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            let missing = match self.length()? {
                Some(length) => {
                    let end = self.taken + LENGTH_BYTES + length;
                    if let Some(frame) = self.buffer.get(self.taken + LENGTH_BYTES..end) {
                        let frame = Frame::decode(frame)?;
                        self.taken = end;
                        return Ok(Some(frame));
                    }
                    end - self.buffer.len()
                }
                None => LENGTH_BYTES,
            };
            self.make_room(missing);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                let is_whole = self.buffer.is_empty();
                return if is_whole {
                    Ok(None)
                } else {
                    Err(cut().into())
                };
            }
        }
    }

    /// The length of the frame that begins the rest of the buffer.
    fn length(&self) -> Result<Option<usize>, Error> {
        let Some(head) = self.buffer[self.taken..].first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*head) as usize;
        if length > MAX_FRAME_BYTES {
            Err(Error::TooLong(length))
        } else {
            Ok(Some(length))
        }
    }

    /// Moves the rest to the front and makes room behind it.
    fn make_room(&mut self, missing: usize) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        self.buffer.reserve(missing.max(READ_BYTES));
    }
}

/// Writes frames.
#[derive(Debug)]
pub struct FrameWriter<W> {
    stream: W,
    buffer: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    /// Writes to a stream that nobody else writes to.
    pub fn new(stream: W) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Writes one frame whole; waits while the other side does not read.
    ///
    /// Not cancel-safe: after a cancelled send only closing is right.
    ///
    /// # Errors
    /// What the stream said.
    pub async fn send(&mut self, frame: &Frame) -> Result<(), Error> {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BYTES);
        frame.encode_with_length(&mut self.buffer);
        self.stream.write_all(&self.buffer).await?;
        Ok(())
    }
}

fn cut() -> std::io::Error {
    std::io::ErrorKind::UnexpectedEof.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(bytes: &[u8]) -> (Vec<Frame>, Option<Error>) {
        let mut reader = FrameReader::new(bytes);
        let mut frames = Vec::new();
        loop {
            match reader.next().await {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return (frames, None),
                Err(error) => return (frames, Some(error)),
            }
        }
    }

    #[tokio::test]
    async fn frames_of_all_sizes_arrive_whole() {
        let sizes = [0, 1, 5000, MAX_FRAME_BYTES - 9, 3];
        let frames = sizes.map(|size| Frame::Data {
            seq: 5,
            bytes: vec![7; size],
        });
        let mut writer = FrameWriter::new(Vec::new());
        for frame in &frames {
            writer.send(frame).await.unwrap();
        }
        let (read, error) = read_all(&writer.stream).await;
        assert!(error.is_none() && read == frames);
    }

    #[tokio::test]
    async fn what_is_no_frame_is_an_error() {
        let (_, error) = read_all(b"GET / HTTP/1.1\r\n").await;
        assert!(matches!(error, Some(Error::TooLong(_))));
        let (_, error) = read_all(&[0, 0, 0, 0]).await;
        assert!(matches!(error, Some(Error::Frame(_))));
        let (_, error) = read_all(&[0, 0, 0, 9, 4]).await;
        assert!(matches!(error, Some(Error::Broken(_))));
    }
}
