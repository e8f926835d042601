//! Whatever a function from outside asks: a class, a picture or numbers.

use foretask_models::VectorConfig;
use foretask_objectives::CollapseRisk;
use foretask_pretext::{Auto, Custom, PixelLoss, TargetKind};

use super::classes::Classes;
use super::learnable::{HeadContext, Learnable, ObjectiveContext};
use super::objective::{TaskObjective, no_fit};
use super::restoration::{Restoration, decoder};
use super::vectors::Vectors;
use crate::error::TrainError;
use crate::pretrain::heads::HeadConfig;

impl Learnable for Custom {
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        false
    }

    fn head(&mut self, cx: &HeadContext<'_>, notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        Ok(match &cx.target {
            TargetKind::Classes { names, .. } => HeadConfig::Class { input: cx.features, classes: names.len() },
            TargetKind::Image { shape, .. } => decoder(cx, &mut None, *shape, notes),
            TargetKind::Vectors { length } => HeadConfig::Vector(VectorConfig::new(cx.features, *length)),
            TargetKind::Views => return Err(no_fit(cx.word, "a class, a picture or numbers as its target")),
        })
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        let word = cx.word;
        Ok(match cx.target {
            TargetKind::Image { .. } => Box::new(Restoration { word, loss: PixelLoss::L2, is_picture: true }),
            TargetKind::Vectors { .. } => Box::new(Vectors { word }),
            TargetKind::Classes { .. } | TargetKind::Views => Box::new(Classes { word }),
        })
    }
}
