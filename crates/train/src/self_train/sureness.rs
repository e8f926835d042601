//! What images count, by a [`Threshold`] and what the teacher said so far.

use foretask_backend::{HostTensor, StateDict};

use super::threshold::{Adaptive, Threshold};
use crate::error::TrainError;
use crate::largest;

/// The share from which `FlexMatch` takes an answer for learned, and that its thresholds rise to.
const FLEX_CUTOFF: f64 = 0.95;
/// What running means keep of themselves. They begin as plain means: a round has hundreds of steps, the papers' training a million.
const MOMENTUM: f64 = 0.999;
/// `SoftMatch`: so many standard deviations below the mean, answers hardly count.
const SOFT_SIGMAS: f64 = 2.0;
/// Stands for an image whose class the teacher was never sure of.
const UNSURE: f32 = -1.0;

/// A threshold at work. Its state is what later steps depend on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sureness {
    rule: Threshold,
    /// Batches seen.
    batches: f32,
    /// Running mean of the largest shares, and of their variances.
    mean: f32,
    variance: f32,
    /// Running mean of the answers, `[classes]`.
    answers: Vec<f32>,
    /// The class that the teacher was last sure of, for each image of the pool.
    learned: Vec<f32>,
}

impl Sureness {
    pub(super) fn new(rule: Threshold, classes: usize, pool: usize) -> Self {
        let learned = if rule == Threshold::Adaptive(Adaptive::FlexMatch) { vec![UNSURE; pool] } else { Vec::new() };
        Self { rule, batches: 0.0, mean: 0.0, variance: 0.0, answers: vec![0.0; classes], learned }
    }

    /// Whether answers are judged as the teacher gives them; a fixed share is one of sharpened ones.
    pub(super) fn is_adaptive(&self) -> bool {
        matches!(self.rule, Threshold::Adaptive(_))
    }

    /// What images of the pool count, 0 to 1, of which the teacher says this, `[images, classes]`.
    pub(super) fn weights(&mut self, shares: &[f32], rows: &[u32]) -> Vec<f32> {
        let classes = self.answers.len();
        let best: Vec<(usize, f64)> = shares
            .chunks_exact(classes)
            .map(|row| {
                let class = largest(row);
                (class, f64::from(row[class]))
            })
            .collect();
        match self.rule {
            Threshold::Share(least) => passing(&best, |_| least),
            Threshold::Adaptive(Adaptive::FlexMatch) => self.flexible(&best, rows),
            Threshold::Adaptive(Adaptive::FreeMatch) => {
                self.take_in(shares, &best);
                let most = f64::from(self.answers.iter().copied().fold(f32::MIN_POSITIVE, f32::max));
                passing(&best, |class| f64::from(self.mean) * f64::from(self.answers[class]) / most)
            }
            Threshold::Adaptive(Adaptive::SoftMatch) => {
                self.take_in(shares, &best);
                let (mean, variance) = (f64::from(self.mean), f64::from(self.variance.max(f32::MIN_POSITIVE)));
                let width = 2.0 * variance / (SOFT_SIGMAS * SOFT_SIGMAS);
                best.iter().map(|(_, share)| (-(share - mean).min(0.0).powi(2) / width).exp() as f32).collect()
            }
        }
    }

    /// `FlexMatch`: what of the pool each class was learned for, relative to the most (or to what was not learned yet, where that is
    /// more), maps to its threshold.
    fn flexible(&mut self, best: &[(usize, f64)], rows: &[u32]) -> Vec<f32> {
        let mut learned = vec![0_u32; self.answers.len()];
        let mut unsure = 0_u32;
        for class in &self.learned {
            match learned.get_mut(*class as usize).filter(|_| *class >= 0.0) {
                Some(count) => *count += 1,
                None => unsure += 1,
            }
        }
        let most = learned.iter().copied().fold(unsure, u32::max).max(1);
        let status = |class: usize| f64::from(learned[class]) / f64::from(most);
        let weights = passing(best, |class| FLEX_CUTOFF * status(class) / (2.0 - status(class)));
        for ((class, share), row) in best.iter().zip(rows) {
            if *share >= FLEX_CUTOFF {
                self.learned[*row as usize] = *class as f32;
            }
        }
        weights
    }

    /// Takes a batch into the running means.
    fn take_in(&mut self, shares: &[f32], best: &[(usize, f64)]) {
        let images = best.len().max(1) as f64;
        let mean = best.iter().map(|(_, share)| share).sum::<f64>() / images;
        let spread = best.iter().map(|(_, share)| (share - mean).powi(2)).sum::<f64>() / (images - 1.0).max(1.0);
        let keep = MOMENTUM.min(f64::from(self.batches) / (f64::from(self.batches) + 1.0));
        // Kept in the precision of checkpoints, so that a resumed run goes on with the same numbers.
        let moved = |old: f32, new: f64| (keep * f64::from(old) + (1.0 - keep) * new) as f32;
        self.mean = moved(self.mean, mean);
        self.variance = moved(self.variance, spread);
        let mut sums = vec![0.0; self.answers.len()];
        for row in shares.chunks_exact(self.answers.len()) {
            sums.iter_mut().zip(row).for_each(|(sum, share)| *sum += f64::from(*share));
        }
        for (old, sum) in self.answers.iter_mut().zip(sums) {
            *old = moved(*old, sum / images);
        }
        self.batches += 1.0;
    }

    /// What later steps depend on.
    pub(super) fn state(&self) -> StateDict {
        if !self.is_adaptive() {
            return StateDict::new();
        }
        let numbers = [&[self.batches, self.mean, self.variance], self.answers.as_slice()].concat();
        let vector = |data: Vec<f32>| HostTensor { shape: vec![data.len()], data };
        StateDict::from([("answers".to_owned(), vector(numbers)), ("learned".to_owned(), vector(self.learned.clone()))])
    }

    /// Takes back what [`Sureness::state`] gave.
    pub(super) fn load_state(&mut self, state: &StateDict) -> Result<(), TrainError> {
        if !self.is_adaptive() {
            return Ok(());
        }
        let fitting = |name: &str, length: usize| {
            let found = state.get(name).filter(|tensor| tensor.data.len() == length);
            let lacks = || TrainError::Labels("the checkpoint does not say how sure the teacher was so far".to_owned());
            found.map(|tensor| tensor.data.as_slice()).ok_or_else(lacks)
        };
        let numbers = fitting("answers", 3 + self.answers.len())?;
        self.learned = fitting("learned", self.learned.len())?.to_vec();
        (self.batches, self.mean, self.variance) = (numbers[0], numbers[1], numbers[2]);
        self.answers = numbers[3..].to_vec();
        Ok(())
    }
}

/// 1 for what reaches the threshold of its class, 0 for the rest.
fn passing(best: &[(usize, f64)], threshold: impl Fn(usize) -> f64) -> Vec<f32> {
    best.iter().map(|(class, share)| f32::from(u8::from(*share >= threshold(*class)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adaptive(rule: Adaptive, classes: usize, pool: usize) -> Sureness {
        Sureness::new(Threshold::Adaptive(rule), classes, pool)
    }

    fn close(found: &[f32], expected: &[f64]) {
        assert!(found.iter().zip(expected).all(|(f, e)| (f64::from(*f) - e).abs() < 1e-5), "{found:?} {expected:?}");
    }

    #[test]
    fn a_share_is_reached_or_not() {
        let mut fixed = Sureness::new(Threshold::Share(0.8), 2, 9);
        assert_eq!(fixed.weights(&[0.8, 0.2, 0.3, 0.7], &[0, 1]), [1.0, 0.0]);
        assert_eq!((fixed.is_adaptive(), fixed.state().len()), (false, 0));
    }

    #[test]
    fn flexmatch_by_hand() {
        let mut flex = adaptive(Adaptive::FlexMatch, 2, 4);
        // Nothing is learned yet: thresholds are 0. Rows 0 and 1 are learned as class 0, row 2 as class 1; row 3 is not sure.
        let first = [0.96, 0.04, 0.97, 0.03, 0.02, 0.98, 0.4, 0.6];
        assert_eq!(flex.weights(&first, &[0, 1, 2, 3]), [1.0; 4]);
        // Counts 2 and 1, 1 unsure: class 0 stands at 1, threshold 0.95; class 1 at 0.5, threshold 0.95 * 0.5 / 1.5 = 0.3167.
        assert_eq!(flex.weights(&[0.94, 0.06, 0.5, 0.51], &[3, 0]), [0.0, 1.0]);
        assert_eq!(flex.learned, [0.0, 0.0, 1.0, UNSURE]);
        // Row 3 joins class 1, and leaves 0: both stand at 1.
        flex.weights(&[0.01, 0.99], &[3]);
        assert_eq!(flex.weights(&[0.06, 0.94], &[0]), [0.0]);
    }

    #[test]
    fn freematch_by_hand() {
        let mut free = adaptive(Adaptive::FreeMatch, 2, 0);
        // Largest shares 0.9, 0.7: mean 0.8. Answers on average 0.6 and 0.4: the threshold of class 1 is 0.8 * 0.4 / 0.6 = 0.533.
        assert_eq!(free.weights(&[0.9, 0.1, 0.3, 0.7], &[0, 1]), [1.0, 1.0]);
        // A second batch counts as much as the first: mean (0.8 + 0.6) / 2 = 0.7, answers 0.6 and 0.4 again.
        assert_eq!(free.weights(&[0.6, 0.4, 0.6, 0.4], &[0, 1]), [0.0, 0.0]);
        assert!((free.mean - 0.7).abs() < 1e-6 && (free.answers[0] - 0.6).abs() < 1e-6, "{free:?}");
    }

    #[test]
    fn softmatch_by_hand() {
        let mut soft = adaptive(Adaptive::SoftMatch, 2, 0);
        // Largest shares 0.9, 0.7, 0.5: mean 0.7, variance (0.04 + 0 + 0.04) / 2 = 0.04. 0.5 lies 0.2 below: exp(-0.04 / (2 * 0.04 / 4)).
        let weights = soft.weights(&[0.9, 0.1, 0.3, 0.7, 0.5, 0.5], &[0, 1, 2]);
        close(&weights, &[1.0, 1.0, (-2.0_f64).exp()]);
    }

    #[test]
    fn state_is_taken_back_to_the_bit() {
        for rule in Adaptive::ALL {
            let mut one = adaptive(rule, 2, 4);
            one.weights(&[0.96, 0.04, 0.3, 0.7, 0.1, 0.9], &[0, 1, 2]);
            let mut two = adaptive(rule, 2, 4);
            two.load_state(&one.state()).unwrap();
            let next = [0.951, 0.049, 0.45, 0.55];
            assert_eq!(one.weights(&next, &[3, 1]), two.weights(&next, &[3, 1]));
            assert!(adaptive(rule, 3, 4).load_state(&one.state()).unwrap_err().to_string().contains("how sure"));
        }
    }
}
