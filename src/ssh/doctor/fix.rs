//! Commands that a person pastes on the laptop.

/// How to reach the remote with one command, and what its shell takes.
#[derive(Clone, Debug)]
pub struct Typist<'a> {
    /// `ssh -p 2222 me@gpu1`.
    pub ssh: &'a str,
    /// The target as `cocalc-plus` takes it.
    pub target: &'a str,
    /// The login shell's name, empty when nobody knows.
    pub shell: &'a str,
    /// Whether the login user is root.
    pub is_root: bool,
}

impl Typist<'_> {
    /// A line of `sh` for the remote.
    pub fn line(&self, line: &str) -> String {
        format!("{} {}", self.ssh, quoted(&self.for_shell(line)))
    }

    /// A line of `sh` that needs root there; `sudo` asks on the terminal.
    ///
    /// Each command of `line` that needs root begins with `sudo `.
    pub fn root_line(&self, line: &str) -> String {
        if self.is_root {
            return self.line(&line.replace("sudo ", ""));
        }
        let with_tty = self.ssh.replacen("ssh", "ssh -t", 1);
        format!("{with_tty} {}", quoted(&self.for_shell(line)))
    }

    /// A command of this program.
    pub fn ours(&self, words: &str) -> String {
        format!("cocalc-plus ssh {words} {}", word(self.target))
    }

    /// fish and csh have another syntax: they hand the line to `sh`.
    fn for_shell(&self, line: &str) -> String {
        let is_plain = !line.contains(['$', ';', '{', '(', '&', '|', '<', '>', '"', '\'']);
        match self.shell {
            _ if is_plain => line.to_owned(),
            "sh" | "bash" | "dash" | "zsh" | "ksh" | "mksh" | "ash" => line.to_owned(),
            _ => format!("sh -c {}", quoted(line)),
        }
    }
}

/// One word of `sh`, quoted only where it must be; a `~/` in front stays one.
pub fn word(text: &str) -> String {
    let is_plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_=./:@,+%".contains(c))
    };
    match text.strip_prefix("~/") {
        _ if is_plain(text) => text.to_owned(),
        Some(rest) if is_plain(rest) => text.to_owned(),
        Some(rest) => format!("~/{}", quoted(rest)),
        None => quoted(text),
    }
}

/// One word of `sh`, quoted whatever it holds.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typist(shell: &str, is_root: bool) -> Typist<'_> {
        Typist {
            ssh: "ssh -p 22 me@h",
            target: "me@h",
            shell,
            is_root,
        }
    }

    #[test]
    fn a_line_is_quoted_for_both_shells() {
        let bash = typist("bash", false);
        assert_eq!(bash.line("chmod 700 ~/x"), "ssh -p 22 me@h 'chmod 700 ~/x'");
        assert_eq!(
            bash.line("echo 'a'; b"),
            r"ssh -p 22 me@h 'echo '\''a'\''; b'"
        );
        assert_eq!(
            typist("tcsh", false).line("a; b"),
            r"ssh -p 22 me@h 'sh -c '\''a; b'\'''"
        );
        assert_eq!(
            typist("fish", false).line("chmod 700 ~/x"),
            bash.line("chmod 700 ~/x")
        );
    }

    #[test]
    fn root_needs_no_sudo_and_sudo_a_terminal() {
        assert_eq!(
            typist("bash", false).root_line("sudo mount -o remount,rw /h"),
            "ssh -t -p 22 me@h 'sudo mount -o remount,rw /h'"
        );
        assert_eq!(
            typist("bash", true).root_line("sudo mount /h"),
            "ssh -p 22 me@h 'mount /h'"
        );
    }

    #[test]
    fn a_word_is_quoted_where_it_must_be() {
        assert_eq!(word("~/.cocalc-plus"), "~/.cocalc-plus");
        assert_eq!(word("~/my root"), "~/'my root'");
        assert_eq!(word("/a;b"), "'/a;b'");
        assert_eq!(word("it's"), r"'it'\''s'");
    }
}
