//! The numbers that decide how the label stage trains, every one filled in.

use std::collections::BTreeSet;

use foretask_backend::Precision;
use foretask_models::{BackboneConfig, InputSpec};
use foretask_pretext::{Augment, Auto, Shape};
use serde::{Deserialize, Serialize};

use super::options::{FinetuneOptions, HeadStart};
use crate::class_weights::ClassWeights;
use crate::error::TrainError;

/// Options of `finetune` without anything left open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FinetuneRecipe {
    /// Updates (of one round, see [`FinetuneRecipe::converge`]).
    pub steps: u64,
    /// Images per batch.
    pub batch_size: usize,
    /// Peak learning rate.
    pub lr: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Share of the target spread over all classes.
    pub label_smoothing: f64,
    /// The view an image is trained on.
    pub augment: Augment,
    /// By how much each block learns more slowly than the one after it; 1 where all learn alike.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub layer_decay: f64,
    /// What an image counts by its class.
    #[serde(default, skip_serializing_if = "ClassWeights::is_even")]
    pub class_weights: ClassWeights,
    /// What the head starts from.
    pub head: HeadStart,
    /// Parts of the encoder that stay as they are.
    pub freeze: Vec<String>,
    /// Rounds are repeated until the labeled images are fitted, at most [`MOST_ROUNDS`].
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

fn one() -> f64 {
    1.0
}

// Taken by reference because serde asks so.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one(decay: &f64) -> bool {
    *decay == 1.0
}

/// What the label stage begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// Random weights.
    Scratch,
    /// A trained network of convolutions.
    Encoder,
    /// A trained transformer.
    Transformer,
}

impl Beginning {
    /// That of a trained encoder.
    pub fn of(config: &BackboneConfig) -> Self {
        if matches!(config, BackboneConfig::Vit(_)) { Self::Transformer } else { Self::Encoder }
    }
}

/// Rounds of training at most, where training goes on until it has converged.
pub const MOST_ROUNDS: u64 = 4;
/// The labeled images count as fitted when so many of them are recognized in the evaluation view.
pub const FITTED: f64 = 0.99;

/// The largest batch chosen by itself.
const BATCH: usize = 64;

/// What [`resolve`] needs to know of the labeled images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Labeled {
    /// Images.
    pub images: usize,
    /// Classes that occur.
    pub classes: usize,
    /// What the network takes in.
    pub shape: Shape,
}

impl Labeled {
    /// Those of an image each, to be seen through a network of this input.
    pub(super) fn of(labels: &[u32], input: &InputSpec) -> Self {
        let shape = Shape::new(input.channels, input.height, input.width);
        Self { images: labels.len(), classes: classes_present(labels), shape }
    }

    /// Mean number of labels a class.
    pub fn per_class(&self) -> f64 {
        self.images as f64 / self.classes.max(1) as f64
    }
}

/// Classes that occur.
pub(super) fn classes_present(labels: &[u32]) -> usize {
    labels.iter().collect::<BTreeSet<_>>().len()
}

/// Fills in what was left to the library, with a reason for each value.
///
/// # Errors
/// Options out of range or unsuited to the images.
pub fn resolve(
    options: &FinetuneOptions,
    beginning: Beginning,
    labeled: Labeled,
) -> Result<(FinetuneRecipe, Vec<Auto>), TrainError> {
    options.validate()?;
    let from_scratch = beginning == Beginning::Scratch;
    let mut autos = Vec::new();
    let many = labeled.per_class() >= MANY;
    let (batch_size, steps) = lengths(options, from_scratch, labeled, &mut autos);
    let thorough = from_scratch || many;
    let start = match (from_scratch, many) {
        (true, _) => "from scratch",
        (false, true) => "from a trained encoder with many labels",
        (false, false) => "from a trained encoder with few labels",
    };
    let (of_transformer, layer_decay) = transformers(options, beginning, &mut autos)?;
    let mut fill = |name: &str, given: Option<f64>, [thorough_value, gentle]: [f64; 2], why_gentle: &str| {
        given.unwrap_or_else(|| {
            let value = if thorough { thorough_value } else { gentle };
            let why = match (from_scratch, many) {
                (true, _) => "measured on Fashion-MNIST at 10 labels a class",
                (false, true) => "as from scratch, measured on Fashion-MNIST at 100 labels a class",
                (false, false) => why_gentle,
            };
            autos.push(Auto::new(name, value, format!("{start}: {why}")));
            value
        })
    };
    let lr = fill("lr", options.lr.or(of_transformer), LR, "more undoes the pretraining");
    let weight_decay = fill("weight_decay", options.weight_decay, DECAY, "the usual of AdamW");
    let label_smoothing =
        fill("label_smoothing", options.label_smoothing, SMOOTHING, "the probe has set the confidence");
    let augment = if let Some(given) = options.augment {
        given
    } else if thorough {
        let reason = if from_scratch { "2 points more than weak, on every draw measured" } else { "as from scratch" };
        autos.push(Auto::new("augment", "strong", format!("{start}: {reason}")));
        Augment::preset("strong")?
    } else {
        let reason = "from a good encoder: a point more than strong views in six times the steps";
        autos.push(Auto::new("augment", "weak", reason));
        Augment::default()
    };
    let (augment, notes) = augment.resolve(labeled.shape)?;
    autos.extend(notes);
    let (head, converge) = ends(options, from_scratch, &mut autos);
    let recipe = FinetuneRecipe {
        steps,
        batch_size,
        lr,
        weight_decay,
        label_smoothing,
        augment,
        layer_decay,
        class_weights: options.class_weights,
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

/// A transformer's learning rate, where none is given, and how it falls from the head to the patches.
fn transformers(
    options: &FinetuneOptions,
    beginning: Beginning,
    autos: &mut Vec<Auto>,
) -> Result<(Option<f64>, f64), TrainError> {
    if beginning != Beginning::Transformer {
        return match options.layer_decay {
            Some(decay) if decay < 1.0 => {
                let reason = "is for the encoder of a transformer, and this is none; leave it out".to_owned();
                Err(TrainError::Option { option: "layer_decay", reason })
            }
            _ => Ok((None, 1.0)),
        };
    }
    let lr = options.lr.is_none().then(|| {
        let reason =
            "from a trained transformer: those who fine-tune them with few labels take 1e-4 to 5e-4 (USB, MAE)";
        autos.push(Auto::new("lr", TRANSFORMER_LR, reason));
        TRANSFORMER_LR
    });
    let decay = options.layer_decay.unwrap_or_else(|| {
        let reason = "from a trained transformer: what lies near the pixels is good already, and needs to move least";
        autos.push(Auto::new("layer_decay", LAYER_DECAY, reason));
        LAYER_DECAY
    });
    Ok((lr, decay))
}

/// Images in a step, and updates.
fn lengths(options: &FinetuneOptions, from_scratch: bool, labeled: Labeled, autos: &mut Vec<Auto>) -> (usize, u64) {
    let k = labeled.per_class();
    let batch_size = options.batch_size.unwrap_or_else(|| {
        // Equal batches: 100 images are two of 50, not 64 and 36.
        let batches = labeled.images.div_ceil(BATCH).max(1);
        let size = labeled.images.div_ceil(batches).max(2);
        autos.push(Auto::new(
            "batch_size",
            size,
            format!("{} images in equal parts of at most {BATCH}", labeled.images),
        ));
        size
    });
    let per_epoch = labeled.images.div_ceil(batch_size).max(1) as f64;
    let steps = match (options.steps, options.epochs) {
        (Some(steps), _) => steps,
        (None, Some(epochs)) => ((epochs * per_epoch).round() as u64).max(1),
        (None, None) => {
            let (steps, reason) = match (from_scratch, k >= MANY) {
                (true, _) => at_least_epochs(thorough_steps(k), 30.0, per_epoch),
                (false, true) => at_least_epochs(thorough_steps(k), 10.0, per_epoch),
                (false, false) => at_least_epochs(gentle_steps(k), 10.0, per_epoch),
            };
            autos.push(Auto::new(
                "steps",
                steps,
                format!("{} labels, about {} a class: {reason}", labeled.images, k.round()),
            ));
            steps
        }
    };
    (batch_size, steps)
}

/// What the head starts from, and whether training goes on until the labeled images are fitted.
fn ends(options: &FinetuneOptions, from_scratch: bool, autos: &mut Vec<Auto>) -> (HeadStart, bool) {
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
    (head, converge)
}

/// Peak learning rate, weight decay and label smoothing of a thorough training, and of a gentle one from an encoder.
const LR: [f64; 2] = [4e-3, 1e-3];
const DECAY: [f64; 2] = [0.1, 0.01];
const SMOOTHING: [f64; 2] = [0.1, 0.0];
/// Of a transformer with weights: the rates of MAE (5e-4 and 0.65 to 0.75; He et al. 2021, <https://arxiv.org/abs/2111.06377>)
/// and of USB's pretrained ones (1e-4 to 5e-4 and 0.5 to 0.65; Wang et al. 2022, <https://arxiv.org/abs/2208.07204>).
const TRANSFORMER_LR: f64 = 5e-4;
const LAYER_DECAY: f64 = 0.65;

/// Labels a class from which an encoder is trained as thoroughly as a network from scratch. On Fashion-MNIST's training split
/// at 100 a class, SimCLR of 1000 steps, two draws: gently 84.1 %, thoroughly 85.7 % (at half the rate 84.8 %, with half the
/// steps as well 83.9 %), from scratch 85.5 %. At 10 a class thorough training loses a point against gentle one.
const MANY: f64 = 30.0;

/// 100 up to 10 labels a class, then more.
fn gentle_steps(k: f64) -> f64 {
    100.0 + 7.5 * (k - 10.0).max(0.0)
}

/// 600 up to 10 labels a class, about 2000 at 100. On Fashion-MNIST's training split at 10 a class from scratch, mean of four
/// draws: with weak views at 2e-3 67.5, 68.4, 69.8 % after 150, 400, 1000 steps; with strong views 70.5 and 70.9 % after 400
/// and 1000 steps at 2e-3, 72.0 and 71.9 % after 600 and 1000 at 4e-3.
fn thorough_steps(k: f64) -> f64 {
    (600.0 + 15.0 * (k - 10.0).max(0.0)).min(2000.0)
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

    fn recipe(options: &FinetuneOptions, from_scratch: bool, images: usize) -> (FinetuneRecipe, Vec<Auto>) {
        begun(options, if from_scratch { Beginning::Scratch } else { Beginning::Encoder }, images)
    }

    fn begun(options: &FinetuneOptions, beginning: Beginning, images: usize) -> (FinetuneRecipe, Vec<Auto>) {
        let labeled = Labeled { images, classes: 10, shape: Shape::new(1, 28, 28) };
        resolve(options, beginning, labeled).unwrap()
    }

    #[test]
    fn a_trained_transformer_learns_slowly_and_slowest_near_the_pixels() {
        let auto = FinetuneOptions::default();
        let (found, autos) = begun(&auto, Beginning::Transformer, 100);
        assert_eq!((found.lr, found.layer_decay), (5e-4, 0.65));
        assert!(autos.iter().any(|auto| auto.name == "layer_decay") && autos.iter().any(|auto| auto.name == "lr"));
        let given = FinetuneOptions { lr: Some(1e-3), layer_decay: Some(1.0), ..auto.clone() };
        let (found, autos) = begun(&given, Beginning::Transformer, 100);
        assert_eq!((found.lr, found.layer_decay), (1e-3, 1.0));
        assert!(autos.iter().all(|auto| !["layer_decay", "lr"].contains(&auto.name.as_str())));
        for other in [Beginning::Scratch, Beginning::Encoder] {
            let (found, _) = begun(&auto, other, 100);
            assert_eq!(found.layer_decay, 1.0);
            // Stages that were made before there was such a thing keep their keys.
            assert!(!serde_json::to_string(&found).unwrap().contains("layer_decay"));
            let asked = FinetuneOptions { layer_decay: Some(0.5), ..auto.clone() };
            let labeled = Labeled { images: 9, classes: 3, shape: Shape::new(1, 28, 28) };
            let error = resolve(&asked, other, labeled).unwrap_err().to_string();
            assert!(error.contains("layer_decay") && error.contains("transformer"), "{error}");
        }
    }

    #[test]
    fn steps_grow_with_the_labels() {
        let steps = |from_scratch, images| recipe(&FinetuneOptions::default(), from_scratch, images).0.steps;
        assert_eq!([10, 50, 100, 200, 500, 1000].map(|n| steps(false, n)), [100, 100, 100, 175, 1200, 1950]);
        assert_eq!([10, 100, 1000].map(|n| steps(true, n)), [600, 600, 1950]);
        // Ten passes over 20,000 images in batches of 64; thirty from scratch.
        assert_eq!([false, true].map(|scratch| steps(scratch, 20_000)), [3130, 9390]);
    }

    #[test]
    fn many_labels_are_learned_as_thoroughly_from_an_encoder_as_from_scratch() {
        let recipe = |scratch, images| recipe(&FinetuneOptions::default(), scratch, images).0;
        let (few, many, scratch) = (recipe(false, 100), recipe(false, 500), recipe(true, 500));
        let of = |r: &FinetuneRecipe| (r.lr, r.weight_decay, r.label_smoothing, r.augment, r.steps);
        assert_eq!(of(&many), of(&scratch));
        assert_eq!((few.lr, few.weight_decay, few.label_smoothing, few.steps), (1e-3, 0.01, 0.0, 100));
        // What the encoder brings is still the start.
        assert_eq!((many.head, many.converge, scratch.head), (HeadStart::Probe, false, HeadStart::Fresh));
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
