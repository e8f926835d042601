//! Relative position: where a tile lies as seen from the middle one.

use foretask_models::TileConfig;
use foretask_objectives::CollapseRisk;
use foretask_pretext::{Auto, RelativePosition};

use super::classes::Classes;
use super::learnable::choose_size;
use super::learnable::{HeadContext, Learnable, ObjectiveContext};
use super::objective::TaskObjective;
use crate::error::TrainError;
use crate::pretrain::heads::HeadConfig;

impl Learnable for RelativePosition {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        false
    }

    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        let reason = "half of the features of a tile";
        let embedding = choose_size(&mut self.embed, "embed", cx.features.div_ceil(2), reason, notes);
        let hidden = choose_size(&mut self.hidden, "hidden", cx.features, "as wide as the features", notes);
        Ok(HeadConfig::Tiles(TileConfig { embedding, hidden, ..TileConfig::pair(cx.features, cx.classes()?) }))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Classes { word: cx.word }))
    }
}
