//! `MAE` (He et al. 2021, arXiv 2111.06377): hidden patches from those that the encoder was shown.

use foretask_models::{BackboneConfig, RestorerConfig, VitConfig};
use foretask_objectives::CollapseRisk;
use foretask_pretext::{Auto, Mae, PixelLoss, RunSizes};

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::TaskObjective;
use super::restoration::Restoration;
use crate::error::TrainError;
use crate::pretrain::heads::HeadConfig;

impl Learnable for Mae {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Restored
    }

    fn compares_images(&self) -> bool {
        false
    }

    fn share_seen(&self) -> f64 {
        1.0 - self.ratio
    }

    fn usual_network(&self) -> BackboneConfig {
        VitConfig { patch: self.patch.map(|patch| patch as usize), ..VitConfig::default() }.into()
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        filled(self, Self::fill_auto(self, sizes))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Restorer(RestorerConfig {
            input: cx.config.map_dim(),
            width: cx.filled("decoder_width", self.decoder_width)? as usize,
            depth: cx.filled("decoder_depth", self.decoder_depth)? as usize,
            image: cx.patches()?,
        }))
    }

    // As many patches are hidden in every image, so that the mean over hidden places is the paper's.
    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Restoration { word: cx.word, loss: PixelLoss::L2, is_picture: !self.normalize }))
    }
}
