//! `cocalc-plus completions`: what shells complete.

use std::io::Write;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::error::CliError;
use super::exit::Exit;

/// Print the completions of a shell
///
/// Put them where the shell looks, for example:
/// cocalc-plus completions bash > ~/.local/share/bash-completion/completions/cocalc-plus
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(args: &Args) -> Result<Exit, CliError> {
    std::io::stdout().write_all(&completion(args.shell))?;
    Ok(Exit::Success)
}

/// Returns every generated file below the repository's root: completions of
/// bash, zsh and fish, and a manual page for each public command.
///
/// # Errors
/// When a manual page cannot be rendered.
pub fn generated() -> std::io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = vec![
        (
            PathBuf::from("completions/cocalc-plus.bash"),
            completion(Shell::Bash),
        ),
        (
            PathBuf::from("completions/_cocalc-plus"),
            completion(Shell::Zsh),
        ),
        (
            PathBuf::from("completions/cocalc-plus.fish"),
            completion(Shell::Fish),
        ),
    ];
    let mut root = shown(Cli::command());
    root.build();
    manual(&root, "cocalc-plus", &mut files)?;
    Ok(files)
}

fn completion(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut shown(Cli::command()), "cocalc-plus", &mut out);
    out
}

/// Leaves the hidden subcommands out.
fn shown(command: clap::Command) -> clap::Command {
    let mut public = clap::Command::new(command.get_name().to_owned())
        .about(command.get_about().cloned().unwrap_or_default())
        .version(command.get_version().unwrap_or_default().to_owned());
    if let Some(long) = command.get_long_about() {
        public = public.long_about(long.clone());
    }
    public = public.args(command.get_arguments().cloned().collect::<Vec<_>>());
    public.subcommands(
        command
            .get_subcommands()
            .filter(|sub| !sub.is_hide_set())
            .cloned()
            .collect::<Vec<_>>(),
    )
}

fn manual(
    command: &clap::Command,
    name: &str,
    files: &mut Vec<(PathBuf, Vec<u8>)>,
) -> std::io::Result<()> {
    let page = command
        .clone()
        .name(name.to_owned())
        .display_name(name.to_owned());
    let mut text = Vec::new();
    let man = clap_mangen::Man::new(page)
        .date("")
        .manual("cocalc-plus")
        .source(env!("CARGO_PKG_VERSION"));
    man.render(&mut text)?;
    if name == "cocalc-plus" {
        text.extend_from_slice(exit_status().as_bytes());
    }
    files.push((PathBuf::from(format!("man/{name}.1")), text));
    for sub in command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
    {
        manual(sub, &format!("{name}-{}", sub.get_name()), files)?;
    }
    Ok(())
}

/// The manual's section of exit codes.
fn exit_status() -> String {
    let mut text = String::from(".SH \"EXIT STATUS\"\n");
    let other = (Exit::Ssh, "ssh failed with something else");
    for (code, cause) in Exit::ALL.into_iter().chain([other]) {
        text.push_str(&format!(".TP\n\\fB{}\\fR\n{cause}\n", code as u8));
    }
    text.push_str(".PP\n\\fBterminal attach\\fR exits with the code of the terminal's program.\n");
    text
}
