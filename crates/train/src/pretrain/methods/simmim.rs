//! `SimMIM` (Xie et al. 2022, arXiv 2111.09886): hidden squares by one linear layer.

use foretask_models::{BackboneConfig, PixelsConfig, VitConfig};
use foretask_objectives::CollapseRisk;
use foretask_pretext::{Auto, RunSizes, SimMim};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::TaskObjective;
use super::restoration::Restoration;
use crate::error::TrainError;
use crate::pretrain::heads::HeadConfig;

impl Learnable for SimMim {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Restored
    }

    fn compares_images(&self) -> bool {
        false
    }

    // Squares have whole patches of any network whose patch they are multiples of; single pixels divide them all.
    fn usual_network(&self) -> BackboneConfig {
        VitConfig { patch: self.unit.map(|_| 1), ..VitConfig::default() }.into()
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Pixels(PixelsConfig { input: cx.config.map_dim(), image: cx.patches()? }))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Restoration { word: cx.word, loss: self.loss, is_picture: true }))
    }
}
