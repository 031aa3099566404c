//! A real page in Chromium, by the drivers in `src/web/app/e2e`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::finished::{self, Finished};
use super::{find_program, poll, processes, temporary_directory};

/// How long the page may take for one step.
const STEP: Duration = Duration::from_secs(60);

/// How long a whole script may take.
const SCRIPT: Duration = Duration::from_secs(180);

/// Chromium wants a core and half a gigabyte, so one runs at a time.
static TURN: Mutex<()> = Mutex::new(());

/// A page that a case drives line by line; drop closes the browser.
pub(crate) struct Page {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
    _home: TempDir,
    /// None of a second page, which shares the first one's turn.
    _turn: Option<MutexGuard<'static, ()>>,
}

impl Page {
    /// Opens a URL.
    #[track_caller]
    pub(crate) fn open(url: &str) -> Self {
        Self::start("watch.mjs", &[url], Some(take_turn()))
    }

    /// Opens a URL in a browser of its own, in a smaller or larger window,
    /// while this one stays open.
    #[track_caller]
    pub(crate) fn open_another(&self, url: &str, (width, height): (u16, u16)) -> Self {
        let arguments = [url, &width.to_string(), &height.to_string()];
        Self::start("watch.mjs", &arguments, None)
    }

    /// Starts a driver that answers line by line.
    #[track_caller]
    pub(crate) fn drive(script: &str, arguments: &[&str]) -> Self {
        Self::start(script, arguments, Some(take_turn()))
    }

    #[track_caller]
    fn start(script: &str, arguments: &[&str], turn: Option<MutexGuard<'static, ()>>) -> Self {
        let home = temporary_directory();
        let mut child = node(home.path(), script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("node starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (said, answers) = mpsc::channel();
        thread::spawn(move || {
            // The case may be over; then nobody listens.
            output
                .lines()
                .map_while(Result::ok)
                .for_each(|line| drop(said.send(line)));
        });
        let page = Self {
            child,
            input,
            answers,
            _home: home,
            _turn: turn,
        };
        page.answer("open");
        page
    }

    /// Runs one command of the driver; returns what it answers.
    #[track_caller]
    pub(crate) fn ask(&mut self, command: &str) -> String {
        let input = self.input.as_mut().expect("it is taken only on drop");
        writeln!(input, "{command}").expect("the driver lives");
        self.answer(command)
    }

    #[track_caller]
    fn answer(&self, command: &str) -> String {
        let answer = self.answers.recv_timeout(STEP + Duration::from_secs(30));
        let answer = answer.unwrap_or_else(|_| "the driver ended or hangs".to_owned());
        match answer.strip_prefix("ok") {
            Some(text) => text.trim_start().to_owned(),
            None => panic!("`{command}`: {answer}"),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // The driver closes its browser at the end of its input.
        drop(self.input.take());
        let below = processes::descendants(self.child.id());
        let ended = || self.child.try_wait().ok().flatten();
        if poll::found_within(Duration::from_secs(20), ended).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        processes::kill_all(|| below.clone());
    }
}

/// Runs a whole script of `src/web/app/e2e`.
#[track_caller]
pub(crate) fn run(script: &str, arguments: &[&str]) -> Finished {
    let _turn = take_turn();
    let home = temporary_directory();
    finished::run(node(home.path(), script).args(arguments), SCRIPT)
}

fn take_turn() -> MutexGuard<'static, ()> {
    // A case that failed has dropped its browser all the same.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[track_caller]
fn node(home: &Path, script: &str) -> Command {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/app");
    let has_driver = app.join("node_modules/playwright-core").is_dir();
    assert!(
        has_driver,
        "no playwright-core: type `install/dependencies.sh test`"
    );
    let node = find_program("node").unwrap_or_else(|| PathBuf::from("node"));
    let mut command = Command::new(node);
    command
        .arg(app.join("e2e").join(script))
        .env("HOME", home)
        .env("E2E_TIMEOUT_MS", STEP.as_millis().to_string())
        .current_dir(app);
    command
}
