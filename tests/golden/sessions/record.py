"""Records the sessions of this folder: `python3 record.py` on Linux as root.

Runs each program on a pty in its own process and host namespaces, in /tmp/box,
and writes NAME.jsonl: `["r", COLS, ROWS]` for a size, `["o", BASE64]` for what
was printed at once.
"""
import base64, fcntl, json, os, pty, select, shutil, signal, struct, subprocess, sys, termios, time

HERE = os.path.dirname(os.path.abspath(__file__))
HOME = "/tmp/box"
ESC = "\x1b"


def record(name, argv, steps, cols=100, rows=30):
    """Types `steps` (text, a size, or seconds to wait) and writes what came."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(HOME)
        env = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
               "HOME": HOME, "PATH": "/usr/bin:/bin", "USER": "u", "PS1": "u@box:$ "}
        os.execve("/usr/bin/unshare", ["unshare", "-pfu", "--mount-proc", "sh", "-c",
                  'hostname box; exec "$@"', "sh", *argv], env)
    events = []

    def resize(cols, rows):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        events.append(["r", cols, rows])

    def drain(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.05)[0]:
                try:
                    printed = os.read(fd, 65536)
                except OSError:
                    return
                events.append(["o", base64.b64encode(printed).decode()])

    resize(cols, rows)
    drain(0.8)
    for step in steps:
        if isinstance(step, tuple):
            resize(*step)
            drain(0.5)
        elif isinstance(step, float):
            drain(step)
        else:
            os.write(fd, step.encode())
            drain(0.25)
    os.kill(pid, signal.SIGHUP)
    os.close(fd)
    os.waitpid(pid, 0)
    with open(os.path.join(HERE, name + ".jsonl"), "w") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)
    print(name, len(events))


shutil.rmtree(HOME, ignore_errors=True)
os.makedirs(HOME + "/src")
with open(HOME + "/a.py", "w") as file:
    for n in range(400):
        file.write(f"def f{n}(x):  # 注释 émoji 🎉\n    return x + {n}\n\n")
with open(HOME + "/long.txt", "w") as file:
    for n in range(500):
        file.write(f"line {n} " + "lorem ipsum " * (n % 15) + "\n")

record("vim", ["vim", "-n", "-u", "NONE", "-c", "set nocp nu ruler hls showcmd ai", "-c", "syntax on", "a.py"],
       ["/return\r", "n", "n", "10j", "ihello world\rtab\t" + ESC, "dd", "\x06", "\x06", "\x02", ":split\r", "\x17w",
        "G", "vjjj", ESC, ":set list\r", (80, 24), "gg", "ztjjj", (120, 35), ":vs\r", 0.3, "yyp", "u"])
record("vim-left", ["bash", "--norc", "-i"],
       ["ls -la --color\r", "vim -n -u NONE a.py\r", 0.3, "\x06", "ix y z" + ESC, ":q!\r", "echo back\r"])
record("htop", ["htop"],
       [0.8, "j", "j", "t", (80, 24), 0.5, "t", "/ba", ESC, (110, 32), ESC + "[B"])
record("less", ["less", "-R", "long.txt"],
       [" ", " ", "b", "/ipsum\r", "n", "n", (80, 24), " ", "G", "g", (120, 30), "j", "-S\r", ESC + "[C"])
record("tmux", ["tmux", "-L", "rec", "-f", "/dev/null", "new", "bash --norc"],
       ["ls --color -la\r", "\x02%", "echo two\r", "\x02\"", "seq 1 100\r", "\x02o", "top -b -n1 | head -20\r", (80, 24),
        "\x02z", "\x02z", (120, 35), "printf '\\033[31mred \\033[4munder\\033[0m\\n'\r", "\x02[", "\x02"])
subprocess.run(["tmux", "-L", "rec", "kill-server"], stderr=subprocess.DEVNULL)
record("mc", ["mc", "-a", "/etc", HOME],
       [0.5, "\t", ESC + "[B" * 4, (80, 24), ESC + "[B", ESC + "9", 0.3, ESC + "[B" + ESC + "[B", ESC + ESC, (120, 35), 0.3])
BAR = """import time,sys
for i in range(101):
  sys.stdout.write(f'\\r\\x1b[K\\x1b[32m{"█"*(i//3):<34}\\x1b[0m {i:3d}% \\x1b[38;2;{i*2};80;200mETA {100-i}s\\x1b[0m')
  sys.stdout.flush(); time.sleep(.005)
print()
for i in range(5): print('row',i)
for k in range(20):
  sys.stdout.write('\\x1b[5A')
  for i in range(5): sys.stdout.write(f'\\x1b[2K\\x1b[1;3{i+1}mtask {i} {"#"*k}\\x1b[0m\\n')
  sys.stdout.flush()
input()"""
record("progress", ["/usr/bin/python3", "-u", "-c", BAR], [1.5, (60, 20)])
LOOKS = ("printf '\\033[4:3mcurly\\033[0m \\033[9mstrike\\033[29m \\033[53mover\\033[0m \\033[2mdim\\033[3mit"
         "\\033[5mbl\\033[7minv\\033[8mhid\\033[0m \\033]8;;http://x/\\033\\\\link\\033]8;;\\033\\\\ "
         "\\033[58:2::255:0:0m\\033[4:2mulc\\033[0m\\n'; printf '\\033(0lqqk\\033(B box\\n'\r")
record("emoji", ["bash", "--norc", "-i"],
       ["printf '漢字 かな 한글 🎉👍🏽👨‍👩‍👧 é e\\u0301 ☺️ ❤️ 🇩🇪 \\u200b|x\\n'; for i in $(seq 1 60); do printf '漢🎉'; done; echo; "
        "printf '%98s漢字\\n' ''\r", 0.4, LOOKS, (81, 24), "echo 漢字\r", (100, 30),
        "printf '\\t\\t|\\033[3g\\033[10G\\033H\\r\\t*\\n'\r"])
record("halves", ["bash", "--norc", "-i"],
       ["printf '\\033#8\\033[H漢字字漢\\033[1;2Hx\\033[10;1H'\r", "printf '\\033[2;1H漢字\\033[2;2H\\033[X\\033[10;1H'\r",
        "printf '\\033[3;1Hab漢cd\\033[3;3H\\033[@\\033[10;1H'\r", "printf '\\033[4;1H漢字\\033[4;1H\\033[P\\033[10;1H'\r",
        "printf '\\033[5;1H漢字\\033[5;2H\\033[P\\033[10;1H'\r", "printf '\\033[6;1H漢字\\033[6;2H\\033[K\\033[10;1H'\r"])
record("resize", ["bash", "--norc", "-i"],
       ["seq -s ' ' 1 300\r", (60, 20), "ls -la /usr\r", (140, 40), "seq -s ' ' 1 300\r", (40, 10), (100, 30),
        "echo end\r", "printf '\\033[5;15r\\033[?6h\\033[2;2Hmargin\\033[?25l\\033[?7l'\r"])
shutil.rmtree(HOME)
