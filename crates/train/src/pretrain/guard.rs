//! That going on does no harm: a trained encoder is held against what it was before.

use foretask_backend::{HostTensor, StateDict};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::health::Metric;

/// So many looks in a row that are clearly worse end a training: one alone may be a bad moment.
const PATIENCE: u64 = 3;
/// Counts travel in pieces that f32 holds exactly.
const COUNT_BASE: u64 = 1 << 16;

/// Which encoder a continued pretraining gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptEncoder {
    /// The one it started from, since it had become worse.
    Start,
    /// The one that went on learning.
    Continued,
}

impl KeptEncoder {
    /// As scripts read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Continued => "continued",
        }
    }
}

/// How a trained encoder that went on learning was held against what it was at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Continued {
    /// The metric of the health lines that decided.
    pub judged_by: String,
    /// Labeled images that it is measured on.
    pub images: usize,
    /// Share of them that the starting encoder tells, 0 to 1.
    pub before: f64,
    /// The same of the encoder at the end.
    pub after: f64,
    /// The update after which it was stopped, and those there were to be.
    pub stopped: Option<(u64, u64)>,
    /// The better one; the continued one among equals.
    pub kept: KeptEncoder,
}

impl Continued {
    /// In a sentence.
    pub fn in_words(&self) -> String {
        let Self { judged_by, images, before, after, stopped, kept } = self;
        let error = 100.0 * error_of_difference(*before, *after, *images);
        let stopped = stopped.map_or_else(String::new, |(step, steps)| {
            format!(
                "stopped after {step} of {steps} steps, since it had been clearly worse {PATIENCE} times in a row; "
            )
        });
        let kept = match kept {
            KeptEncoder::Start => "the starting encoder is kept as it was",
            KeptEncoder::Continued => "the continued one is kept",
        };
        format!(
            "{stopped}{judged_by} on {images} labeled images: {:.1} % before, {:.1} % after (standard error of the difference \
             {error:.1}); {kept}",
            100.0 * before,
            100.0 * after
        )
    }
}

/// Watches the metric that is last in what an observer finds.
#[derive(Debug)]
pub(super) struct Guard {
    judged_by: String,
    images: usize,
    before: f64,
    /// Off where the encoder is not itself until its norms are measured at the end.
    may_stop: bool,
    /// Looks in a row that were clearly worse.
    worse: u64,
    /// Updates made when it was enough.
    stopped: Option<u64>,
}

impl Guard {
    /// What a `look` at the starting encoder sets the mark to; `None` without images or where it finds no number.
    pub(super) fn new(
        images: usize,
        may_stop: bool,
        look: impl FnOnce() -> Result<Vec<Metric>, TrainError>,
    ) -> Result<Option<Self>, TrainError> {
        if images == 0 {
            return Ok(None);
        }
        let looked = look()?;
        Ok(looked.last().filter(|metric| metric.value.is_finite()).map(|metric| Self {
            judged_by: metric.name.clone(),
            images,
            before: metric.value,
            may_stop,
            worse: 0,
            stopped: None,
        }))
    }

    /// In words, at the beginning.
    pub(super) fn begins(&self) -> String {
        let Self { judged_by, images, before, .. } = self;
        format!(
            "the starting encoder has {judged_by} {:.1} % on {images} labeled images; what it becomes is held against that",
            100.0 * before
        )
    }

    /// Looks at an encoder that has had `step` updates; says so where it is enough.
    pub(super) fn look(&mut self, looked: &[Metric], step: u64) -> Option<String> {
        let now = looked.iter().find(|metric| metric.name == self.judged_by)?.value;
        if now >= self.before - error_of_difference(self.before, now, self.images) {
            self.worse = 0;
            return None;
        }
        self.worse += 1;
        if !self.may_stop || self.worse < PATIENCE || self.stopped.is_some() {
            return None;
        }
        self.stopped = Some(step + 1);
        let (was, is) = (100.0 * self.before, 100.0 * now);
        Some(format!(
            "this makes the encoder worse: {} was {was:.1} % at first, and is {is:.1} % now, clearly less {PATIENCE} times in a \
             row; it is stopped here",
            self.judged_by
        ))
    }

    /// Whether it was enough.
    pub(super) fn stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// The verdict, from a look at the encoder as it came out of `steps` planned updates.
    pub(super) fn judged(self, looked: &[Metric], steps: u64) -> Continued {
        let Self { judged_by, images, before, stopped, .. } = self;
        // Features that are no numbers tell nothing.
        let after = looked.iter().find(|metric| metric.name == judged_by).map_or(0.0, |metric| metric.value);
        let kept = if after < before { KeptEncoder::Start } else { KeptEncoder::Continued };
        let stopped = stopped.map(|step| (step, steps));
        Continued { judged_by, images, before, after, stopped, kept }
    }

    /// What the next looks depend on.
    pub(super) fn state(&self) -> StateDict {
        let stopped = self.stopped.unwrap_or(0);
        let data = [self.worse, stopped % COUNT_BASE, stopped / COUNT_BASE].map(|count| count as f32).to_vec();
        StateDict::from([("looks".to_owned(), HostTensor { shape: vec![3], data })])
    }

    /// Takes back what [`Guard::state`] gave.
    pub(super) fn load_state(&mut self, state: &StateDict) -> Result<(), TrainError> {
        let found = state.get("looks").and_then(|tensor| <[f32; 3]>::try_from(tensor.data.as_slice()).ok());
        let Some([worse, low, high]) = found.map(|counts| counts.map(|count| count as u64)) else {
            return Err(TrainError::Labels("the checkpoint does not say how the encoder has fared so far".to_owned()));
        };
        self.worse = worse;
        self.stopped = Some(low + COUNT_BASE * high).filter(|step| *step > 0);
        Ok(())
    }
}

/// The standard error of the difference of two shares of `images`, as if they were of different ones: those of the same differ
/// less, so that this errs on the side of going on.
fn error_of_difference(one: f64, other: f64, images: usize) -> f64 {
    let variance = |share: f64| share * (1.0 - share);
    ((variance(one) + variance(other)) / images.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: f64) -> Vec<Metric> {
        vec![Metric::new("online_knn", 0.1), Metric::new("online_probe", value)]
    }

    fn guard(may_stop: bool) -> Guard {
        Guard::new(100, may_stop, || Ok(found(0.8))).unwrap().unwrap()
    }

    #[test]
    fn three_looks_in_a_row_that_are_clearly_worse_end_it() {
        // By hand: 0.8 and 0.75 of 100 images differ by sqrt((0.16 + 0.1875) / 100) = 0.059; 0.7 is off by sqrt(0.37) / 10 = 0.061.
        let mut guard = guard(true);
        for (step, value, worse) in [(1, 0.75, 0), (2, 0.7, 1), (3, 0.7, 2), (4, 0.75, 0), (5, 0.7, 1), (6, 0.6, 2)] {
            assert_eq!(guard.look(&found(value), step), None);
            assert_eq!((guard.worse, guard.stopped()), (worse, false));
        }
        let mut again = self::guard(true);
        again.load_state(&guard.state()).unwrap();
        let said = again.look(&found(0.5), 70_000).unwrap();
        assert!(said.contains("80.0 % at first") && said.contains("50.0 % now"), "{said}");
        let mut later = self::guard(true);
        later.load_state(&again.state()).unwrap();
        assert_eq!((later.stopped, later.worse), (Some(70_001), 3));
        let verdict = later.judged(&found(0.5), 100_000);
        assert_eq!((verdict.kept, verdict.stopped), (KeptEncoder::Start, Some((70_001, 100_000))));
        let words = verdict.in_words();
        for part in
            ["stopped after 70001 of 100000", "online_probe on 100", "80.0 % before, 50.0 % after", "kept as it was"]
        {
            assert!(words.contains(part), "{words}");
        }
        assert!(later_state_is_needed().contains("how the encoder has fared"));
    }

    fn later_state_is_needed() -> String {
        guard(true).load_state(&StateDict::new()).unwrap_err().to_string()
    }

    #[test]
    fn the_better_one_is_kept_and_among_equals_the_continued() {
        let kept = |value| guard(true).judged(&found(value), 9).kept;
        assert_eq!([0.79, 0.8, 0.81].map(kept), [KeptEncoder::Start, KeptEncoder::Continued, KeptEncoder::Continued]);
        assert_eq!(guard(true).judged(&[], 9).kept, KeptEncoder::Start);
    }

    #[test]
    fn without_leave_it_only_judges_at_the_end() {
        let mut guard = guard(false);
        assert!((0..9).all(|step| guard.look(&found(0.1), step).is_none()) && !guard.stopped());
        assert!(Guard::new(0, true, || panic!("nothing to look at")).unwrap().is_none());
    }
}
