//! A first visit over a slow link, in Chromium: 50 ms, 20 Mbit/s each way.
//!
//! The tunnel is up; a fresh browser opens a fresh URL, and a new terminal is
//! drawn. Baseline: ttyd behind the same link through `ssh -L`, where ttyd is
//! installed; else an empty page of the tunnel itself, which no link delays.
//!
//! How the peers compare: medians of seven rounds, milliseconds from the
//! navigation to the drawn prompt, on 2026-11-21, two cores without other load;
//! JupyterLab and code-server of two rounds, to the launcher and to the first row
//! of its files; WeTTY of three, to an empty screen. Packets (not streams) were
//! delayed, so handshakes and slow start count. *Plain* means that the browser
//! itself is behind the link.
//!
//! | | as it is meant | `ssh -L` | plain |
//! | --- | --- | --- | --- |
//! | ours: `ssh`, `serve`, `serve` | 296 (281–338) | 834 (817–850) | 680 (669–692) |
//! | ttyd 1.7.7 | | 807 (744–890) | 797 (770–814) |
//! | WeTTY 3.2 | | 1,065 | 944 |
//! | JupyterLab 4.6 | | 4,900 | 4,800 |
//! | code-server 4.139 | | 6,300 | 5,900 |

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::row::{Row, Unit};
use crate::sample::{Pairs, Runs, repeat};
use crate::support::chromium::Page;
use crate::support::laptop::Laptop;
use crate::support::poll::eventually;
use crate::support::sshd::Sshd;
use crate::support::wan::Wan;
use crate::support::{find_program, processes};
use crate::timed::ssh;

/// The round trip of the link.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// What the link carries in a second, each way.
const BYTES_PER_SECOND: u64 = 20_000_000 / 8;

/// How long ttyd and its forwarding may take to listen.
const DEADLINE: Duration = Duration::from_secs(20);

/// Takes the figure.
pub(crate) fn rows(runs: Runs) -> Vec<Row> {
    let sshd = Sshd::start();
    let (wan, laptop) = Wan::with_laptop("box", &sshd);
    let visitor = laptop.visit("box");
    wan.set_round_trip(ROUND_TRIP);
    wan.set_rate(Some(BYTES_PER_SECOND));
    let ttyd = find_program("ttyd").map(|program| Ttyd::start(&laptop, &program));
    let (what, baseline) = match &ttyd {
        Some(ttyd) => ("ttyd through `ssh -L`", format!("cold-ttyd {}", ttyd.url())),
        None => {
            let url = format!("http://localhost:{}/healthz", visitor.port);
            ("an empty page", format!("cold-empty {url}"))
        }
    };
    let mut page = Page::drive("figures.mjs", &[]);
    let mut pairs = Pairs::default();
    repeat("first visit over a link", runs, |_| {
        let floor = ready(&mut page, &baseline);
        for id in visitor.terminals() {
            visitor.call("terminal.kill", &json!({ "id": id }));
        }
        let connected = laptop.connect("box");
        let url = connected["url"].as_str().expect("a URL");
        pairs.push(ready(&mut page, &format!("cold {url}")), floor);
    });
    let measure = "terminal usable, cold, 50 ms and 20 Mbit/s";
    vec![Row::difference(
        measure,
        Unit::Milliseconds,
        pairs,
        what,
        "less than ttyd",
    )]
}

fn ready(page: &mut Page, command: &str) -> f64 {
    let taken: Value = serde_json::from_str(&page.ask(command)).expect("the driver answers JSON");
    taken["ready"].as_f64().expect("a number")
}

/// A ttyd and the ssh that forwards a port of the laptop's to it.
struct Ttyd {
    children: Vec<Child>,
    port: u16,
}

impl Ttyd {
    fn start(laptop: &Laptop, program: &Path) -> Self {
        let (port, inner) = (free_port(), free_port());
        let mut ttyd = laptop.command(program);
        let interface = ["-i", "127.0.0.1", "-p", &inner.to_string(), "-W", "bash"];
        ttyd.args(interface).stdin(Stdio::null());
        let forwarding = format!("{port}:127.0.0.1:{inner}");
        let ssh = ssh(laptop, &["-N", "-L", &forwarding]);
        let children = [ttyd, ssh].map(|mut command| {
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("the program starts")
        });
        for port in [inner, port] {
            eventually("ttyd can be reached", DEADLINE, || {
                TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
            });
        }
        Self {
            children: children.into(),
            port,
        }
    }

    fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }
}

impl Drop for Ttyd {
    fn drop(&mut self) {
        for child in &mut self.children {
            for below in processes::descendants(child.id()) {
                processes::kill(below);
            }
            // Both fail only when it has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}
