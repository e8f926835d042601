//! What the labeled images alone say of features.

use foretask_train::{
    Features, Interrupt, ProbeOptions, Standardization, fewest_per_class, linear_probe, stratified_folds,
};
use rayon::prelude::*;

use crate::EvalError;

/// Accuracy on labeled images that the probe did not learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidated {
    /// For each image the share of the repetitions in which it was named correctly while it was held out.
    pub right: Vec<f64>,
    /// `[images, classes]`: what was said of each image while it was held out, the mean over the repetitions.
    pub probabilities: Vec<f32>,
    /// Mean cross-entropy on the held-out images, in nats.
    pub loss: f64,
    /// Parts the images were dealt into.
    pub folds: usize,
}

/// How labeled images are held out. The parts depend on labels and seed only, so they are the same for every encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldOptions {
    /// Parts that the images are dealt into, at most as many as the smallest class has images.
    pub folds: usize,
    /// How many times they are dealt anew.
    pub repeats: usize,
    /// Decides which image comes into which part.
    pub seed: u64,
}

/// A linear probe's answers on labeled images held out in turn, in parts that hold every class alike.
///
/// # Errors
/// [`EvalError::Input`] where a class has a single image: held out, nothing would be left to learn it from.
pub fn cross_validate(
    features: &Features,
    labels: &[u32],
    classes: usize,
    statistics: Option<&Standardization>,
    how: FoldOptions,
) -> Result<CrossValidated, EvalError> {
    let FoldOptions { folds, repeats, seed } = how;
    let fewest = fewest_per_class(labels, classes);
    if fewest < 2 {
        return Err(EvalError::Input(
            "a class has a single labeled image, and one that is held out leaves none to learn from; \
             label at least two images of each class"
                .into(),
        ));
    }
    let folds = folds.clamp(2, fewest.max(2));
    let turns: Vec<Vec<usize>> = (0..repeats.max(1) as u64)
        .flat_map(|repeat| stratified_folds(labels, folds, seed.wrapping_add(repeat)))
        .filter(|part| !part.is_empty())
        .collect();
    let asked = Interrupt::of_this_thread();
    let answers: Vec<(&Vec<usize>, Vec<f32>)> = turns
        .par_iter()
        .map(|held| {
            let kept: Vec<u32> =
                (0..labels.len() as u32).filter(|i| held.binary_search(&(*i as usize)).is_err()).collect();
            let known: Vec<u32> = kept.iter().map(|&i| labels[i as usize]).collect();
            let options = ProbeOptions::default();
            let some = features.select(&kept);
            let probe = asked.obeyed(|| linear_probe(&some, &known, classes, statistics, &options))?;
            let asked: Vec<u32> = held.iter().map(|&i| i as u32).collect();
            let found = probe.probabilities(&features.select(&asked).data);
            Ok((held, found))
        })
        .collect::<Result<_, EvalError>>()?;
    let mut right = vec![0.0; labels.len()];
    let mut probabilities = vec![0.0; labels.len() * classes];
    let (mut loss, mut count) = (0.0, 0.0);
    let share = 1.0 / repeats.max(1) as f64;
    for (held, found) in &answers {
        for (&image, shares) in held.iter().zip(found.chunks_exact(classes.max(1))) {
            let label = labels[image] as usize;
            let best = (1..classes).fold(0, |best, class| if shares[class] > shares[best] { class } else { best });
            right[image] += f64::from(u8::from(best == label)) * share;
            loss -= f64::from(shares[label].max(f32::MIN_POSITIVE)).ln();
            count += 1.0;
            let mean = &mut probabilities[image * classes..][..classes];
            mean.iter_mut().zip(shares).for_each(|(mean, value)| *mean += value * share as f32);
        }
    }
    Ok(CrossValidated { right, probabilities, loss: loss / f64::max(count, 1.0), folds })
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;

    fn features(rows: usize, signal: f32) -> (Features, Vec<u32>) {
        let mut rng = Key::new(3).rng();
        let labels: Vec<u32> = (0..rows as u32).map(|row| row % 3).collect();
        let data = (0..rows * 8).map(|at| {
            let (row, axis) = (at / 8, at % 8);
            signal * f32::from(u8::from(axis == row % 3)) + rng.normal()
        });
        (Features { data: data.collect(), dim: 8, rows: (0..rows as u64).collect() }, labels)
    }

    fn dealt(repeats: usize) -> FoldOptions {
        FoldOptions { folds: 5, repeats, seed: 0 }
    }

    fn accuracy(found: &CrossValidated) -> f64 {
        found.right.iter().sum::<f64>() / found.right.len() as f64
    }

    #[test]
    fn noise_is_at_chance_and_signal_is_found() {
        let (noise, labels) = features(300, 0.0);
        let found = cross_validate(&noise, &labels, 3, None, dealt(2)).unwrap();
        // Chance is a third, its standard error over 300 images 2.7 points. An image it learned from would be named rightly.
        assert!((accuracy(&found) - 1.0 / 3.0).abs() < 0.11, "{}", accuracy(&found));
        let (clear, labels) = features(60, 9.0);
        let found = cross_validate(&clear, &labels, 3, None, dealt(2)).unwrap();
        assert_eq!((accuracy(&found), found.folds), (1.0, 5));
        assert!(found.loss < 0.2, "{}", found.loss);
        // What was said of each image is a distribution that names its class.
        for (row, label) in found.probabilities.chunks_exact(3).zip(&labels) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5 && row[*label as usize] > 0.5, "{row:?}");
        }
    }

    #[test]
    fn two_images_a_class_are_enough_and_one_is_not() {
        let (clear, labels) = features(6, 9.0);
        assert_eq!(cross_validate(&clear, &labels, 3, None, dealt(1)).unwrap().folds, 2);
        let (clear, labels) = features(5, 9.0);
        let error = cross_validate(&clear, &labels, 3, None, dealt(1)).unwrap_err().to_string();
        assert!(error.contains("at least two images of each class"), "{error}");
    }
}
