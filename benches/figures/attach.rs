//! Attaching to a terminal whose program has printed 10,000 lines.
//!
//! From the open WebSocket to the last chunk of the screen's redraw, and from
//! asking for the history to its last chunk; what is drawn with it is the
//! emulator's, and not in these figures. Baselines: `tmux attach` on a bare pty
//! from its start to the last line, and `tmux capture-pane` of as much history;
//! both are whole processes.

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use crate::flood::lines;
use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, Samples, repeat};
use crate::server;
use crate::support::bare::BarePty;
use crate::support::bin;
use crate::support::laptop::Laptop;
use crate::timed::{milliseconds, program, timed};
use crate::typist::Typist;
use crate::wire::Wire;

/// How many lines there are.
pub(crate) const LINES: usize = 10_000;

/// The line behind them.
pub(crate) const END: &str = "the-end-of-0.";

/// Takes the figures.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let laptop = Laptop::new();
    let script = print_lines(&laptop);
    let visitor = server::start(&laptop, &bin());
    let mut typist = Typist::start(&visitor, &format!("sh {script}"));
    typist.run_until(END);
    let tmux = Tmux::start(&laptop, &script);
    let (mut screen, mut history) = (Pairs::default(), Pairs::default());
    let (mut screen_bytes, mut history_bytes) = (Samples::default(), Samples::default());
    let runs = Runs(runs.many().0 + 1);
    repeat("attach and history, 10,000 lines", runs, |run| {
        let mut wire = Wire::open(&visitor, typist.id());
        let (drawn, whole) = (wire.attach(&format!("look-{run}")), wire.history());
        let (floor, capture) = (tmux.attach(), tmux.capture());
        // The first pair does not count.
        if run > 0 {
            screen.push(drawn.taken, floor);
            history.push(whole.taken, capture);
            screen_bytes.0.push(drawn.bytes as f64);
            history_bytes.0.push(whole.bytes as f64);
        }
    });
    let ratio =
        |measure, pairs, what, aim| Row::ratio(measure, Unit::Milliseconds, pairs, what, aim);
    let sent = |samples| Row::alone("  its bytes", Unit::Bytes, samples, "-");
    vec![
        ratio(
            "attach, 10,000 lines, screen",
            screen,
            "`tmux attach`",
            "≤ 50 ms",
        ),
        sent(screen_bytes),
        ratio("history, 10,000 lines", history, "`tmux capture-pane`", "-"),
        sent(history_bytes),
    ]
}

/// Writes a script that prints the lines once return is pressed; its path.
pub(crate) fn print_lines(laptop: &Laptop) -> String {
    let log = lines(LINES * 200);
    let log: Vec<&str> = log.lines().take(LINES).collect();
    assert_eq!(log.len(), LINES);
    let path = laptop.file("lines.txt");
    fs::write(&path, log.join("\n") + "\n").expect("the laptop is ours");
    let script = laptop.file("lines.sh");
    let body = format!(
        "read -r line\ncat {}\nrun=0\necho \"the-end-of-$run.\"\nexec cat >/dev/null\n",
        path.display()
    );
    fs::write(&script, body).expect("the laptop is ours");
    script.display().to_string()
}

/// A tmux server with the same lines; it ends with its laptop.
struct Tmux<'a> {
    laptop: &'a Laptop,
    socket: String,
}

impl<'a> Tmux<'a> {
    fn start(laptop: &'a Laptop, script: &str) -> Self {
        let socket = laptop.file("tmux.sock").display().to_string();
        let tmux = Self { laptop, socket };
        let config = laptop.file("tmux.conf");
        fs::write(&config, "set -g history-limit 10000\n").expect("the laptop is ours");
        let config = config.display().to_string();
        let command = format!("sh {script}");
        let size = ["-x", "80", "-y", "24"];
        tmux.run(
            &[
                &["-f", &config, "new-session", "-d"][..],
                &size,
                &[&command],
            ]
            .concat(),
        );
        let mut pty = tmux.client();
        pty.type_bytes(b"\r");
        pty.read_until(END);
        tmux
    }

    /// Returns the milliseconds from a client's start to the last line.
    fn attach(&self) -> f64 {
        let begun = Instant::now();
        let mut pty = self.client();
        pty.read_until(END);
        milliseconds(begun.elapsed())
    }

    /// Returns the milliseconds that printing all takes.
    fn capture(&self) -> f64 {
        let words = ["-S", &self.socket, "capture-pane", "-e", "-p", "-S", "-"];
        let mut command = self.laptop.command(&program("tmux"));
        timed(command.args(words).stdin(Stdio::null()))
    }

    fn client(&self) -> BarePty {
        let words = ["-S", &self.socket, "attach"];
        BarePty::start(self.laptop, &program("tmux"), &words)
    }

    fn run(&self, words: &[&str]) {
        let mut command = self.laptop.command(&program("tmux"));
        timed(
            command
                .args(["-S", &self.socket])
                .args(words)
                .stdin(Stdio::null()),
        );
    }
}
