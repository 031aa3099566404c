//! What a connect tells the command that wants it.

use crate::protocol::session::Phase;

/// What happens during a connect, for the command's display.
pub trait Watcher {
    /// Another command connects this target already; we wait for it.
    fn waits_for_another(&mut self);
    /// Whether the page shall be opened in a browser.
    fn wants_page(&self) -> bool;
    /// The page can be opened: `url` leads to the progress page, once.
    fn open_page(&mut self, name: &str, url: &str);
    /// ssh is about to be run, and may ask on this terminal.
    fn authenticates(&mut self);
    /// The steps so far.
    fn progressed(&mut self, phases: &[Phase]);
    /// This step has said nothing for a while.
    fn is_slow(&mut self, phase: &Phase);
    /// The port that was kept is taken; another is used.
    fn port_moved(&mut self, from: u16, to: u16);
}
