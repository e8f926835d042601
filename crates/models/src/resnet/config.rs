//! Which residual network: plain data that decides every shape.

use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Result};
use crate::sides::{MIN_SIDE, require_side};

/// The depth of a residual network (He et al. 2015, <https://arxiv.org/abs/1512.03385>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Arch {
    /// One basic block a stage.
    #[default]
    ResNet10,
    /// Two basic blocks a stage.
    ResNet18,
    /// 3, 4, 6, 3 basic blocks.
    ResNet34,
    /// 3, 4, 6, 3 bottleneck blocks; four times as many features.
    ResNet50,
    /// 3, 4, 23, 3 bottleneck blocks.
    ResNet101,
    /// 3, 8, 36, 3 bottleneck blocks.
    ResNet152,
    /// As `ResNet50`, with bottlenecks twice as wide (Zagoruyko and Komodakis 2016, <https://arxiv.org/abs/1605.07146>).
    WideResNet50,
    /// As `ResNet101`, with bottlenecks twice as wide.
    WideResNet101,
    /// As `ResNet50`, with a stem of three 3x3 convolutions, and shortcuts that take means of 2x2 pixels instead of leaving three of
    /// four out (He et al. 2018, <https://arxiv.org/abs/1812.01187>); as timm has it.
    ResNet50d,
}

impl Arch {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::ResNet10,
        Self::ResNet18,
        Self::ResNet34,
        Self::ResNet50,
        Self::ResNet101,
        Self::ResNet152,
        Self::WideResNet50,
        Self::WideResNet101,
        Self::ResNet50d,
    ];

    /// `resnet18`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResNet10 => "resnet10",
            Self::ResNet18 => "resnet18",
            Self::ResNet34 => "resnet34",
            Self::ResNet50 => "resnet50",
            Self::ResNet101 => "resnet101",
            Self::ResNet152 => "resnet152",
            Self::WideResNet50 => "wide_resnet50_2",
            Self::WideResNet101 => "wide_resnet101_2",
            Self::ResNet50d => "resnet50d",
        }
    }

    /// Blocks of the four stages.
    pub fn blocks(self) -> [usize; 4] {
        match self {
            Self::ResNet10 => [1; 4],
            Self::ResNet18 => [2; 4],
            Self::ResNet34 | Self::ResNet50 | Self::WideResNet50 | Self::ResNet50d => [3, 4, 6, 3],
            Self::ResNet101 | Self::WideResNet101 => [3, 4, 23, 3],
            Self::ResNet152 => [3, 8, 36, 3],
        }
    }

    /// Whether the blocks are bottlenecks (1x1, 3x3, 1x1).
    pub fn is_bottleneck(self) -> bool {
        !matches!(self, Self::ResNet10 | Self::ResNet18 | Self::ResNet34)
    }

    /// How many times as wide the inside of a block is.
    pub fn widening(self) -> usize {
        if matches!(self, Self::WideResNet50 | Self::WideResNet101) { 2 } else { 1 }
    }

    /// Whether stem and shortcuts are those of `ResNet50d`.
    pub fn is_deep(self) -> bool {
        self == Self::ResNet50d
    }

    /// Output channels of a block over its inner width.
    pub fn expansion(self) -> usize {
        if self.is_bottleneck() { 4 } else { 1 }
    }
}

/// How the first layer takes in the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stem {
    /// By image size, see [`ResNetConfig::resolve`].
    #[default]
    Auto,
    /// 3x3 convolution, stride 1, no max-pool: full resolution in the first stage.
    Small,
    /// 3x3 convolution, stride 2, no max-pool: a quarter of the work of `Small`.
    Strided,
    /// 7x7 convolution (three of 3x3 in `ResNet50d`), stride 2, then 3x3 max-pool, stride 2: torchvision's.
    Imagenet,
}

impl Stem {
    /// `small`, `strided`, `imagenet` or `auto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Small => "small",
            Self::Strided => "strided",
            Self::Imagenet => "imagenet",
        }
    }

    /// The stem with a first convolution of this size, as far as the size tells; none where there is none.
    pub(crate) fn of_kernel(kernel: usize) -> Option<Self> {
        match kernel {
            3 => Some(Self::Small),
            7 => Some(Self::Imagenet),
            _ => None,
        }
    }

    /// Kernel, stride and padding of the first convolution.
    pub(crate) fn convolution(self) -> (usize, usize, usize) {
        match self {
            Self::Small => (3, 1, 1),
            Self::Auto | Self::Strided => (3, 2, 1),
            Self::Imagenet => (7, 2, 3),
        }
    }
}

/// Everything that decides a residual network's shapes but the number of input channels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResNetConfig {
    /// Kind and depth.
    pub arch: Arch,
    /// Channels of the first stage; 64 is torchvision's. The stages have width, 2, 4 and 8 times it.
    pub width: usize,
    /// First layer.
    pub stem: Stem,
    /// Starts the last scale of every residual branch at 0 (Goyal et al. 2017, <https://arxiv.org/abs/1706.02677>).
    pub zero_init_residual: bool,
}

impl Default for ResNetConfig {
    fn default() -> Self {
        Self { arch: Arch::default(), width: 64, stem: Stem::Auto, zero_init_residual: false }
    }
}

/// The widest first stage accepted.
const MAX_WIDTH: usize = 1024;

impl ResNetConfig {
    /// Fills in `stem: auto` for images of `height x width` pixels; also says why, in words, one line a choice.
    ///
    /// Up to 96 pixels the strided stem is chosen: at a quarter of the cost an image it sees four times the images in
    /// the same time, which under a fixed time budget gave better features than the full-resolution stem (measured on
    /// 28-pixel images). Images under 16 pixels keep full resolution; larger ones than 96 take torchvision's stem.
    ///
    /// # Errors
    /// [`ModelError::Option`] for a width of 0 or beyond reason, or an image too small to be seen.
    pub fn resolve(&self, height: usize, width: usize) -> Result<(Self, Vec<String>)> {
        self.check()?;
        require_side("a ResNet", height, width, MIN_SIDE)?;
        let side = height.min(width);
        if self.stem != Stem::Auto {
            return Ok((self.clone(), Vec::new()));
        }
        let large = height.max(width);
        let (stem, reason) = match (side, large) {
            (..16, ..=96) => (Stem::Small, "3x3 stride 1: images are under 16 pixels".to_owned()),
            (_, ..=96) => (
                Stem::Strided,
                format!(
                    "3x3 stride 2: images are {width}x{height}, and a quarter of the work an image means more images in the same time; \"small\" keeps full resolution"
                ),
            ),
            _ => (Stem::Imagenet, format!("7x7 stride 2 and max-pool: images are {width}x{height}")),
        };
        let reason = format!("stem = {} ({reason})", stem.name());
        Ok((Self { stem, ..self.clone() }, vec![reason]))
    }

    /// Checks what does not depend on the images.
    ///
    /// # Errors
    /// [`ModelError::Option`] for a width of 0 or beyond reason.
    pub fn check(&self) -> Result<()> {
        if (1..=MAX_WIDTH).contains(&self.width) {
            return Ok(());
        }
        let reason = format!("expected 1 to {MAX_WIDTH} channels; 64 is torchvision's, 16 suits small images on a CPU");
        Err(ModelError::Option { option: "width", value: self.width.to_string(), reason })
    }

    /// Channels inside a stem of three convolutions.
    pub(crate) fn stem_width(&self) -> usize {
        (self.width / 2).max(1)
    }

    /// Length of the feature vector.
    pub fn feature_dim(&self) -> usize {
        8 * self.width * self.arch.expansion()
    }

    /// Short name: `resnet10-w16-strided`.
    pub fn name(&self) -> String {
        let zero = if self.zero_init_residual { "-zero" } else { "" };
        format!("{}-w{}-{}{zero}", self.arch.name(), self.width, self.stem.name())
    }
}
