//! Every image is a class of its own (Dosovitskiy et al. 2014, arXiv 1406.6909), by triplets or by a class for each image.

use burn::tensor::{Int, Tensor, TensorData};
use foretask_models::{Head, ProjectionConfig};
use foretask_objectives::{CollapseRisk, cross_entropy, triplet};
use foretask_pretext::{Auto, Exemplar, ExemplarMode};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, choose_size};
use super::objective::{Measured, TaskObjective, no_fit, to_host};
use super::views::embed;
use crate::error::TrainError;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::ranks::{Share, mean_of_parts};
use crate::training::StepInfo;

impl Learnable for Exemplar {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Contrastive
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        match self.mode {
            ExemplarMode::Triplet => {
                let reason = "as long as the features, at most 128";
                let output = choose_size(&mut self.embed, "embed", cx.features.min(128), reason, notes);
                Ok(HeadConfig::Projection(ProjectionConfig::new(cx.features, cx.features, output)))
            }
            ExemplarMode::Softmax => Ok(HeadConfig::Class { input: cx.features, classes: cx.pool }),
        }
    }

    fn objective(&self, _cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(match self.mode {
            ExemplarMode::Triplet => Box::new(Triplets { margin: self.margin }),
            ExemplarMode::Softmax => Box::new(Instances),
        })
    }
}

/// Copies of an image lie closer together than to the nearest other image, by a margin.
#[derive(Debug)]
struct Triplets {
    margin: f64,
}

impl TaskObjective for Triplets {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let views = embed(view, batch.inputs, false, info.measure)?;
        let diagnostics = diagnostics::of_views(&views);
        let copies = views.embeddings.len();
        // Image-major again, as the loss takes it.
        let [count, d] = views.pair()?[0].dims();
        let z = Tensor::stack::<3>(views.embeddings, 1).reshape([count * copies, d]);
        Ok((triplet(z, copies, self.margin)?, diagnostics))
    }
}

/// One class for each image of the pool.
#[derive(Debug)]
struct Instances;

impl TaskObjective for Instances {
    fn loss(&mut self, view: &TaskView<'_>, mut batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let no_head = no_fit("exemplar", "a head for classes and one block of inputs");
        let (Head::Class(head), Some(block)) = (view.head, batch.inputs.pop()) else { return Err(no_head) };
        let copies = block.per_image;
        let features = view.encoder.forward(block.x);
        let logits = head.forward(features.clone());
        let images = Share::current().of(&batch.images);
        let classes: Vec<u32> = images.iter().flat_map(|&image| std::iter::repeat_n(image, copies)).collect();
        let diagnostics =
            info.measure.then(|| diagnostics::of_classes(&to_host(features), &to_host(logits.clone()), &classes));
        let rows = classes.len();
        let classes: Vec<i64> = classes.into_iter().map(i64::from).collect();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [rows]), &view.normalizer.device);
        Ok((mean_of_parts(cross_entropy(logits, classes, 0.0), 1.0)?, diagnostics))
    }
}
