//! That an encoder does no harm: what is kept of it is held against the frozen probe, raw pixels and the same network from
//! scratch, on labeled images that were left out.

use std::fmt::Write as _;

use foretask_models::Encoder;

use super::fold::{Whole, in_words, parts_of};
use super::learner::{LabeledImages, Learner};
use super::options::{FinetuneOptions, Keep};
use super::paired::{error_of_difference, share};
use super::result::Retained;
use crate::context::{Context, Event};
use crate::error::TrainError;
use crate::probe::{HeldOut, ProbeOptions, fewest_per_class, pixel_probe};

/// So many held-out answers are enough: a hundred tell a difference of some 8 points (two standard errors), and each further
/// part is a further training.
const ENOUGH_ANSWERS: usize = 90;
/// Pixels are probed on at most so many images; what they are worth is plain by then.
const MOST_FOR_PIXELS: usize = 2000;

/// What is kept, why, and the answers by which that was found.
pub(super) struct Judged {
    pub(super) kept: Retained,
    pub(super) reason: String,
    pub(super) answers: HeldOut,
    /// What [`Retained::Scratch`] begins with.
    pub(super) scratch: Option<Learner>,
}

/// How many times the network is trained on a part of the labeled images (two of every three, or every other one) to find out
/// what to keep. Where what came of it is no better than raw pixels, it is trained as many times from scratch.
pub fn guard_trainings(options: &FinetuneOptions, labels: &[u32], classes: usize) -> usize {
    if !options.guard || options.keep != Keep::Auto || fewest_per_class(labels, classes) < 2 {
        return 0;
    }
    chosen_parts(labels, classes, options.seed).len()
}

/// The parts that are left out in turn: as many as give enough answers.
fn chosen_parts(labels: &[u32], classes: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut answers = 0;
    let enough = |part: &Vec<usize>| {
        let more = answers < ENOUGH_ANSWERS;
        answers += part.len();
        more
    };
    parts_of(labels, classes, seed).into_iter().take_while(enough).collect()
}

/// Whether other people's images may have taught an encoder. Its network is then made for their number, and from scratch no
/// match for a few labels.
fn is_published(encoder: &Encoder) -> bool {
    encoder.license.is_some() || !encoder.seen.is_complete()
}

/// Probe, trained network or, where neither does better than raw pixels, the same network from scratch: what answers best for
/// labeled images that it has not learned from; the simpler one among equals. No test image is asked.
pub(super) fn judged(whole: &Whole<'_>, cx: &Context<'_>) -> Result<Judged, TrainError> {
    let labels = whole.labels;
    let parts = chosen_parts(labels, whole.images.classes().len(), whole.options.seed);
    let (mut probe, mut tuned, mut pixels) = (Vec::new(), Vec::new(), Vec::new());
    let counts = whole.counts(&parts.concat());
    let mut answers = HeldOut { how: in_words(parts.len()), ..HeldOut::default() };
    for (number, held) in parts.iter().enumerate() {
        let fold =
            whole.without(held, &aside(cx, &cx.folder.join(format!("guard-{}", number + 1)), &without_curves(cx)))?;
        probe.extend(fold.probe.right(&whole.features.select(&fold.held).data, &fold.held_labels));
        tuned.extend(fold.head.right(&fold.seen.data, &fold.held_labels));
        pixels.extend(by_pixels(whole, held, cx)?);
        answers.add(&fold.head, &fold.seen.data, &fold.held_labels);
        answers.distances.extend(fold.distances);
    }
    let gained = share(&tuned, &counts) > share(&probe, &counts);
    let (kept, best) = if gained { (Retained::Finetuned, &tuned) } else { (Retained::Probe, &probe) };
    let mut reason = format!(
        "right of {} labeled images while they were left out{}: probe {:.1} %, fine-tuned {:.1} % (standard error of the \
         difference {:.1}), raw pixels {:.1} %",
        probe.len(),
        whole.counted(),
        share(&probe, &counts),
        share(&tuned, &counts),
        error_of_difference(&tuned, &probe, &counts),
        share(&pixels, &counts),
    );
    if share(best, &counts) >= share(&pixels, &counts) {
        return Ok(Judged { kept, reason, answers, scratch: None });
    }
    if is_published(whole.encoder) {
        reason += "; these features are worth less than none here, look for others (`pick_encoder`)";
        cx.warn(format!("{}: {reason}", whole.encoder.origin));
        return Ok(Judged { kept, reason, answers, scratch: None });
    }
    let (scratch, right, by_scratch) = from_scratch(whole, &parts, cx)?;
    let _ = write!(reason, ", from scratch {:.1} %", share(&right, &counts));
    if share(&right, &counts) <= share(best, &counts) {
        return Ok(Judged { kept, reason, answers, scratch: None });
    }
    reason += ": these features are worth less than none, so training starts from scratch";
    Ok(Judged { kept: Retained::Scratch, reason, answers: by_scratch, scratch: Some(scratch) })
}

/// The same network from random weights on the same parts.
fn from_scratch(
    whole: &Whole<'_>,
    parts: &[Vec<usize>],
    cx: &Context<'_>,
) -> Result<(Learner, Vec<bool>, HeldOut), TrainError> {
    let (encoder, options) = (whole.encoder, whole.options);
    let random = Encoder::random(&encoder.config, &encoder.input, options.seed)?;
    // As `finetune` of a new network has them, for as long as was said; what else was said of how the encoder learns on does
    // not suit it.
    let own = FinetuneOptions {
        lr: None,
        weight_decay: None,
        label_smoothing: None,
        layer_decay: None,
        head: None,
        freeze: Vec::new(),
        ..options.clone()
    };
    let few = LabeledImages { images: whole.images, labels: whole.labels, statistics: None };
    let learner = Learner::new(random, few, own, cx)?.untrained();
    let other = learner.whole(few);
    let (mut right, mut answers) = (Vec::new(), HeldOut { how: in_words(parts.len()), ..HeldOut::default() });
    for (number, held) in parts.iter().enumerate() {
        let folder = cx.folder.join(format!("guard-scratch-{}", number + 1));
        let fold = other.without(held, &aside(cx, &folder, &without_curves(cx)))?;
        right.extend(fold.head.right(&fold.seen.data, &fold.held_labels));
        answers.add(&fold.head, &fold.seen.data, &fold.held_labels);
        answers.distances.extend(fold.distances);
    }
    Ok((learner, right, answers))
}

/// Which of the images in `held` a probe of raw pixels names rightly that learned from the others.
fn by_pixels(whole: &Whole<'_>, held: &[usize], cx: &Context<'_>) -> Result<Vec<bool>, TrainError> {
    let kept: Vec<u32> = (0..whole.labels.len()).filter(|i| held.binary_search(i).is_err()).map(|i| i as u32).collect();
    let some: Vec<u32> = kept.iter().copied().step_by(kept.len().div_ceil(MOST_FOR_PIXELS).max(1)).collect();
    let FinetuneOptions { class_weights, seed, .. } = *whole.options;
    let options = ProbeOptions { class_weights, seed, ..ProbeOptions::default() };
    let probe = pixel_probe(&whole.images.select(&some), &options, cx.threads)?;
    let asked: Vec<u32> = held.iter().map(|&i| i as u32).collect();
    let labels: Vec<u32> = held.iter().map(|&i| whole.labels[i]).collect();
    Ok(probe.probe.right(&probe.features(&whole.images.select(&asked), cx.threads)?.data, &labels))
}

fn aside<'a>(cx: &Context<'a>, folder: &'a std::path::Path, events: &'a (dyn Fn(Event) + Sync)) -> Context<'a> {
    Context { folder, events, ..*cx }
}

/// A listener that hears how far the work is; curves are those of the training that is kept.
fn without_curves<'a>(cx: &'a Context<'_>) -> impl Fn(Event) + Sync + use<'a> {
    |event| {
        if !matches!(event, Event::Health(_) | Event::Note(_)) {
            cx.emit(event);
        }
    }
}
