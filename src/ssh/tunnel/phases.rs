//! Keeps the time of a connect's steps.

use std::time::Instant;

use crate::protocol::session::Phase;
use crate::protocol::session::PhaseName;
use crate::protocol::session::PhaseState;
use crate::ssh::exec::Progress;

/// The steps of one connect so far; at most one is under way, the last.
#[derive(Debug, Default)]
pub struct Phases {
    steps: Vec<(Phase, Instant)>,
}

impl Phases {
    /// Begins a step; the one before is done.
    pub fn begin(&mut self, name: PhaseName) {
        self.end(PhaseState::Done);
        let phase = Phase {
            name,
            state: PhaseState::Active,
            ms: 0,
            done_bytes: None,
            total_bytes: None,
        };
        self.steps.push((phase, Instant::now()));
    }

    /// Ends the step under way, if there is one.
    pub fn end(&mut self, state: PhaseState) {
        if let Some((phase, since)) = self.steps.last_mut()
            && phase.state == PhaseState::Active
        {
            phase.state = state;
            phase.ms = millis(*since);
        }
    }

    /// Takes what the exec reports.
    pub fn report(&mut self, progress: Progress) {
        match progress {
            Progress::Began(name) => self.begin(name),
            Progress::Uploaded { done, total } => {
                if let Some((phase, _)) = self.steps.last_mut() {
                    phase.done_bytes = Some(done);
                    phase.total_bytes = Some(total);
                }
            }
        }
    }

    /// Forgets the steps of an earlier connect, but for `authenticate` when it
    /// has just been done in the foreground.
    pub fn restart(&mut self) {
        self.steps
            .retain(|(phase, _)| phase.name == PhaseName::Authenticate);
        self.steps.drain(..self.steps.len().saturating_sub(1));
        self.end(PhaseState::Done);
    }

    /// Returns the steps as others see them, at this moment.
    pub fn seen(&self) -> Vec<Phase> {
        self.steps
            .iter()
            .map(|(phase, since)| {
                let mut phase = phase.clone();
                if phase.state == PhaseState::Active {
                    phase.ms = millis(*since);
                }
                phase
            })
            .collect()
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
        let mut phases = Phases::default();
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
        let mut phases = Phases::default();
        phases.begin(PhaseName::Attach);
        phases.begin(PhaseName::Authenticate);
        phases.restart();
        assert_eq!(
            states(&phases),
            [(PhaseName::Authenticate, PhaseState::Done)]
        );
    }
}
