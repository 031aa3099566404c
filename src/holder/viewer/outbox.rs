//! Frames on their way to the holder.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::wire::FrameWriter;
use crate::protocol::terminal::Frame;
use crate::sys::pty::Size;

/// How much typed input waits for the holder; beyond, the tty is not read.
const MAX_TYPED_BYTES: usize = 1 << 20;

/// The most typed bytes in one frame.
const TYPED_FRAME_BYTES: usize = 16 << 10;

/// How many frames wait for the socket.
const OUTBOX_FRAMES: usize = 8;

/// How long what was typed before the end may take to reach the holder.
const LAST_FRAMES_DEADLINE: Duration = Duration::from_secs(1);

/// Frames on their way to the holder; a task writes them, one after the other.
pub(super) struct Outbox {
    frames: VecDeque<Frame>,
    /// Typed, and not in a frame yet.
    typed: VecDeque<u8>,
    /// The position of the first of them.
    position: u64,
    /// The newest acknowledgement.
    acknowledged: u64,
    sender: mpsc::Sender<Frame>,
    writing: JoinHandle<()>,
}

impl Outbox {
    /// Begins with input at this position.
    pub(super) fn new(mut writer: FrameWriter<OwnedWriteHalf>, position: u64) -> Self {
        let (sender, mut receiver) = mpsc::channel(OUTBOX_FRAMES);
        let writing = tokio::spawn(async move {
            while let Some(frame) = receiver.recv().await {
                // Why it takes no more is read from it.
                if writer.send(&frame).await.is_err() {
                    return;
                }
            }
        });
        Self {
            frames: VecDeque::new(),
            typed: VecDeque::new(),
            position,
            acknowledged: 0,
            sender,
            writing,
        }
    }

    /// Says whether more may be typed.
    pub(super) fn has_room(&self) -> bool {
        self.typed.len() < MAX_TYPED_BYTES
    }

    /// Says whether nothing waits for the task.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.typed.is_empty()
    }

    /// Types.
    pub(super) fn type_in(&mut self, bytes: &[u8]) {
        self.typed.extend(bytes);
    }

    /// Acknowledges output; the newest acknowledgement says it all.
    pub(super) fn acknowledge(&mut self, seq: u64) {
        self.frames
            .retain(|frame| !matches!(frame, Frame::Ack { .. }));
        self.frames.push_back(Frame::Ack { seq });
        self.acknowledged = seq;
    }

    /// Acknowledges the end of the program, which comes behind all output.
    pub(super) fn acknowledge_end(&mut self) {
        self.acknowledge(self.acknowledged + 1);
    }

    /// Tells the window's size; only the newest counts.
    pub(super) fn resize(&mut self, Size { cols, rows }: Size) {
        self.frames
            .retain(|frame| !matches!(frame, Frame::Resize { .. }));
        self.frames.push_back(Frame::Resize { cols, rows });
    }

    /// Gives one frame to the task. Cancel-safe.
    pub(super) async fn pass_on(&mut self) {
        let Ok(permit) = self.sender.reserve().await else {
            // The connection broke; the reader says so.
            return std::future::pending().await;
        };
        let frame = self.frames.pop_front().or_else(|| {
            let length = self.typed.len().min(TYPED_FRAME_BYTES);
            let bytes: Vec<u8> = self.typed.drain(..length).collect();
            let seq = self.position;
            self.position += bytes.len() as u64;
            (!bytes.is_empty()).then_some(Frame::Data { seq, bytes })
        });
        if let Some(frame) = frame {
            permit.send(frame);
        }
    }

    /// Waits until everything is sent, within a deadline.
    pub(super) async fn close(mut self) {
        let sending = async {
            while !self.is_empty() {
                self.pass_on().await;
            }
            drop(self.sender);
            let _ = (&mut self.writing).await;
        };
        // The task ends with the runtime; what it holds then is lost.
        let _ = timeout(LAST_FRAMES_DEADLINE, sending).await;
    }
}
