//! Which vision transformer: plain data that decides every shape.

use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Result};
use crate::rate::DropPath;
use crate::sides::require_side;

/// Width, depth and heads of a vision transformer (Dosovitskiy et al. 2020, <https://arxiv.org/abs/2010.11929>; Touvron et al.
/// 2020, <https://arxiv.org/abs/2012.12877>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VitSize {
    /// 192 wide, 12 blocks of 3 heads.
    #[default]
    Tiny,
    /// 384 wide, 12 blocks of 6 heads.
    Small,
    /// 768 wide, 12 blocks of 12 heads.
    Base,
    /// 1024 wide, 24 blocks of 16 heads.
    Large,
    /// 1280 wide, 32 blocks of 16 heads: `MAE`'s and `I-JEPA`'s largest.
    Huge,
    /// 1536 wide, 40 blocks of 24 heads: `DINOv2`'s largest, with gates in its perceptrons.
    Giant,
}

impl VitSize {
    /// Every size.
    pub const ALL: [Self; 6] = [Self::Tiny, Self::Small, Self::Base, Self::Large, Self::Huge, Self::Giant];

    /// `tiny`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Base => "base",
            Self::Large => "large",
            Self::Huge => "huge",
            Self::Giant => "giant",
        }
    }

    /// `vit_tiny`.
    pub(crate) fn network(self) -> &'static str {
        match self {
            Self::Tiny => "vit_tiny",
            Self::Small => "vit_small",
            Self::Base => "vit_base",
            Self::Large => "vit_large",
            Self::Huge => "vit_huge",
            Self::Giant => "vit_giant",
        }
    }

    /// Length of a token.
    pub fn width(self) -> usize {
        match self {
            Self::Tiny => 192,
            Self::Small => 384,
            Self::Base => 768,
            Self::Large => 1024,
            Self::Huge => 1280,
            Self::Giant => 1536,
        }
    }

    /// Blocks.
    pub fn depth(self) -> usize {
        match self {
            Self::Tiny | Self::Small | Self::Base => 12,
            Self::Large => 24,
            Self::Huge => 32,
            Self::Giant => 40,
        }
    }

    /// Heads of attention, 64 numbers each; 80 in the huge one.
    pub fn heads(self) -> usize {
        self.width() / if self == Self::Huge { 80 } else { 64 }
    }
}

/// How tokens know where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Positions {
    /// A vector a place is learned.
    #[default]
    Learned,
    /// Sines and cosines of row and column, half of the numbers each (Chen et al. 2021, <https://arxiv.org/abs/2104.02057>).
    Sincos,
    /// Queries and keys of patches are turned by angles of row and column, as `DINOv3` has it (Siméoni et al. 2025,
    /// <https://arxiv.org/abs/2508.10104>): keys have no bias, and 1e-5 is added to variances.
    Rope,
}

/// What is done with each token by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VitMlp {
    /// Linear to four times as many numbers, GELU, linear.
    #[default]
    Gelu,
    /// Linear to twice as many hidden numbers, of which one half, through `SiLU`, gates the other, then linear (Shazeer 2020,
    /// <https://arxiv.org/abs/2002.05202>): 8/3 of a token's numbers, in whole eights, as `DINOv2`'s giant has it.
    Swiglu,
}

/// What becomes of the tokens at last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// The class token; the mean where there is none.
    #[default]
    Cls,
    /// The mean of the patches' tokens.
    Mean,
    /// The class token, then the mean of the patches' tokens: twice as many numbers, as `DINOv2`'s linear evaluation takes them
    /// (Oquab et al. 2023, <https://arxiv.org/abs/2304.07193>).
    Both,
}

impl Pool {
    /// As scripts have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cls => "cls",
            Self::Mean => "mean",
            Self::Both => "both",
        }
    }
}

/// Everything that decides a vision transformer's shapes but the number of input channels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VitConfig {
    /// Width, depth and heads.
    pub size: VitSize,
    /// Pixels along a patch's side; none where the size of the images decides.
    pub patch: Option<usize>,
    /// Rows and columns of patches that positions are learned for; none where the images' size decides.
    pub grid: Option<[usize; 2]>,
    /// Further tokens that belong to no place (Darcet et al. 2023, <https://arxiv.org/abs/2309.16588>).
    pub registers: usize,
    /// Scales each branch by a learned factor a channel, 1e-5 at first (Touvron et al. 2021, <https://arxiv.org/abs/2103.17239>).
    pub layer_scale: bool,
    /// How tokens know where they are.
    pub positions: Positions,
    /// What becomes of the tokens at last.
    pub pool: Pool,
    /// What is done with each token by itself.
    pub mlp: VitMlp,
    /// Whether a token stands for the whole image; `I-JEPA` has none.
    pub class_token: bool,
    /// Branches left out while training.
    pub drop_path: DropPath,
}

impl Default for VitConfig {
    fn default() -> Self {
        Self {
            size: VitSize::default(),
            patch: None,
            grid: None,
            registers: 0,
            layer_scale: false,
            positions: Positions::default(),
            pool: Pool::default(),
            mlp: VitMlp::default(),
            class_token: true,
            drop_path: DropPath::default(),
        }
    }
}

/// The largest patch accepted, in pixels a side.
const MAX_PATCH: usize = 64;
/// The most patches along a side.
const MAX_GRID: usize = 1024;
/// The most registers.
const MAX_REGISTERS: usize = 64;
/// Hidden numbers over a token's.
const EXPANSION: usize = 4;

impl VitConfig {
    /// Fills in what is left to the size of the images; also says why, in words, one line a choice.
    ///
    /// # Errors
    /// [`ModelError::Option`] for options out of range, and images whose sides are no multiples of the patch.
    pub(crate) fn resolve(&self, height: usize, width: usize) -> Result<(Self, Vec<String>)> {
        self.check()?;
        let mut reasons = Vec::new();
        let patch = self.patch.unwrap_or_else(|| {
            let patch = auto_patch(height, width);
            reasons.push(format!("patch = {patch} (pixels a side: images are {width}x{height})"));
            patch
        });
        require_side("a vision transformer", height, width, patch)?;
        if !height.is_multiple_of(patch) || !width.is_multiple_of(patch) {
            let near = |side: usize| (side / patch).max(1) * patch;
            return Err(ModelError::Option {
                option: "image_size",
                value: format!("{width}x{height}"),
                reason: format!(
                    "patches of {patch} pixels do not fill the images; choose image_size: {} or {}, or another patch",
                    near(height.min(width)),
                    near(height.min(width)) + patch
                ),
            });
        }
        let grid = self.grid.unwrap_or([height / patch, width / patch]);
        let settled = Self { patch: Some(patch), grid: Some(grid), ..self.clone() };
        settled.check()?;
        Ok((settled, reasons))
    }

    /// Checks what does not depend on the images.
    ///
    /// # Errors
    /// [`ModelError::Option`] naming the option.
    pub(crate) fn check(&self) -> Result<()> {
        let refused = |option, value: String, reason: String| Err(ModelError::Option { option, value, reason });
        if let Some(patch) = self.patch.filter(|patch| !(1..=MAX_PATCH).contains(patch)) {
            let reason = format!("expected 1 to {MAX_PATCH} pixels; 4 suits images of 32, 16 those of 224");
            return refused("patch", patch.to_string(), reason);
        }
        if let Some(grid) = self.grid.filter(|grid| grid.iter().any(|side| !(1..=MAX_GRID).contains(side))) {
            return refused("grid", format!("{grid:?}"), format!("expected 1 to {MAX_GRID} patches along each side"));
        }
        if !self.class_token && self.pool != Pool::Mean {
            return refused(
                "pool",
                self.pool.name().to_owned(),
                "there is no class token; choose pool: \"mean\"".to_owned(),
            );
        }
        if self.registers > MAX_REGISTERS {
            return refused(
                "registers",
                self.registers.to_string(),
                format!("expected 0 to {MAX_REGISTERS}; 4 is usual"),
            );
        }
        Ok(())
    }

    /// The patch; 4 pixels where that is still open.
    pub(crate) fn patch_side(&self) -> usize {
        self.patch.unwrap_or(4)
    }

    /// Rows and columns that positions are learned for; 8x8 where that is still open.
    pub(crate) fn grid_sides(&self) -> [usize; 2] {
        self.grid.unwrap_or([8, 8])
    }

    /// Rows and columns of patches on images of this size: patches that are not whole count.
    pub(crate) fn map(&self, height: usize, width: usize) -> [usize; 2] {
        [height, width].map(|side| side.div_ceil(self.patch_side()).max(1))
    }

    /// Numbers between the two linear layers.
    pub(crate) fn hidden(&self) -> usize {
        let full = EXPANSION * self.size.width();
        match self.mlp {
            VitMlp::Gelu => full,
            VitMlp::Swiglu => (full * 2 / 3).next_multiple_of(8),
        }
    }

    /// Length of the features.
    pub(crate) fn feature_dim(&self) -> usize {
        if self.pool == Pool::Both { 2 * self.size.width() } else { self.size.width() }
    }

    /// Added to variances.
    pub(crate) fn epsilon(&self) -> f64 {
        if self.positions == Positions::Rope { 1e-5 } else { 1e-6 }
    }

    /// Tokens in front of the patches'.
    pub(crate) fn leading(&self) -> usize {
        usize::from(self.class_token) + self.registers
    }

    /// Short name: `vit_tiny-p4-8x8`.
    pub(crate) fn name(&self) -> String {
        let patch = self.patch.map_or("auto".to_owned(), |patch| patch.to_string());
        let grid = self.grid.map_or(String::new(), |[rows, columns]| format!("-{rows}x{columns}"));
        let registers = if self.registers > 0 { format!("-r{}", self.registers) } else { String::new() };
        let scale = if self.layer_scale { "-ls" } else { "" };
        let positions = match self.positions {
            Positions::Learned => "",
            Positions::Sincos => "-sincos",
            Positions::Rope => "-rope",
        };
        let mlp = if self.mlp == VitMlp::Swiglu { "-swiglu" } else { "" };
        let class = if self.class_token { "" } else { "-nocls" };
        let pool = match self.pool {
            Pool::Cls => "",
            Pool::Mean => "-mean",
            Pool::Both => "-both",
        };
        let drop = if self.drop_path.is_none() { String::new() } else { format!("-drop{}", f64::from(self.drop_path)) };
        format!("{}-p{patch}{grid}{registers}{scale}{positions}{mlp}{class}{pool}{drop}", self.size.network())
    }
}

/// 4 pixels up to images of 40, 8 up to 96, then 16, or 14 where only that fills them; what fills the images goes first.
fn auto_patch(height: usize, width: usize) -> usize {
    let order: &[usize] = match height.max(width) {
        ..=40 => &[4, 2, 7, 5, 3, 8],
        41..=96 => &[8, 6, 7, 4, 5, 10],
        _ => &[16, 14, 8, 12, 10, 20],
    };
    let fills = |patch: &&usize| height.is_multiple_of(**patch) && width.is_multiple_of(**patch);
    order.iter().find(fills).or(order.first()).copied().unwrap_or(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_follow_the_image_size() {
        let patch = |height, width| VitConfig::default().resolve(height, width).unwrap().0;
        assert_eq!((patch(28, 28).patch, patch(28, 28).grid), (Some(4), Some([7, 7])));
        assert_eq!(patch(32, 40).grid, Some([8, 10]));
        assert_eq!(patch(96, 64).patch, Some(8));
        assert_eq!((patch(224, 224).patch, patch(224, 224).grid), (Some(16), Some([14, 14])));
        assert_eq!(patch(518, 518).patch, Some(14));
        assert_eq!(patch(30, 30).patch, Some(2));
        let (config, reasons) = VitConfig::default().resolve(32, 32).unwrap();
        assert_eq!(reasons, ["patch = 4 (pixels a side: images are 32x32)"]);
        assert_eq!(config.name(), "vit_tiny-p4-8x8");
    }

    #[test]
    fn what_cannot_work_is_refused_with_a_way_out() {
        let fixed = VitConfig { patch: Some(16), ..VitConfig::default() };
        let error = fixed.resolve(100, 100).unwrap_err().to_string();
        assert!(error.contains("image_size: 96 or 112"), "{error}");
        let error = VitConfig { patch: Some(0), ..VitConfig::default() }.check().unwrap_err().to_string();
        assert!(error.contains("patch = 0"), "{error}");
        let error = VitConfig { registers: 65, ..VitConfig::default() }.check().unwrap_err().to_string();
        assert!(error.contains("registers"), "{error}");
        assert!(fixed.resolve(8, 8).is_err());
        let error = VitConfig { class_token: false, ..VitConfig::default() }.check().unwrap_err().to_string();
        assert!(error.contains("pool: \"mean\""), "{error}");
    }
}
