//! Colorization: colors as soft classes, rare ones weighted up (Zhang, Isola and Efros 2016, arXiv 1603.08511), or as numbers.

use foretask_backend::{HostTensor, StateDict};
use foretask_objectives::{CollapseRisk, l2_loss, soft_cross_entropy};
use foretask_pretext::{AbBins, Auto, ColorTarget, Colorization, Shape, TargetKind, Targets};

use super::answer::{Answer, answer};
use super::learnable::{HeadContext, Learnable, ObjectiveContext};
use super::objective::{Measured, TaskObjective, no_fit};
use super::restoration::decoder;
use crate::error::TrainError;
use crate::health::Metric;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Ready;
use crate::ranks::{gathered_numbers, mean_of_parts};
use crate::training::StepInfo;

const WORD: &str = "colorization";

impl Learnable for Colorization {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        false
    }

    fn alters_images(&self) -> bool {
        true
    }

    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        let TargetKind::Image { shape, .. } = cx.target else { return Err(no_fit(WORD, "a picture as its target")) };
        let planes = if self.target == ColorTarget::Classes { AbBins::get().len() } else { shape.channels };
        Ok(decoder(cx, &mut self.decoder_width, Shape::new(planes, shape.height, shape.width), notes))
    }

    fn objective(&self, _cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(match self.target {
            ColorTarget::Classes => Box::new(ColorClasses::new(self.rebalance)),
            ColorTarget::Regression => Box::new(ColorNumbers),
        })
    }
}

/// Colors out of [`AbBins`].
#[derive(Debug)]
struct ColorClasses {
    /// Lambda of the paper.
    rebalance: f64,
    /// How often each color was seen so far: what is rare is learned on the way.
    seen: Vec<f64>,
}

impl ColorClasses {
    fn new(rebalance: f64) -> Self {
        Self { rebalance, seen: vec![0.0; AbBins::get().len()] }
    }
}

impl TaskObjective for ColorClasses {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let (features, answer) = answer(view, WORD, batch.inputs, info.measure)?;
        let (Answer::Images(scores), Targets::Images { pixels, shape, .. }) = (answer, batch.targets) else {
            return Err(no_fit(WORD, "a decoder and a picture as its target"));
        };
        let bins = AbBins::get();
        bins.count(&gathered_numbers(&pixels)?, shape, &mut self.seen);
        let weights = AbBins::rebalancing(&self.seen, self.rebalance);
        let (targets, weights) = bins.soft_targets(&pixels, shape, &weights);
        let Shape { height, width, .. } = shape;
        let weight = weights.iter().map(|weight| f64::from(*weight)).sum();
        let targets = view.normalizer.images(targets, Shape::new(bins.len(), height, width));
        let weights = view.normalizer.images(weights, Shape::new(1, height, width));
        let diagnostics = features.map(|features| {
            let used = self.seen.iter().filter(|count| **count > 0.0).count();
            let mut diagnostics = diagnostics::of_features(&features);
            diagnostics.metrics.push(Metric::new("colors_seen", used as f64).against("possible", bins.len() as f64));
            diagnostics
        });
        Ok((mean_of_parts(soft_cross_entropy(scores, targets, weights), weight)?, diagnostics))
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
struct ColorNumbers;

impl TaskObjective for ColorNumbers {
    fn loss(&mut self, view: &TaskView<'_>, batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let (features, answer) = answer(view, WORD, batch.inputs, info.measure)?;
        let (Answer::Images(colors), Targets::Images { pixels, shape, .. }) = (answer, batch.targets) else {
            return Err(no_fit(WORD, "a decoder and a picture as its target"));
        };
        let diagnostics = features.as_ref().map(diagnostics::of_features);
        Ok((mean_of_parts(l2_loss(colors, view.normalizer.images(pixels, shape)), 1.0)?, diagnostics))
    }
}
