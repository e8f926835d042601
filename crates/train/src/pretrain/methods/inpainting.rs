//! Inpainting: what is missing in the holes.

use foretask_objectives::CollapseRisk;
use foretask_pretext::{Auto, Inpainting, RunSizes};

use super::learnable::{HeadContext, Learnable, ObjectiveContext};
use super::objective::TaskObjective;
use super::restoration::{Restoration, decoder};
use crate::error::TrainError;
use crate::pretrain::heads::HeadConfig;

impl Learnable for Inpainting {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        false
    }

    fn needs_labels(&self) -> bool {
        false
    }

    fn fill_auto(&mut self, _sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        Ok(Vec::new())
    }

    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(decoder(cx, &mut self.decoder_width, cx.shape, notes))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Restoration { word: cx.word, loss: self.loss, is_picture: true }))
    }
}
