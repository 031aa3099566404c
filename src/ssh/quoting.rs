//! ssh commands as a person would type them.

/// One line that a person can paste into a shell.
pub(super) fn shell_line(args: &[String]) -> String {
    let quoted = args.iter().map(|word| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:@,+%".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    std::iter::once("ssh".to_owned())
        .chain(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_pasted() {
        let args = [
            "-o".to_owned(),
            "ProxyCommand=nc %h %p".to_owned(),
            "it's".to_owned(),
        ];
        assert_eq!(
            shell_line(&args),
            r"ssh -o 'ProxyCommand=nc %h %p' 'it'\''s'"
        );
    }
}
