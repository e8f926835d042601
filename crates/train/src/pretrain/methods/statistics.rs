//! Methods that compare views by statistics of the batch and need neither negatives nor a teacher: Barlow Twins (Zbontar et
//! al. 2021, arXiv 2103.03230), `VICReg` (Bardes, Ponce and `LeCun` 2022, arXiv 2105.04906), `LeJEPA` (Balestriero and
//! `LeCun` 2025, arXiv 2511.08544).

use burn::tensor::Tensor;
use foretask_objectives::{VicReg, barlow_twins, lejepa, random_slices, vicreg};
use foretask_random::Key;

use super::Method;
use super::views::embed;
use crate::error::TrainError;
use crate::health::Gauges;
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// The correlations between two views' embeddings shall be the unit matrix.
#[derive(Debug)]
pub(super) struct BarlowTwins {
    pub(super) lambda: f64,
    /// What the sum is multiplied with.
    pub(super) scale: f64,
}

impl Method for BarlowTwins {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let [first, second] = views.pair()?;
        Ok((barlow_twins(first, second, self.lambda).mul_scalar(self.scale), gauges::of_views(&views)))
    }
}

/// Views shall be alike while every dimension keeps its variance and none repeats another.
#[derive(Debug)]
pub(super) struct Vic {
    pub(super) weights: VicReg,
}

impl Method for Vic {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let [first, second] = views.pair()?;
        Ok((vicreg(first, second, &self.weights), gauges::of_views(&views)))
    }
}

/// Views shall be alike and their embeddings normally distributed in every direction.
#[derive(Debug)]
pub(super) struct LeJepa {
    pub(super) lambda: f64,
    /// Directions that a step looks along.
    pub(super) slices: usize,
    /// Names the directions of each step.
    pub(super) key: Key,
}

impl Method for LeJepa {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let (global, local) = views.embeddings.split_at(views.global);
        let [_, d] = global.first().ok_or(TrainError::NoHead { task: "lejepa" })?.dims();
        let slices = random_slices(d, self.slices, self.key.with(moment.step), &net.normalizer.device);
        let stacked = |views: &[Tensor<2>]| Tensor::stack::<3>(views.to_vec(), 0);
        let loss = lejepa(stacked(global), (!local.is_empty()).then(|| stacked(local)), slices, self.lambda);
        Ok((loss, gauges::of_views(&views)))
    }
}
