//! Reads the remote's lines out of whatever else it prints.

use std::io;

use tokio::io::AsyncBufRead;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;

use crate::protocol::attach::Line;

/// The longest line that is looked at; noise may have no newline at all.
const LINE_BYTES: usize = 256 << 10;

/// How much noise of the login shell is kept for an error's text: its end.
const NOISE_BYTES: usize = 2 << 10;

/// A stream of lines, those of ours behind a marker.
pub struct Lines<R> {
    source: R,
    marker: String,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    noise: String,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Reads from `source` what stands behind `marker`.
    pub fn new(source: R, marker: &str) -> Self {
        Self {
            source,
            marker: marker.to_owned(),
            partial: Vec::new(),
            noise: String::new(),
        }
    }

    /// Returns the next line of ours; `None` at the end. May be cancelled:
    /// what was read of a line is kept.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn next(&mut self) -> io::Result<Option<Line>> {
        self.next_by(Line::parse).await
    }

    /// The same for other lines of ours; `parse` gets the text and the marker.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn next_by<T>(
        &mut self,
        parse: impl Fn(&str, &str) -> Option<T>,
    ) -> io::Result<Option<T>> {
        loop {
            let room = LINE_BYTES - self.partial.len();
            let mut limited = (&mut self.source).take(room as u64);
            let read = limited.read_until(b'\n', &mut self.partial).await?;
            let is_whole = self.partial.ends_with(b"\n") || self.partial.len() == LINE_BYTES;
            if read == 0 && self.partial.is_empty() {
                return Ok(None);
            }
            if read > 0 && !is_whole {
                continue;
            }
            let text = String::from_utf8_lossy(&std::mem::take(&mut self.partial)).into_owned();
            match parse(&text, &self.marker) {
                Some(line) => return Ok(Some(line)),
                None => self.keep_noise(&text),
            }
        }
    }

    /// The end of what was not ours.
    pub fn noise(&self) -> &str {
        &self.noise
    }

    /// The last line of what was not ours.
    pub fn last_noise(&self) -> Option<&str> {
        self.noise
            .lines()
            .map(str::trim)
            .rfind(|line| !line.is_empty())
    }

    /// Gives the stream back, right behind the last line.
    pub fn into_source(self) -> R {
        self.source
    }

    fn keep_noise(&mut self, text: &str) {
        self.noise.push_str(text);
        let excess = self.noise.len().saturating_sub(NOISE_BYTES);
        let from = (excess..=self.noise.len()).find(|at| self.noise.is_char_boundary(*at));
        self.noise.drain(..from.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::io::BufReader;

    use super::*;

    const MARKER: &str = "@@ccp-k3v9m2qd";

    #[tokio::test]
    async fn a_cancelled_read_loses_nothing() {
        let (mut remote, source) = tokio::io::duplex(1024);
        let mut lines = Lines::new(BufReader::new(source), MARKER);
        remote.write_all(b"motd\n@@ccp-k3v9").await.unwrap();
        tokio::select! {
            biased;
            _ = lines.next() => panic!("half a line is none"),
            () = tokio::task::yield_now() => {}
        }
        remote
            .write_all(b"m2qd got 7\n@@ccp-k3v9m2qd starting\nrest")
            .await
            .unwrap();
        assert_eq!(lines.next().await.unwrap(), Some(Line::Got(7)));
        assert_eq!(lines.next().await.unwrap(), Some(Line::Starting));
        assert_eq!(lines.last_noise(), Some("motd"));
        drop(remote);
        assert_eq!(lines.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn endless_noise_stays_bounded() {
        let noise = vec![b'x'; 3 * LINE_BYTES];
        let mut lines = Lines::new(&noise[..], MARKER);
        assert_eq!(lines.next().await.unwrap(), None);
        assert!(lines.noise.len() <= NOISE_BYTES);
    }
}
