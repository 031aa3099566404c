//! `cocalc-plus terminal attach`.

use std::process::ExitCode;

use super::CliError;
use super::Exit;
use super::Instance;
use super::list;
use super::of_terminal;
use super::output;
use crate::holder;
use crate::holder::DetachKey;
use crate::holder::Left;
use crate::plus::terminals;
use crate::protocol::terminal;
use crate::protocol::terminal::Exit as ProgramExit;
use crate::sys::env;
use crate::sys::tty;

/// What a shell adds to a signal's number.
const SIGNALLED: u8 = 128;

/// Show a terminal inside this one
///
/// Detach with Ctrl-\; the terminal runs on. It has the size that fits all
/// windows which show it; in a larger or smaller one it is drawn as far as
/// there is room. Exits with the exit code of the terminal's program (128 plus
/// the signal's number, if one ended it), and with 0 after a detach.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The terminal; not needed while there is only one
    id: Option<String>,

    /// Detach with this key, ctrl-a to ctrl-z, ctrl-\ or ctrl-]
    #[arg(long, value_name = "KEY", default_value_t = DetachKey::DEFAULT)]
    detach_key: DetachKey,
}

pub(super) async fn run(args: &Args, instance: &Instance) -> Result<ExitCode, CliError> {
    if !tty::is_here() {
        let text = "attach needs a terminal on stdin and stdout";
        let hint = "cocalc-plus terminal capture ID";
        return Err(CliError::hinted(text, hint));
    }
    let id = match &args.id {
        Some(id) => id.clone(),
        None => only_one(instance).await?,
    };
    if env::var(terminal::ID_VARIABLE).as_deref() == Some(&*id) {
        let text = format!("this is the terminal `{id}`, which cannot show itself");
        return Err(CliError::hinted(text, "cocalc-plus terminal list"));
    }
    let left = holder::show(&instance.holders(), &id, args.detach_key).await;
    Ok(match left.map_err(of_terminal(&id))? {
        Left::Detached => {
            output::say(&format!("detached from {id}"));
            Exit::Success.into()
        }
        Left::Ended(exit) => {
            output::say(&format!("{id} {exit}"));
            code(exit)
        }
    })
}

async fn only_one(instance: &Instance) -> Result<String, CliError> {
    let mut rows = terminals::list(instance).await;
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row.id),
        (None, _) => Err(CliError::hinted(
            "there is no terminal",
            "cocalc-plus terminal new",
        )),
        (Some(last), false) => {
            rows.push(last);
            let text = format!("which terminal?\n\n{}", list::table(&rows));
            let hint = format!("cocalc-plus terminal attach {}", rows[0].id);
            Err(CliError::hinted(text, hint))
        }
    }
}

fn code(exit: ProgramExit) -> ExitCode {
    let number = |number: i32| u8::try_from(number).ok();
    let signalled = || number(exit.signal?)?.checked_add(SIGNALLED);
    exit.code
        .and_then(number)
        .or_else(signalled)
        .map_or_else(|| Exit::Failure.into(), ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_and_passed_on() {
        let exit = |code, signal| ProgramExit { code, signal };
        for (exit, text, passed) in [
            (exit(Some(0), None), "t1 ended", 0),
            (exit(Some(7), None), "t1 ended with exit code 7", 7),
            (exit(None, Some(9)), "t1 was ended by signal 9", 137),
            (exit(None, None), "t1 ended, how is not known", 1),
        ] {
            assert_eq!(format!("t1 {exit}"), text);
            assert_eq!(code(exit), ExitCode::from(passed));
        }
    }
}
