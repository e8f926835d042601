//! `DeepCluster` v2 (Caron et al. 2020, arXiv 2006.09882, appendix; Caron et al. 2018, arXiv 1807.05520): images are clustered
//! over the whole pool once an epoch.

use burn::tensor::{Tensor, TensorData};
use foretask_backend::StateDict;
use foretask_objectives::{CollapseRisk, DeepCluster, DeepClusterOptions};
use foretask_pretext::{Auto, DeepCluster as Options, RunSizes};

use super::learnable::GLOBAL_VIEWS;
use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective};
use super::views::embed;
use crate::error::TrainError;
use crate::health::Metric;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::training::StepInfo;

impl Learnable for Options {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Clustering
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Projection(cx.projection(self.projector_width, self.projector_out)?))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        let options = DeepClusterOptions {
            images: cx.pool,
            dimensions: cx.filled("projector_out", self.projector_out)? as usize,
            views: GLOBAL_VIEWS,
            prototypes: cx.filled("prototypes", self.prototypes)? as usize,
            heads: self.heads as usize,
            iterations: self.iterations as usize,
            temperature: self.temperature,
        };
        let clusters = DeepCluster::new(options, cx.key.named("clusters"), cx.device)?;
        Ok(Box::new(DeepClusterObjective { clusters, clustered: 0 }))
    }
}

/// Each image predicts the cluster that its embedding of the last epoch fell into.
#[derive(Debug)]
struct DeepClusterObjective {
    clusters: DeepCluster,
    /// The epoch of the last clustering, so that it happens once an epoch; the first pass only remembers.
    clustered: u64,
}

impl TaskObjective for DeepClusterObjective {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let epoch = info.step / info.steps_per_epoch;
        if epoch > self.clustered {
            self.clusters.cluster(epoch)?;
            self.clustered = epoch;
        }
        let images = batch.images;
        let views = embed(view, batch.inputs, false, info.measure)?;
        let loss = self.clusters.loss(&images, &views.embeddings)?;
        let globals: Vec<Tensor<2>> = views.embeddings[..views.global].iter().map(|z| z.clone().inner()).collect();
        self.clusters.remember(&images, &globals)?;
        let mut diagnostics = diagnostics::of_views(&views);
        if let Some(diagnostics) = &mut diagnostics {
            diagnostics.metrics.push(Metric::new("clustered", f64::from(u8::from(self.clusters.is_clustered()))));
        }
        Ok((loss, diagnostics))
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
