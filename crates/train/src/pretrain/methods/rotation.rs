//! Rotation: by how much an image was turned.

use foretask_objectives::CollapseRisk;
use foretask_pretext::{Auto, Rotation};

use super::classes::Classes;
use super::learnable::{HeadContext, Learnable, ObjectiveContext};
use super::objective::TaskObjective;
use crate::error::TrainError;
use crate::pretrain::heads::HeadConfig;

impl Learnable for Rotation {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        false
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(HeadConfig::Class { input: cx.features, classes: cx.classes()? })
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        Ok(Box::new(Classes { word: cx.word }))
    }
}
