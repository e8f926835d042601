//! What tasks that ask for a picture have in common: a light decoder, and the difference to the picture.

use foretask_models::DecoderConfig;
use foretask_objectives::{CollapseRisk, Distance, l1_loss, l2_loss, weighted_distance};
use foretask_pretext::{Auto, PixelLoss, Shape, Targets};

use super::answer::{Answer, Question, answer};
use super::learnable::{HeadContext, Learnable, ObjectiveContext};
use super::objective::{Measured, TaskObjective, no_fit, to_host};
use crate::error::TrainError;
use crate::pretrain::diagnostics::{self, Restored};
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::ranks::mean_of_parts;
use crate::training::StepInfo;

/// A light decoder from the last feature map to pictures of shape `output`. Fills `width` where it was left open.
pub(super) fn decoder(
    cx: &HeadContext<'_>,
    width: &mut Option<u32>,
    output: Shape,
    notes: &mut Vec<Auto>,
) -> HeadConfig {
    let map = cx.config.cost(cx.shape.channels, cx.shape.height, cx.shape.width).map;
    let mut decoder = DecoderConfig::light(cx.config.map_dim(), map, [output.channels, output.height, output.width]);
    if let Some(width) = width {
        decoder.hidden = *width as usize;
    } else {
        let reason = "half as wide as the features, from 8 to 64: so that the encoder does most of the work";
        notes.push(Auto::new("decoder_width", decoder.hidden, reason));
        *width = Some(decoder.hidden as u32);
    }
    HeadConfig::Decoder(decoder)
}

/// A task that asks for the picture itself, of which an input shows less.
pub(super) trait Restores {
    /// How wide the decoder is, where the task says so.
    fn decoder_width(&mut self) -> &mut Option<u32>;

    /// How pictures are compared.
    fn loss(&self) -> PixelLoss;

    /// Whether what is asked for lies in 0..1.
    fn is_picture(&self) -> bool {
        true
    }
}

impl<T: Restores> Learnable for T {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        false
    }

    fn alters_images(&self) -> bool {
        true
    }

    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(decoder(cx, self.decoder_width(), cx.shape, notes))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Restoration { word: cx.word, loss: self.loss(), is_picture: self.is_picture() }))
    }
}

/// Mean difference to the picture that was asked for, over the places that count.
#[derive(Debug)]
pub(super) struct Restoration {
    /// The task's word.
    pub(super) word: &'static str,
    /// How pictures are compared.
    pub(super) loss: PixelLoss,
    /// Whether pictures lie in 0..1, so that their quality can be told in decibel.
    pub(super) is_picture: bool,
}

impl TaskObjective for Restoration {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let seen = info.measure.then(|| batch.inputs.first().map(|block| view.normalizer.pixels(block))).flatten();
        let no_picture = || no_fit(self.word, "a decoder and a picture as its target");
        let Targets::Images { pixels, shape, weights } = batch.targets else { return Err(no_picture()) };
        let question = Question { inputs: batch.inputs, hidden: weights.as_deref() };
        let (features, answer) = answer(view, self.word, question, info.measure)?;
        let Answer::Images(restored) = answer else { return Err(no_picture()) };
        let diagnostics = features.zip(seen).map(|(features, seen)| {
            let images = Restored { answer: &to_host(restored.clone()).data, target: &pixels, input: &seen, shape };
            match &weights {
                None => diagnostics::of_images(&features, images),
                Some(weights) if self.is_picture => diagnostics::of_holes(&features, images, weights),
                Some(weights) => diagnostics::of_standardized_holes(&features, images, weights),
            }
        });
        let target = view.normalizer.images(pixels, shape);
        // Only where some places count more than others, parts of the batch do.
        let weight = weights.as_ref().map_or(1.0, |weights| weights.iter().map(|weight| f64::from(*weight)).sum());
        let loss = match (weights, self.loss) {
            (None, PixelLoss::L1) => l1_loss(restored, target),
            (None, PixelLoss::L2) => l2_loss(restored, target),
            (Some(weights), loss) => {
                let distance = if loss == PixelLoss::L1 { Distance::L1 } else { Distance::L2 };
                let weights = view.normalizer.images(weights, Shape::new(1, shape.height, shape.width));
                weighted_distance(restored, target, weights, distance)
            }
        };
        Ok((mean_of_parts(loss, weight)?, diagnostics))
    }
}
