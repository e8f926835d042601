//! Counting: what is in the tiles adds up to what is in the whole (Noroozi, Pirsiavash and Favaro 2017, arXiv 1708.06734).

use burn::tensor::Tensor;
use foretask_models::{Head, VectorConfig};
use foretask_objectives::{CollapseRisk, counting};
use foretask_pretext::{Auto, Counting as Options};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, choose_size};
use super::objective::{Measured, TaskObjective, no_fit, to_host};
use crate::error::TrainError;
use crate::health::Metric;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::ranks::gathered;
use crate::training::StepInfo;

impl Learnable for Options {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn alters_images(&self) -> bool {
        true
    }

    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        let output = choose_size(&mut self.embed, "embed", cx.features, "as many as the features", notes);
        Ok(HeadConfig::Vector(VectorConfig::counts(cx.features, output)))
    }

    fn objective(&self, _cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Counting { margin: self.margin }))
    }
}

/// The counts of the tiles add up to those of the whole, and not to those of another image.
#[derive(Debug)]
struct Counting {
    margin: f64,
}

impl TaskObjective for Counting {
    fn loss(&mut self, view: &TaskView<'_>, mut batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let no_head = no_fit("counting", "a head for numbers and one block of inputs");
        let (Head::Vector(head), Some(block)) = (view.head, batch.inputs.pop()) else { return Err(no_head) };
        let per_image = block.per_image;
        let features = view.encoder.forward(block.x);
        let counts = gathered(head.forward(features.clone()))?;
        let [rows, c] = counts.dims();
        let count = rows / per_image.max(1);
        let all = counts.reshape([count, per_image, c]);
        let whole = all.clone().narrow(1, 0, 1).reshape([count, c]);
        let tiles = all.narrow(1, 1, per_image - 1);
        // Another image for each: the one after it, in a circle.
        let other = Tensor::cat(vec![whole.clone().narrow(0, 1, count - 1), whole.clone().narrow(0, 0, 1)], 0);
        let diagnostics = info.measure.then(|| {
            let mean = to_host(whole.clone()).data.iter().sum::<f32>() / (count.max(1) as f32);
            let mut diagnostics = diagnostics::of_features(&to_host(features));
            diagnostics.metrics.push(Metric::new("counted", f64::from(mean)));
            diagnostics
        });
        Ok((counting(tiles, whole, other, self.margin), diagnostics))
    }
}
