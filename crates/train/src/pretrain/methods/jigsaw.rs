//! Jigsaw: in which order the tiles of an image lie.

use foretask_models::TileConfig;
use foretask_objectives::CollapseRisk;
use foretask_pretext::{Auto, Jigsaw};

use super::classes::Classes;
use super::learnable::choose_size;
use super::learnable::{HeadContext, Learnable, ObjectiveContext};
use super::objective::TaskObjective;
use crate::error::TrainError;
use crate::pretrain::heads::HeadConfig;

impl Learnable for Jigsaw {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        false
    }

    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        let reason = "half of the features of a tile";
        let embedding = choose_size(&mut self.embed, "embed", cx.features.div_ceil(2), reason, notes);
        let config = TileConfig::jigsaw(cx.features, cx.inputs_per_image, cx.classes()?);
        Ok(HeadConfig::Tiles(TileConfig { embedding, ..config }))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Classes { word: cx.word }))
    }
}
