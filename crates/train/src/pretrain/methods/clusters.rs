//! Methods that assign views to clusters: `SwAV` (Caron et al. 2020, arXiv 2006.09882) within the batch, `DeepCluster` v2
//! (same paper, appendix; Caron et al. 2018, arXiv 1807.05520) over the whole pool once an epoch.

use burn::tensor::{Tensor, TensorData};
use foretask_backend::StateDict;
use foretask_models::{Backbone, Head};
use foretask_objectives::{DeepCluster, Swav};

use super::Method;
use super::views::embed;
use crate::error::TrainError;
use crate::health::{Gauges, Metric};
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// Each view predicts the assignment of the others to prototypes.
#[derive(Debug)]
pub(super) struct SwavMethod {
    pub(super) swav: Swav,
    /// Steps in which the prototypes stay where they are.
    pub(super) freeze: u64,
    /// The step from which on the queue is filled, and used once it is full.
    pub(super) queue_start: u64,
}

impl Method for SwavMethod {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let Head::Prototypes(head) = net.head else { return Err(TrainError::NoHead { task: "swav" }) };
        let frozen = moment.step < self.freeze;
        let views = embed(net, batch.inputs, frozen, moment.measure)?;
        let prototypes = head.prototypes.weight.val().inner();
        let loss = self.swav.loss(&views.answers, views.global, &prototypes)?;
        let mut gauges = gauges::of_views(&views);
        if let (Some(gauges), Some(scores)) = (&mut gauges, views.answers.first()) {
            gauges.metrics.push(gauges::prototype_perplexity(scores, self.swav.temperature));
        }
        if moment.step >= self.queue_start {
            self.swav.enqueue(&views.embeddings[..views.global])?;
        }
        Ok((loss, gauges))
    }

    fn after_step(&mut self, _encoder: &Backbone, head: Head, _moment: Moment) -> Result<Head, TrainError> {
        Ok(match head {
            Head::Prototypes(head) => Head::Prototypes(head.normalized()),
            other => other,
        })
    }

    fn state(&mut self) -> StateDict {
        self.swav.state()
    }

    fn load_state(&mut self, state: StateDict) -> Result<(), TrainError> {
        Ok(self.swav.load_state(&state)?)
    }
}

/// Each image predicts the cluster that its embedding of the last epoch fell into.
#[derive(Debug)]
pub(super) struct DeepClusterMethod {
    pub(super) clusters: DeepCluster,
    /// The epoch of the last clustering, so that it happens once an epoch; the first pass only remembers.
    pub(super) clustered: u64,
}

impl Method for DeepClusterMethod {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let epoch = moment.step / moment.steps_per_epoch;
        if epoch > self.clustered {
            self.clusters.cluster(epoch)?;
            self.clustered = epoch;
        }
        let images = batch.images;
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let loss = self.clusters.loss(&images, &views.embeddings)?;
        let globals: Vec<Tensor<2>> = views.embeddings[..views.global].iter().map(|z| z.clone().inner()).collect();
        self.clusters.remember(&images, &globals)?;
        let mut gauges = gauges::of_views(&views);
        if let Some(gauges) = &mut gauges {
            gauges.metrics.push(Metric::new("clustered", f64::from(u8::from(self.clusters.is_clustered()))));
        }
        Ok((loss, gauges))
    }

    fn state(&mut self) -> StateDict {
        let mut state = self.clusters.state();
        let clustered = TensorData::from([self.clustered as f32]);
        let clustered = foretask_backend::host_tensor(Tensor::<1>::from_data(clustered, &burn::tensor::Device::flex()));
        state.insert("clustered".to_owned(), clustered);
        state
    }

    fn load_state(&mut self, mut state: StateDict) -> Result<(), TrainError> {
        // Epochs stay far below 2^24, where f32 ends to be exact.
        self.clustered = state.remove("clustered").and_then(|t| t.data.first().copied()).unwrap_or(0.0) as u64;
        Ok(self.clusters.load_state(&state)?)
    }
}
