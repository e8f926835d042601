//! The numbers that decide how the label stage trains, every one filled in.

use foretask_backend::Precision;
use foretask_pretext::{Augment, Auto, Shape};
use serde::{Deserialize, Serialize};

use super::options::{FinetuneOptions, HeadStart};
use crate::error::TrainError;

/// Options of `finetune` without anything left open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Updates (of one round, see [`Recipe::converge`]).
    pub steps: u64,
    /// Images a batch.
    pub batch_size: usize,
    /// Peak learning rate.
    pub lr: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Share of the target spread over all classes.
    pub label_smoothing: f64,
    /// The view an image is trained on.
    pub augment: Augment,
    /// What the head starts from.
    pub head: HeadStart,
    /// Parts of the encoder that stay as they are.
    pub freeze: Vec<String>,
    /// Rounds are repeated until the labelled images are fitted, at most [`MOST_ROUNDS`].
    pub converge: bool,
    /// Share of the updates in which the learning rate rises.
    pub warmup: f64,
    /// Bound of the global gradient norm; 0 for none.
    pub clip_norm: f64,
    /// The type of number that the network computes in.
    #[serde(default, skip_serializing_if = "Precision::is_full")]
    pub precision: Precision,
    /// Decides order and every random choice.
    pub seed: u64,
}

/// Rounds of training at most, where training goes on until it has converged.
pub const MOST_ROUNDS: u64 = 4;
/// The labelled images count as fitted when so many of them are recognized in the evaluation view.
pub const FITTED: f64 = 0.99;

/// The largest batch chosen by itself.
const BATCH: usize = 64;

/// What [`resolve`] needs to know of the labelled images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Labelled {
    /// Images.
    pub images: usize,
    /// Classes that occur.
    pub classes: usize,
    /// What the network takes in.
    pub shape: Shape,
}

impl Labelled {
    /// Mean number of labels a class.
    pub fn per_class(&self) -> f64 {
        self.images as f64 / self.classes.max(1) as f64
    }
}

/// Fills in what was left to the library, with a reason for each value.
///
/// # Errors
/// Options out of range or unsuited to the images.
pub fn resolve(
    options: &FinetuneOptions,
    from_scratch: bool,
    labelled: Labelled,
) -> Result<(Recipe, Vec<Auto>), TrainError> {
    options.validate()?;
    let mut autos = Vec::new();
    let k = labelled.per_class();
    let about = format!("{} labels, about {} a class", labelled.images, k.round());

    let batch_size = options.batch_size.unwrap_or_else(|| {
        // Equal batches: 100 images are two of 50, not 64 and 36.
        let batches = labelled.images.div_ceil(BATCH).max(1);
        let size = labelled.images.div_ceil(batches).max(2);
        autos.push(Auto::new(
            "batch_size",
            size,
            format!("{} images in equal parts of at most {BATCH}", labelled.images),
        ));
        size
    });
    let per_epoch = labelled.images.div_ceil(batch_size).max(1) as f64;
    let steps = match (options.steps, options.epochs) {
        (Some(steps), _) => steps,
        (None, Some(epochs)) => ((epochs * per_epoch).round() as u64).max(1),
        (None, None) => {
            let (steps, reason) = if from_scratch { scratch_steps(k, per_epoch) } else { encoder_steps(k, per_epoch) };
            autos.push(Auto::new("steps", steps, format!("{about}: {reason}")));
            steps
        }
    };
    let start = if from_scratch { "from scratch" } else { "from a trained encoder" };
    let mut fill = |name: &str, given: Option<f64>, scratch: f64, encoder: f64, why: [&str; 2]| {
        given.unwrap_or_else(|| {
            let value = if from_scratch { scratch } else { encoder };
            autos.push(Auto::new(name, value, format!("{start}: {}", why[usize::from(!from_scratch)])));
            value
        })
    };
    let measured = "measured on Fashion-MNIST at 10 labels a class";
    let lr = fill("lr", options.lr, SCRATCH_LR, ENCODER_LR, [measured, "more undoes the pretraining"]);
    let weight_decay =
        fill("weight_decay", options.weight_decay, SCRATCH_DECAY, ENCODER_DECAY, [measured, "the usual of AdamW"]);
    let label_smoothing = fill(
        "label_smoothing",
        options.label_smoothing,
        SCRATCH_SMOOTHING,
        ENCODER_SMOOTHING,
        [measured, "the probe has set the confidence"],
    );
    let augment = if let Some(given) = options.augment {
        given
    } else if from_scratch {
        autos.push(Auto::new("augment", "strong", "from scratch: 2 points more than weak, on every draw measured"));
        Augment::preset("strong")?
    } else {
        let reason = "from a good encoder: a point more than strong views in six times the steps";
        autos.push(Auto::new("augment", "weak", reason));
        Augment::default()
    };
    let (augment, notes) = augment.resolve(labelled.shape)?;
    autos.extend(notes);
    let head = options.head.unwrap_or_else(|| {
        let (head, name, reason) = if from_scratch {
            (HeadStart::Fresh, "fresh", "an untrained encoder has no probe worth starting from")
        } else {
            (HeadStart::Probe, "probe", "training begins where the probe ends")
        };
        autos.push(Auto::new("head", name, reason));
        head
    });
    let converge = options.converge.unwrap_or_else(|| {
        let reason = if from_scratch {
            "from scratch: too short a training would make pretraining look better than it is"
        } else {
            "from a trained encoder: longer does not help"
        };
        autos.push(Auto::new("converge", from_scratch, reason));
        from_scratch
    });
    let recipe = Recipe {
        steps,
        batch_size,
        lr,
        weight_decay,
        label_smoothing,
        augment,
        head,
        freeze: options.freeze.clone(),
        converge,
        warmup: options.warmup,
        clip_norm: options.clip_norm,
        precision: options.precision,
        seed: options.seed,
    };
    Ok((recipe, autos))
}

const SCRATCH_LR: f64 = 4e-3;
const ENCODER_LR: f64 = 1e-3;
const SCRATCH_DECAY: f64 = 0.1;
const ENCODER_DECAY: f64 = 0.01;
const SCRATCH_SMOOTHING: f64 = 0.1;
const ENCODER_SMOOTHING: f64 = 0.0;

/// 100 up to 10 labels a class, 400 at 50, then slowly more, and never fewer than ten passes.
fn encoder_steps(k: f64, per_epoch: f64) -> (u64, String) {
    let by_labels = if k <= 50.0 { 100.0 + 7.5 * (k - 10.0).max(0.0) } else { 400.0 + 2.0 * (k - 50.0) };
    at_least_epochs(by_labels.min(1000.0), 10.0, per_epoch)
}

/// 600 up to 10 labels a class, about 2000 at 100, and never fewer than thirty passes. On Fashion-MNIST's training split at
/// 10 a class, mean of four draws: with weak views at 2e-3 67.5, 68.4, 69.8 % after 150, 400, 1000 steps; with strong views
/// 70.5 and 70.9 % after 400 and 1000 steps at 2e-3, 72.0 and 71.9 % after 600 and 1000 at 4e-3.
fn scratch_steps(k: f64, per_epoch: f64) -> (u64, String) {
    at_least_epochs((600.0 + 15.0 * (k - 10.0).max(0.0)).min(2000.0), 30.0, per_epoch)
}

fn at_least_epochs(by_labels: f64, epochs: f64, per_epoch: f64) -> (u64, String) {
    if epochs * per_epoch > by_labels {
        ((epochs * per_epoch).round() as u64, format!("{epochs} passes over them"))
    } else {
        (by_labels.round() as u64, "steps grow with the labels".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(options: &FinetuneOptions, from_scratch: bool, images: usize) -> (Recipe, Vec<Auto>) {
        let labelled = Labelled { images, classes: 10, shape: Shape::new(1, 28, 28) };
        resolve(options, from_scratch, labelled).unwrap()
    }

    #[test]
    fn steps_grow_with_the_labels() {
        let steps = |from_scratch, images| recipe(&FinetuneOptions::default(), from_scratch, images).0.steps;
        assert_eq!([10, 50, 100, 500, 1000].map(|n| steps(false, n)), [100, 100, 100, 400, 500]);
        assert_eq!([10, 100, 1000].map(|n| steps(true, n)), [600, 600, 1950]);
        // Ten passes over 10,000 images in batches of 64.
        assert_eq!(steps(false, 10_000), 1570);
    }

    #[test]
    fn batches_are_equal_and_every_choice_has_a_reason() {
        let (found, autos) = recipe(&FinetuneOptions::default(), false, 100);
        assert_eq!((found.batch_size, found.augment.pad, found.head), (50, Some(2), HeadStart::Probe));
        let names: Vec<&str> = autos.iter().map(|auto| auto.name.as_str()).collect();
        for name in
            ["batch_size", "steps", "lr", "weight_decay", "label_smoothing", "augment", "pad", "head", "converge"]
        {
            assert!(names.contains(&name), "{name} {names:?}");
        }
        assert!(autos.iter().all(|auto| !auto.reason.is_empty()));
        let (scratch, _) = recipe(&FinetuneOptions::default(), true, 7);
        assert_eq!((scratch.batch_size, scratch.head, scratch.converge), (7, HeadStart::Fresh, true));
        assert_eq!(scratch.augment, Augment::preset("strong").unwrap().resolve(Shape::new(1, 28, 28)).unwrap().0);
    }

    #[test]
    fn what_is_given_stays_and_epochs_become_steps() {
        let options = FinetuneOptions { epochs: Some(6.0), batch_size: Some(30), lr: Some(0.5), ..Default::default() };
        let (found, autos) = recipe(&options, true, 100);
        assert_eq!((found.steps, found.batch_size, found.lr), (24, 30, 0.5));
        assert!(autos.iter().all(|auto| !["steps", "batch_size", "lr"].contains(&auto.name.as_str())));
    }
}
