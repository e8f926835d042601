//! Tasks that ask for a picture.

use burn::tensor::Tensor;
use foretask_models::{BackboneConfig, DecoderConfig};
use foretask_objectives::{Distance, l1_loss, l2_loss, weighted_distance};
use foretask_pretext::{Auto, PixelLoss, Shape, Targets};

use super::{Answer, Method, answer, to_host};
use crate::error::TrainError;
use crate::health::Gauges;
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// A light decoder from the last feature map of images of shape `input` to pictures of shape `output`.
pub(super) fn decoder(
    width: &mut Option<u32>,
    config: &BackboneConfig,
    input: Shape,
    output: Shape,
    notes: &mut Vec<Auto>,
) -> HeadConfig {
    let map = config.cost(input.channels, input.height, input.width).map;
    let mut decoder = DecoderConfig::light(config.feature_dim(), map, [output.channels, output.height, output.width]);
    if let Some(width) = width {
        decoder.hidden = *width as usize;
    } else {
        let reason = "half as wide as the features, from 8 to 64: the encoder shall do the work";
        notes.push(Auto::new("decoder_width", decoder.hidden, reason));
        *width = Some(decoder.hidden as u32);
    }
    HeadConfig::Decoder(decoder)
}

/// Mean difference to the picture that was asked for, over the places that count.
#[derive(Debug)]
pub(super) struct Restore {
    /// The task's word.
    pub(super) task: &'static str,
    /// How pictures are compared.
    pub(super) loss: PixelLoss,
    /// Whether pictures lie in 0..1, so that their quality can be told in decibel.
    pub(super) is_picture: bool,
}

impl Method for Restore {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let seen = moment.measure.then(|| batch.inputs.first().map(|block| net.normalizer.pixels(block))).flatten();
        let (features, answer) = answer(net, self.task, batch.inputs, moment.measure)?;
        let (Answer::Images(restored), Targets::Images { pixels, shape, weights }) = (answer, batch.targets) else {
            return Err(TrainError::NoHead { task: self.task });
        };
        let gauges = features.zip(seen).map(|(features, seen)| match (self.is_picture, &weights) {
            (true, None) => gauges::of_images(&features, &to_host(restored.clone()).data, &pixels, &seen, shape),
            (true, Some(weights)) => {
                gauges::of_holes(&features, &to_host(restored.clone()).data, &pixels, &seen, weights, shape)
            }
            (false, _) => gauges::of_features(&features),
        });
        let target = net.normalizer.images(pixels, shape);
        let loss = match (weights, self.loss) {
            (None, PixelLoss::L1) => l1_loss(restored, target),
            (None, PixelLoss::L2) => l2_loss(restored, target),
            (Some(weights), loss) => {
                let distance = if loss == PixelLoss::L1 { Distance::L1 } else { Distance::L2 };
                let weights = net.normalizer.images(weights, Shape::new(1, shape.height, shape.width));
                weighted_distance(restored, target, weights, distance)
            }
        };
        Ok((loss, gauges))
    }
}
