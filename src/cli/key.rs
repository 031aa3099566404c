//! `cocalc-plus key`: API keys of the server of this machine.

use std::time::Duration;

use clap::Subcommand;

use super::error::CliError;
use super::exit::Exit;
use super::output;
use crate::daemon::instance::Instance;
use crate::plus::keys;
use crate::plus::serve;
use crate::protocol::keys::ApiKey;
use crate::protocol::keys::NewKey;
use crate::protocol::keys::Scope;
use crate::sys::clock;

/// Make, list and revoke API keys, by which programs sign in
///
/// A program shows a key as `Authorization: Bearer KEY`, or on the bus as
/// `auth_token` of its CONNECT. A key has the rights of your account, or of one
/// project: `project:compute-N` is for a server that attaches itself to this
/// one by `COMPUTE_SERVER`, and opens the bus alone.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cocalc-plus key create ci --expires 30d\n  cocalc-plus key create gpu-box --scope project:compute-1\n  cocalc-plus key list\n  cocalc-plus key revoke 4f7q2m9c"
)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key and print it, this once
    Create {
        /// What it is for, so that you know later
        name: String,
        /// Whose rights it has: `account` or `project:ID`
        #[arg(long, default_value = "account")]
        scope: Scope,
        /// When it ends, from now on: `90m`, `12h`, `30d`; never without this
        #[arg(long, value_name = "TIME", value_parser = lifetime)]
        expires: Option<Duration>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List the keys, oldest first
    List {
        /// Print one JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key; what uses it on the bus is cut off at once
    Revoke {
        /// Its id, as `list` has it
        id: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of the verbs.
///
/// # Errors
/// [`CliError`] with what the server says.
pub fn run(args: Args) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let instance = Instance::current().map_err(serve::ServeError::Runtime)?;
    runtime.block_on(async {
        match args.verb {
            Verb::Create {
                name,
                scope,
                expires,
                json,
            } => create(&instance, name, scope, expires, json).await,
            Verb::List { json } => list(&instance, json).await,
            Verb::Revoke { id, json } => {
                let key = keys::revoke(&instance, &id).await?;
                if json {
                    output::json(&key);
                } else {
                    output::say(&format!("revoked `{}`, the key `{}`", key.name, key.id));
                }
                Ok(Exit::Success)
            }
        }
    })
}

async fn create(
    instance: &Instance,
    name: String,
    scope: Scope,
    expires: Option<Duration>,
    json: bool,
) -> Result<Exit, CliError> {
    let asked = NewKey {
        name,
        scope,
        expires: expires.map(|lifetime| clock::now_ms() + millis(lifetime)),
    };
    let made = keys::create(instance, &asked).await?;
    if json {
        output::json(&made);
    } else {
        output::data(&made.secret);
        output::say("keep it: nobody can print it again");
    }
    Ok(Exit::Success)
}

async fn list(instance: &Instance, json: bool) -> Result<Exit, CliError> {
    let keys = keys::list(instance).await?;
    if json {
        output::json(&keys);
    } else if keys.is_empty() {
        output::say("no keys; make one: cocalc-plus key create NAME");
    } else {
        output::data(&table(&keys));
    }
    Ok(Exit::Success)
}

fn table(keys: &[ApiKey]) -> String {
    let mut table = output::table(&["id", "name", "scope", "made", "last used", "ends"]);
    let now = clock::now_ms();
    for key in keys {
        let used = key.last_used.map(|used| output::ago(used, now));
        table.add_row([
            key.id.clone(),
            key.name.clone(),
            key.scope.to_string(),
            output::ago(key.created, now),
            used.unwrap_or_else(|| "never".into()),
            key.expires
                .map_or_else(|| "never".into(), |end| left(end, now)),
        ]);
    }
    output::render(&table)
}

/// Says when something ends: `in 12 h`, `ended`.
fn left(end: u64, now: u64) -> String {
    let minutes = end.saturating_sub(now) / 60_000;
    match minutes {
        _ if end <= now => "ended".to_owned(),
        0..60 => format!("in {} min", minutes + 1),
        60..2880 => format!("in {} h", minutes / 60),
        _ => format!("in {} days", minutes / 1440),
    }
}

/// Reads `90m`, `12h` or `30d`.
fn lifetime(text: &str) -> Result<Duration, String> {
    let wanted = || format!("`{text}` is no time: use `90m`, `12h` or `30d`");
    let unit = text.chars().last().ok_or_else(wanted)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wanted()),
    };
    let count: u32 = text[..text.len() - 1].parse().map_err(|_| wanted())?;
    match count {
        0 => Err(wanted()),
        count => Ok(Duration::from_secs(u64::from(count) * seconds)),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_has_a_unit() {
        assert_eq!(lifetime("90m"), Ok(Duration::from_secs(5400)));
        assert_eq!(lifetime("30d"), Ok(Duration::from_secs(2_592_000)));
        for wrong in ["", "d", "0d", "-1d", "1y", "1.5h", "10", "3é"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_end_is_said_as_people_say_it() {
        let hour = 3_600_000;
        for (end, said) in [
            (0, "ended"),
            (hour / 2, "in 31 min"),
            (5 * hour, "in 5 h"),
            (72 * hour, "in 3 days"),
        ] {
            assert_eq!(left(end, 0), said);
        }
    }
}
