# Prints facts, each behind the marker; judges, installs and starts nothing.
# Read by `eval` of whatever the remote calls sh: POSIX and `test -O` only.
umask 077; cd /; LC_ALL=C; export LC_ALL
p() { printf '%s\n' "@MARKER@ $*"; }
for i in 1 2 3; do read -r x || exit 0; p echo; done
read -r x; p clock "$(date +%s)"
U=$(id -u); N=$(id -un)
p uid "$U"; p user "$N"; p home "$HOME"; p shell "$SHELL"
p host "$(uname -n)"; p platform "$(uname -s)-$(uname -m)"; p connection "$SSH_CONNECTION"
p boot "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
x=$HOME/.local/share/cocalc-plus
case $XDG_DATA_HOME in /*) x=$XDG_DATA_HOME/cocalc-plus;; esac
case $DATA in /*) x=$DATA;; esac
p data "$x"
p job "${SLURM_JOB_ID:-${PBS_JOBID:-${LSB_JOBID:-$JOB_ID}}}"

# The one temporary file goes away however this ends.
t=
trap 'test "$t" && rm -rf "$t"' 0
trap 'exit 1' 1 2 13 15

# stands PATH: k is missing, file, link or there; m and o its mode and owner.
stands() {
  k=missing; m=-; o=-; O=no
  test -L "$1" && k=link
  test -e "$1" && { test -d "$1" || k=file; }
  test -d "$1" && { test $k = link || k=there; test -O "$1" && O=yes; }
  d=$1
  test $k = missing || { set -- $(ls -ld "$d/." 2>/dev/null || ls -ld "$d"); m=$1; o=$3; }
}
table_line() { "$@" 2>/dev/null | { read -r x; read -r x; echo "$x"; }; }

# A root that is not there is tried in the nearest directory above it.
root() {
  p at "$1"; stands "$1"; test $k = link && test -d "$1" && k=there
  a=$d; while test ! -d "$a"; do a=${a%/*}; a=${a:-/}; done
  w=-; x=-
  if test $k = missing || test $k$O = thereyes; then
    # A directory of our own: whoever else may write there can plant a link of
    # any name, and mkdir follows none.
    t=$a/.ccp-doctor-$$; w=yes
    e=$(mkdir -m 700 "$t" 2>&1) || { w=no; t=; }
    case $e in *ead-only*) w=ro;; *o\ space*|*uota*) w=yes; x=full;; esac
    if test "$t"; then
      x=full
      if printf '#!/bin/sh\nexit 0\n' 2>/dev/null > "$t/t" && chmod 700 "$t/t"; then
        x=no; "$t/t" 2>/dev/null && x=yes
      fi
      rm -rf "$t" 2>/dev/null
    fi
    t=
  fi
  p root $k $O $m $o $w $x "$d"
  p disk "$(table_line df -Pk "$a")"
  p inodes "$(table_line df -Pi "$a")"
  test $k$O = thereyes && for b in "$d"/bin/*; do test -f "$b" && p build "${b##*/}"; done
}
for d in @ROOTS@; do test "$d" && root "$d"; done

# Never the token: single values are picked out of a connection file.
field() { v=$(sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$c" 2>/dev/null); echo "${v:--}"; }
server() {
  c=$1/connection.json; i=$(field pid)
  case $i in ''|*[!0-9]*) return;; esac
  kill -0 "$i" 2>/dev/null || return
  e=$(ls -l "/proc/$i/exe" 2>/dev/null); e=${e##* -> }
  s=$(cat "/proc/$i/stat" 2>/dev/null); s=${s##*) }; set -- "$1" $s
  p server "${1##*/}" "$i" "$(field processStart)" "${21:--}" "$(field bootId)" "$(field startedAt)" "$(field version)" "$e"
}
runtime() {
  p at "$1"; stands "$1"; p runtime $k $O $m $o "$d"
  test $k$O = thereyes && for f in "$d"/*; do
    test -d "$f/t" && p instance "${f##*/}"
    test -r "$f/connection.json" && server "$f"
  done
}
if test "$COCALC_PLUS_RUNTIME"; then runtime "$COCALC_PLUS_RUNTIME"
else for b in /tmp /var/tmp /dev/shm; do runtime $b/ccp-$U; done; fi

# Servers that began since this machine's boot, on whichever machine.
if read -r u x 2>/dev/null < /proc/uptime; then
  for f in $(find "${XDG_STATE_HOME:-$HOME/.local/state}/cocalc-plus" -name 'server-*.log' -mmin -$((${u%.*} / 60)) 2>/dev/null); do
    f=${f##*/server-}; p log "${f%.log}"
  done
fi

if command -v loginctl >/dev/null 2>&1; then
  p at loginctl
  if x=$(loginctl show-user "$N" -p Linger 2>/dev/null) && test "$x"; then
    p linger "${x#*=}"
    cat /usr/lib/systemd/logind.conf /etc/systemd/logind.conf /usr/lib/systemd/logind.conf.d/*.conf \
      /run/systemd/logind.conf.d/*.conf /etc/systemd/logind.conf.d/*.conf 2>/dev/null |
      sed -n 's/^ *\(Kill[A-Za-z]*\) *= *\(.*\)/\1 \2/p' | while read -r x; do p logind "$x"; done
  fi
fi

# climb DIRECTORY PATH FILE...: what limits a control group and those above it.
climb() {
  b=$1; g=$2; shift 2
  while :; do
    for f in "$@"; do
      { read -r x < "$b$g/$f"; } 2>/dev/null || continue
      test $f = cpu.cfs_quota_us && read -r y < "$b$g/cpu.cfs_period_us" && x="$x $y"
      p limit "$f" "$b$g/$f $x"
    done
    case $g in ''|/) break;; esac
    g=${g%/*}
  done
}
test -r /proc/self/cgroup && while IFS=: read -r i c g; do
  case ,$c, in
    ,,) for b in /sys/fs/cgroup /sys/fs/cgroup/unified; do
      test -f $b/cgroup.controllers && climb $b "$g" memory.max pids.max cpu.max; done;;
    *,memory,*) climb /sys/fs/cgroup/memory "$g" memory.limit_in_bytes;;
    *,pids,*) climb /sys/fs/cgroup/pids "$g" pids.max;;
    *,cpu,*) climb /sys/fs/cgroup/cpu "$g" cpu.cfs_quota_us;;
  esac
done < /proc/self/cgroup

if command -v quota >/dev/null 2>&1; then
  p at quota
  quota -w 2>/dev/null | while read -r x; do p quota "$x"; done
fi
p done
# This session stays open while another one is tried beside it.
read -r x
