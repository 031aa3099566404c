//! `cocalc-plus config edit`: the file in a person's editor.

use std::fs;
use std::io;
use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::plus::settings;
use crate::plus::settings::Replaced;
use crate::plus::settings::SCHEMA;
use crate::plus::settings::Starter;
use crate::sys::env;
use crate::sys::files;
use crate::sys::process;
use crate::sys::secret;

/// What is edited where there is no file yet: every setting, switched off.
fn template() -> String {
    let mut text =
        String::from("# Settings of cocalc-plus; `cocalc-plus config list` shows what holds.\n");
    for setting in SCHEMA.0 {
        let value = match setting.default_value() {
            Some(value) if value.text().is_none() => value.to_string(),
            Some(value) => format!("\"{value}\""),
            None => String::new(),
        };
        text.push_str(&format!(
            "\n# {}: {}.\n",
            setting.sentence,
            setting.kind.allowed()
        ));
        text.push_str(format!("# {} = {value}", setting.key).trim_end());
        text.push('\n');
    }
    text
}

/// Lets a person edit a copy, and puts it in the file's place if it is good.
///
/// # Errors
/// [`CliError`] with file, line and what is wrong; what was typed is kept in the
/// copy, which is named.
pub(super) fn run() -> Result<Exit, CliError> {
    let path = settings::path();
    let before = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(CliError::File { path, source }),
    };
    let dir = path.parent().unwrap_or(Path::new("/"));
    files::make_dir(dir)?;
    let copy = dir.join(format!("config.{}.toml", secret::word(6)));
    let offered = if before.is_empty() {
        template()
    } else {
        before.clone()
    };
    files::write_private(&copy, offered.as_bytes())?;
    let edited = edit(&copy);
    let text = fs::read_to_string(&copy)?;
    if edited.is_err() || text == offered {
        fs::remove_file(&copy)?;
        edited?;
        output::say("nothing was changed");
        return Ok(Exit::Success);
    }
    let keeper = settings::keeper(Starter::Person, &[])?;
    match keeper.replace(&before, &text) {
        Ok(Replaced::Done) => {
            fs::remove_file(&copy)?;
            output::say(&format!("`{}` is changed", path.display()));
            Ok(Exit::Success)
        }
        Ok(Replaced::ByAnother) => Err(CliError::hinted(
            "somebody else has changed the file meanwhile",
            kept(&copy, &path),
        )),
        Err(error) => Err(CliError::hinted(error.to_string(), kept(&copy, &path))),
    }
}

fn kept(copy: &Path, path: &Path) -> String {
    format!(
        "what you typed is kept: mend it, then mv {} {}",
        copy.display(),
        path.display()
    )
}

/// Runs the editor, whose name may have arguments.
fn edit(copy: &Path) -> Result<(), CliError> {
    let named = ["VISUAL", "EDITOR"].iter().find_map(|name| env::var(name));
    let editor = named.unwrap_or_else(|| "vi".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let line = format!("{editor} \"$1\"");
    let ended = runtime.block_on(async {
        let mut shell = process::command("/bin/sh");
        shell.arg("-c").arg(line).arg("sh").arg(copy);
        shell.status().await
    })?;
    if ended.success() {
        return Ok(());
    }
    Err(CliError::hinted(
        format!("the editor `{editor}` ended with {ended}; nothing was changed"),
        "EDITOR=nano cocalc-plus config edit",
    ))
}
