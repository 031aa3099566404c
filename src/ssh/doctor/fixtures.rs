//! A machine, its person and a build, for the tests of what is judged.

use super::facts::Facts;
use super::fix::Typist;
use crate::release::build::Build;

/// Someone whose login shell is bash.
pub(super) fn typist() -> Typist<'static> {
    Typist {
        ssh: "ssh h",
        target: "h",
        shell: "bash",
        is_root: false,
    }
}

/// What the probe's `lines` tell.
pub(super) fn facts(lines: &[&str]) -> Facts {
    let mut facts = Facts::default();
    lines.iter().for_each(|line| facts.take(line));
    facts
}

pub(super) fn build() -> Build {
    Build {
        version: "0.1.0".into(),
        platform: "Linux-x86_64".into(),
        sha256: "a".repeat(64),
        size_bytes: 20 << 20,
    }
}
