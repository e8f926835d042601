//! The label stage without some of the labeled images, to see how it does on those.

use foretask_data::Images;
use foretask_models::{Classifier, Encoder};

use super::network::fit_network;
use super::options::FinetuneOptions;
use super::recipe::{Beginning, Labeled, resolve};
use crate::context::Context;
use crate::error::TrainError;
use crate::features::{Features, extract_features};
use crate::probe::{HeldOut, LinearProbe, Standardization, fewest_per_class, linear_probe, stratified_folds};

/// Fewer held-out answers than this say too little of a temperature, and labels are too dear to learn without them.
pub const LEAST_HELD_OUT: usize = 20;
/// So many answers are enough: further parts would only cost time.
const ENOUGH_ANSWERS: usize = 40;
/// Parts that the labeled images are left out in.
const PARTS: usize = 3;

/// The parts of the labeled images that are left out in turn, as many as the smallest class allows.
pub(super) fn parts_of(labels: &[u32], classes: usize, seed: u64) -> Vec<Vec<usize>> {
    stratified_folds(labels, PARTS.min(fewest_per_class(labels, classes)), seed)
}

/// What the label stage learns from, of which a part can be left out.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub(super) encoder: &'a Encoder,
    pub(super) images: &'a Images,
    pub(super) features: &'a Features,
    pub(super) labels: &'a [u32],
    pub(super) statistics: Option<&'a Standardization>,
    pub(super) options: &'a FinetuneOptions,
    pub(super) from_scratch: bool,
}

/// Classifiers that have not learned from some images, and what they see in them.
pub(super) struct Fold {
    pub(super) held: Vec<u32>,
    pub(super) held_labels: Vec<u32>,
    /// On the encoder as it came.
    pub(super) probe: LinearProbe,
    /// On the encoder as it was trained.
    pub(super) head: LinearProbe,
    /// Features of the images that were left out, by the trained encoder.
    pub(super) seen: Features,
    /// How far they are from the nearest image that was learned from, see [`HeldOut::distances`].
    pub(super) distances: Vec<f32>,
}

impl Whole<'_> {
    pub(super) fn beginning(&self) -> Beginning {
        if self.from_scratch { Beginning::Scratch } else { Beginning::of(&self.encoder.config) }
    }

    /// What each of some of the labeled images counts where answers are compared.
    pub(super) fn counts(&self, held: &[usize]) -> Vec<f64> {
        let each = self.options.class_weights.of_each(self.labels, self.images.classes().len());
        held.iter().map(|&image| each[image]).collect()
    }

    /// Half a sentence on how they count.
    pub(super) fn counted(&self) -> &'static str {
        if self.options.class_weights.is_even() { "" } else { ", each class alike" }
    }

    /// Probe and network learned from all images but `held`.
    pub(super) fn without(&self, held: &[usize], cx: &Context<'_>) -> Result<Fold, TrainError> {
        let (encoder, images, labels, options) = (self.encoder, self.images, self.labels, self.options);
        let classes = images.classes();
        let kept: Vec<u32> = (0..labels.len()).filter(|i| held.binary_search(i).is_err()).map(|i| i as u32).collect();
        let held: Vec<u32> = held.iter().map(|&i| i as u32).collect();
        let pick = |indices: &[u32]| indices.iter().map(|&i| labels[i as usize]).collect::<Vec<u32>>();
        let (kept_labels, held_labels) = (pick(&kept), pick(&held));
        let features = self.features.select(&kept);
        let probe = linear_probe(&features, &kept_labels, classes.len(), self.statistics, &options.probe())?;
        let start = Classifier::new(encoder.clone(), probe.weight.clone(), probe.bias.clone(), classes.clone())?;
        let labeled = Labeled::of(&kept_labels, &encoder.input);
        let (recipe, _) = resolve(options, self.beginning(), labeled)?;
        let fitted = fit_network(&start, self.from_scratch, &images.select(&kept), &recipe, cx)?;
        let head = LinearProbe::of(&fitted.classifier.weight, &fitted.classifier.bias);
        let quiet = |_| ();
        let all = extract_features(&fitted.classifier.encoder, images, &Context { events: &quiet, ..*cx })?;
        let seen = all.select(&held);
        let distances = distances(&seen, &all.select(&kept));
        Ok(Fold { held, held_labels, probe, head, seen, distances })
    }

    /// Answers of networks that were each trained without a third of the labeled images, for as many thirds as give enough
    /// answers; none where there are too few labels.
    pub(super) fn held_out(&self, cx: &Context<'_>) -> Result<Option<HeldOut>, TrainError> {
        let classes = self.images.classes().len();
        if self.labels.len() < LEAST_HELD_OUT || fewest_per_class(self.labels, classes) < 2 {
            return Ok(None);
        }
        let mut answers = HeldOut::default();
        let mut trained = 0;
        for (number, held) in parts_of(self.labels, classes, self.options.seed).iter().enumerate() {
            if answers.len() >= ENOUGH_ANSWERS {
                break;
            }
            let folder = cx.folder.join(format!("held-out-{}", number + 1));
            let quiet = cx.only_warnings();
            let fold = self.without(held, &Context { folder: &folder, events: &quiet, ..*cx })?;
            answers.add(&fold.head, &fold.seen.data, &fold.held_labels);
            answers.distances.extend(fold.distances);
            trained += 1;
        }
        answers.how = in_words(trained);
        Ok(Some(answers))
    }
}

/// How far (1 - cosine) each of some images is from the nearest of others.
fn distances(images: &Features, others: &Features) -> Vec<f32> {
    let unit = |row: &[f32]| -> Vec<f32> {
        let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        row.iter().map(|v| v / length).collect()
    };
    // A quantile of a few hundred distances to as many images as a classifier's file keeps is all that is asked for.
    let others: Vec<Vec<f32>> =
        (0..others.len()).step_by(others.len().div_ceil(2048).max(1)).map(|i| unit(others.row(i))).collect();
    (0..images.len())
        .step_by(images.len().div_ceil(512).max(1))
        .map(|i| {
            let own = unit(images.row(i));
            let cosine = |other: &Vec<f32>| own.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
            (1.0 - others.iter().map(cosine).fold(-1.0, f32::max)).clamp(0.0, 2.0)
        })
        .collect()
}

/// How networks were held out.
pub(super) fn in_words(trained: usize) -> String {
    match trained {
        1 => "a network trained without a third of the labeled images".to_owned(),
        n => format!("{n} networks, each trained without a part of the labeled images"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        let features =
            |data: &[f32]| Features { data: data.to_vec(), dim: 2, rows: (0..data.len() as u64 / 2).collect() };
        let found = distances(&features(&[3.0, 0.0, 0.0, -1.0]), &features(&[1.0, 1.0, 0.0, 2.0]));
        assert!((found[0] - (1.0 - 0.5_f32.sqrt())).abs() < 1e-6, "{found:?}");
        assert!((found[1] - (1.0 + 0.5_f32.sqrt())).abs() < 1e-6, "{found:?}");
    }
}
