//! What the student should answer.

use super::sureness::Sureness;
use crate::largest;

/// Targets of a batch, with where to learn from them.
#[derive(Debug)]
pub(super) struct Targets {
    /// `[images, classes]`.
    shares: Vec<f32>,
    /// The same before they are sharpened.
    plain: Vec<f32>,
    /// What each image counts, 0 to 1.
    weights: Vec<f32>,
    classes: usize,
}

impl Targets {
    /// From the teacher's probabilities `[images, classes]`. Where classes are `balanced` they are divided by their running
    /// mean `marginal` (distribution alignment, Berthelot et al. 2020, arXiv 1911.09785), which then takes this batch in; and
    /// sharpened by the `temperature`. Nothing counts yet.
    pub(super) fn of(answers: Vec<f32>, marginal: &mut [f32], balanced: bool, temperature: f64) -> Self {
        let classes = marginal.len();
        let images = (answers.len() / classes).max(1);
        let mut mean = vec![0.0_f64; classes];
        for row in answers.chunks_exact(classes) {
            for (sum, p) in mean.iter_mut().zip(row) {
                *sum += f64::from(*p) / images as f64;
            }
        }
        let aligned = |power: f64| {
            let mut shares = answers.clone();
            for row in shares.chunks_exact_mut(classes) {
                let raised = |p: f32, m: f32| {
                    let p = if balanced { f64::from(p) / f64::from(m).max(1e-6) } else { f64::from(p) };
                    p.powf(power)
                };
                let sum: f64 = row.iter().zip(&*marginal).map(|(p, m)| raised(*p, *m)).sum();
                for (p, m) in row.iter_mut().zip(&*marginal) {
                    *p = (raised(*p, *m) / sum.max(f64::MIN_POSITIVE)) as f32;
                }
            }
            shares
        };
        let (shares, plain) = (aligned(1.0 / temperature), aligned(1.0));
        for (old, new) in marginal.iter_mut().zip(mean) {
            *old = (MARGINAL_MOMENTUM * f64::from(*old) + (1.0 - MARGINAL_MOMENTUM) * new) as f32;
        }
        Self { shares, plain, weights: vec![0.0; images], classes }
    }

    /// Mixes in the guide `[pool, classes]` with a weight of 0 to 1; rows of zeros in it leave the teacher alone.
    pub(super) fn blend(&mut self, guide: &[f32], rows: &[u32], weight: f64) {
        if weight <= 0.0 {
            return;
        }
        for shares in [&mut self.shares, &mut self.plain] {
            for (target, &row) in shares.chunks_exact_mut(self.classes).zip(rows) {
                let guide = &guide[row as usize * self.classes..][..self.classes];
                if guide.iter().all(|&share| share == 0.0) {
                    continue;
                }
                for (t, g) in target.iter_mut().zip(guide) {
                    *t = ((1.0 - weight) * f64::from(*t) + weight * f64::from(*g)) as f32;
                }
            }
        }
    }

    /// Lets `sureness` say what each image counts.
    pub(super) fn weigh(&mut self, sureness: &mut Sureness, rows: &[u32]) {
        let judged = if sureness.is_adaptive() { &self.plain } else { &self.shares };
        self.weights = sureness.weights(judged, rows);
    }

    /// The targets times what they count, zero where there is nothing to learn from.
    pub(super) fn weighted(&self) -> Vec<f32> {
        let rows = self.shares.chunks_exact(self.classes).zip(&self.weights);
        rows.flat_map(|(row, weight)| row.iter().map(move |share| share * weight)).collect()
    }

    /// Share of the images that are learned from.
    pub(super) fn sure(&self) -> f64 {
        self.weights.iter().map(|weight| f64::from(*weight)).sum::<f64>() / self.weights.len().max(1) as f64
    }

    /// Share of those whose likeliest class is the guide's, too.
    pub(super) fn agreement(&self, guide: &[f32], rows: &[u32]) -> f64 {
        let guided = |row: u32| largest(&guide[row as usize * self.classes..][..self.classes]);
        let (mut same, mut all) = (0, 0);
        for ((target, weight), &row) in self.shares.chunks_exact(self.classes).zip(&self.weights).zip(rows) {
            let sure = *weight > 0.5;
            all += usize::from(sure);
            same += usize::from(sure && largest(target) == guided(row));
        }
        f64::from(same as u32) / f64::from((all as u32).max(1))
    }
}

/// What the running mean of the answers keeps of itself at each step.
const MARGINAL_MOMENTUM: f64 = 0.99;

#[cfg(test)]
mod tests {
    use super::super::threshold::{Adaptive, Threshold};
    use super::*;

    fn close(found: &[f32], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(f, e)| (f64::from(*f) - e).abs() < 1e-6), "{found:?} {expected:?}");
    }

    fn judged(mut targets: Targets, rule: Threshold, rows: &[u32]) -> Targets {
        targets.weigh(&mut Sureness::new(rule, targets.classes, 8), rows);
        targets
    }

    #[test]
    fn alignment_sharpening_and_threshold_by_hand() {
        let mut marginal = [0.8, 0.2];
        // (0.8, 0.2) is just what is expected of any image: equal shares. (0.4, 0.6): 0.5 and 3, squared 0.25 and 9.
        let targets = Targets::of(vec![0.8, 0.2, 0.4, 0.6], &mut marginal, true, 0.5);
        close(&targets.plain, &[0.5, 0.5, 0.5 / 3.5, 3.0 / 3.5]);
        let targets = judged(targets, Threshold::Share(0.8), &[7, 1]);
        close(&targets.shares, &[0.5, 0.5, 0.25 / 9.25, 9.0 / 9.25]);
        close(&targets.weighted(), &[0.0, 0.0, 0.25 / 9.25, 9.0 / 9.25]);
        close(&marginal, &[0.99 * 0.8 + 0.01 * 0.6, 0.99 * 0.2 + 0.01 * 0.4]);
        assert_eq!(targets.sure(), 0.5);
        // Row 7 of the guide says class 0, row 1 class 1.
        let mut guide = vec![0.0; 16];
        (guide[14], guide[3]) = (1.0, 1.0);
        assert_eq!(targets.agreement(&guide, &[7, 1]), 1.0);
        assert_eq!(targets.agreement(&guide, &[1, 7]), 0.0);

        let unbalanced = Targets::of(vec![0.8, 0.2], &mut marginal, false, 0.5);
        close(&unbalanced.shares, &[0.64 / 0.68, 0.04 / 0.68]);
    }

    #[test]
    fn the_guide_blends_in_where_it_says_something() {
        let mut targets = Targets::of(vec![0.5, 0.5, 0.9, 0.1], &mut [0.5, 0.5], false, 1.0);
        targets.blend(&[0.0, 0.0, 1.0, 0.0], &[1, 0], 0.75);
        close(&targets.shares, &[0.875, 0.125, 0.9, 0.1]);
        assert_eq!(judged(targets, Threshold::Share(0.8), &[1, 0]).sure(), 1.0);
    }

    #[test]
    fn what_follows_the_teacher_judges_before_sharpening() {
        // The mean of 0.9 and 0.6 is passed by the first alone, though sharpened the second would be at 0.69.
        let targets = Targets::of(vec![0.9, 0.1, 0.6, 0.4], &mut [0.5, 0.5], false, 0.5);
        let targets = judged(targets, Threshold::Adaptive(Adaptive::FreeMatch), &[0, 1]);
        assert_eq!((targets.sure(), targets.weights), (0.5, vec![1.0, 0.0]));
    }
}
