#!/bin/sh
# Builds the shipped binary and puts it at target/cocalc-plus.
#
# On Linux it is static: one file for every distribution of this architecture.
# CARGO_TARGET_DIR moves cargo's own files; the binary's place stays.
set -eu
cd "$(dirname "$0")/.."

# `static` makes no position-independent executable: its relocations would cost
# each holder process private memory. Empty leaves the choice to rustc.
# The system's linker does it: mold 1.10 makes such a binary crash at its start.
relocation_model=static

say() {
    printf '%s\n' "$*" >&2
}

rust_flags() {
    case $1 in
    *-linux-*) ;;
    *) return ;;
    esac
    printf '"-C", "target-feature=+crt-static"'
    if [ -n "$relocation_model" ]; then
        printf ', "-C", "relocation-model=%s"' "$relocation_model"
    fi
}

triple=$(rustc -vV | sed -n 's/^host: //p')
flags=$(rust_flags "$triple")
# cargo would take these instead of ours, and the binary would be dynamic.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS

say "building target/cocalc-plus for $triple"
# --target keeps build scripts and procedural macros dynamic.
cargo build --release --locked --target "$triple" \
    --config "target.$triple.rustflags=[$flags]"

# Renamed into place: the old file may be running.
mkdir -p target
built=${CARGO_TARGET_DIR:-target}/$triple/release/cocalc-plus
cp "$built" "target/.cocalc-plus.$$"
mv -f "target/.cocalc-plus.$$" target/cocalc-plus
# A linker that does this wrong is found here, not on somebody's server.
target/cocalc-plus --version >/dev/null || {
    say "target/cocalc-plus does not run: see whether another linker helps"
    exit 1
}
say "built target/cocalc-plus ($(wc -c <target/cocalc-plus | tr -d ' ') bytes)"
