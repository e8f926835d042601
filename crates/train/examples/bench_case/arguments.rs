//! The command line; the peer's script takes the same.

use std::error::Error;
use std::path::{Path, PathBuf};

use foretask_backend::Precision;
use foretask_models::{Arch, BackboneConfig, Stem, VitConfig, VitSize};
use foretask_pretext::Shape;
use foretask_train::AugmentOn;

pub(crate) const USAGE: &str = "[--image HxWxC] [--arch resnet10|resnet18|efficientnet_lite0|vit_tiny|vit_small] [--width 16] [--stem small|strided] [--batch 128] [--ranks 1] [--threads 1] [--loader 1] \
                                [--augment-on host|device] [--device flex|libtorch] [--precision f32|bf16] [--seconds 6] [--photos DIR]";

/// One case.
pub(crate) struct Arguments {
    pub(crate) work: String,
    pub(crate) shape: Shape,
    /// As scripts name networks.
    arch: String,
    width: usize,
    stem: Stem,
    pub(crate) batch: usize,
    /// Processes that share each batch out.
    pub(crate) ranks: usize,
    /// That compute, in each rank.
    pub(crate) threads: usize,
    /// That make batches; as many unless told otherwise.
    pub(crate) loader: usize,
    pub(crate) augment_on: AugmentOn,
    pub(crate) device: String,
    pub(crate) precision: Precision,
    pub(crate) seconds: f64,
    photos: Option<PathBuf>,
}

impl Arguments {
    /// `None` where there is none.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, Box<dyn Error>> {
        let Some(work) = words.next() else { return Ok(None) };
        let mut read = Self {
            work,
            shape: Shape::new(1, 28, 28),
            arch: "resnet18".to_owned(),
            width: 16,
            stem: Stem::Small,
            batch: 128,
            ranks: 1,
            threads: 1,
            loader: 0,
            augment_on: AugmentOn::Auto,
            device: "flex".to_owned(),
            precision: Precision::F32,
            seconds: 6.0,
            photos: None,
        };
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("{name} needs a value; {USAGE}"))?;
            match name.as_str() {
                "--image" => read.shape = shape(&value)?,
                "--arch" => read.arch = value,
                "--width" => read.width = value.parse()?,
                "--stem" => read.stem = serde_json::from_value(value.into())?,
                "--batch" => read.batch = value.parse()?,
                "--ranks" => read.ranks = value.parse()?,
                "--threads" => read.threads = value.parse()?,
                "--loader" => read.loader = value.parse()?,
                "--augment-on" => read.augment_on = serde_json::from_value(value.into())?,
                "--device" => read.device = value,
                "--precision" => read.precision = serde_json::from_value(value.into())?,
                "--seconds" => read.seconds = value.parse()?,
                "--photos" => read.photos = Some(value.into()),
                other => return Err(format!("there is no option {other}; {USAGE}").into()),
            }
        }
        read.threads = (read.threads / read.ranks.max(1)).max(1);
        if read.loader == 0 {
            read.loader = read.threads;
        }
        Ok(Some(read))
    }

    /// The network; `width` and `stem` are those of residual ones.
    pub(crate) fn network(&self) -> Result<BackboneConfig, Box<dyn Error>> {
        let vit = |size| BackboneConfig::from(VitConfig { size, ..VitConfig::default() });
        let config = match self.arch.as_str() {
            "efficientnet_lite0" => BackboneConfig::EfficientNetLite0,
            "vit_tiny" => vit(VitSize::Tiny),
            "vit_small" => vit(VitSize::Small),
            other => {
                let arch: Arch = serde_json::from_value(other.into())?;
                BackboneConfig::resnet(arch, self.width).with_stem(self.stem)
            }
        };
        Ok(config.resolve(self.shape.height, self.shape.width)?.0)
    }

    /// The folder of photographs.
    pub(crate) fn photos(&self) -> Result<&Path, Box<dyn Error>> {
        self.photos.as_deref().ok_or_else(|| "this work needs --photos DIR".into())
    }
}

/// `32x32x3` is height, width, channels.
fn shape(text: &str) -> Result<Shape, Box<dyn Error>> {
    let sizes: Vec<usize> = text.split('x').map(str::parse).collect::<Result<_, _>>()?;
    let [height, width, channels] = sizes[..] else { return Err(format!("`{text}` is no HxWxC").into()) };
    Ok(Shape::new(channels, height, width))
}
