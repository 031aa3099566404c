#!/bin/sh
# Installs what is missing for the groups named: build, demo, test.
#
#   install/dependencies.sh build test
#
# Silent about what is there, and then without network. System packages are
# installed when that needs no password; otherwise the command is printed.
set -eu
cd "$(dirname "$0")/.."

node_wanted=20.19
app=src/web/app

# program   apt-get          dnf              pacman    apk             brew
# A `-` says: no package there.
package_table() {
    cat <<'END'
cc          gcc              gcc              gcc       gcc             -
libc.a      libc6-dev        glibc-static     glibc     musl-dev        -
ssh         openssh-client   openssh-clients  openssh   openssh-client  openssh
sshd        openssh-server   openssh-server   openssh   openssh-server  openssh
useradd     passwd           shadow-utils     shadow    shadow          -
bash        bash             bash             bash      bash            bash
dash        dash             dash             dash      dash            dash
zsh         zsh              zsh              zsh       zsh             zsh
fish        fish             fish             fish      fish            fish
tcsh        tcsh             tcsh             tcsh      tcsh            tcsh
mksh        mksh             mksh             -         mksh            mksh
busybox     busybox          busybox          busybox   busybox         -
btrfs       btrfs-progs      btrfs-progs      btrfs-progs btrfs-progs   -
tmux        tmux             tmux             tmux      tmux            tmux
chromium    chromium         chromium         chromium  chromium        chromium
nats-server nats-server      -                nats-server nats-server   nats-server
venv        python3-venv     python3          python    python3         python
END
}

say() {
    printf '%s\n' "$*" >&2
}

# fail SENTENCE HINT
fail() {
    printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

has() {
    case $1 in
    chromium)
        has_command chromium || has_command chromium-browser ||
            has_command google-chrome || has_command google-chrome-stable
        ;;
    libc.a) has_static_libc ;;
    useradd | btrfs) [ "$(uname -s)" != Linux ] || has_command "$1" ;;
    venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
    *) has_command "$1" ;;
    esac
}

has_command() {
    PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1
}

# The static binary needs it. The compiler prints its path when it has it, else
# the bare name.
has_static_libc() {
    [ "$(uname -s)" != Linux ] && return
    has_command cc && [ "$(cc -print-file-name=libc.a)" != libc.a ]
}

manager() {
    for candidate in apt-get dnf pacman apk brew; do
        if command -v "$candidate" >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

# package PROGRAM MANAGER: its package there, or nothing
package() {
    case $2 in
    apt-get) column=2 ;;
    dnf) column=3 ;;
    pacman) column=4 ;;
    apk) column=5 ;;
    *) column=6 ;;
    esac
    package_table | awk -v program="$1" -v column="$column" \
        '$1 == program && $column != "-" { print $column }'
}

install_command() {
    case $1 in
    apt-get) echo "apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300" ;;
    dnf) echo "dnf install -y" ;;
    pacman) echo "pacman -S --needed --noconfirm" ;;
    apk) echo "apk add" ;;
    brew) echo "brew install" ;;
    esac
}

# How to become root without a password; fails where that is impossible.
prefix_for() {
    if [ "$1" = brew ] || [ "$(id -u)" = 0 ]; then
        echo "env DEBIAN_FRONTEND=noninteractive"
    elif sudo -n true >/dev/null 2>&1; then
        echo "sudo -n env DEBIAN_FRONTEND=noninteractive"
    else
        return 1
    fi
}

# The services that come with a program, a blank before each.
services_of() {
    case $1 in
    sshd) echo " ssh.service ssh.socket" ;;
    nats-server) echo " nats-server.service" ;;
    esac
}

# Debian starts a service as soon as it is installed. The tests bring their own
# sshd and nats-server, and a machine shall not become reachable because of
# them.
keep_services_off() {
    policy=/usr/sbin/policy-rc.d
    [ "$1" = apt-get ] && [ ! -e "$policy" ] || return 0
    printf '#!/bin/sh\nexit 101\n' | $prefix tee "$policy" >/dev/null
    $prefix chmod 755 "$policy"
    is_policy_ours=yes
}

leave_services_off() {
    [ "$is_policy_ours" = yes ] || return 0
    $prefix rm -f "$policy"
    for service in $services; do
        if command -v systemctl >/dev/null 2>&1; then
            $prefix systemctl disable "$service" >/dev/null 2>&1 || true
        fi
        say "the system's own $service stays off"
    done
}

# install_programs PROGRAM…: those that are missing
install_programs() {
    packages=
    services=
    is_policy_ours=no
    found_manager=$(manager)
    for program in "$@"; do
        has "$program" && continue
        name=$(package "$program" "$found_manager")
        if [ -n "$name" ]; then
            packages="$packages $name"
            services=$services$(services_of "$program")
        else
            say "no package for \`$program\` on this system: install it by hand"
        fi
    done
    [ -n "$packages" ] || return 0

    command=$(install_command "$found_manager")
    if ! prefix=$(prefix_for "$found_manager"); then
        fail "missing system packages:$packages" "sudo $command$packages"
    fi
    say "installing$packages"
    [ -z "$services" ] || keep_services_off "$found_manager"
    # Unquoted: these are lists of words.
    if ! install_packages; then
        leave_services_off
        fail "\`$found_manager\` could not install$packages" "$command$packages"
    fi
    leave_services_off
    for program in "$@"; do
        if [ -n "$(package "$program" "$found_manager")" ] && ! has "$program"; then
            fail "\`$program\` is still missing after the installation" \
                "install it by hand, then type the same again"
        fi
    done
}

# The first try may know no package lists, or old ones.
install_packages() {
    # shellcheck disable=SC2086
    $prefix $command $packages >&2 && return
    case $found_manager in
    apt-get) $prefix apt-get update >&2 ;;
    pacman) $prefix pacman -Sy >&2 ;;
    apk) $prefix apk update >&2 ;;
    *) return 1 ;;
    esac
    # shellcheck disable=SC2086
    $prefix $command $packages >&2
}

check_rust() {
    command -v cargo >/dev/null 2>&1 || fail \
        "no Rust: \`cargo\` is not in PATH" \
        "https://rustup.rs says how to install it, then type the same again"
}

check_node() {
    found=$(node -p process.versions.node 2>/dev/null || echo none)
    if ! printf '%s %s\n' "$found" "$node_wanted" | awk '{
        split($1, have, "."); split($2, want, ".")
        exit !(have[1] + 0 > want[1] + 0 || (have[1] == want[1] && have[2] + 0 >= want[2] + 0))
    }'; then
        fail "the page is built with Node $node_wanted or newer; found: $found" \
            "https://nodejs.org/en/download says how to install it, then type the same again"
    fi
    command -v npm >/dev/null 2>&1 || fail "Node without \`npm\`" \
        "install npm beside Node, then type the same again"
}

# The stamp lies inside node_modules, so that removing these removes it. It is
# that of build.rs, which would install the same packages again.
install_npm_packages() {
    lock=$app/package-lock.json
    [ -f "$lock" ] || return 0
    stamp=$app/node_modules/.cocalc-plus-lock
    [ "$(cat "$stamp" 2>/dev/null || true)" != "$(cat "$lock")" ] || return 0
    say "installing the npm packages of $app"
    # Browsers come from the system, never from a package's own download.
    (
        cd "$app"
        PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 PUPPETEER_SKIP_DOWNLOAD=1 \
            npm ci --no-audit --no-fund >&2
    ) || fail "\`npm ci\` failed in $app" "cd $app && npm ci"
    cp "$lock" "$stamp"
}

# The clients that the tests drive. The stamp lies beside them, so that removing
# them removes it.
install_python_packages() {
    venv=target/python
    wanted=tests/bus/requirements.txt
    stamp=$venv/.requirements
    [ "$(cat "$stamp" 2>/dev/null || true)" != "$(cat "$wanted")" ] || return 0
    has venv || return 0
    say "installing the Python packages of the tests"
    rm -rf "$venv"
    {
        python3 -m venv "$venv" &&
            "$venv/bin/pip" install --quiet --disable-pip-version-check \
                --require-hashes --only-binary :all: --requirement "$wanted"
    } >&2 || fail "no Python packages in $venv" "$venv/bin/pip install -r $wanted"
    cp "$wanted" "$stamp"
}

[ $# -gt 0 ] || fail "no group named" "install/dependencies.sh build demo test"
for group in "$@"; do
    case $group in
    build)
        check_rust
        check_node
        install_programs cc libc.a
        install_npm_packages
        ;;
    demo) install_programs ssh sshd ;;
    test)
        install_programs ssh sshd useradd bash dash zsh fish tcsh mksh busybox \
            btrfs tmux chromium nats-server venv
        install_python_packages
        ;;
    *) fail "no group \`$group\`" "the groups are build, demo and test" ;;
    esac
done
