//! What a terminal shows, as text.

use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::client;
use super::error::Error;
use super::screen::Screen;
use crate::protocol::terminal::Frame;
use crate::sys::pty::Size;

/// How long a holder may take to draw everything.
const DEADLINE: Duration = Duration::from_secs(30);

/// How much of a terminal to capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The rows of the screen.
    Screen,
    /// What left the screen too, oldest line first.
    Everything,
}

/// What a terminal showed at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Lines above the screen, each as long as the program printed it; then
    /// the screen's rows. None ends with a space.
    pub lines: Vec<String>,
    /// How many of the lines are rows of the screen.
    pub rows: u16,
    /// The screen's width in cells.
    pub cols: u16,
    /// Where the cursor stands: column and row of the screen, from 0.
    pub cursor: (u16, u16),
}

/// Asks a holder what its terminal shows.
///
/// # Errors
/// Those of [`client::connect`], or [`Error::Late`] after 30 s.
pub async fn capture(dir: &Path, id: &str, extent: Extent) -> Result<Capture, Error> {
    let socket = client::socket_path(dir, id)?;
    timeout(DEADLINE, draw(&socket, extent))
        .await
        .map_err(|_| Error::Late(DEADLINE))?
}

async fn draw(socket: &Path, extent: Extent) -> Result<Capture, Error> {
    let (hello, mut reader, mut writer) = client::look(socket).await?;
    let (mut cols, mut rows) = (hello.cols, hello.rows);
    let wants_all = extent == Extent::Everything && hello.version >= 2;
    if wants_all {
        writer.send(&Frame::History).await?;
    }
    let mut drawing = Vec::new();
    loop {
        match reader.next().await?.ok_or(Error::NoHello)? {
            Frame::View(view) => (cols, rows) = (view.cols, view.rows),
            Frame::Replay {
                clear,
                last,
                whole,
                bytes,
                ..
            } => {
                if clear {
                    drawing.clear();
                }
                drawing.extend(bytes);
                if last && whole == wants_all {
                    break;
                }
            }
            _ => {}
        }
    }
    let mut screen = Screen::new(Size { cols, rows }, usize::MAX);
    screen.feed(&drawing);
    Ok(screen.capture(extent))
}
