//! The bytes of the carrier's frames; the format is in the room's doc.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Error, VERSION};

/// First bytes on the wire, before the version.
const MAGIC: &[u8; 6] = b"ccpmux";

/// Length of a frame's header: kind, then length.
pub(super) const HEADER_LEN: usize = 3;

/// Largest payload of one frame; a key waits behind at most one of them.
pub(super) const FRAME_MAX: usize = 16 * 1024;

/// Length of the payload of every frame that is not data.
const CONTROL_LEN: u16 = 8;

const DATA: u8 = 0;
const DATA_MARKED: u8 = 1;
const ACK: u8 = 2;
const PING: u8 = 3;
const PONG: u8 = 4;

/// A frame as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Bytes for the mux; `is_marked` asks for an acknowledgement.
    Data { payload: Bytes, is_marked: bool },
    /// The other side received this many payload bytes since the start.
    Ack(u64),
    /// Asks for a pong with the same number.
    Ping(u64),
    /// Answers a ping.
    Pong(u64),
}

/// A frame without data, to be written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Control {
    /// See [`Frame::Ack`].
    Ack(u64),
    /// See [`Frame::Ping`].
    Ping(u64),
    /// See [`Frame::Pong`].
    Pong(u64),
}

/// Appends the hello: magic and version.
pub(super) fn put_hello(out: &mut BytesMut) {
    out.put_slice(MAGIC);
    out.put_u16(VERSION);
}

/// Takes the other side's hello; `false` when more bytes are needed.
///
/// # Errors
/// [`Error::Protocol`] when something else speaks there, [`Error::Version`]
/// when it speaks another version.
pub(super) fn take_hello(raw: &mut BytesMut) -> Result<bool, Error> {
    let known = raw.len().min(MAGIC.len());
    if raw[..known] != MAGIC[..known] {
        return Err(Error::Protocol("the other side's first bytes are no hello"));
    }
    if raw.len() < MAGIC.len() + size_of::<u16>() {
        return Ok(false);
    }
    raw.advance(MAGIC.len());
    match raw.get_u16() {
        VERSION => Ok(true),
        theirs => Err(Error::Version {
            ours: VERSION,
            theirs,
        }),
    }
}

/// Takes one whole frame; `None` when more bytes are needed.
///
/// # Errors
/// [`Error::Protocol`] for an unknown kind or an impossible length.
pub(super) fn take_frame(raw: &mut BytesMut) -> Result<Option<Frame>, Error> {
    if raw.len() < HEADER_LEN {
        return Ok(None);
    }
    let kind = raw[0];
    let len = u16::from_be_bytes([raw[1], raw[2]]);
    let is_possible = match kind {
        DATA | DATA_MARKED => (1..=FRAME_MAX).contains(&usize::from(len)),
        ACK | PING | PONG => len == CONTROL_LEN,
        _ => false,
    };
    if !is_possible {
        return Err(Error::Protocol("a frame of unknown kind or length"));
    }
    if raw.len() < HEADER_LEN + usize::from(len) {
        return Ok(None);
    }
    raw.advance(HEADER_LEN);
    let mut payload = raw.split_to(usize::from(len)).freeze();
    Ok(Some(match kind {
        ACK => Frame::Ack(payload.get_u64()),
        PING => Frame::Ping(payload.get_u64()),
        PONG => Frame::Pong(payload.get_u64()),
        _ => Frame::Data {
            payload,
            is_marked: kind == DATA_MARKED,
        },
    }))
}

/// Appends a frame without data.
pub(super) fn put_control(out: &mut BytesMut, control: Control) {
    let (kind, value) = match control {
        Control::Ack(upto) => (ACK, upto),
        Control::Ping(id) => (PING, id),
        Control::Pong(id) => (PONG, id),
    };
    out.put_u8(kind);
    out.put_u16(CONTROL_LEN);
    out.put_u64(value);
}

/// Writes the header of a data frame into the room left before its payload.
pub(super) fn head_data(frame: &mut [u8], is_marked: bool) {
    let len = u16::try_from(frame.len() - HEADER_LEN).expect("payload is at most FRAME_MAX");
    frame[0] = if is_marked { DATA_MARKED } else { DATA };
    frame[1..HEADER_LEN].copy_from_slice(&len.to_be_bytes());
}
