//! Shows a connect as it goes, on stderr.

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use super::output;
use crate::protocol::session::Phase;
use crate::protocol::session::PhaseName;
use crate::protocol::session::PhaseState;
use crate::ssh::target::Target;
use crate::ssh::watcher::Watcher;

/// Opens a URL (the second word) of a target (the first) in a browser.
type Opener = fn(&str, &str);

/// A connect's lines and its upload bar.
pub struct Display {
    target: String,
    /// Whether a program reads stdout; then stderr stays short.
    is_quiet: bool,
    opens: Option<Opener>,
    /// How many steps have been shown as done.
    shown: usize,
    bar: Option<ProgressBar>,
}

impl Display {
    /// Makes the display of one connect.
    pub fn new(target: &Target, is_quiet: bool, opens: Option<Opener>) -> Self {
        Self {
            target: target.spelling().to_owned(),
            is_quiet,
            opens,
            shown: 0,
            bar: None,
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn tell(&self, line: &str) {
        if !self.is_quiet {
            output::say(line);
        }
    }

    fn show_upload(&mut self, phase: &Phase) {
        let (Some(done), Some(total)) = (phase.done_bytes, phase.total_bytes) else {
            return;
        };
        if self.is_quiet || !output::is_watched() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| upload_bar(total));
        bar.set_position(done);
    }
}

impl Watcher for Display {
    fn waits_for_another(&mut self) {
        self.tell(&format!(
            "another command is connecting to {}; waiting for it",
            self.target
        ));
    }

    fn wants_page(&self) -> bool {
        self.opens.is_some()
    }

    fn open_page(&mut self, name: &str, url: &str) {
        if let Some(open) = self.opens.take() {
            open(name, url);
        }
    }

    fn authenticates(&mut self) {
        self.tell(&format!("connecting to {} …", self.target));
    }

    fn progressed(&mut self, phases: &[Phase]) {
        if let Some(active) = phases.last()
            && active.name == PhaseName::Upload
            && active.state == PhaseState::Active
        {
            self.show_upload(active);
        }
        let done = phases
            .iter()
            .filter(|phase| phase.state == PhaseState::Done);
        let lines: Vec<String> = done.skip(self.shown).map(line).collect();
        if !lines.is_empty() {
            self.finish();
        }
        self.shown += lines.len();
        for line in lines {
            self.tell(&line);
        }
    }

    fn is_slow(&mut self, phase: &Phase) {
        if phase.name == PhaseName::Attach && phase.state == PhaseState::Active {
            self.tell(&format!(
                "  the login shell's startup files on {} are still running; waiting for them (Ctrl-C gives up)",
                self.target
            ));
        }
    }

    fn port_moved(&mut self, from: u16, to: u16) {
        output::say(&format!(
            "port {from} on this machine is taken by another program; using {to} (pages that are open must be opened again)"
        ));
    }
}

fn line(phase: &Phase) -> String {
    let what = match phase.name {
        PhaseName::Authenticate => "signed in",
        PhaseName::Attach => "login shell answered",
        PhaseName::Upload => "binary uploaded",
        PhaseName::Install => "binary installed",
        PhaseName::Start => "server reached",
    };
    let seconds = std::time::Duration::from_millis(phase.ms).as_secs_f64();
    let size = phase.total_bytes.map(|bytes| {
        let megabytes = std::time::Duration::from_micros(bytes).as_secs_f64();
        format!(
            "  {megabytes:.1} MB, {:.1} MB/s",
            megabytes / seconds.max(0.001)
        )
    });
    format!("  {what:<22}{seconds:>6.2} s{}", size.unwrap_or_default())
}

fn upload_bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let template = "  uploading {bar:24} {bytes} of {total_bytes}  {bytes_per_sec}  {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_one_aligned_line() {
        let phase = Phase {
            name: PhaseName::Upload,
            state: PhaseState::Done,
            ms: 2000,
            done_bytes: Some(8_000_000),
            total_bytes: Some(8_000_000),
        };
        assert_eq!(
            line(&phase),
            "  binary uploaded         2.00 s  8.0 MB, 4.0 MB/s"
        );
    }
}
