//! Methods in which each view predicts the other: `BYOL` (Grill et al. 2020, arXiv 2006.07733) from a momentum teacher,
//! `SimSiam` (Chen and He 2021, arXiv 2011.10566) from the network itself, `NNCLR` (Dwibedi et al. 2021, arXiv 2104.14548)
//! from the nearest neighbor of the other view.

use burn::tensor::Tensor;
use foretask_backend::StateDict;
use foretask_models::{Backbone, Head};
use foretask_objectives::{FeatureQueue, byol, cosine_momentum, nearest_neighbors, nnclr, simsiam};

use super::Method;
use super::teacher::Teacher;
use super::views::{embed, pair};
use crate::error::TrainError;
use crate::health::Gauges;
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// Predicts the teacher's projection of the other view.
#[derive(Debug)]
pub(super) struct Byol {
    /// The teacher's momentum at the beginning and at the end.
    pub(super) momentum: [f64; 2],
    /// The predictor's learning rate against that of the rest.
    pub(super) predictor_lr: f64,
    pub(super) teacher: Teacher,
}

impl Method for Byol {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let targets = pair(&self.teacher.embed(&batch.inputs)?)?;
        let views = embed(net, batch.inputs, false, moment.measure)?;
        Ok((byol(views.answered_pair()?, targets), gauges::of_views(&views)))
    }

    fn factors(&self, _moment: Moment) -> Vec<(String, f64)> {
        vec![("prediction".to_owned(), self.predictor_lr)]
    }

    fn after_step(&mut self, encoder: &Backbone, head: Head, moment: Moment) -> Result<Head, TrainError> {
        let momentum = cosine_momentum(moment.step, moment.steps, self.momentum[0], self.momentum[1]);
        self.teacher.follow(encoder, &head, moment.step, momentum)?;
        Ok(head)
    }

    fn state(&mut self) -> StateDict {
        self.teacher.state()
    }

    fn load_state(&mut self, state: StateDict) -> Result<(), TrainError> {
        self.teacher.load_state(state)
    }
}

/// Predicts the network's own projection of the other view, through which no gradient flows.
#[derive(Debug)]
pub(super) struct SimSiam {
    /// Whether the predictor's learning rate stays at its peak, as in the paper.
    pub(super) constant_predictor: bool,
}

impl Method for SimSiam {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let views = embed(net, batch.inputs, false, moment.measure)?;
        Ok((simsiam(views.answered_pair()?, views.pair()?), gauges::of_views(&views)))
    }

    fn factors(&self, moment: Moment) -> Vec<(String, f64)> {
        let factor = if self.constant_predictor { 1.0 / moment.rate.max(1e-6) } else { 1.0 };
        vec![("prediction".to_owned(), factor)]
    }
}

/// Holds each prediction against the neighbors that the other views have among earlier embeddings.
#[derive(Debug)]
pub(super) struct NnClr {
    pub(super) temperature: f64,
    pub(super) support: FeatureQueue,
}

impl Method for NnClr {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let [z1, z2] = views.pair()?;
        let [p1, p2] = views.answered_pair()?;
        let neighbors = |z: &Tensor<2>| nearest_neighbors(z.clone(), self.support.features());
        let loss = nnclr(neighbors(&z1), p2, self.temperature).add(nnclr(neighbors(&z2), p1, self.temperature));
        let gauges = gauges::of_views(&views);
        // After the lookup, or every view would be its own neighbor.
        self.support.enqueue(z1)?;
        Ok((loss.mul_scalar(0.5), gauges))
    }

    fn state(&mut self) -> StateDict {
        self.support.state()
    }

    fn load_state(&mut self, state: StateDict) -> Result<(), TrainError> {
        Ok(self.support.load_state(&state)?)
    }
}
