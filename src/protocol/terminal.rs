//! Terminal frames: page ↔ server over WebSocket, server ↔ holder over a socket.
//!
//! ```text
//! client                                   holder
//!   Hello {version, client, cols, rows, resume, layout}  ──▶
//!                                          ◀──  Hello {version, id, pid, output_seq, input_seq, …}
//!                                          ◀──  View {cols, rows, layout, …}    again when it changes
//!                                          ◀──  Replay*   (nothing, when `resume` is still held)
//!                                          ◀──  Data {seq, bytes} …      live
//!   Data {seq, bytes}                      ──▶  typed, from `input_seq` on
//!                                          ◀──  Ack {seq}   typed bytes that reached the pty
//!   Ack {seq}                              ──▶  drawn up to here
//!   Resize {cols, rows}                    ──▶  a wish; 0 × 0 while it is not to be seen
//!   Size {mine}                            ──▶  "use my size", or no longer
//!   History                                ──▶
//!                                          ◀──  Replay* whole: what left the screen, then the screen
//!                                          ◀──  Exit {code | signal}
//!   Ack {one more than all output}         ──▶  then the connection ends
//! ```
//!
//! A *replay* draws the screen exactly: the client resets its emulator first.
//! It holds what is above the screen only when it is *whole*. A client that is
//! far behind gets one instead of its backlog, and so does everybody after the
//! size has changed: the View with the new size comes before it.
//!
//! **Size.** The terminal has the smallest width and the smallest height of
//! all clients that have a size, or the size of the one that last asked for
//! its own. *Layout* counts the changes; output resumes only in the same one.
//!
//! **Leader.** Exactly one client with a size leads: the one that last typed
//! or resized. Its emulator alone answers what programs ask their terminal;
//! the holder answers when there is no client.
//!
//! A sequence number counts bytes since the terminal began (output) or since
//! this client id first typed (input); it names the position *before* the
//! frame's first byte. Output is acknowledged so that the holder keeps at most
//! [`WINDOW_BYTES`] on the way to a client: one that falls far behind gets a
//! replay instead of the backlog, and the program in the terminal never waits
//! for a browser. Input is acknowledged so
//! that a client which reconnects sends again exactly what did not arrive. The
//! Exit takes the position behind the last byte: its Ack is one more. Without
//! that the holder keeps the last screen for the next client.
//!
//! **Carriers.** On a byte stream each frame is `length: u32 big-endian`, then
//! `length` bytes of `kind: u8` and body. On a WebSocket one binary message is
//! one frame, without the length. Integers are big-endian.
//!
//! On a WebSocket the page's Hello may also stand in the URL, as its JSON:
//! `/terminal/t7f3a?hello={…}`. It is answered as soon as the WebSocket is
//! open, a round trip sooner, and a Hello that comes as a frame is passed over.
//! With `&first=true` a terminal of this id is started, if there is none at all;
//! where there are others it is Refused with the code `others`. So a first
//! visit needs one connection and one round trip, not a list and a start.
//!
//! | kind | frame | body |
//! | --- | --- | --- |
//! | 1 | Hello | JSON, [`ClientHello`] or [`HolderHello`] |
//! | 2 | Replay | `seq: u64`, `flags: u8` (1 = clear first, 2 = last, 4 = whole), bytes |
//! | 3 | Data | `seq: u64`, bytes |
//! | 4 | Ack | `seq: u64` |
//! | 5 | Resize | `cols: u16`, `rows: u16` |
//! | 6 | Exit | JSON, [`Exit`] |
//! | 7 | Refused | JSON, [`Refused`] |
//! | 8 | Kill | nothing; server to holder only |
//! | 9 | View | JSON, [`View`]; since version 2 |
//! | 10 | History | nothing; since version 2 |
//! | 11 | Size | `mine: u8`; since version 2 |
//!
//! A client that says 0 columns only looks: it does not count for the size,
//! and usually goes after the holder's hello. In version 1 there is no View:
//! the client keeps a size of its own, and counts as the leader.

use serde::Deserialize;
use serde::Serialize;

/// The newest version of this protocol that this build speaks.
pub const VERSION: u16 = 2;

/// The oldest version that this build still speaks.
pub const OLDEST_VERSION: u16 = 1;

/// Names the terminal to what runs in it: `COCALC_PLUS_TERMINAL=t7f3a`.
pub const ID_VARIABLE: &str = "COCALC_PLUS_TERMINAL";

/// The largest frame, kind included; a longer one ends the connection.
///
/// Large enough for a pasted file in one message, small enough that a hostile
/// length cannot make either side allocate much.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// The most bytes of output that may be unacknowledged on the way to a client.
///
/// Below about 256 KiB a 100 ms link starves; above 1 MiB Ctrl-C under flood
/// is answered late, because a browser draws 2 to 3 MB/s.
pub const WINDOW_BYTES: u64 = 512 << 10;

/// The first frame of a client.
///
/// `{"version":2,"client":"Zk3…","cols":80,"rows":24,"resume":1048576,"layout":3}`
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ClientHello {
    /// The newest version that the client speaks.
    pub version: u16,
    /// A random name, kept by the page for its life: input is counted under it.
    /// At most 64 bytes.
    pub client: String,
    /// The client's width in cells; 0 only looks.
    pub cols: u16,
    /// The client's height in cells; 0 only looks.
    pub rows: u16,
    /// The output position that the client has drawn, if it has drawn any.
    #[serde(default)]
    pub resume: Option<u64>,
    /// The layout in which it has drawn it; absent in version 1.
    #[serde(default)]
    pub layout: Option<u64>,
}

/// The holder's answer to a [`ClientHello`].
///
/// `{"version":1,"id":"t7f3a","pid":4711,"title":"bash","cols":80,"rows":24,`
/// `"output_seq":1048600,"input_seq":12,"started_at":1795248000000}`
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct HolderHello {
    /// The version that both sides use from here on.
    pub version: u16,
    /// The terminal's id: `[a-z0-9]`, at most 16.
    pub id: String,
    /// The process id of the program that the pty runs.
    pub pid: u32,
    /// The program's name, `bash`.
    pub title: String,
    /// The pty's width in cells.
    pub cols: u16,
    /// The pty's height in cells.
    pub rows: u16,
    /// Bytes of output since the terminal began.
    pub output_seq: u64,
    /// Bytes of input taken from this client id.
    pub input_seq: u64,
    /// When the terminal began, in milliseconds since 1970.
    pub started_at: u64,
    /// What the program calls its terminal (OSC 0 or 2), if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where the program says it works (OSC 7), if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Clients that have a size, without this one.
    #[serde(default)]
    pub clients: u32,
    /// How the program ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
}

/// How a client is to show the terminal:
/// `{"cols":80,"rows":24,"layout":3,"clients":2,"leads":true,"sized_by":"smallest"}`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct View {
    /// The terminal's width in cells.
    pub cols: u16,
    /// The terminal's height in cells.
    pub rows: u16,
    /// Counts the changes of the size.
    pub layout: u64,
    /// How many clients have a size.
    pub clients: u32,
    /// Whether this client's emulator answers what programs ask.
    pub leads: bool,
    /// Whose size it is.
    pub sized_by: SizedBy,
}

/// Who decides about a terminal's size.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SizedBy {
    /// Nobody alone: the smallest of all.
    Smallest,
    /// This client, which asked for its size.
    You,
    /// Another client, which asked for its size.
    Other,
}

/// How the program in the terminal ended: `{"code":0}` or `{"signal":9}`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Exit {
    /// The exit status, if it exited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The signal's number, if a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(0), _) => write!(f, "ended"),
            (Some(code), _) => write!(f, "ended with exit code {code}"),
            (None, Some(signal)) => write!(f, "was ended by signal {signal}"),
            (None, None) => write!(f, "ended, how is not known"),
        }
    }
}

/// Why a connection is refused: `{"code":"version","message":"…"}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// A stable word: `version`, `gone`, `killed`, `others`, `protocol`, `busy`.
    pub code: String,
    /// A sentence for a person, which names the side to upgrade if it is that.
    pub message: String,
}

/// One frame, in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Opens the connection; the body is JSON.
    Hello(Vec<u8>),
    /// What to draw before live output: `seq` is where live output continues.
    Replay {
        /// The output position after the last chunk of this replay.
        seq: u64,
        /// Whether the client clears its screen first.
        clear: bool,
        /// Whether this is the last chunk.
        last: bool,
        /// Whether it holds what is above the screen too.
        whole: bool,
        /// Bytes for the terminal emulator, which must not answer them.
        bytes: Vec<u8>,
    },
    /// Output (holder to client) or input (client to holder).
    Data {
        /// The position before the first byte.
        seq: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Everything below this position has been taken.
    Ack {
        /// The position after the last byte taken.
        seq: u64,
    },
    /// The client's window changed.
    Resize {
        /// Width in cells.
        cols: u16,
        /// Height in cells.
        rows: u16,
    },
    /// The program ended; nothing follows.
    Exit(Exit),
    /// The connection is refused; nothing follows.
    Refused(Refused),
    /// Hangs up the program and its session, then kills what is left of it,
    /// but for what ignores a hang-up or has left the session.
    ///
    /// From the server only: it is never taken from a page's WebSocket.
    Kill,
    /// The size and the part that the client has in it; the body is JSON.
    View(View),
    /// Asks for a whole replay.
    History,
    /// Whether the client asks for its own size.
    Size {
        /// It does; else the smallest of all counts again.
        mine: bool,
    },
    /// A kind that this build does not know; ignored.
    Unknown(u8),
}

/// Why bytes are not a frame.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The body is shorter than its kind needs.
    #[error("a terminal frame of kind {kind} is cut short")]
    Short {
        /// The frame's kind.
        kind: u8,
    },
    /// There is not even a kind.
    #[error("an empty terminal frame")]
    Empty,
    /// A JSON body does not parse.
    #[error("a terminal frame of kind {kind} holds no valid JSON")]
    Json {
        /// The frame's kind.
        kind: u8,
    },
}

impl Frame {
    /// Encodes a JSON hello of either side.
    ///
    /// # Panics
    /// Never: both hello types serialise.
    pub fn hello<T: Serialize>(hello: &T) -> Self {
        Self::Hello(serde_json::to_vec(hello).expect("a hello of strings and numbers serialises"))
    }

    /// Appends `kind` and body to `out`, as one WebSocket message.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello(json) => put(out, 1, &[json]),
            Self::Replay {
                seq,
                clear,
                last,
                whole,
                bytes,
            } => {
                let flags = u8::from(*clear) | u8::from(*last) << 1 | u8::from(*whole) << 2;
                put(out, 2, &[&seq.to_be_bytes(), &[flags], bytes]);
            }
            Self::Data { seq, bytes } => put(out, 3, &[&seq.to_be_bytes(), bytes]),
            Self::Ack { seq } => put(out, 4, &[&seq.to_be_bytes()]),
            Self::Resize { cols, rows } => {
                put(out, 5, &[&cols.to_be_bytes(), &rows.to_be_bytes()]);
            }
            Self::Exit(exit) => put(out, 6, &[&json(exit)]),
            Self::Refused(refused) => put(out, 7, &[&json(refused)]),
            Self::Kill => put(out, 8, &[]),
            Self::View(view) => put(out, 9, &[&json(view)]),
            Self::History => put(out, 10, &[]),
            Self::Size { mine } => put(out, 11, &[&[u8::from(*mine)]]),
            Self::Unknown(kind) => put(out, *kind, &[]),
        }
    }

    /// Decodes `kind` and body, as one WebSocket message holds them.
    ///
    /// # Errors
    /// [`FrameError`] when the body is too short or its JSON does not parse.
    pub fn decode(message: &[u8]) -> Result<Self, FrameError> {
        let (&kind, body) = message.split_first().ok_or(FrameError::Empty)?;
        let short = FrameError::Short { kind };
        Ok(match kind {
            1 => Self::Hello(body.to_vec()),
            2 => {
                let (seq, rest) = take_u64(body).ok_or(short)?;
                let (&flags, bytes) = rest.split_first().ok_or(FrameError::Short { kind })?;
                let bytes = bytes.to_vec();
                Self::Replay {
                    seq,
                    clear: flags & 1 != 0,
                    last: flags & 2 != 0,
                    whole: flags & 4 != 0,
                    bytes,
                }
            }
            3 => {
                let (seq, bytes) = take_u64(body).ok_or(short)?;
                Self::Data {
                    seq,
                    bytes: bytes.to_vec(),
                }
            }
            4 => Self::Ack {
                seq: take_u64(body).ok_or(short)?.0,
            },
            5 => {
                let &[a, b, c, d, ..] = body else {
                    return Err(short);
                };
                Self::Resize {
                    cols: u16::from_be_bytes([a, b]),
                    rows: u16::from_be_bytes([c, d]),
                }
            }
            6 => Self::Exit(serde_json::from_slice(body).map_err(|_| FrameError::Json { kind })?),
            7 => {
                Self::Refused(serde_json::from_slice(body).map_err(|_| FrameError::Json { kind })?)
            }
            8 => Self::Kill,
            9 => Self::View(serde_json::from_slice(body).map_err(|_| FrameError::Json { kind })?),
            10 => Self::History,
            11 => Self::Size {
                mine: *body.first().ok_or(short)? != 0,
            },
            other => Self::Unknown(other),
        })
    }

    /// Appends the frame with its length in front, for a byte stream.
    pub fn encode_with_length(&self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&[0; 4]);
        self.encode(out);
        let length = u32::try_from(out.len() - at - 4).expect("a frame is below 4 GiB");
        out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
}

/// Chooses the version for a client that speaks up to `theirs`.
///
/// # Errors
/// A [`Refused`] that says which side to upgrade.
pub fn agree_on_version(theirs: u16) -> Result<u16, Refused> {
    let version = theirs.min(VERSION);
    if version >= OLDEST_VERSION {
        return Ok(version);
    }
    Err(Refused {
        code: "version".into(),
        message: format!(
            "the page speaks version {theirs} of the terminal protocol, this terminal speaks \
             {OLDEST_VERSION} to {VERSION}: reload the page"
        ),
    })
}

fn put(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    out.push(kind);
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn json<T: Serialize>(body: &T) -> Vec<u8> {
    serde_json::to_vec(body).expect("strings and numbers serialise")
}

fn take_u64(body: &[u8]) -> Option<(u64, &[u8])> {
    let (head, rest) = body.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*head), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> Vec<Frame> {
        vec![
            Frame::Hello(br#"{"version":1}"#.to_vec()),
            Frame::Replay {
                seq: 7,
                clear: true,
                last: false,
                whole: true,
                bytes: b"abc".to_vec(),
            },
            Frame::Data {
                seq: u64::MAX,
                bytes: vec![0, 255],
            },
            Frame::Ack { seq: 9 },
            Frame::Resize { cols: 80, rows: 24 },
            Frame::Exit(Exit {
                code: Some(0),
                signal: None,
            }),
            Frame::Refused(Refused {
                code: "gone".into(),
                message: "m".into(),
            }),
            Frame::Kill,
            Frame::View(View {
                cols: 80,
                rows: 24,
                layout: 3,
                clients: 2,
                leads: true,
                sized_by: SizedBy::Smallest,
            }),
            Frame::History,
            Frame::Size { mine: true },
        ]
    }

    #[test]
    fn every_frame_survives_a_round_trip() {
        for frame in every_kind() {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            assert_eq!(Frame::decode(&bytes).unwrap(), frame);
        }
    }

    #[test]
    fn a_cut_frame_is_an_error_and_never_a_panic() {
        for frame in every_kind() {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            for end in 0..bytes.len() {
                let _ = Frame::decode(&bytes[..end]);
            }
        }
        assert_eq!(Frame::decode(&[]), Err(FrameError::Empty));
        assert_eq!(Frame::decode(&[4, 1]), Err(FrameError::Short { kind: 4 }));
    }

    #[test]
    fn an_unknown_kind_is_kept_apart_and_not_an_error() {
        assert_eq!(Frame::decode(&[200, 1, 2]), Ok(Frame::Unknown(200)));
    }

    #[test]
    fn versions_meet_at_the_lower_one() {
        assert_eq!(agree_on_version(VERSION + 5), Ok(VERSION));
        assert_eq!(agree_on_version(0).unwrap_err().code, "version");
    }

    fn bytes_of(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    fn frame_of(shape: &serde_json::Value) -> Frame {
        let text = |name: &str| shape[name].as_str().unwrap_or_default();
        let seq = text("seq").parse().unwrap_or_default();
        let bytes = bytes_of(text("bytes"));
        let number = |name: &str| u16::try_from(shape[name].as_u64().unwrap()).unwrap();
        let flag = |name: &str| shape[name].as_bool().unwrap();
        match text("kind") {
            "hello" => Frame::Hello(bytes),
            "replay" => Frame::Replay {
                seq,
                clear: flag("clear"),
                last: flag("last"),
                whole: flag("whole"),
                bytes,
            },
            "data" => Frame::Data { seq, bytes },
            "ack" => Frame::Ack { seq },
            "resize" => Frame::Resize {
                cols: number("cols"),
                rows: number("rows"),
            },
            "exit" => Frame::Exit(serde_json::from_value(shape["exit"].clone()).unwrap()),
            "refused" => Frame::Refused(serde_json::from_value(shape["refused"].clone()).unwrap()),
            "kill" => Frame::Kill,
            "view" => Frame::View(serde_json::from_value(shape["view"].clone()).unwrap()),
            "history" => Frame::History,
            "size" => Frame::Size {
                mine: text("size") == "mine",
            },
            other => panic!("a golden sample of kind {other}"),
        }
    }

    #[test]
    fn the_golden_samples_are_these_frames() {
        let samples: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../tests/golden/terminal-frames.json")).unwrap();
        assert!(samples.len() >= 8);
        for sample in samples {
            let expected = frame_of(&sample["frame"]);
            let message = bytes_of(sample["hex"].as_str().unwrap());
            assert_eq!(
                Frame::decode(&message).unwrap(),
                expected,
                "{}",
                sample["name"]
            );
            let mut encoded = Vec::new();
            expected.encode(&mut encoded);
            assert_eq!(encoded, message, "{}", sample["name"]);
        }
    }
}
