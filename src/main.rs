//! The `cocalc-plus` program: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    cocalc_plus::cli::run()
}
