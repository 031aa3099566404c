//! One line of the table: what, ours, the baseline, how they compare, the aim.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

use crate::sample::{Pairs, Samples};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Bytes, shown in MB of 10⁶.
    Bytes,
    /// Bytes a second, shown in MB/s of 10⁶.
    Rate,
    /// Something a second.
    PerSecond,
    /// Things.
    Count,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    measure: String,
    unit: Unit,
    aim: &'static str,
    /// The figure itself.
    value: f64,
    /// All measurements it comes from.
    samples: Samples,
    baseline: Option<Baseline>,
}

/// What stands beside a figure.
#[derive(Clone, Debug)]
struct Baseline {
    what: String,
    value: f64,
    ratio: Option<f64>,
    difference: f64,
}

impl Row {
    /// Makes a row without a baseline, of the median.
    pub(crate) fn alone(measure: &str, unit: Unit, samples: Samples, aim: &'static str) -> Self {
        let median = samples.median();
        Self::of(measure, unit, median, samples, aim)
    }

    /// Makes a row without a baseline, of a value taken from the samples.
    pub(crate) fn of(
        measure: &str,
        unit: Unit,
        value: f64,
        samples: Samples,
        aim: &'static str,
    ) -> Self {
        Self {
            measure: measure.to_owned(),
            unit,
            aim,
            value,
            samples,
            baseline: None,
        }
    }

    /// Makes a row of medians with the median of the pairs' ratios.
    pub(crate) fn ratio(
        measure: &str,
        unit: Unit,
        pairs: Pairs,
        what: &str,
        aim: &'static str,
    ) -> Self {
        let ratio = pairs.compared(|ours, baseline| ours / baseline);
        let mut row = Self::difference(measure, unit, pairs, what, aim);
        row.baseline
            .iter_mut()
            .for_each(|baseline| baseline.ratio = Some(ratio));
        row
    }

    /// Makes a row of medians with the median of the pairs' differences.
    pub(crate) fn difference(
        measure: &str,
        unit: Unit,
        pairs: Pairs,
        what: &str,
        aim: &'static str,
    ) -> Self {
        let difference = pairs.compared(|ours, baseline| ours - baseline);
        let baseline = Baseline {
            what: what.to_owned(),
            value: pairs.baseline.median(),
            ratio: None,
            difference,
        };
        Self::alone(measure, unit, pairs.ours, aim).beside(baseline)
    }

    /// Puts a baseline beside a value; the comparison is their difference.
    pub(crate) fn above(self, value: f64, what: &str) -> Self {
        let difference = self.value - value;
        self.beside(Baseline {
            what: what.to_owned(),
            value,
            ratio: None,
            difference,
        })
    }

    fn beside(mut self, baseline: Baseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    fn cells(&self) -> [String; 5] {
        let nothing = || "-".to_owned();
        let baseline = self.baseline.as_ref();
        let shown =
            |baseline: &Baseline| format!("{} ({})", self.unit.show(baseline.value), baseline.what);
        let compared = |baseline: &Baseline| match baseline.ratio {
            Some(ratio) => format!("{ratio:.2}"),
            None if baseline.difference < 0.0 => {
                format!("-{}", self.unit.show(-baseline.difference))
            }
            None => format!("+{}", self.unit.show(baseline.difference)),
        };
        [
            self.measure.clone(),
            self.unit.show(self.value),
            baseline.map_or_else(nothing, shown),
            baseline.map_or_else(nothing, compared),
            self.aim.to_owned(),
        ]
    }

    /// `{"measure":"ssh T, live","unit":"ms","ours":8.1,"low":7.9,"high":9.0,`
    /// `"samples":35,"baseline":4.2,"what":"ssh -V","ratio":1.93,…,"aim":"≤ 2"}`
    fn json(&self) -> Value {
        let baseline = self.baseline.as_ref();
        json!({
            "measure": self.measure,
            "unit": self.unit.name(),
            "ours": self.value,
            "low": self.samples.quantile(0.0),
            "high": self.samples.quantile(1.0),
            "samples": self.samples.0.len(),
            "baseline": baseline.map(|baseline| baseline.value),
            "what": baseline.map(|baseline| &baseline.what),
            "ratio": baseline.and_then(|baseline| baseline.ratio),
            "difference": baseline.map(|baseline| baseline.difference),
            "aim": self.aim,
        })
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Bytes => "bytes",
            Self::Rate => "bytes/s",
            Self::PerSecond => "1/s",
            Self::Count => "1",
        }
    }

    fn show(self, value: f64) -> String {
        let digits = |value: f64| match value {
            0.0 => 0,
            ..1.0 => 3,
            ..10.0 => 2,
            ..100.0 => 1,
            _ => 0,
        };
        let megabytes = value / 1e6;
        match self {
            Self::Milliseconds => format!("{value:.*} ms", digits(value)),
            Self::Bytes => format!("{megabytes:.*} MB", digits(megabytes)),
            Self::Rate => format!("{megabytes:.*} MB/s", digits(megabytes)),
            Self::PerSecond => format!("{value:.2}/s"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

/// Aligns the rows below their names.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["MEASURE", "OURS", "BASELINE", "RATIO", "AIM"]);
    rows.iter().for_each(|row| {
        table.add_row(row.cells());
    });
    // Each cell has a blank at both sides; a row may begin with more.
    let lines = table.lines().map(|line| match line.strip_prefix(' ') {
        Some(line) => line.trim_end().to_owned(),
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Prints the rows for programs.
pub(crate) fn json(rows: &[Row]) -> String {
    Value::from(rows.iter().map(Row::json).collect::<Vec<_>>()).to_string()
}
