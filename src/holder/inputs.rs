//! Which typed bytes were taken, so that none is typed twice; does no IO.
//!
//! A client numbers what it types under a name that it keeps while it
//! reconnects. Two positions are kept for each name: *accepted*, up to which
//! bytes are queued here and will be typed whatever happens to the connection,
//! and *written*, up to which the pty took them. A client that reconnects goes
//! on at accepted; it forgets its copy at written.

use std::sync::Arc;

/// How many names are remembered; the least recently typing one goes first.
///
/// A page that was forgotten and resends what was already typed would type it
/// twice: 64 other pages must have typed since it last did.
pub(super) const MAX_TYPISTS: usize = 64;

/// The positions of everybody who typed lately.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// The most recent last.
    typists: Vec<Typist>,
}

#[derive(Debug)]
struct Typist {
    client: Arc<str>,
    accepted: u64,
    written: u64,
}

/// Bytes are missing before the ones that came; says what was expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// The position that the client should have gone on at.
    pub(super) expected: u64,
}

impl Inputs {
    /// Up to where this client's bytes are queued or written; 0 if unknown.
    pub(super) fn accepted(&self, client: &str) -> u64 {
        self.find(client).map_or(0, |typist| typist.accepted)
    }

    /// Up to where this client's bytes reached the pty; 0 if unknown.
    pub(super) fn written(&self, client: &str) -> u64 {
        self.find(client).map_or(0, |typist| typist.written)
    }

    /// Accepts `length` bytes at `seq`; tells how many of them came before.
    ///
    /// A client that is not known begins wherever it says, so that one whose
    /// name was forgotten goes on.
    ///
    /// # Errors
    /// [`Gap`], and nothing has changed.
    pub(super) fn accept(
        &mut self,
        client: &Arc<str>,
        seq: u64,
        length: usize,
    ) -> Result<usize, Gap> {
        let mut typist = match self
            .typists
            .iter()
            .position(|typist| typist.client == *client)
        {
            Some(at) => self.typists.remove(at),
            None => Typist {
                client: Arc::clone(client),
                accepted: seq,
                written: seq,
            },
        };
        let expected = typist.accepted;
        let end = seq.saturating_add(length as u64);
        typist.accepted = expected.max(if seq <= expected { end } else { 0 });
        if self.typists.len() == MAX_TYPISTS {
            self.typists.remove(0);
        }
        self.typists.push(typist);
        let known = usize::try_from(expected.checked_sub(seq).ok_or(Gap { expected })?);
        Ok(known.unwrap_or(usize::MAX).min(length))
    }

    /// Notes that the pty took everything below `end`.
    pub(super) fn wrote(&mut self, client: &str, end: u64) {
        if let Some(typist) = self
            .typists
            .iter_mut()
            .find(|typist| *typist.client == *client)
        {
            typist.written = typist.written.max(end);
        }
    }

    fn find(&self, client: &str) -> Option<&Typist> {
        self.typists.iter().find(|typist| *typist.client == *client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_accepted_once() {
        let mut inputs = Inputs::default();
        let page: Arc<str> = "page".into();
        // (seq, length, already known)
        for (seq, length, known) in [(0, 5, 0), (0, 5, 5), (3, 5, 2), (8, 1, 0), (2, 3, 3)] {
            assert_eq!(inputs.accept(&page, seq, length), Ok(known));
        }
        assert_eq!((inputs.accepted("page"), inputs.written("page")), (9, 0));
        assert_eq!(inputs.accept(&page, 10, 1), Err(Gap { expected: 9 }));
        assert_eq!(inputs.accepted("page"), 9);
        inputs.wrote("page", 4);
        assert_eq!(inputs.written("page"), 4);
    }

    #[test]
    fn a_position_near_the_end_of_numbers_is_harmless() {
        let mut inputs = Inputs::default();
        let page: Arc<str> = "page".into();
        assert_eq!(inputs.accept(&page, u64::MAX, 5), Ok(0));
        assert_eq!(inputs.accept(&page, 0, 5), Ok(5));
    }

    #[test]
    fn the_least_recent_name_goes_first() {
        let mut inputs = Inputs::default();
        let name = |n: usize| -> Arc<str> { format!("page{n}").into() };
        for n in 0..MAX_TYPISTS {
            inputs.accept(&name(n), 0, 7).unwrap();
        }
        inputs.accept(&name(0), 7, 1).unwrap();
        inputs.accept(&name(99), 0, 1).unwrap();
        assert_eq!(inputs.accepted("page0"), 8);
        assert_eq!(inputs.accepted("page1"), 0);
        assert_eq!(inputs.typists.len(), MAX_TYPISTS);
        assert_eq!(
            inputs.accept(&name(1), 7, 1),
            Ok(0),
            "it goes on where it says"
        );
    }
}
