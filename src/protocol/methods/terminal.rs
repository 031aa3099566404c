//! Terminals: what is listed, started and ended.

use super::Nothing;
use super::methods;
use crate::protocol::call::KillTerminal;
use crate::protocol::call::NewTerminal;
use crate::protocol::call::TerminalRow;
use crate::protocol::call::Terminals;

methods! {
    /// Lists the terminals, oldest first.
    List = "terminal.list", Reads, 20 s: Nothing => One Terminals;

    /// Starts a terminal with a login shell.
    New = "terminal.new", Changes, 20 s: NewTerminal => One TerminalRow;

    /// Ends a terminal and what runs in it; 404 when there is none.
    Kill = "terminal.kill", Changes, 20 s: KillTerminal => One Nothing;
}
