//! Repeated measurements: pairs that alternate, medians, quantiles.

use std::env;

use crate::interrupt;
use crate::support::say;

/// How often a figure is measured unless `CCP_BENCH_RUNS` says otherwise.
const RUNS: usize = 7;

/// How many more runs a measurement of some milliseconds gets.
const MANY: usize = 5;

/// How often to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs(pub(crate) usize);

impl Runs {
    /// Reads `CCP_BENCH_RUNS`.
    pub(crate) fn from_environment() -> Self {
        let given = env::var("CCP_BENCH_RUNS").ok();
        let runs = given.and_then(|text| text.parse().ok());
        Self(runs.filter(|runs| *runs > 0).unwrap_or(RUNS))
    }

    /// Returns the runs of a measurement that takes milliseconds.
    pub(crate) fn many(self) -> Self {
        Self(self.0 * MANY)
    }
}

/// Measurements in one unit, in the order they were taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(pub(crate) Vec<f64>);

impl Samples {
    /// Returns the median.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Returns the value that this share of all does not exceed, 0 to 1;
    /// between two values it interpolates.
    ///
    /// # Panics
    /// When nothing was measured.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let place = share * (sorted.len().checked_sub(1).expect("something was measured")) as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        sorted[below] + (sorted[above] - sorted[below]) * place.fract()
    }
}

/// Ours and the baseline, measured in turn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    /// What we take.
    pub(crate) ours: Samples,
    /// What the baseline beside it takes.
    pub(crate) baseline: Samples,
}

impl Pairs {
    /// Measures both in turn, after one pair that does not count.
    pub(crate) fn measure(
        what: &str,
        runs: Runs,
        mut ours: impl FnMut() -> f64,
        mut baseline: impl FnMut() -> f64,
    ) -> Self {
        let mut pairs = Self::default();
        repeat(what, Runs(runs.0 + 1), |run| {
            let (a, b) = (ours(), baseline());
            if run > 0 {
                pairs.push(a, b);
            }
        });
        pairs
    }

    /// Adds one measurement of each.
    pub(crate) fn push(&mut self, ours: f64, baseline: f64) {
        self.ours.0.push(ours);
        self.baseline.0.push(baseline);
    }

    /// Returns the median of what `compare` makes of each pair.
    pub(crate) fn compared(&self, compare: fn(f64, f64) -> f64) -> f64 {
        let pairs = self.ours.0.iter().zip(&self.baseline.0);
        Samples(
            pairs
                .map(|(ours, baseline)| compare(*ours, *baseline))
                .collect(),
        )
        .median()
    }
}

/// Does something so often, unless it is interrupted.
pub(crate) fn repeat(what: &str, runs: Runs, mut measure: impl FnMut(usize)) {
    say(&format!("  {what}, {} times", runs.0));
    for run in 0..runs.0 {
        interrupt::check();
        measure(run);
    }
}
