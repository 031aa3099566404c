//! What runs on the remote before our binary does.
//!
//! Two texts. The *line* is the exec's command and passes through the user's
//! login shell, whatever that is: it is `exec sh -c '…'` with no quote,
//! newline, `!` or backslash inside, so that bash, dash, zsh, fish, tcsh, mksh
//! and busybox hand the same word to `sh`. The *installer* is read by that
//! `sh` from stdin and may be written as it likes; it is padded to a fixed
//! length, because `dd` reads exactly so many bytes and a shell would read
//! ahead into the payload.
//!
//! ```text
//! line       cd to each root that is ours and closed; exec bin/NAME __attach if it is there
//!            else: @@ccp-… need Linux-x86_64 gzip, then eval what comes on stdin
//! installer  take the first root that stores and runs programs; write, check, run, rename; exec
//! ```
//!
//! While it unpacks, the installer says each second how far it is: what is
//! written here has not arrived there, ssh alone holds 2 MB on the way.
//!
//! A root is used only after `cd` into it, so that nothing can be exchanged
//! between the check and the use. `test -O` keeps a binary that someone else
//! planted in `/var/tmp/ccp-UID` from being run.

use crate::release::build::Build;
use crate::release::payload::Codec;

/// The installer's length on the wire, in bytes.
pub const INSTALLER_BYTES: usize = 4096;

/// The install roots in their order, as `sh` words without a single quote.
pub(super) const ROOTS: &str = "\"$COCALC_PLUS_HOME\" \"$HOME/.cocalc-plus\" /var/tmp/ccp-$U \
                     \"${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/cocalc-plus}\" /dev/shm/ccp-$U";

/// What the remote's `attach` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachWords {
    /// The marker of this connect, `@@ccp-k3v9m2qd`.
    pub marker: String,
    /// The server's port on the remote, if one was asked for.
    pub remote_port: Option<u16>,
    /// Whether a server may be started.
    pub may_start: bool,
}

impl AttachWords {
    fn command(&self) -> String {
        let mut words = format!("__attach --marker {}", self.marker);
        if let Some(port) = self.remote_port {
            words.push_str(&format!(" --port {port}"));
        }
        if !self.may_start {
            words.push_str(" --running-only");
        }
        words
    }
}

/// Returns the exec's command.
pub fn line(build: &Build, words: &AttachWords) -> String {
    // The platform in the file's name is the remote's, so a shared home offers
    // no machine the other's binary.
    let file = format!("bin/{}", build.file_name("$P"));
    let marker = &words.marker;
    format!(
        "exec sh -c 'PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin; P=$(uname -s)-$(uname -m); U=$(id -u); \
         for d in {ROOTS}; do \
         test \"$d\" && cd \"$d\" >/dev/null 2>&1 && test -O . && \
         case $(ls -ld .) in drwx------*) test -x {file} && exec ./{file} {command};; esac; done; \
         C=; command -v gzip >/dev/null 2>&1 && C=gzip; \
         echo; echo {marker} need $P $C; eval \"$(dd bs=1 count={INSTALLER_BYTES} 2>/dev/null)\"'",
        command = words.command(),
    )
}

/// Returns the installer, padded, for a payload of `length` bytes.
///
/// `None` when it would not fit; a test keeps it far from that.
pub fn installer(
    build: &Build,
    words: &AttachWords,
    codec: Codec,
    length: usize,
) -> Option<String> {
    let unpack = match codec {
        Codec::Gzip => "gzip -dc",
        Codec::Plain => "cat",
    };
    let text = TEMPLATE
        .replace("@MARKER@", &words.marker)
        .replace("@ROOTS@", ROOTS)
        .replace("@LENGTH@", &length.to_string())
        .replace("@SIZE@", &build.size_bytes.to_string())
        .replace("@BLOCKS@", &build.size_bytes.div_ceil(65_536).to_string())
        .replace("@SHA256@", &build.sha256)
        .replace("@UNPACK@", unpack)
        .replace("@FILE@", &build.file_name("$P"))
        .replace("@COMMAND@", &words.command());
    // The last byte must be a newline, or `eval` may see half a word.
    let padding = (INSTALLER_BYTES - 1).checked_sub(text.len())?;
    Some(format!("{text}{}\n", " ".repeat(padding)))
}

/// The installer. `W` says why roots were refused, for the person.
///
/// What an installer of this machine that was killed had begun is removed: its
/// name tells whose it was. `take` reads exactly so many bytes: `cat` would
/// wait for an end that does not come, and `dd` reads pipes short unless it
/// reads byte by byte, which is slow and hence only for want of `head`.
const TEMPLATE: &str = r#"umask 077; cd /; W=; R=; n=bin/.new-$(uname -n)-; t=$n$$-@SHA256@
fail() { rm -f "$t"; echo; echo "@MARKER@ fail $*"; exit 1; }
take() { if command -v head >/dev/null 2>&1; then head -c $1; else dd ibs=1 obs=65536 count=$1 2>/dev/null; fi; }
full() { S=1; W="$W $d: no room for @SIZE@ bytes (disk or quota full);"; }
zero() { dd if=/dev/zero bs=65536 count=$1 2>/dev/null; }
for d in @ROOTS@; do
  test "$d" || continue
  mkdir -p "$d" 2>/dev/null; test -e "$d" || { if test -w "${d%/*}"; then full; else W="$W $d: cannot be made;"; fi; continue; }
  cd "$d" 2>/dev/null || { W="$W $d: cannot be entered;"; continue; }
  test -O . || { W="$W $d: belongs to another user;"; continue; }
  case $(ls -ld .) in drwx------*) ;; *) W="$W $d: is open to other users (chmod 700 $d);"; continue;; esac
  test -w . || { W="$W $d: cannot be written;"; continue; }
  mkdir -p bin 2>/dev/null && { printf '#!/bin/sh\nexit 0\n' > $t; } 2>/dev/null && chmod 700 $t || { rm -f $t; full; continue; }
  ./$t 2>/dev/null || { rm -f $t; X=1; W="$W $d: programs may not run there (noexec);"; continue; }
  for f in $n*; do p=${f#$n}; kill -0 ${p%%-*} 2>/dev/null || rm -f "$f"; done
  zero @BLOCKS@ > $t && test $(wc -c < $t) -ge @SIZE@ || { rm -f $t; full; continue; }
  R=$d; break
done
test "$R" || { K=root; test "$X" && K=noexec; test "$S" && K=space; fail $K "$W"; }
( while sleep 1 && kill -0 $$; do echo "@MARKER@ got $(wc -c < $t)" || exit; done ) </dev/null 2>/dev/null & J=$!
take @LENGTH@ | @UNPACK@ > $t; E=$?; kill $J 2>/dev/null
B="what arrived is not what was sent"
test $E -eq 0 || { zero 1 >> $t && fail hash "$B"; fail space "writing $R/bin failed"; }
G=$( { sha256sum || shasum -a 256 || openssl dgst -sha256 -r; } < $t 2>/dev/null )
chmod 700 $t
case $G in @SHA256@*) ;; '') ./$t __verify @SHA256@ || fail hash "$B";; *) fail hash "$B";; esac
V=$(./$t --version 2>&1) || fail run "$V"
mv -f $t bin/@FILE@ || fail space "renaming in $R/bin failed"
exec ./bin/@FILE@ @COMMAND@ --installed
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn build() -> Build {
        Build {
            version: "10.20.30".into(),
            platform: "Linux-x86_64".into(),
            sha256: "a".repeat(64),
            size_bytes: 123_456_789,
        }
    }

    fn words() -> AttachWords {
        AttachWords {
            marker: "@@ccp-k3v9m2qd".into(),
            remote_port: Some(65_535),
            may_start: false,
        }
    }

    #[test]
    fn the_line_holds_nothing_that_a_login_shell_would_change() {
        let line = line(&build(), &words());
        let inner = line
            .strip_prefix("exec sh -c '")
            .and_then(|rest| rest.strip_suffix('\''))
            .unwrap();
        for forbidden in ['\'', '\n', '!', '\\'] {
            assert!(!inner.contains(forbidden), "{forbidden:?}");
        }
        // tcsh refuses a word of more than 1,024 bytes.
        assert!(inner.len() < 1000, "{}", inner.len());
    }

    #[test]
    fn the_installer_is_exactly_as_long_as_dd_reads() {
        let text = installer(&build(), &words(), Codec::Gzip, usize::MAX).unwrap();
        assert_eq!(text.len(), INSTALLER_BYTES);
        assert!(!text.contains("@SHA256@") && !text.contains("@LENGTH@"));
    }
}
