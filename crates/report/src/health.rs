//! How pretraining went, in a sentence for each stage: what can be said of an encoder without any label.

use crate::words::{self, count, counted, duration, value};
use crate::{HistoryPoint, Stage};

/// Below this part of the spread of embeddings that fill the sphere, they have fallen together.
const COLLAPSED: f64 = 0.1;

impl Stage {
    /// The last finite value of what `read` takes from a point.
    pub(crate) fn last(&self, read: impl Fn(&HistoryPoint) -> f64) -> Option<f64> {
        self.history.iter().rev().map(read).find(|value| value.is_finite())
    }

    /// The deviation of embeddings that fill the sphere, with the number of their dimensions.
    pub(crate) fn full_spread(&self) -> Option<(usize, f64)> {
        self.embedding_dim.filter(|d| *d > 0).map(|d| (d, 1.0 / (d as f64).sqrt()))
    }

    /// Whether all images get nearly the same embedding.
    pub(crate) fn collapsed(&self) -> bool {
        let last = self.last(|point| point.embedding_std);
        last.zip(self.full_spread()).is_some_and(|(last, (_, full))| last < COLLAPSED * full)
    }

    /// "simclr: 120 steps in 43 s; loss 5.60 → 4.05; effective rank 53; …".
    pub(crate) fn in_words(&self) -> String {
        let mut parts = Vec::new();
        let seconds = self.seconds.map(|seconds| format!(" in {}", duration(seconds))).unwrap_or_default();
        if self.steps > 0 {
            parts.push(format!("{}{seconds}", counted(self.steps as usize, "step", "steps")));
        }
        let first = self.history.iter().map(|point| point.loss).find(|loss| loss.is_finite());
        if let Some((first, last)) = first.zip(self.last(|point| point.loss)) {
            parts.push(format!("loss {} → {}", value(first), value(last)));
        }
        for metric in &self.metrics {
            let Some(last) = metric.values.iter().rev().find(|value| value.is_finite()) else { continue };
            let shown = |x: f64| if metric.unit == "%" { words::percent(x) } else { joined(&value(x), &metric.unit) };
            let against = metric.chance.map(|chance| format!(" ({} {})", metric.chance_name, shown(chance)));
            parts.push(format!("{} {}{}", metric.name, shown(*last), against.unwrap_or_default()));
        }
        if let Some(rank) = self.last(|point| point.effective_rank) {
            parts.push(format!("effective rank of the features {}", value(rank)));
        }
        if let Some((last, (d, full))) = self.last(|point| point.embedding_std).zip(self.full_spread()) {
            let full = value(full);
            parts.push(format!("spread of embeddings {} of {full} in {} dimensions", value(last), count(d as u64)));
        }
        format!("{}: {}.", self.name, parts.join("; "))
    }
}

fn joined(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number}\u{a0}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metric;

    #[test]
    fn a_stage_is_told_in_a_sentence() {
        let point = |step, loss, embedding_std| HistoryPoint {
            step,
            loss,
            embedding_std,
            effective_rank: 53.2,
            ..HistoryPoint::default()
        };
        let mut stage = Stage {
            name: "simclr".into(),
            steps: 120,
            seconds: Some(43.0),
            embedding_dim: Some(64),
            metrics: vec![Metric {
                name: "online probe accuracy".into(),
                unit: "%".into(),
                chance: Some(0.1),
                chance_name: "chance".into(),
                values: vec![0.2, 0.525],
            }],
            history: vec![point(60, 5.6, 0.1), point(120, 4.05, 0.12)],
            ..Stage::default()
        };
        assert_eq!(
            words::plain(&stage.in_words()),
            "simclr: 120 steps in 43 s; loss 5.60 → 4.05; online probe accuracy 52.5 % (chance 10.0 %); effective rank of \
             the features 53.2; spread of embeddings 0.120 of 0.125 in 64 dimensions."
        );
        assert!(!stage.collapsed());
        stage.history[1].embedding_std = 0.01;
        assert!(stage.collapsed());
    }
}
