//! From options that may be open to numbers, with reasons; and what is refused.

use super::options::Augment;
use super::preset::{Preset, Role, SMALL};
use crate::auto::Auto;
use crate::check;
use crate::error::{PretextError, Result};
use crate::pixels::Shape;

impl Augment {
    /// Checks every value that is given, whatever the images.
    pub(crate) fn validate(&self, word: &'static str) -> Result<()> {
        if let Some(crop) = self.crop {
            check::crop(word, "crop", crop)?;
        }
        if let Some(ratio) = self.ratio {
            check::ratio(word, "ratio", ratio)?;
        }
        if let Some(sigma) = self.sigma {
            check::sigma(word, "sigma", sigma)?;
        }
        for (option, p) in [
            ("flip", self.flip),
            ("vertical_flip", self.vertical_flip),
            ("jitter_p", self.jitter_p),
            ("grayscale", self.grayscale),
            ("channel_drop", self.channel_drop),
            ("posterize", self.posterize),
            ("equalize", self.equalize),
            ("blur", self.blur),
            ("solarize", self.solarize),
            ("cutout", self.cutout),
        ] {
            check::require(p.is_none_or(|p| (0.0..=1.0).contains(&p)), word, option, p.unwrap_or(0.0), PROBABILITY)?;
        }
        let strength = "a strength from 0 to 1, or \"auto\"";
        for (option, value, high, range) in [
            // 0.8 * 1.25 = 1: a brightness factor of 0 to 2, beyond which images only saturate.
            ("jitter", self.jitter, 1.25, "a strength from 0 to 1.25, or \"auto\""),
            ("brightness", self.brightness, 1.0, strength),
            ("contrast", self.contrast, 1.0, strength),
            ("saturation", self.saturation, 1.0, strength),
            ("hue", self.hue, 0.5, "a share of a full turn from 0 to 0.5, or \"auto\""),
            ("rotate", self.rotate, 180.0, "an angle from 0 to 180 degrees, or \"auto\""),
        ] {
            let value = value.unwrap_or(0.0);
            check::require((0.0..=high).contains(&value), word, option, value, range)?;
        }
        let bits = self.bits.unwrap_or(1);
        check::require((1..=8).contains(&bits), word, "bits", bits, "a whole number from 1 to 8, or \"auto\"")?;
        self.cutout_area.map_or(Ok(()), |area| check::crop(word, "cutout_area", area))
    }

    /// Refuses what cannot be done to images of `shape`.
    pub(crate) fn suits(&self, word: &'static str, shape: Shape) -> Result<()> {
        if shape.is_empty() {
            return Err(PretextError::Shape {
                word,
                channels: shape.channels,
                width: shape.width,
                height: shape.height,
                problem: "there are no pixels",
                way_out: "use images and an image_size of at least 1 pixel and 1 channel",
            });
        }
        if let Some(pad) = self.pad
            && pad as usize >= shape.short_side()
            && pad > 0
        {
            return Err(PretextError::Unsuitable {
                word,
                option: "pad",
                value: pad.to_string(),
                problem: format!("it could move inputs of {}x{} pixels out of sight", shape.width, shape.height),
                way_out: format!("choose less than {}", shape.short_side()),
            });
        }
        for (option, value) in [("saturation", self.saturation), ("hue", self.hue), ("grayscale", self.grayscale)] {
            check_color(word, option, value.unwrap_or(0.0), shape)?;
        }
        if let Some(p) = self.channel_drop.filter(|&p| p > 0.0 && shape.channels < 2) {
            return Err(PretextError::Unsuitable {
                word,
                option: "channel_drop",
                value: p.to_string(),
                problem: "there is only one channel, without which nothing is left".to_owned(),
                way_out: "leave it out or set it to 0".to_owned(),
            });
        }
        Ok(())
    }

    /// The same with every option filled. Allocates nothing.
    pub(crate) fn filled(self, preset: Preset, role: Role, shape: Shape) -> Self {
        let preset = self.preset.unwrap_or(preset);
        let mut filled = self.or(preset.options(role, shape));
        let jitter = filled.jitter.unwrap_or(0.0);
        let light = rounded(0.8 * jitter);
        filled.brightness = filled.brightness.or(Some(light));
        filled.contrast = filled.contrast.or(Some(light));
        let (saturation, hue) = if shape.is_color() { preset.color_strengths() } else { (0.0, 0.0) };
        filled.saturation = filled.saturation.or(Some(rounded(saturation * jitter)));
        filled.hue = filled.hue.or(Some(rounded(hue * jitter)));
        filled
    }

    /// Reasons for what was open here, is filled in `filled`, and depends on the image.
    pub(crate) fn notes(&self, filled: Self, shape: Shape) -> Vec<Auto> {
        let mut notes = Vec::new();
        let preset = filled.preset.unwrap_or(Preset::Weak);
        let (color, small) = (shape.is_color(), shape.short_side() <= SMALL);
        if self.pad.is_none() && preset == Preset::Weak {
            let reason = "moves of about a tenth of the image, as usual for small images";
            notes.push(Auto::new("pad", filled.pad.unwrap_or(0), reason));
        }
        if !preset.is_joint() {
            return notes;
        }
        let mut note = |name, given: Option<f64>, value: Option<f64>, reason: &str| {
            if let (None, Some(value)) = (given, value) {
                notes.push(Auto::new(name, value, reason));
            }
        };
        let reason = match (color, small, preset) {
            (false, ..) if shape.channels > 1 => {
                "there are no red, green and blue, so light changes by +-0.6, channel by channel"
            }
            (false, ..) => "there is no color to change, so light changes by +-0.6",
            (true, true, _) => "half strength, as usual for small color images",
            (true, false, Preset::SimClr) => "full strength, as usual for photographs",
            (true, false, _) => "half strength, as its authors chose",
        };
        note("jitter", self.jitter, filled.jitter, reason);
        note("brightness", self.brightness, filled.brightness, "0.8 times jitter");
        note("contrast", self.contrast, filled.contrast, "0.8 times jitter");
        let saturation = if preset.color_strengths().0 < 0.8 { "0.4 times jitter" } else { "0.8 times jitter" };
        let gray = "there are no three color channels";
        note("saturation", self.saturation, filled.saturation, if color { saturation } else { gray });
        note("hue", self.hue, filled.hue, if color { "0.2 times jitter" } else { gray });
        let reason = "or colors alone would give away which views belong together";
        note("grayscale", self.grayscale, filled.grayscale, if color { reason } else { gray });
        if let Some(p) = filled.channel_drop.filter(|&p| p > 0.0) {
            let reason = "or a few channels alone would give away which views belong together";
            note("channel_drop", self.channel_drop, Some(p), reason);
        }
        let reason = match (color, small) {
            (false, _) => "there is no color to change, so blur does its share",
            (true, true) => "at this size blur removes what is to be learned",
            (true, false) => "as usual for photographs",
        };
        note("blur", self.blur, filled.blur, reason);
        notes
    }
}

const PROBABILITY: &str = "a probability from 0 to 1, or \"auto\"";

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

/// Products of tenths, without the noise of binary fractions, because users see them.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
