//! Keeps the time of a connect's steps.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Instant;

use crate::protocol::session::Phase;
use crate::protocol::session::PhaseName;
use crate::protocol::session::PhaseState;
use crate::ssh::exec::Progress;

/// The steps of one connect so far; at most one is under way, the last.
///
/// Clones share them: the link's task, the exec that reports, and pages that
/// come in the middle.
#[derive(Clone, Debug, Default)]
pub struct Phases {
    /// Never held over an await.
    steps: Arc<Mutex<Vec<(Phase, Instant)>>>,
}

impl Phases {
    /// Begins a step; the one before is done.
    pub fn begin(&self, name: PhaseName) {
        self.end(PhaseState::Done);
        let phase = Phase {
            name,
            state: PhaseState::Active,
            ms: 0,
            done_bytes: None,
            total_bytes: None,
        };
        self.steps().push((phase, Instant::now()));
    }

    /// Ends the step under way, if there is one.
    pub fn end(&self, state: PhaseState) {
        if let Some((phase, since)) = self.steps().last_mut()
            && phase.state == PhaseState::Active
        {
            phase.state = state;
            phase.ms = millis(*since);
        }
    }

    /// Ends everything well with this step, which may not have been seen.
    pub fn finish(&self, last: PhaseName) {
        let is_begun = self
            .steps()
            .last()
            .is_some_and(|(phase, _)| phase.name == last);
        if !is_begun {
            self.begin(last);
        }
        self.end(PhaseState::Done);
    }

    /// Takes what the exec reports.
    pub fn report(&self, progress: Progress) {
        match progress {
            Progress::Began(name) => self.begin(name),
            Progress::Uploaded { done, total } => {
                if let Some((phase, _)) = self.steps().last_mut() {
                    phase.done_bytes = Some(done);
                    phase.total_bytes = Some(total);
                }
            }
        }
    }

    /// Forgets the steps of an earlier connect, but for `authenticate` when it
    /// has just been done in the foreground.
    pub fn restart(&self) {
        let mut steps = self.steps();
        steps.retain(|(phase, _)| phase.name == PhaseName::Authenticate);
        let older = steps.len().saturating_sub(1);
        steps.drain(..older);
        drop(steps);
        self.end(PhaseState::Done);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.steps().clear();
    }

    /// Returns the steps as others see them, at this moment.
    pub fn seen(&self) -> Vec<Phase> {
        let steps = self.steps();
        let at_this_moment = |(phase, since): &(Phase, Instant)| match phase.state {
            PhaseState::Active => Phase {
                ms: millis(*since),
                ..phase.clone()
            },
            PhaseState::Done | PhaseState::Failed => phase.clone(),
        };
        steps.iter().map(at_this_moment).collect()
    }

    fn steps(&self) -> MutexGuard<'_, Vec<(Phase, Instant)>> {
        // A panic elsewhere leaves the steps as they were.
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(phases: &Phases) -> Vec<(PhaseName, PhaseState)> {
        phases
            .seen()
            .into_iter()
            .map(|phase| (phase.name, phase.state))
            .collect()
    }

    #[test]
    fn a_new_step_ends_the_one_before() {
        let phases = Phases::default();
        phases.begin(PhaseName::Authenticate);
        phases.report(Progress::Began(PhaseName::Attach));
        phases.end(PhaseState::Failed);
        phases.end(PhaseState::Done);
        assert_eq!(
            states(&phases),
            [
                (PhaseName::Authenticate, PhaseState::Done),
                (PhaseName::Attach, PhaseState::Failed)
            ]
        );
    }

    #[test]
    fn a_restart_keeps_the_authentication_alone() {
        let phases = Phases::default();
        phases.begin(PhaseName::Attach);
        phases.begin(PhaseName::Authenticate);
        phases.restart();
        assert_eq!(
            states(&phases),
            [(PhaseName::Authenticate, PhaseState::Done)]
        );
    }
}
