//! `ssh doctor T`: what stands in the way on a remote, and what to type.
//!
//! ```text
//! master (a living one, or one for this alone)
//!   └─ one exec ── line, as of a connect ── probe.sh ── facts ─┐
//!   └─ a session that starts nothing, a forward to sshd itself ─┴─> judge ─> checks, fixes
//! ```
//!
//! The probe is a text for `sh` on the stdin of one exec, as the installer of
//! a connect is; it prints facts and judges nothing. It starts nothing that
//! stays and leaves nothing: one small file is made and run in each root, to
//! see whether that works, and deleted. Judging is done here, by pure
//! functions from [`facts::Facts`] to [`Check`]s.
//!
//! The limit: a startup file that hangs goes on there until it ends by itself,
//! as behind any ssh command; the probe behind it then finds its stdin closed.
//! Whatever is quoted in a fix is quoted for the laptop's shell as a whole, so
//! that a hostile remote's names run nothing here.
//!
//! A master that was made for this ends with it, so an interrupted doctor
//! leaves no process either. It has a control path of its own: a target whose
//! tunnel lives keeps its master, also where that takes no second session.

pub mod facts;
pub mod fix;
#[cfg(test)]
mod fixtures;
mod forwards;
mod judge;
mod limits;
mod parse;
mod places;
mod probe;
mod servers;
mod shell;

use std::time::Duration;

use serde::Serialize;

use self::facts::Answer;
use self::facts::Facts;
use self::fix::Typist;
use super::master;
use super::master::Master;
use super::plan::Asking;
use super::plan::Plan;
use super::registry::Registry;
use super::target::Target;
use super::watcher::Watcher;
use super::wish::Wish;
use crate::protocol::control::Cause;
use crate::protocol::control::Failure;
use crate::release::build::Build;
use crate::sys::secret;
use crate::sys::shutdown::Shutdown;
use crate::sys::text;

/// How long a second session may take to open.
const SESSION_DEADLINE: Duration = Duration::from_secs(10);

/// How bad something is; the worse, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing; everything works.
    Note,
    /// Something is slow, lost some day, or done another way than usual.
    Warning,
    /// `ssh T` fails over this.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What, `login shell`.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, for a person.
    pub found: String,
    /// What to do with the commands, when typing them is not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
    /// Commands for a shell on the laptop, each of which helps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<String>,
}

impl Check {
    fn new(name: &'static str, severity: Severity, found: impl Into<String>) -> Self {
        Self {
            name,
            severity,
            found: found.into(),
            advice: None,
            fixes: Vec::new(),
        }
    }

    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Severity::Ok, found)
    }

    fn fix(mut self, command: String) -> Self {
        self.fixes.push(command);
        self
    }

    fn advise(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }
}

/// What is known of a remote.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The target as the person spells it.
    pub target: String,
    /// The worst of the checks.
    pub worst: Severity,
    /// What was looked at, in a fixed order.
    pub checks: Vec<Check>,
    /// Everything that the remote told.
    pub facts: Facts,
}

/// Looks at a target by one exec.
///
/// # Errors
/// A [`Failure`] when there is no connection, as any connect says it. A login
/// shell that runs no command is none: the report says so.
pub async fn examine(
    target: &Target,
    wish: &Wish,
    watcher: &mut dyn Watcher,
) -> Result<Report, Failure> {
    let registry = Registry::open().map_err(|error| local(text::with_causes(&error)))?;
    let build = Build::of_self().map_err(|error| local(error.to_string()))?;
    let kept = registry.find_exactly(target.spelling());
    let options = wish.merge(kept.as_ref());
    let name = registry.name_of(target);
    let plan = Plan::resolve(target, &name, &options, &registry, wish.show_ssh).await?;
    let living = match plan.find().await {
        Some(master) => look(&plan, &master, target, &registry).await,
        None => Err(lost(target)),
    };
    let facts = match living {
        // None, or full, or dead without having noticed: one for this alone.
        Err(failure) if failure.cause.wants_fresh_master() => {
            let name = format!("{name} doctor {}", secret::word(8));
            let own = Plan::resolve(target, &name, &options, &registry, wish.show_ssh).await?;
            let mut facts = look_by_own(&own, target, &registry, watcher).await?;
            if failure.cause == Cause::SessionRefused {
                facts.second_session = Some(false);
            }
            facts
        }
        result => result?,
    };
    let typist = Typist {
        ssh: &plan.plain_command(),
        target: target.spelling(),
        shell: facts.shell_name(),
        is_root: facts.uid == "0",
    };
    let checks = judge::judge(&facts, &build, &typist);
    let worst = checks.iter().map(|check| check.severity).max();
    Ok(Report {
        target: target.spelling().to_owned(),
        worst: worst.unwrap_or(Severity::Ok),
        checks,
        facts,
    })
}

/// Looks through a master that is made for this and ended after it.
async fn look_by_own(
    plan: &Plan,
    target: &Target,
    registry: &Registry,
    watcher: &mut dyn Watcher,
) -> Result<Facts, Failure> {
    let shutdown = Shutdown::default();
    shutdown
        .on_signals()
        .map_err(|error| local(error.to_string()))?;
    watcher.authenticates();
    let master = plan.make(Asking::Person).await?;
    let looked = tokio::select! {
        looked = look(plan, &master, target, registry) => looked,
        () = shutdown.begun() => Err(local("interrupted".into())),
    };
    master.end().await;
    looked
}

async fn look(
    plan: &Plan,
    master: &Master,
    target: &Target,
    registry: &Registry,
) -> Result<Facts, Failure> {
    let mut probe = probe::Probe::open(plan, master, target.spelling()).await?;
    let mut facts = probe.run().await?;
    if let Answer::Whole | Answer::Stalled { .. } = facts.answer {
        // The probe's session is open still, which is what this is about.
        let socket = registry.trial_socket(&secret::word(8));
        (facts.second_session, facts.forwarding) = tokio::join!(
            master::opens_another(&master.path, SESSION_DEADLINE),
            forwards::arrive(&master.path, &facts.connection, &socket),
        );
    }
    probe.end().await;
    Ok(facts)
}

fn lost(target: &Target) -> Failure {
    super::failure::lost(target.spelling(), "no master answers")
}

fn local(message: String) -> Failure {
    Failure {
        cause: Cause::Local,
        message,
        hint: String::new(),
    }
}
