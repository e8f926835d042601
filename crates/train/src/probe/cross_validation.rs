//! Which penalty, decided by the labeled images alone: train on some of them, look at the others.

use foretask_random::Key;
use rayon::prelude::*;

use super::linear::{LinearProbe, check, fit, fit_folded};
use super::logistic::{Examples, Targets};
use super::options::ProbeOptions;
use super::standardization::Standardization;
use crate::context::Interrupt;
use crate::error::TrainError;
use crate::features::Features;

/// Penalties tried where none is given. The right one differs 300-fold between learned features and raw pixels.
pub(crate) const GRID: [f64; 7] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
/// Held-out loss tells penalties apart long before the gradient is as small as the final answer's.
const TOLERANCE: f64 = 1e-3;
/// From so many labels on one held-out part says enough.
const ONE_PART_FROM: usize = 1000;

/// Splits the positions of `labels` into `folds` parts that hold every class alike, shuffled by `seed`.
/// A part may be empty where there are fewer labels than parts.
pub fn stratified_folds(labels: &[u32], folds: usize, seed: u64) -> Vec<Vec<usize>> {
    let classes = labels.iter().max().map_or(0, |&most| most as usize + 1);
    let mut by_class = vec![Vec::new(); classes];
    for (position, &label) in labels.iter().enumerate() {
        by_class[label as usize].push(position);
    }
    let mut parts = vec![Vec::new(); folds];
    // Dealt in turn across classes, so that parts differ by one image at most.
    let mut turn = 0;
    for (class, members) in by_class.iter_mut().enumerate() {
        Key::new(seed).named("folds").with(class as u64).rng().shuffle(members);
        for &position in members.iter() {
            parts[turn % folds].push(position);
            turn += 1;
        }
    }
    for part in &mut parts {
        part.sort_unstable();
    }
    parts
}

/// The smallest class that occurs at all.
pub fn fewest_per_class(labels: &[u32], classes: usize) -> usize {
    let mut counts = vec![0; classes];
    for &label in labels {
        counts[label as usize] += 1;
    }
    counts.into_iter().filter(|&count| count > 0).min().unwrap_or(0)
}

/// One penalty's showing on images that were held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) strength: f64,
    pub(crate) accuracy: f64,
    pub(crate) loss: f64,
}

/// The showing of every penalty of [`GRID`] on held-out parts of standardized features `x`, `[rows, dim]`.
pub(crate) fn compare_strengths(
    x: &[f32],
    dim: usize,
    labels: &[u32],
    classes: usize,
    options: &ProbeOptions,
) -> Result<Vec<Candidate>, TrainError> {
    let options = ProbeOptions { tolerance: options.tolerance.max(TOLERANCE), ..options.clone() };
    let mut parts = stratified_folds(labels, options.folds, options.seed);
    parts.retain(|part| !part.is_empty());
    if labels.len() >= ONE_PART_FROM {
        parts.truncate(1);
    }
    let asked = Interrupt::of_this_thread();
    let showings: Vec<Vec<(usize, f64)>> = parts
        .par_iter()
        .map(|held| {
            let kept: Vec<usize> = (0..labels.len()).filter(|i| held.binary_search(i).is_err()).collect();
            let (train, train_labels) = pick(x, dim, labels, &kept);
            let (test, test_labels) = pick(x, dim, labels, held);
            let factors = options.class_weights.factors(&train_labels, classes);
            let mut start = None;
            // From the strongest penalty down, each start being the answer before: neighbors on the path are close.
            let showing = GRID.iter().rev().map(|&strength| {
                let targets = Targets::of(&train_labels, factors.as_deref());
                let examples = Examples { x: &train, dim, targets, classes };
                let found = fit(examples, strength, start.take(), &options)?;
                let showing =
                    LinearProbe::from_parameters(&found.x, dim, classes).score(&test, &test_labels, factors.as_deref());
                start = Some(found.x);
                Ok(showing)
            });
            asked.obeyed(|| showing.collect())
        })
        .collect::<Result<_, TrainError>>()?;
    let rows = parts.iter().map(Vec::len).sum::<usize>().max(1) as f64;
    let candidate = |(place, strength): (usize, &f64)| Candidate {
        strength: *strength,
        accuracy: showings.iter().map(|part| part[place].0).sum::<usize>() as f64 / rows,
        loss: showings.iter().map(|part| part[place].1).sum::<f64>() / rows,
    };
    Ok(GRID.iter().rev().enumerate().map(candidate).collect())
}

/// The candidate of the lowest held-out loss. With a hundred labels the accuracy moves in steps of a point and ties; the
/// loss does not.
pub(crate) fn best(candidates: &[Candidate]) -> Option<Candidate> {
    candidates.iter().copied().min_by(|a, b| a.loss.total_cmp(&b.loss))
}

/// As [`linear_probe`](super::linear_probe) with the penalty chosen by cross-validation where none is given.
pub(super) fn validated_probe(
    features: &Features,
    labels: &[u32],
    classes: usize,
    statistics: &Standardization,
    options: &ProbeOptions,
) -> Result<LinearProbe, TrainError> {
    options.validate()?;
    check(&features.data, features.dim, labels, classes)?;
    let fewest = fewest_per_class(labels, classes);
    let strength = if let Some(given) = options.strength {
        (given, "given".to_owned())
    } else if fewest < 2 {
        // Middle of the grid: cross-validation needs an image to train on and one to look at.
        (1.0, "a class has a single label, too few to cross-validate".to_owned())
    } else {
        let folds = options.folds.min(fewest);
        let options = ProbeOptions { folds, ..options.clone() };
        let x = statistics.apply(&features.data);
        let candidates = compare_strengths(&x, features.dim, labels, classes, &options)?;
        let Some(best) = best(&candidates) else { return Err(TrainError::Labels("there is no labeled image".into())) };
        let reason = format!(
            "lowest held-out loss of {} penalties in {folds}-fold cross-validation on the {} labeled images \
             (accuracy there {:.1} %)",
            GRID.len(),
            labels.len(),
            100.0 * best.accuracy
        );
        (best.strength, reason)
    };
    let factors = options.class_weights.factors(labels, classes);
    let targets = Targets::of(labels, factors.as_deref());
    let examples = Examples { x: &features.data, dim: features.dim, targets, classes };
    fit_folded(examples, statistics, strength, options)
}

fn pick(x: &[f32], dim: usize, labels: &[u32], positions: &[usize]) -> (Vec<f32>, Vec<u32>) {
    let rows = positions.iter().flat_map(|&i| x[i * dim..(i + 1) * dim].iter().copied()).collect();
    (rows, positions.iter().map(|&i| labels[i]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_hold_every_class_and_every_image_once() {
        let labels: Vec<u32> = (0..53).map(|i| i % 5).collect();
        let parts = stratified_folds(&labels, 5, 9);
        let mut all: Vec<usize> = parts.concat();
        all.sort_unstable();
        assert_eq!(all, (0..53).collect::<Vec<_>>());
        for part in &parts {
            assert!((10..=11).contains(&part.len()));
            for class in 0..5 {
                let members = part.iter().filter(|&&i| labels[i] == class).count();
                assert!((2..=3).contains(&members), "{part:?}");
            }
        }
        assert_ne!(parts, stratified_folds(&labels, 5, 10));
        assert_eq!(fewest_per_class(&labels, 9), 10);
    }

    #[test]
    fn noise_wants_a_strong_penalty_and_clean_classes_a_weak_one() {
        let mut rng = Key::new(8).rng();
        let labels: Vec<u32> = (0..60).map(|i| i % 2).collect();
        let noise: Vec<f32> = (0..60 * 40).map(|_| rng.normal()).collect();
        let mut clean = noise.clone();
        for (row, label) in clean.chunks_exact_mut(40).zip(&labels) {
            row[0] = if *label == 0 { -3.0 } else { 3.0 };
        }
        let strength = |x: &[f32]| {
            best(&compare_strengths(x, 40, &labels, 2, &ProbeOptions::default()).unwrap()).unwrap().strength
        };
        assert!(strength(&noise) >= 3.0);
        assert!(strength(&clean) <= 0.3);
    }
}
