//! From an encoder (or a new network) and a few labels to a classifier.

mod fold;
mod guard;
mod keep;
pub(crate) mod layers;
mod learner;
mod network;
mod options;
mod paired;
mod recipe;
mod result;

use foretask_data::Images;
use foretask_models::{BackboneConfig, Encoder, Fit, InputSpec};
use foretask_pretext::Auto;

pub use fold::LEAST_HELD_OUT;
pub use guard::guard_trainings;
pub use options::{FinetuneOptions, HeadStart, Keep};
pub use recipe::{Beginning, FITTED, FinetuneRecipe, Labeled, MOST_ROUNDS, resolve as resolve_finetune};
pub use result::{Finetuned, Retained};

use crate::context::Context;
use crate::error::TrainError;
use crate::features::check_images;
use crate::input_size::{input_size, why_size};
use crate::labels_of;
use crate::memory::require_for_weights;
use crate::precision::check_precision;
use crate::probe::{HeldOut, Standardization};
use crate::reading::reading;
use crate::start::Start;
use fold::Whole;
use guard::Judged;
use learner::{LabeledImages, Learner};

/// Learns to tell the classes of labeled images apart: linear probe first, then (see [`Keep`]) the whole network from
/// there, by `AdamW` with warm-up and cosine, slightly moved and mirrored images.
///
/// A [`Start::Network`] is trained from scratch by a recipe of its own until it fits the labeled images, so that what
/// pretraining is compared with is as good as it gets. `statistics` are those of the encoder's features over the
/// unlabeled pool, where there is one; without them the labeled images' own are used.
///
/// With [`FinetuneOptions::guard`] an encoder does no harm: probe and trained network are compared on labeled images left out
/// in turn ([`guard_trainings`] says how often that trains), the better is kept, and where neither does better than raw pixels
/// the same network is tried from scratch on the same images.
///
/// Resumes from the checkpoint in `cx.folder` and is the same to the bit, on any number of loader threads.
///
/// # Errors
/// Images without labels or of a single class, options that cannot work, interruption, a loss that is not finite.
pub fn finetune(
    start: &Start,
    images: &Images,
    statistics: Option<&Standardization>,
    options: &FinetuneOptions,
    cx: &Context<'_>,
) -> Result<Finetuned, TrainError> {
    options.validate()?;
    check_precision(cx.device, options.precision)?;
    let labels = labels_of(images)?;
    let from_scratch = matches!(start, Start::Network(_));
    let (encoder, mut autos) = first_encoder(start, images, options)?;
    check_images(&encoder.input, images)?;
    let few = LabeledImages { images, labels: &labels, statistics };
    let own = Learner::new(encoder, few, options.clone(), cx)?;
    let own = if from_scratch { own.untrained() } else { own };
    let whole = own.whole(few);
    // What cannot be is said before anything is trained.
    let mut resolved = resolve_finetune(options, whole.beginning(), Labeled::of(&labels, &own.encoder.input))?;

    let Decided { kept, reason, answers, scratch } = decide(&whole, cx)?;
    let auto = (options.keep == Keep::Auto && !from_scratch).then(|| {
        cx.note(format!("keep = {}: {reason}", kept.name()));
        Auto::new("keep", kept.name(), reason.clone())
    });
    let calibrate = options.calibrate.unwrap_or(!from_scratch) && labels.len() >= LEAST_HELD_OUT;
    if kept == Retained::Probe {
        autos.extend(resolved.1.into_iter().chain(auto));
        let held_out = calibrate.then(|| own.held_out_by_probes(&labels, statistics)).transpose()?;
        return Ok(own.kept_probe(&labels, (resolved.0, autos), reason, held_out));
    }
    if let Some(scratch) = &scratch {
        let labeled = Labeled::of(&labels, &scratch.encoder.input);
        resolved = resolve_finetune(&scratch.options, Beginning::Scratch, labeled)?;
    }
    let (recipe, more) = resolved;
    autos.extend(more.into_iter().chain(auto));
    let learner = scratch.as_ref().unwrap_or(&own);
    let fitted = network::fit_network(&learner.classifier, learner.from_scratch, images, &recipe, cx)?;
    let held_out = match answers {
        _ if options.calibrate == Some(false) => None,
        Some(answers) => Some(answers),
        None if calibrate => whole.held_out(cx)?,
        None => None,
    };
    Ok(Finetuned {
        classifier: fitted.classifier,
        probe: own.classifier,
        held_out,
        kept,
        kept_reason: reason,
        history: fitted.history,
        converged: !recipe.converge || fitted.training.accuracy >= FITTED,
        final_training_loss: fitted.training.loss,
        training_accuracy: fitted.training.accuracy,
        steps: fitted.steps,
        seconds: fitted.seconds,
        recipe,
        autos,
    })
}

/// What is kept, and why.
struct Decided {
    kept: Retained,
    reason: String,
    answers: Option<HeldOut>,
    scratch: Option<Learner>,
}

fn decide(whole: &Whole<'_>, cx: &Context<'_>) -> Result<Decided, TrainError> {
    let classes = whole.images.classes().len();
    if let Some((kept, reason)) = keep::settled(whole.options, whole.from_scratch, whole.labels, classes) {
        return Ok(Decided { kept, reason, answers: None, scratch: None });
    }
    if whole.options.guard {
        let Judged { kept, reason, answers, scratch } = guard::judged(whole, cx)?;
        return Ok(Decided { kept, reason, answers: Some(answers), scratch });
    }
    let (kept, reason, answers) = keep::validated(whole, cx)?;
    Ok(Decided { kept, reason, answers: Some(answers), scratch: None })
}

/// An untrained encoder for these images, as [`finetune`] begins with from scratch: stem by image size, normalization by
/// the images' own statistics.
///
/// # Errors
/// Images too small for the network, options out of range.
pub fn random_encoder(
    config: &BackboneConfig,
    images: &Images,
    image_size: Option<usize>,
    seed: u64,
) -> Result<(Encoder, Vec<Auto>), TrainError> {
    let (height, width, mut autos) = if let Some(side) = image_size {
        (side, side, Vec::new())
    } else {
        let survey = images.survey();
        let (width, height) = input_size(&survey);
        let kept = survey.size == Some((width, height));
        (height, width, if kept { Vec::new() } else { vec![Auto::new("image_size", width, why_size(&survey))] })
    };
    let (config, reasons) = config.resolve(height, width)?;
    autos.extend(reasons.into_iter().map(|reason| {
        let (name, rest) = reason.split_once(" = ").unwrap_or(("network", &reason));
        let value = rest.split_once(" (").map_or(rest, |(value, _)| value);
        Auto::new(name, value, reason.clone())
    }));
    require_for_weights(config.parameters(images.channels()))?;
    let stats = images.channel_stats();
    let input = InputSpec {
        channels: images.channels(),
        height,
        width,
        mean: stats.mean,
        std: stats.std,
        fit: Fit::Crop,
        reading: reading(images),
    };
    Ok((Encoder::random(&config, &input, seed)?, autos))
}

fn first_encoder(
    start: &Start,
    images: &Images,
    options: &FinetuneOptions,
) -> Result<(Encoder, Vec<Auto>), TrainError> {
    match start {
        Start::Network(config) => random_encoder(config, images, options.image_size, options.seed),
        Start::Encoder(encoder) => {
            if let Some(side) = options.image_size
                && (side, side) != (encoder.input.height, encoder.input.width)
            {
                let (width, height) = (encoder.input.width, encoder.input.height);
                let reason = format!("is {side}, but the encoder was trained at {width}x{height}; leave it out");
                return Err(TrainError::Option { option: "image_size", reason });
            }
            Ok((encoder.clone(), Vec::new()))
        }
    }
}

#[cfg(test)]
mod tests;
