//! Colorization: colors as soft classes, rare ones weighted up (Zhang, Isola and Efros 2016, arXiv 1603.08511), or as numbers.

use burn::tensor::Tensor;
use foretask_backend::{HostTensor, StateDict};
use foretask_objectives::{l2_loss, soft_cross_entropy};
use foretask_pretext::{AbBins, Shape, Targets};

use super::{Answer, Method, answer};
use crate::error::TrainError;
use crate::health::{Gauges, Metric};
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

const WORD: &str = "colorization";

/// Colors out of [`AbBins`].
#[derive(Debug)]
pub(super) struct ColorClasses {
    /// Lambda of the paper.
    rebalance: f64,
    /// How often each color was seen so far: what is rare is learned on the way.
    seen: Vec<f64>,
}

impl ColorClasses {
    pub(super) fn new(rebalance: f64) -> Self {
        Self { rebalance, seen: vec![0.0; AbBins::get().len()] }
    }
}

impl Method for ColorClasses {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let (features, answer) = answer(net, WORD, batch.inputs, moment.measure)?;
        let (Answer::Images(scores), Targets::Images { pixels, shape, .. }) = (answer, batch.targets) else {
            return Err(TrainError::NoHead { task: WORD });
        };
        let bins = AbBins::get();
        bins.count(&pixels, shape, &mut self.seen);
        let weights = AbBins::rebalancing(&self.seen, self.rebalance);
        let (targets, weights) = bins.soft_targets(&pixels, shape, &weights);
        let Shape { height, width, .. } = shape;
        let targets = net.normalizer.images(targets, Shape::new(bins.len(), height, width));
        let weights = net.normalizer.images(weights, Shape::new(1, height, width));
        let gauges = features.map(|features| {
            let used = self.seen.iter().filter(|count| **count > 0.0).count();
            let mut gauges = gauges::of_features(&features);
            gauges.metrics.push(Metric::new("colors_seen", used as f64).against("possible", bins.len() as f64));
            gauges
        });
        Ok((soft_cross_entropy(scores, targets, weights), gauges))
    }

    fn state(&mut self) -> StateDict {
        // Counts of a long run exceed what f32 holds exactly: each travels in two parts.
        let high = self.seen.iter().map(|count| *count as f32);
        let low = self.seen.iter().map(|count| (count - f64::from(*count as f32)) as f32);
        let data: Vec<f32> = high.chain(low).collect();
        StateDict::from([("seen".to_owned(), HostTensor { shape: vec![2, self.seen.len()], data })])
    }

    fn load_state(&mut self, state: StateDict) -> Result<(), TrainError> {
        if let Some(HostTensor { data, .. }) = state.get("seen") {
            let (high, low) = data.split_at(data.len() / 2);
            self.seen = high.iter().zip(low).map(|(high, low)| f64::from(*high) + f64::from(*low)).collect();
        }
        Ok(())
    }
}

/// Colors as two numbers a pixel.
#[derive(Debug)]
pub(super) struct ColorNumbers;

impl Method for ColorNumbers {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let (features, answer) = answer(net, WORD, batch.inputs, moment.measure)?;
        let (Answer::Images(colors), Targets::Images { pixels, shape, .. }) = (answer, batch.targets) else {
            return Err(TrainError::NoHead { task: WORD });
        };
        let gauges = features.as_ref().map(gauges::of_features);
        Ok((l2_loss(colors, net.normalizer.images(pixels, shape)), gauges))
    }
}
