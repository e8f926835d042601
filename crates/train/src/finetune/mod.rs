//! From an encoder (or a new network) and a few labels to a classifier.

mod fold;
mod keep;
mod network;
mod options;
mod recipe;
mod result;

use foretask_data::Images;
use foretask_models::{BackboneConfig, Classifier, Encoder, Fit, InputSpec};
use foretask_pretext::Auto;

pub use fold::LEAST_HELD_OUT;
pub use options::{FinetuneOptions, HeadStart, Keep};
pub use recipe::{FITTED, FinetuneRecipe, Labeled, MOST_ROUNDS, resolve as resolve_finetune};
pub use result::{Finetuned, Retained};

use crate::context::Context;
use crate::error::TrainError;
use crate::features::{check_channels, extract_features};
use crate::input_size::{input_size, why_size};
use crate::labels_of;
use crate::memory::require_for_weights;
use crate::precision::check_precision;
use crate::probe::{ProbeOptions, Standardization, held_out_logits, linear_probe};
use crate::start::Start;
use fold::Whole;

/// Learns to tell the classes of labeled images apart: linear probe first, then (see [`Keep`]) the whole network from
/// there, by `AdamW` with warm-up and cosine, slightly moved and mirrored images.
///
/// A [`Start::Network`] is trained from scratch by a recipe of its own until it fits the labeled images, so that what
/// pretraining is compared with is as good as it gets. `statistics` are those of the encoder's features over the
/// unlabeled pool, where there is one; without them the labeled images' own are used.
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
    let classes = images.classes();
    let from_scratch = matches!(start, Start::Network(_));
    let (encoder, mut autos) = first_encoder(start, images, options)?;
    check_channels(&encoder.input, images)?;
    let (recipe, more) = resolve_finetune(options, from_scratch, Labeled::of(&labels, &encoder.input))?;
    autos.extend(more);

    let quiet = |_| ();
    let features = extract_features(&encoder, images, &Context { events: &quiet, ..*cx })?;
    let probe_options = ProbeOptions { strength: options.strength, ..ProbeOptions::default() };
    let fitted_probe = linear_probe(&features, &labels, classes.len(), statistics, &probe_options)?;
    let probe =
        Classifier::new(encoder.clone(), fitted_probe.weight.clone(), fitted_probe.bias.clone(), classes.clone())?;

    let (labels, features) = (labels.as_slice(), &features);
    let whole = Whole { encoder: &encoder, images, features, labels, statistics, options, from_scratch };
    let (kept, kept_reason, answered) = match keep::settled(options.keep, from_scratch, labels, classes.len()) {
        Some((kept, reason)) => (kept, reason, None),
        None => keep::validated(&whole, cx).map(|(kept, reason, answers)| (kept, reason, Some(answers)))?,
    };
    let calibrate = options.calibrate.unwrap_or(!from_scratch) && labels.len() >= LEAST_HELD_OUT;
    if options.keep == Keep::Auto && !from_scratch {
        let value = if kept == Retained::Probe { "probe" } else { "finetuned" };
        cx.note(format!("keep = {value}: {kept_reason}"));
        autos.push(Auto::new("keep", value, kept_reason.clone()));
    }
    if kept == Retained::Probe {
        let (correct, loss) = fitted_probe.score(&features.data, labels);
        let held_out = calibrate
            .then(|| held_out_logits(features, labels, classes.len(), statistics, &probe_options))
            .transpose()?;
        return Ok(Finetuned {
            classifier: probe.clone(),
            probe,
            held_out,
            kept,
            kept_reason,
            history: Vec::new(),
            converged: fitted_probe.converged,
            final_training_loss: loss / labels.len() as f64,
            training_accuracy: correct as f64 / labels.len() as f64,
            steps: 0,
            seconds: 0.0,
            recipe,
            autos,
        });
    }
    let fitted = network::fit_network(&probe, from_scratch, images, &recipe, cx)?;
    let held_out = match answered {
        _ if options.calibrate == Some(false) => None,
        Some(answers) => Some(answers),
        None if calibrate => whole.held_out(cx)?,
        None => None,
    };
    Ok(Finetuned {
        classifier: fitted.classifier,
        probe,
        held_out,
        kept,
        kept_reason,
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
    let input =
        InputSpec { channels: images.channels(), height, width, mean: stats.mean, std: stats.std, fit: Fit::Crop };
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
