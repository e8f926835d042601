//! What an augmentation may do. Every option may be left open; the preset and the image decide it then.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::preset::Preset;
use crate::auto::Open;
use crate::error::Result;
use crate::ops::Fill;

/// Makes the struct, the setters and the reader from one list.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)+) => {
        /// A random view of an image. Read from a preset's name or from a map of options, which starts from the preset
        /// named by its key `preset` (`weak` where there is none). What is left open (`None`, written `"auto"`) is
        /// decided by the preset, the image's size and its channels; [`Augment::resolve`] says how.
        ///
        /// ```
        /// use foretask_pretext::Augment;
        /// let gentle = Augment::preset("simclr")?.crop([0.5, 1.0]).jitter(0.4);
        /// # Ok::<(), foretask_pretext::PretextError>(())
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
        pub struct Augment {
            /// Where open options come from.
            #[serde(with = "crate::auto")]
            pub preset: Option<Preset>,
            $($(#[$doc])* #[serde(with = "crate::auto")] pub $name: Option<$type>,)+
        }

        /// The keys of an augmentation.
        pub(super) const KEYS: &[&str] = &["preset", $(stringify!($name)),+];

        impl Augment {
            $(
                $(#[$doc])*
                #[must_use]
                pub const fn $name(mut self, $name: $type) -> Self {
                    self.$name = Some($name);
                    self
                }
            )+

            /// These options, and those of `base` where they are open.
            #[must_use]
            pub fn or(self, base: Self) -> Self {
                Self { preset: self.preset.or(base.preset), $($name: self.$name.or(base.$name),)+ }
            }

            /// Reads the value of `key`; false where there is no such option.
            pub(super) fn read<'de, A: MapAccess<'de>>(
                &mut self,
                key: &str,
                entries: &mut A,
            ) -> std::result::Result<bool, A::Error> {
                match key {
                    "preset" => self.preset = entries.next_value::<Open<_>>()?.0,
                    $(stringify!($name) => self.$name = entries.next_value::<Open<_>>()?.0,)+
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

options! {
    /// Share of the image's area that a random crop keeps, `[low, high]`; `[1, 1]` takes the evaluation view instead.
    crop: [f64; 2],
    /// Width to height of a random crop, relative to that of the output, `[low, high]`.
    ratio: [f64; 2],
    /// Largest move in pixels of the output, each way; `weak` moves by a 14th of the short side below 32 pixels, by an
    /// 8th above.
    pad: u32,
    /// What appears where the image was moved or turned away.
    fill: Fill,
    /// Largest turn in degrees, either way; the angle is uniform.
    rotate: f64,
    /// Probability of a mirror image.
    flip: f64,
    /// Probability of turning the image upside down by mirroring.
    vertical_flip: f64,
    /// Overall strength `s` of light and color changes: brightness, contrast and saturation are `0.8 s` (saturation `0.4 s`
    /// for `byol` and `dino`), hue is `0.2 s`, where not set themselves.
    jitter: f64,
    /// Probability that light and color are changed at all, in random order.
    jitter_p: f64,
    /// Brightness is multiplied by `1 - b` to `1 + b`; each channel for itself where there are neither one nor three.
    brightness: f64,
    /// Contrast is multiplied by `1 - c` to `1 + c`; each channel for itself where there are neither one nor three.
    contrast: f64,
    /// Saturation is multiplied by `1 - s` to `1 + s`; color only.
    saturation: f64,
    /// Hue is turned by `-h` to `h` of a full turn; color only.
    hue: f64,
    /// Probability of taking the color away; color only.
    grayscale: f64,
    /// Probability of blackening one of the channels, any of them alike; more than one channel only.
    channel_drop: f64,
    /// Probability of keeping only the upper `bits` bits.
    posterize: f64,
    /// Bits that `posterize` keeps, 1 to 8.
    bits: u32,
    /// Probability of spreading the levels evenly, channel by channel.
    equalize: f64,
    /// Probability of a Gaussian blur.
    blur: f64,
    /// Standard deviation of the blur in pixels of the output, `[low, high]`.
    sigma: [f64; 2],
    /// Probability of inverting everything above half brightness.
    solarize: f64,
    /// Probability of blackening a rectangle.
    cutout: f64,
    /// Share of the area that `cutout` blackens, `[low, high]`.
    cutout_area: [f64; 2],
}

impl Augment {
    /// The evaluation view: nothing random.
    pub const fn none() -> Self {
        Self::of(Preset::None)
    }

    /// A preset with nothing changed.
    pub const fn of(preset: Preset) -> Self {
        Self {
            preset: Some(preset),
            crop: None,
            ratio: None,
            pad: None,
            fill: None,
            rotate: None,
            flip: None,
            vertical_flip: None,
            jitter: None,
            jitter_p: None,
            brightness: None,
            contrast: None,
            saturation: None,
            hue: None,
            grayscale: None,
            channel_drop: None,
            posterize: None,
            bits: None,
            equalize: None,
            blur: None,
            sigma: None,
            solarize: None,
            cutout: None,
            cutout_area: None,
        }
    }

    /// A preset by its name; [`crate::PRESETS`] lists them.
    ///
    /// # Errors
    /// [`crate::PretextError::UnknownPreset`].
    pub fn preset(name: &str) -> Result<Self> {
        Preset::by_name(name).map(Self::of)
    }
}

impl<'de> Deserialize<'de> for Augment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrOptions)
    }
}

struct NameOrOptions;

impl<'de> Visitor<'de> for NameOrOptions {
    type Value = Augment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a preset or a map of options")
    }

    fn visit_str<E: Error>(self, name: &str) -> std::result::Result<Augment, E> {
        Augment::preset(name).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Augment, A::Error> {
        let mut augment = Augment::default();
        while let Some(key) = entries.next_key::<String>()? {
            if !augment.read(&key, &mut entries)? {
                return Err(A::Error::unknown_field(&key, KEYS));
            }
        }
        Ok(augment)
    }
}
