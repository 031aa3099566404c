//! The settings of this product, and where they stand.

use std::path::PathBuf;

use crate::lite::settings::keeper::Keeper;
use crate::lite::settings::layers::Above;
use crate::lite::settings::schema::Audience;
use crate::lite::settings::schema::Definition;
use crate::lite::settings::schema::Effect;
use crate::lite::settings::schema::Schema;
use crate::lite::settings::value::Kind;
use crate::sys::dirs;
use crate::sys::env;

pub use crate::lite::settings::Error;
pub use crate::lite::settings::keeper::Replaced;
pub use crate::lite::settings::keeper::Row;
pub use crate::lite::settings::layers::Settings;

/// Every setting.
pub const SCHEMA: Schema = Schema(&[
    Definition {
        key: "site_name",
        kind: Kind::Text { most: 60 },
        default: None,
        sentence: "The name of this workspace in the page's title and bar",
        audience: Audience::Public,
        effect: Effect::AtOnce,
        variables: &["COCALC_PLUS_SITE_NAME"],
    },
    Definition {
        key: "theme",
        kind: Kind::Choice {
            of: &["auto", "light", "dark"],
        },
        default: Some("auto"),
        sentence: "Whether the page is light or dark; `auto` follows the browser's system",
        audience: Audience::Public,
        effect: Effect::AtOnce,
        variables: &["COCALC_PLUS_THEME"],
    },
    Definition {
        key: "terminal_font_size",
        kind: Kind::Number { least: 8, most: 32 },
        default: Some("14"),
        sentence: "The size of letters in terminals, in pixels",
        audience: Audience::Public,
        effect: Effect::AtOnce,
        variables: &["COCALC_PLUS_TERMINAL_FONT_SIZE"],
    },
    Definition {
        key: "terminal_cursor",
        kind: Kind::Choice {
            of: &["block", "bar", "underline"],
        },
        default: Some("block"),
        sentence: "The shape of the cursor in terminals, until a program chooses one",
        audience: Audience::Public,
        effect: Effect::AtOnce,
        variables: &["COCALC_PLUS_TERMINAL_CURSOR"],
    },
    Definition {
        key: "port",
        kind: PORT,
        default: None,
        sentence: "The port that pages are served on: without it the last one, 0 for any",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_PORT", "PORT"],
    },
    Definition {
        key: "host",
        kind: Kind::Host,
        default: None,
        sentence: "The name under which browsers of other machines come in; it needs `auth_token`",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_BIND", "HOST"],
    },
    Definition {
        key: "tls_cert",
        kind: Kind::Path,
        default: None,
        sentence: "The certificate, in PEM, of an `https://` host; without it one is made",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_PLUS_TLS_CERT"],
    },
    Definition {
        key: "tls_key",
        kind: Kind::Path,
        default: None,
        sentence: "The private key, in PEM, of `tls_cert`",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_PLUS_TLS_KEY"],
    },
    Definition {
        key: "nats_port",
        kind: PORT,
        default: None,
        sentence: "A loopback port of the bus: without it there is none, 0 for any",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_PLUS_NATS_PORT"],
    },
    Definition {
        key: "auth_token",
        kind: Kind::Secret { least: 1 },
        default: None,
        sentence: "A token that signs programs and browsers in, beside the one that each server makes",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_AUTH_TOKEN", "AUTH_TOKEN"],
    },
    Definition {
        key: "compute_server",
        kind: Kind::Secret { least: 7 },
        default: None,
        sentence: "Attaches this server to another hub: `http://HOST?apiKey=KEY&id=N`",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COMPUTE_SERVER"],
    },
    Definition {
        key: "data",
        kind: Kind::Path,
        default: None,
        sentence: "The directory of the server's data; each has a server of its own",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["DATA"],
    },
    Definition {
        key: "open_browser",
        kind: Kind::Choice {
            of: &["auto", "always", "never"],
        },
        default: Some("auto"),
        sentence: "Whether `serve` opens a browser; `auto` does where it sees a desktop",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_OPEN_BROWSER"],
    },
    Definition {
        key: "log_level",
        kind: Kind::Choice {
            of: &["error", "warn", "info", "debug", "trace"],
        },
        default: Some("warn"),
        sentence: "How much the server tells; the log of a daemon has `info` at least",
        audience: Audience::Private,
        effect: Effect::AtRestart,
        variables: &["COCALC_PLUS_LOG_LEVEL"],
    },
]);

const PORT: Kind = Kind::Number {
    least: 0,
    most: 65_535,
};

/// Variables which a login has for whatever it runs, so that they mean nothing
/// to a server that `ssh` starts there.
const OF_LOGINS: [&str; 4] = ["PORT", "HOST", "COCALC_PORT", "COCALC_BIND"];

/// Whose environment a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// A person who typed the command.
    Person,
    /// A login by ssh.
    Login,
}

/// A flag of the command line that sets something: key, flag, value.
pub type Flag<'a> = (&'static str, &'static str, &'a str);

/// Makes the keeper of this user's settings.
///
/// # Errors
/// [`Error`] of the environment or of a flag; the file is not read yet.
pub fn keeper(starter: Starter, flags: &[Flag<'_>]) -> Result<Keeper, Error> {
    let is_meant = |name: &str| match starter {
        Starter::Person => !(name == "HOST" && is_of_tcsh()),
        Starter::Login => !OF_LOGINS.contains(&name),
    };
    let variable = |name: &str| is_meant(name).then(|| env::var(name)).flatten();
    let mut above = Above::environment(SCHEMA, variable)?;
    for (key, flag, text) in flags {
        above = above.flag(SCHEMA, key, flag, text)?;
    }
    Ok(Keeper::new(SCHEMA, path(), lock(), above))
}

/// Reads what holds, for a command.
///
/// # Errors
/// [`Error`].
pub fn read() -> Result<Settings, Error> {
    keeper(Starter::Person, &[])?.read()
}

/// Has this process use the data directory that the file names.
///
/// A file that cannot be read keeps a server from starting, and no command from
/// finding one that runs.
pub fn place_data() {
    let settings = keeper(Starter::Login, &[]).and_then(|keeper| keeper.read());
    if let Some(data) = settings
        .ok()
        .and_then(|all| all.text("data").map(PathBuf::from))
    {
        dirs::use_data(data);
    }
}

/// Where the file stands: `~/.config/cocalc-plus/config.toml`.
pub fn path() -> PathBuf {
    dirs::config().join("config.toml")
}

/// Where processes that change the file wait for each other, on this machine;
/// not beside the file, because a lock on a network file system can hang.
fn lock() -> PathBuf {
    let dir = dirs::runtime().unwrap_or_else(|_| dirs::config());
    dir.join("config.lock")
}

/// Says whether `HOST` is tcsh's, which tells every program the machine's name
/// by it, together with these.
fn is_of_tcsh() -> bool {
    let names = ["HOSTTYPE", "MACHTYPE", "VENDOR", "OSTYPE"];
    names.iter().all(|name| env::var(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_sound() {
        for (at, setting) in SCHEMA.0.iter().enumerate() {
            let key = setting.key;
            let _ = setting.default_value();
            assert!(!setting.sentence.ends_with('.'), "{key}");
            assert!(!setting.variables.is_empty(), "{key}");
            assert!(SCHEMA.0[..at].iter().all(|other| other.key != key), "{key}");
            let is_told = setting.audience == Audience::Public;
            assert!(!(setting.is_secret() && is_told), "{key}");
        }
    }
}
