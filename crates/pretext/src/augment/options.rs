//! What an augmentation may do, and the named presets.

use std::fmt;

use foretask_random::Key;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::run::check_out;
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::{PretextError, Result};
use crate::ops::Fill;
use crate::pixels::{ImageRef, Shape};

const WORD: &str = "augment";

/// The named presets and what they are for.
pub const PRESETS: &[(&str, &str)] = &[
    ("none", "the evaluation view: short side resized to fit, middle cut out; nothing random"),
    ("weak", "moved by a few pixels and mirrored half of the time: the default of fine-tuning"),
    ("strong", "random crops of 40 to 100 % of the area, mirror, brightness and contrast, seldom a blur"),
];

/// A random view of an image. Read from a preset's name or from a map of options, which starts from `weak`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct Augment {
    /// Share of the image's area that a random crop keeps, `[low, high]`; `[1, 1]` takes the evaluation view instead.
    pub crop: [f64; 2],
    /// Width to height of a random crop, relative to that of the output.
    pub ratio: [f64; 2],
    /// Largest move in pixels of the output, each way; `None` is a 14th of the short side below 32 pixels, an 8th above.
    #[serde(with = "crate::auto")]
    pub pad: Option<u32>,
    /// What appears where the image was moved away.
    pub fill: Fill,
    /// Probability of a mirror image.
    pub flip: f64,
    /// Probability that brightness, contrast, saturation and hue are changed at all, in random order.
    pub jitter_p: f64,
    /// Brightness is multiplied by `1 - b` to `1 + b`.
    pub brightness: f64,
    /// Contrast is multiplied by `1 - c` to `1 + c`.
    pub contrast: f64,
    /// Saturation is multiplied by `1 - s` to `1 + s`; color only.
    pub saturation: f64,
    /// Hue is turned by `-h` to `h` of a full turn; color only.
    pub hue: f64,
    /// Probability of taking the color away; color only.
    pub grayscale: f64,
    /// Probability of a Gaussian blur.
    pub blur: f64,
    /// Standard deviation of the blur in pixels of the output, `[low, high]`.
    pub sigma: [f64; 2],
}

impl Default for Augment {
    /// The preset `weak`.
    fn default() -> Self {
        Self { pad: None, flip: 0.5, ..Self::none() }
    }
}

impl Augment {
    /// The evaluation view: nothing random.
    pub const fn none() -> Self {
        Self {
            crop: [1.0, 1.0],
            ratio: [3.0 / 4.0, 4.0 / 3.0],
            pad: Some(0),
            fill: Fill::Zero,
            flip: 0.0,
            jitter_p: 0.8,
            brightness: 0.0,
            contrast: 0.0,
            saturation: 0.0,
            hue: 0.0,
            grayscale: 0.0,
            blur: 0.0,
            sigma: [0.1, 2.0],
        }
    }

    /// A preset by its name; [`PRESETS`] lists them.
    ///
    /// # Errors
    /// [`PretextError::UnknownPreset`].
    pub fn preset(name: &str) -> Result<Self> {
        match name {
            "none" => Ok(Self::none()),
            "weak" => Ok(Self::default()),
            "strong" => {
                Ok(Self { crop: [0.4, 1.0], flip: 0.5, brightness: 0.5, contrast: 0.5, blur: 0.2, ..Self::none() })
            }
            _ => Err(PretextError::UnknownPreset {
                name: name.to_owned(),
                known: PRESETS.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// Checks every value, and what does not suit `shape`.
    ///
    /// # Errors
    /// [`PretextError::Range`], [`PretextError::Unsuitable`] (color operations without three channels, moves as large as
    /// the image) or [`PretextError::Shape`] (no pixels).
    pub fn check(&self, shape: Shape) -> Result<()> {
        if shape.is_empty() {
            return Err(PretextError::Shape {
                word: WORD,
                channels: shape.channels,
                width: shape.width,
                height: shape.height,
                problem: "there are no pixels",
                way_out: "give an image size and a channel count of at least 1",
            });
        }
        check::crop(WORD, "crop", self.crop)?;
        check::ratio(WORD, "ratio", self.ratio)?;
        check::probability(WORD, "flip", self.flip)?;
        check::probability(WORD, "jitter_p", self.jitter_p)?;
        for (option, strength) in
            [("brightness", self.brightness), ("contrast", self.contrast), ("saturation", self.saturation)]
        {
            check::require((0.0..=1.0).contains(&strength), WORD, option, strength, "a strength from 0 to 1")?;
        }
        check::require((0.0..=0.5).contains(&self.hue), WORD, "hue", self.hue, "a share of a full turn from 0 to 0.5")?;
        check::probability(WORD, "grayscale", self.grayscale)?;
        check::probability(WORD, "blur", self.blur)?;
        check::sigma(WORD, "sigma", self.sigma)?;
        if let Some(pad) = self.pad
            && pad as usize >= shape.short_side()
            && pad > 0
        {
            return Err(PretextError::Unsuitable {
                word: WORD,
                option: "pad",
                value: pad.to_string(),
                problem: format!("it could move inputs of {}x{} pixels out of sight", shape.width, shape.height),
                way_out: format!("choose less than {}", shape.short_side()),
            });
        }
        for (option, value) in [("saturation", self.saturation), ("hue", self.hue), ("grayscale", self.grayscale)] {
            check_color(WORD, option, value, shape)?;
        }
        Ok(())
    }

    /// Fills what was left to the library, with reasons.
    ///
    /// # Errors
    /// Those of [`Augment::check`].
    pub fn resolve(mut self, shape: Shape) -> Result<(Self, Vec<Auto>)> {
        let mut notes = Vec::new();
        let reason = "moves of about a tenth of the image, as usual for small images";
        choose(&mut self.pad, "pad", auto_pad(shape), reason, &mut notes);
        self.check(shape)?;
        Ok((self, notes))
    }

    /// Writes one view of `image` into `out`: `shape.len()` samples, planar, 0..1. The view is a function of the image and
    /// `key` alone.
    ///
    /// # Errors
    /// Those of [`Augment::check`], and for an image or buffer that does not fit `shape`.
    pub fn apply(&self, image: ImageRef<'_>, key: Key, shape: Shape, out: &mut [f32]) -> Result<()> {
        self.check(shape)?;
        image.check_against(shape)?;
        check_out("view", out.len(), shape.len())?;
        self.draw(image, key, shape).run(image, shape, out);
        Ok(())
    }

    /// The random choices of [`Augment::apply`] for the same image, key and shape, in words; `as it is` where nothing
    /// happens.
    ///
    /// # Errors
    /// Those of [`Augment::apply`].
    pub fn words(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<String> {
        self.check(shape)?;
        image.check_against(shape)?;
        Ok(self.draw(image, key, shape).words())
    }
}

/// The usual move of small images: 2 pixels at 28 (measured on Fashion-MNIST), 4 at 32 (CIFAR's).
pub(crate) fn auto_pad(shape: Shape) -> u32 {
    let side = shape.short_side();
    let pad = if side < 32 { (side / 14).max(1) } else { side / 8 };
    pad.min(side.saturating_sub(1)) as u32
}

/// Refuses a color operation where there are no three channels.
pub(crate) fn check_color(word: &'static str, option: &'static str, value: f64, shape: Shape) -> Result<()> {
    if value == 0.0 || shape.is_color() {
        return Ok(());
    }
    Err(PretextError::Unsuitable {
        word,
        option,
        value: value.to_string(),
        problem: format!("it needs red, green and blue, and these have {} channel(s)", shape.channels),
        way_out: "leave it out or set it to 0".to_owned(),
    })
}

impl Serialize for Augment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Augment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrOptions)
    }
}

struct NameOrOptions;

impl<'de> Visitor<'de> for NameOrOptions {
    type Value = Augment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a preset or a map of options")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Augment, E> {
        Augment::preset(name).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Augment, A::Error> {
        Augment::deserialize(MapAccessDeserializer::new(entries))
    }
}
