//! Options that say how ssh reaches a target.

use super::output;
use crate::ssh::wish::Wish;

/// How ssh reaches a target; kept with it when a connect goes well.
#[derive(Debug, clap::Args)]
pub struct Reach {
    /// Pass one word to ssh before the destination; repeatable; kept until ''
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    ssh_arg: Vec<String>,

    /// Use this key file, as ssh -i; kept until ''
    #[arg(long, value_name = "FILE")]
    identity: Option<String>,

    /// Go through this host, as ssh -J; kept until ''
    #[arg(long, value_name = "HOST")]
    proxy_jump: Option<String>,
}

impl Reach {
    /// The wish for a connect; `shows` each ssh command on stderr.
    pub fn wish(&self, shows: bool) -> Wish {
        Wish {
            ssh_args: self.ssh_arg.clone(),
            identity: self.identity.as_deref().map(from_anywhere),
            proxy_jump: self.proxy_jump.clone(),
            show_ssh: shows.then_some(|line: &str| output::say(line)),
            ..Wish::default()
        }
    }
}

/// A key file's path is kept and used from other directories later.
fn from_anywhere(identity: &str) -> String {
    let path = std::path::Path::new(identity);
    match std::path::absolute(path) {
        Ok(absolute) if path.exists() => absolute.display().to_string(),
        _ => identity.to_owned(),
    }
}
