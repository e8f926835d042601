//! Methods that hold views against those of other images in the batch, without a teacher.

use burn::tensor::{Int, Tensor, TensorData};
use foretask_objectives::{decoupled, decoupled_weighted, nt_xent, supcon};

use super::Method;
use super::views::embed;
use crate::error::TrainError;
use crate::health::Gauges;
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// The width of the weights of DCLW (Yeh et al. 2022, arXiv 2110.06848, section 4.2).
const SIGMA: f64 = 0.5;

/// What the views are compared by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    /// `SimCLR`'s NT-Xent.
    NtXent,
    /// Without the positive in the denominator: DCL.
    Decoupled,
    /// And with weighted positives: DCLW.
    Weighted,
}

/// `SimCLR` (Chen et al. 2020, arXiv 2002.05709) and its decoupled forms.
#[derive(Debug)]
pub(super) struct SimClr {
    pub(super) comparison: Comparison,
    pub(super) temperature: f64,
}

impl Method for SimClr {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let [first, second] = views.pair()?;
        let gauges = gauges::of_views(&views);
        let loss = match self.comparison {
            Comparison::NtXent => nt_xent(first, second, self.temperature),
            Comparison::Decoupled => decoupled(first, second, self.temperature),
            Comparison::Weighted => decoupled_weighted(first, second, self.temperature, SIGMA),
        };
        Ok((loss, gauges))
    }
}

/// Supervised contrast (Khosla et al. 2020, arXiv 2004.11362): views of images of the same class belong together.
#[derive(Debug)]
pub(super) struct SupCon {
    temperature: f64,
    /// The class of each image of the pool.
    classes: Vec<i64>,
}

impl SupCon {
    /// `labels` are those of the pool, all of which are needed.
    pub(super) fn new(temperature: f64, labels: &[Option<u32>]) -> Result<Self, TrainError> {
        let classes: Option<Vec<i64>> = labels.iter().map(|label| label.map(i64::from)).collect();
        let Some(classes) = classes else {
            let unlabelled = labels.iter().filter(|label| label.is_none()).count();
            return Err(TrainError::Labels(format!(
                "`supcon` learns from classes, and {unlabelled} of {} images have none; give it labelled images, or take `simclr`",
                labels.len()
            )));
        };
        Ok(Self { temperature, classes })
    }
}

impl Method for SupCon {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let class = |&image: &u32| self.classes.get(image as usize).copied().unwrap_or(-1);
        let classes: Vec<i64> = batch.images.iter().map(class).collect::<Vec<_>>().repeat(views.embeddings.len());
        let rows = classes.len();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [rows]), &net.normalizer.device);
        let gauges = gauges::of_views(&views);
        Ok((supcon(Tensor::cat(views.embeddings, 0), classes, self.temperature), gauges))
    }
}
