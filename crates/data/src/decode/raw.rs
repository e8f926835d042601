//! What a file holds: values as they are written there, before anybody says which are black and white.

use super::{Depth, Notes, Pixels, Values};
use crate::{
    reading::{ChannelName, Channels},
    shard::first_word,
};

/// What the first channels of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colors {
    /// One of brightness.
    Gray,
    /// Red, green and blue.
    Rgb,
    /// Nobody knows.
    Unknown,
}

/// The channels of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) channels: usize,
    pub(crate) colors: Colors,
    /// One each; empty where it has none.
    pub(crate) names: Vec<String>,
}

/// Which of them are taken, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picked {
    /// All where there are none.
    columns: Option<Vec<usize>>,
    then: Then,
    /// How many there are in the end.
    pub(crate) channels: usize,
    /// Whether channels are left out that nobody declined.
    loses: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Nothing,
    /// Gray in three channels.
    Replicated,
    /// Three as one.
    Luma,
}

impl Offered {
    pub(crate) fn gray() -> Self {
        Self { channels: 1, colors: Colors::Gray, names: vec!["gray".to_owned()] }
    }

    pub(crate) fn rgb() -> Self {
        Self { channels: 3, colors: Colors::Rgb, names: ["red", "green", "blue"].map(str::to_owned).into() }
    }

    /// The same and one of transparency.
    pub(crate) fn with_alpha(mut self) -> Self {
        self.channels += 1;
        self.names.push("alpha".to_owned());
        self
    }

    /// So many of which nothing is known but perhaps their names.
    pub(crate) fn unknown(channels: usize, names: Vec<String>) -> Self {
        Self { channels, colors: Colors::Unknown, names }
    }

    /// Which of the channels are those that are wanted.
    pub(crate) fn pick(&self, wanted: &Channels) -> Result<Picked, String> {
        let all = Picked { columns: None, then: Then::Nothing, channels: self.channels, loses: false };
        let first = |count: usize, then, channels| {
            let loses = self.channels > count;
            Ok(Picked { columns: loses.then(|| (0..count).collect()), then, channels, loses })
        };
        match wanted {
            Channels::Auto | Channels::Pages => Ok(all),
            Channels::Count(count) if *count == self.channels => Ok(all),
            Channels::Count(count) => match (self.colors, count) {
                (Colors::Gray, 1) => first(1, Then::Nothing, 1),
                (Colors::Gray, 3) => first(1, Then::Replicated, 3),
                (Colors::Rgb, 1) => first(3, Then::Luma, 1),
                (Colors::Rgb, 3) => first(3, Then::Nothing, 3),
                _ => Err(format!(
                    "it has {}, and `channels` asks for {count}; choose them by their numbers, such as `channels: [{}]`",
                    self.in_words(),
                    (1..=self.channels.min(3)).map(|number| number.to_string()).collect::<Vec<_>>().join(", ")
                )),
            },
            Channels::These(names) => {
                let columns: Vec<usize> = names.iter().map(|name| self.column(name)).collect::<Result<_, _>>()?;
                let channels = columns.len();
                Ok(Picked { columns: Some(columns), channels, ..all })
            }
        }
    }

    fn column(&self, name: &ChannelName) -> Result<usize, String> {
        let found = match name {
            ChannelName::Number(number) => number.checked_sub(1).filter(|&column| column < self.channels),
            ChannelName::Name(name) => {
                let name = if name.eq_ignore_ascii_case("grey") { "gray" } else { name };
                self.names.iter().position(|own| own.eq_ignore_ascii_case(name))
            }
        };
        found.ok_or_else(|| format!("it has no channel {name}, but {}", self.in_words()))
    }

    /// "13 channels without names" or "4 channels (red, green, blue, nir)".
    fn in_words(&self) -> String {
        let channels = if self.channels == 1 { "1 channel".to_owned() } else { format!("{} channels", self.channels) };
        let names: Vec<&str> =
            self.names.iter().map(|name| if name.is_empty() { "?" } else { name.as_str() }).collect();
        if names.iter().all(|name| *name == "?") {
            format!("{channels} without names (their numbers count from 1)")
        } else {
            format!("{channels} ({})", names.join(", "))
        }
    }
}

/// The values of a picture as the file has them: rows of pixels of `offered.channels` values each.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) offered: Offered,
    pub(crate) values: Values<'static>,
    /// The largest value that the type of whole numbers allows.
    pub(crate) full: u32,
    /// The value of white, where the file says it.
    pub(crate) white: Option<u32>,
    /// The values of black and white that the file is meant to be looked at with.
    pub(crate) window: Option<[f32; 2]>,
    pub(crate) notes: Notes,
}

impl Raw {
    /// Bytes with nothing to say of them.
    pub(crate) fn bytes(width: usize, height: usize, offered: Offered, values: Vec<u8>) -> Self {
        let (values, notes) = (Values::from(values), Notes::default());
        Self { width, height, offered, values, full: 255, white: None, window: None, notes }
    }

    /// The channels that are wanted.
    pub(crate) fn pick(mut self, wanted: &Channels) -> Result<Self, String> {
        let Picked { columns, then, loses, .. } = self.offered.pick(wanted)?;
        if let Some(columns) = columns {
            self.values = self.values.columns(self.offered.channels, &columns);
            let names = columns.iter().map(|&column| self.offered.names.get(column).cloned().unwrap_or_default());
            let colors = if loses { self.offered.colors } else { Colors::Unknown };
            self.offered = Offered { channels: columns.len(), colors, names: names.collect() };
        }
        if loses {
            self.notes = self.notes | Notes::FURTHER_CHANNELS;
        }
        match then {
            Then::Nothing => {}
            Then::Replicated => {
                self.values = replicated(&self.values);
                self.offered = Offered::rgb();
            }
            Then::Luma => {
                self.values = luma(&self.values);
                self.offered = Offered::gray();
            }
        }
        Ok(self)
    }

    /// Size and values, where a picture whose every pixel is gray counts as gray, however it is stored.
    pub(crate) fn content_hash(&self) -> u64 {
        let mut hash = blake3::Hasher::new();
        hash.update(&(self.width as u64).to_le_bytes());
        hash.update(&(self.height as u64).to_le_bytes());
        let of_pixel = self.offered.channels;
        match &self.values {
            Values::Bytes(values) => match gray_of(values, of_pixel) {
                Some(gray) => hash.update(&gray),
                None => hash.update(values),
            },
            Values::Words(values) => {
                let gray = gray_of(values, of_pixel);
                hash.update(b"words");
                hash.update(&gray.as_deref().unwrap_or(values).iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
            }
            Values::Floats(values) => {
                let gray = gray_of(values, of_pixel);
                hash.update(b"floats");
                hash.update(&gray.as_deref().unwrap_or(values).iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
            }
        };
        first_word(&hash.finalize())
    }
}

impl From<Pixels<'static>> for Raw {
    /// Pixels that are what a file will hold.
    fn from(pixels: Pixels<'static>) -> Self {
        let Pixels { width, height, channels, data } = pixels;
        let offered = match channels {
            1 => Offered::gray(),
            3 => Offered::rgb(),
            channels => Offered::unknown(channels, vec![String::new(); channels]),
        };
        let full = if data.depth() == Depth::Words { 65535 } else { 255 };
        Self { values: data, full, ..Self::bytes(width, height, offered, Vec::new()) }
    }
}

/// One value a pixel, where all three of each are the same.
fn gray_of<T: Copy + PartialEq>(values: &[T], of_pixel: usize) -> Option<Vec<T>> {
    let gray = of_pixel == 3 && values.as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b);
    gray.then(|| values.iter().step_by(3).copied().collect())
}

pub(super) fn replicated(values: &Values<'_>) -> Values<'static> {
    fn three<T: Copy>(values: &[T]) -> Vec<T> {
        values.iter().flat_map(|&gray| [gray; 3]).collect()
    }
    match values {
        Values::Bytes(values) => three(values).into(),
        Values::Words(values) => three(values).into(),
        Values::Floats(values) => three(values).into(),
    }
}

/// ITU-R BT.601 luma in the 16-bit fixed point of Pillow's `convert("L")`.
pub(super) fn luma(values: &Values<'_>) -> Values<'static> {
    const WEIGHTS: [u32; 3] = [19595, 38470, 7471];
    // Of words, too, it fits: the weights add up to 65536.
    let whole =
        |pixel: [u32; 3]| (pixel[0] * WEIGHTS[0] + pixel[1] * WEIGHTS[1] + pixel[2] * WEIGHTS[2] + 0x8000) >> 16;
    match values {
        Values::Bytes(values) => {
            let gray = values.as_chunks::<3>().0.iter().map(|pixel| whole(pixel.map(u32::from)) as u8);
            gray.collect::<Vec<_>>().into()
        }
        Values::Words(values) => {
            let gray = values.as_chunks::<3>().0.iter().map(|pixel| whole(pixel.map(u32::from)) as u16);
            gray.collect::<Vec<_>>().into()
        }
        Values::Floats(values) => {
            let weights = WEIGHTS.map(|weight| weight as f32 / 65536.0);
            let gray =
                values.as_chunks::<3>().0.iter().map(|[r, g, b]| r * weights[0] + g * weights[1] + b * weights[2]);
            gray.collect::<Vec<_>>().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_is_that_of_pillow() {
        // Image.new("RGB", (1, 1), c).convert("L").getpixel((0, 0)) of Pillow.
        let pillow =
            [([255_u8, 0, 0], 76_u8), ([0, 255, 0], 150), ([0, 0, 255], 29), ([10, 200, 90], 131), ([255; 3], 255)];
        for (rgb, gray) in pillow {
            assert_eq!(luma(&Values::from(rgb.to_vec())), Values::from(vec![gray]), "{rgb:?}");
            let words: Vec<u16> = rgb.iter().map(|&value| u16::from(value) * 257).collect();
            let Values::Words(found) = luma(&Values::from(words)) else { panic!("words stay words") };
            assert!((i32::from(found[0]) - i32::from(gray) * 257).abs() <= 129, "{rgb:?}: {found:?}");
        }
        assert_eq!(luma(&Values::from(vec![65535_u16; 3])), Values::from(vec![65535_u16]));
    }

    #[test]
    fn channels_are_found_by_number_and_name() {
        let offered = Offered::unknown(4, ["", "Red", "NIR", ""].map(str::to_owned).into());
        let these = |names: Vec<ChannelName>| offered.pick(&Channels::These(names));
        let name = |name: &str| ChannelName::Name(name.to_owned());
        let picked = these(vec![name("nir"), ChannelName::Number(4), name("red")]).unwrap();
        assert_eq!((picked.columns, picked.channels), (Some(vec![2, 3, 1]), 3));
        assert_eq!(
            these(vec![name("blue")]).unwrap_err(),
            "it has no channel \"blue\", but 4 channels (?, Red, NIR, ?)"
        );
        assert!(these(vec![ChannelName::Number(5)]).unwrap_err().contains("no channel 5"));
        assert!(offered.pick(&Channels::Count(3)).unwrap_err().contains("channels: [1, 2, 3]"));
        assert_eq!(offered.pick(&Channels::Count(4)), offered.pick(&Channels::Auto));
    }

    #[test]
    fn gray_and_color_become_each_other() {
        let raw = |offered: Offered, values: Vec<u16>| Raw {
            values: values.into(),
            full: 65535,
            ..Raw::bytes(1, 1, offered, Vec::new())
        };
        let three = raw(Offered::gray(), vec![7]).pick(&Channels::Count(3)).unwrap();
        assert_eq!((three.offered, three.values), (Offered::rgb(), Values::from(vec![7_u16; 3])));
        // Infrared beside color is left out, and that is noted.
        let four = Offered { channels: 4, names: Vec::new(), ..Offered::rgb() };
        let one = raw(four.clone(), vec![9, 9, 9, 500]).pick(&Channels::Count(1)).unwrap();
        assert_eq!((one.values, one.notes), (Values::from(vec![9_u16]), Notes::FURTHER_CHANNELS));
        let all = raw(four, vec![9, 9, 9, 500]).pick(&Channels::Auto).unwrap();
        assert_eq!((all.offered.channels, all.notes), (4, Notes::default()));
    }

    #[test]
    fn the_content_is_the_same_in_gray_and_in_gray_color() {
        for (gray, rgb) in [
            (Values::from(vec![5_u8, 9]), Values::from(vec![5_u8, 5, 5, 9, 9, 9])),
            (Values::from(vec![5_u16, 900]), Values::from(vec![5_u16, 5, 5, 900, 900, 900])),
        ] {
            let hash = |offered, values| Raw { values, ..Raw::bytes(2, 1, offered, Vec::new()) }.content_hash();
            assert_eq!(hash(Offered::gray(), gray.clone()), hash(Offered::rgb(), rgb.clone()));
            assert_ne!(hash(Offered::gray(), gray), hash(Offered::gray(), rgb.columns(3, &[0, 1])));
        }
    }
}
