#!/bin/sh
# Shows the main job on this machine alone: `cocalc-plus ssh` against a
# throw-away sshd on loopback, with keys and homes of its own, until Ctrl-C.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
binary=$root/target/cocalc-plus
demo=
sshd_pid=
laptop_home=$HOME

say() {
    printf '%s\n' "$*" >&2
}

# fail SENTENCE HINT
fail() {
    printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

# sshd wants to be started by its absolute path.
find_sshd() {
    for folder in /usr/local/sbin /usr/sbin /sbin /usr/local/bin /usr/bin /opt/homebrew/sbin; do
        if [ -x "$folder/sshd" ]; then
            echo "$folder/sshd"
            return
        fi
    done
    fail "no sshd on this machine" "install/dependencies.sh demo"
}

make_home() {
    # Short, because a unix socket's path may have 107 bytes.
    demo=$(mktemp -d /tmp/ccp-demo.XXXXXX)
    mkdir -m 700 "$demo/remote" "$demo/remote-run" "$demo/laptop" "$demo/laptop-run" "$demo/bin"
    ssh-keygen -q -t ed25519 -N '' -C demo -f "$demo/host_key"
    ssh-keygen -q -t ed25519 -N '' -C demo -f "$demo/client_key"
    cp "$demo/client_key.pub" "$demo/authorized_keys"
    printf 'demo %s\n' "$(cat "$demo/host_key.pub")" >"$demo/known_hosts"
}

write_configurations() {
    cat >"$demo/sshd_config" <<END
Port $1
ListenAddress 127.0.0.1
HostKey $demo/host_key
AuthorizedKeysFile $demo/authorized_keys
AllowUsers $(id -un)
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
UsePAM no
StrictModes no
PidFile none
SetEnv HOME=$demo/remote COCALC_PLUS_RUNTIME=$demo/remote-run
END
    cat >"$demo/ssh_config" <<END
Host demo
  HostName 127.0.0.1
  Port $1
  User $(id -un)
  HostKeyAlias demo
  UserKnownHostsFile $demo/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  IdentityFile $demo/client_key
  IdentitiesOnly yes
  IdentityAgent none
END
}

# Its own log says when it listens: a connection could reach a stranger.
is_listening() {
    for _ in $(seq 200); do
        grep -q 'Server listening on' "$demo/sshd.log" 2>/dev/null && return 0
        kill -0 "$sshd_pid" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

start_sshd() {
    sshd=$(find_sshd)
    if [ "$(id -u)" = 0 ] && [ -d /run ]; then
        mkdir -p /run/sshd
    fi
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
        write_configurations "$port"
        # In the background of a script it ignores Ctrl-C: the clean-up, which
        # still needs it, ends it.
        "$sshd" -D -f "$demo/sshd_config" -E "$demo/sshd.log" </dev/null >/dev/null 2>&1 &
        sshd_pid=$!
        if is_listening; then
            return
        fi
        grep -q 'Address already in use' "$demo/sshd.log" || break
        : >"$demo/sshd.log"
    done
    sed 's/^/sshd: /' "$demo/sshd.log" >&2
    fail "sshd did not start" "its own words stand above"
}

# The browser is the person's: it gets the person's home back.
open_or_not() {
    opener=$(command -v xdg-open 2>/dev/null || true)
    if [ "$(uname -s)" = Darwin ]; then
        echo --open
    elif [ -n "$opener" ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        printf '#!/bin/sh\nHOME=%s exec %s "$@"\n' "'$laptop_home'" "$opener" >"$demo/bin/xdg-open"
        chmod 755 "$demo/bin/xdg-open"
        echo --open
    else
        echo --no-open
    fi
}

on_laptop() {
    env -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_STATE_HOME -u XDG_CACHE_HOME \
        -u SSH_AUTH_SOCK HOME="$demo/laptop" COCALC_PLUS_RUNTIME="$demo/laptop-run" \
        PATH="$demo/bin:$PATH" "$binary" "$@"
}

# kill_tree PID: the process and what it began, the youngest first
kill_tree() {
    for child in $(ps -A -o pid= -o ppid= | awk -v parent="$1" '$2 == parent { print $1 }'); do
        kill_tree "$child"
    done
    kill -9 "$1" 2>/dev/null || true
}

# What runs with a home or runtime of the demo and did not end when asked.
leftovers() {
    for folder in /proc/[0-9]*; do
        if tr '\0' '\n' <"$folder/environ" 2>/dev/null | grep -q "=$demo/"; then
            echo "${folder#/proc/}"
        fi
    done 2>/dev/null
}

clean_up() {
    status=$?
    trap '' INT TERM HUP
    trap - EXIT
    [ -n "$demo" ] || exit "$status"
    say "cleaning up"
    if [ -n "$sshd_pid" ]; then
        on_laptop ssh stop demo >/dev/null 2>&1 || true
        kill_tree "$sshd_pid"
        wait "$sshd_pid" 2>/dev/null || true
    fi
    for left in $(leftovers); do
        kill -9 "$left" 2>/dev/null || true
    done
    rm -rf "$demo"
    exit "$status"
}

[ -x "$binary" ] || fail "no binary at target/cocalc-plus" "make build"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

make_home
say "starting a throw-away sshd on loopback"
start_sshd
say "running \`cocalc-plus ssh demo\`"
on_laptop ssh demo --ssh-arg=-F --ssh-arg="$demo/ssh_config" "$(open_or_not)"
say "open the URL in a browser; Ctrl-C ends the demo and removes everything"
wait "$sshd_pid"
