//! Supervised contrast (Khosla et al. 2020, arXiv 2004.11362): views of images of the same class belong together.

use burn::tensor::{Int, Tensor, TensorData};
use foretask_objectives::{CollapseRisk, supcon};
use foretask_pretext::{Auto, RunSizes, SupCon as Options};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective};
use super::views::embed;
use crate::error::TrainError;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

impl Learnable for Options {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Contrastive
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn needs_labels(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Projection(cx.projection(self.projector_width, self.projector_out)?))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(SupCon::new(self.temperature, cx.beside.labels)?))
    }
}

/// Views of images of the same class belong together.
#[derive(Debug)]
struct SupCon {
    temperature: f64,
    /// The class of each image of the pool.
    classes: Vec<i64>,
}

impl SupCon {
    /// `labels` are those of the pool, all of which are needed.
    fn new(temperature: f64, labels: &[Option<u32>]) -> Result<Self, TrainError> {
        let classes: Option<Vec<i64>> = labels.iter().map(|label| label.map(i64::from)).collect();
        let Some(classes) = classes else {
            let unlabeled = labels.iter().filter(|label| label.is_none()).count();
            return Err(TrainError::Labels(format!(
                "`supcon` learns from classes, and {unlabeled} of {} images have none; give it labeled images, or take `simclr`",
                labels.len()
            )));
        };
        Ok(Self { temperature, classes })
    }
}

impl TaskObjective for SupCon {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let views = embed(view, batch.inputs, false, info.measure)?;
        let class = |&image: &u32| self.classes.get(image as usize).copied().unwrap_or(-1);
        let classes: Vec<i64> = batch.images.iter().map(class).collect::<Vec<_>>().repeat(views.embeddings.len());
        let rows = classes.len();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [rows]), &view.normalizer.device);
        let diagnostics = diagnostics::of_views(&views);
        Ok((supcon(Tensor::cat(views.embeddings, 0), classes, self.temperature), diagnostics))
    }
}
