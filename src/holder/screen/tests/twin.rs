//! Recorded sessions, redrawn and compared with an xterm.js that was never
//! disconnected.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Of how many of a recorded session's moments the history is compared.
const WHOLE_EVERY: usize = 10;

/// A recorded session: sizes, and what the program printed.
fn recorded(name: &str) -> Vec<serde_json::Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sessions");
    let text = std::fs::read_to_string(path.join(format!("{name}.jsonl"))).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool of the test, not a child of ours"
)]
fn node_command() -> std::process::Command {
    std::process::Command::new("node")
}

/// A session at many moments, for the comparison with a twin.
///
/// Now and then with everything above the screen.
fn moments(name: &str) -> String {
    let events = recorded(name);
    let mut screen = Screen::new(SIZE, DEFAULT_ROWS);
    let mut lines = String::new();
    let mut say = |line: serde_json::Value| lines.push_str(&format!("{line}\n"));
    let mut output = Vec::new();
    for (number, event) in events.iter().enumerate() {
        if event[0] == "r" {
            let size = |at: usize| u16::try_from(event[at].as_u64().unwrap()).unwrap();
            let size = Size {
                cols: size(1),
                rows: size(2),
            };
            screen.resize(size);
            let redraw = STANDARD.encode(screen.redraw());
            say(serde_json::json!({ "size": [size.cols, size.rows], "redraw": redraw }));
            continue;
        }
        let bytes = STANDARD.decode(event[1].as_str().unwrap()).unwrap();
        // Also in the middle of what the program printed at once.
        for piece in bytes.chunks(bytes.len() / 3 + 1) {
            output.extend_from_slice(piece);
            screen.feed(piece);
            say(serde_json::json!({ "output": STANDARD.encode(piece) }));
            let rest = &output[usize::try_from(screen.position()).unwrap()..];
            say(serde_json::json!({
                "check": format!("{name} {number}"),
                "redraw": STANDARD.encode(screen.redraw()),
                "rest": STANDARD.encode(rest),
            }));
            if number % WHOLE_EVERY == 0 {
                say(serde_json::json!({
                    "check": format!("{name} {number} with history"),
                    "above": true,
                    "redraw": STANDARD.encode(whole(&screen)),
                    "rest": STANDARD.encode(rest),
                }));
            }
        }
    }
    lines
}

/// Compares redraws with an xterm.js that was never disconnected.
pub(super) fn compare(moments: &str) -> serde_json::Value {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/app");
    let mut node = node_command()
        .arg("e2e/twin.mjs")
        .current_dir(app)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs: `install/dependencies.sh build` installs what it needs");
    let mut stdin = node.stdin.take().unwrap();
    stdin.write_all(moments.as_bytes()).unwrap();
    drop(stdin);
    let out = node.wait_with_output().unwrap();
    serde_json::from_slice(&out.stdout).expect("a report")
}

#[test]
fn a_redraw_equals_a_twin_that_was_never_disconnected() {
    let names = [
        "vim", "vim-left", "less", "htop", "tmux", "mc", "progress", "resize", "emoji", "halves",
    ];
    for name in names {
        let report = compare(&moments(name));
        assert!(report["checks"].as_u64() > Some(10), "{name}: {report:#}");
        assert_eq!(report["differences"], serde_json::json!([]), "{name}");
        assert!(report["unseen"].as_u64() < Some(10), "{name}: {report:#}");
    }
}
