//! Which `ConvNeXt`: plain data that decides every shape.

use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Result};
use crate::rate::DropPath;
use crate::sides::{MIN_SIDE, require_side};

/// Widths and depths of a `ConvNeXt` (Liu et al. 2022, <https://arxiv.org/abs/2201.03545>; atto to nano as timm has them).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConvNextSize {
    /// 40 to 320 channels, 2, 2, 6, 2 blocks: 3.4 million parameters.
    #[default]
    Atto,
    /// 48 to 384 channels, 2, 2, 6, 2 blocks.
    Femto,
    /// 64 to 512 channels, 2, 2, 6, 2 blocks.
    Pico,
    /// 80 to 640 channels, 2, 2, 8, 2 blocks.
    Nano,
    /// 96 to 768 channels, 3, 3, 9, 3 blocks: 28 million parameters.
    Tiny,
    /// 96 to 768 channels, 3, 3, 27, 3 blocks.
    Small,
    /// 128 to 1024 channels, 3, 3, 27, 3 blocks.
    Base,
    /// 192 to 1536 channels, 3, 3, 27, 3 blocks.
    Large,
}

impl ConvNextSize {
    /// Every size.
    pub const ALL: [Self; 8] =
        [Self::Atto, Self::Femto, Self::Pico, Self::Nano, Self::Tiny, Self::Small, Self::Base, Self::Large];

    /// `atto`.
    pub fn name(self) -> &'static str {
        self.network().trim_start_matches("convnext_")
    }

    /// `convnext_atto`.
    pub(crate) fn network(self) -> &'static str {
        match self {
            Self::Atto => "convnext_atto",
            Self::Femto => "convnext_femto",
            Self::Pico => "convnext_pico",
            Self::Nano => "convnext_nano",
            Self::Tiny => "convnext_tiny",
            Self::Small => "convnext_small",
            Self::Base => "convnext_base",
            Self::Large => "convnext_large",
        }
    }

    /// Blocks of the four stages.
    pub fn depths(self) -> [usize; 4] {
        match self {
            Self::Atto | Self::Femto | Self::Pico => [2, 2, 6, 2],
            Self::Nano => [2, 2, 8, 2],
            Self::Tiny => [3, 3, 9, 3],
            Self::Small | Self::Base | Self::Large => [3, 3, 27, 3],
        }
    }

    /// Channels of the four stages.
    pub fn widths(self) -> [usize; 4] {
        let first = match self {
            Self::Atto => 40,
            Self::Femto => 48,
            Self::Pico => 64,
            Self::Nano => 80,
            Self::Tiny | Self::Small => 96,
            Self::Base => 128,
            Self::Large => 192,
        };
        [first, 2 * first, 4 * first, 8 * first]
    }
}

/// Everything that decides a `ConvNeXt`'s shapes but the number of input channels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConvNextConfig {
    /// Widths and depths.
    pub size: ConvNextSize,
    /// Pixels along a side of the stem's patches, published ones have 4; none where the size of the images decides.
    pub patch: Option<usize>,
    /// Branches left out while training.
    pub drop_path: DropPath,
}

/// The largest patch accepted, in pixels a side.
const MAX_PATCH: usize = 16;

impl ConvNextConfig {
    /// Fills in what is left to the size of the images; also says why, in words, one line a choice.
    ///
    /// # Errors
    /// [`ModelError::Option`] for options out of range, or an image too small to be seen.
    pub(crate) fn resolve(&self, height: usize, width: usize) -> Result<(Self, Vec<String>)> {
        self.check()?;
        require_side("a ConvNeXt", height, width, MIN_SIDE)?;
        let mut reasons = Vec::new();
        let patch = self.patch.unwrap_or_else(|| {
            let (patch, why) = if height.max(width) <= 96 {
                (2, "4, the published one, would leave a map of few places")
            } else {
                (4, "the published one")
            };
            reasons.push(format!("patch = {patch} (pixels a side: images are {width}x{height}; {why})"));
            patch
        });
        Ok((Self { patch: Some(patch), ..self.clone() }, reasons))
    }

    /// Checks what does not depend on the images.
    ///
    /// # Errors
    /// [`ModelError::Option`] naming the option.
    pub(crate) fn check(&self) -> Result<()> {
        match self.patch.filter(|patch| !(1..=MAX_PATCH).contains(patch)) {
            Some(patch) => Err(ModelError::Option {
                option: "patch",
                value: patch.to_string(),
                reason: format!("expected 1 to {MAX_PATCH} pixels; published networks have 4, small images take 2"),
            }),
            None => Ok(()),
        }
    }

    /// The stem's patch; 4 pixels where that is still open.
    pub(crate) fn patch_side(&self) -> usize {
        self.patch.unwrap_or(4)
    }

    /// Length of the feature vector.
    pub(crate) fn feature_dim(&self) -> usize {
        self.size.widths()[3]
    }

    /// Short name: `convnext_atto-p4`.
    pub(crate) fn name(&self) -> String {
        let patch = self.patch.map_or("auto".to_owned(), |patch| patch.to_string());
        let drop = if self.drop_path.is_none() { String::new() } else { format!("-drop{}", f64::from(self.drop_path)) };
        format!("{}-p{patch}{drop}", self.size.network())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patch_follows_the_image_size() {
        let patch = |side| ConvNextConfig::default().resolve(side, side).unwrap().0.patch;
        assert_eq!((patch(32), patch(96), patch(128)), (Some(2), Some(2), Some(4)));
        let (config, reasons) = ConvNextConfig::default().resolve(32, 40).unwrap();
        assert!(reasons[0].starts_with("patch = 2 (pixels a side: images are 40x32"), "{reasons:?}");
        assert_eq!(config.name(), "convnext_atto-p2");
        let fixed = ConvNextConfig { patch: Some(4), ..ConvNextConfig::default() };
        assert_eq!(fixed.resolve(32, 32).unwrap(), (fixed, Vec::new()));
    }

    #[test]
    fn what_cannot_work_is_refused_with_a_way_out() {
        let error = ConvNextConfig { patch: Some(0), ..ConvNextConfig::default() }.check().unwrap_err().to_string();
        assert!(error.contains("patch = 0") && error.contains("published networks have 4"), "{error}");
        assert!(ConvNextConfig::default().resolve(4, 4).unwrap_err().to_string().contains("image_size"));
    }
}
