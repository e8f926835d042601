//! Arrays of `NumPy`: `.npy` (format versions 1 to 3) and `.npz`, a zip archive of them.

mod array;
mod header;

use std::io::{Cursor, Read};

use zip::ZipArchive;

pub(crate) use self::array::woven;
use self::{
    array::values,
    header::{Header, MAGIC},
};
use super::{
    MAX_BYTES, Notes, Outline, Raw, Values, check_size,
    raw::{Colors, Offered},
};
use crate::reading::Channels;

/// Whether bytes begin as `.npy` does, or as a zip archive whose first file is one.
pub(super) fn is_numpy(bytes: &[u8]) -> bool {
    if bytes.starts_with(MAGIC) {
        return true;
    }
    let Some(length) = bytes.get(26..28).filter(|_| bytes.starts_with(b"PK\x03\x04")) else { return false };
    let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
    bytes.get(30..30 + length).is_some_and(|name| name.ends_with(b".npy"))
}

/// How an array lies: rows, columns, channels, and whether channels come first.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Axes {
    height: usize,
    width: usize,
    channels: usize,
    first: bool,
}

impl Axes {
    fn of(shape: &[usize]) -> Result<Self, String> {
        let axes = match *shape {
            [height, width] => Self { height, width, channels: 1, first: false },
            // Channels are fewer than rows and columns; where both ends could be, they are the last axis.
            [channels, height, width] if channels < height && channels < width => {
                Self { height, width, channels, first: true }
            }
            [height, width, channels] => Self { height, width, channels, first: false },
            _ => {
                return Err(format!(
                    "a NumPy array of the shape {}; an image has two axes (rows, columns) or three (rows, columns, channels), so write \
                     each image into a file of its own",
                    written(shape)
                ));
            }
        };
        let side =
            |side: usize| u32::try_from(side).map_err(|_| format!("a NumPy array of the shape {}", written(shape)));
        check_size(side(axes.width)?, side(axes.height)?)?;
        if !(1..=crate::reading::MOST_CHANNELS).contains(&axes.channels) {
            let most = crate::reading::MOST_CHANNELS;
            return Err(format!(
                "a NumPy array of the shape {}: {} channels, and at most {most} can be read",
                written(shape),
                axes.channels
            ));
        }
        Ok(axes)
    }

    fn offered(self) -> Offered {
        match self.channels {
            1 => Offered::gray(),
            3 => Offered { names: vec![String::new(); 3], colors: Colors::Rgb, ..Offered::rgb() },
            channels => Offered::unknown(channels, vec![String::new(); channels]),
        }
    }
}

/// "(64, 64, 13)".
fn written(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
    format!("({})", sides.join(", "))
}

pub(super) fn decode(bytes: &[u8]) -> Result<Raw, String> {
    if bytes.starts_with(MAGIC) { of_array(bytes) } else { of_archive(bytes) }
}

/// What decoding will give.
pub(super) fn outline(bytes: &[u8], wanted: &Channels) -> Result<Outline, String> {
    let (axes, depth, offered) = if bytes.starts_with(MAGIC) {
        let header = Header::read(bytes)?;
        let axes = Axes::of(&header.shape)?;
        (axes, header.kind.depth(), axes.offered())
    } else {
        let raw = of_archive(bytes)?;
        let axes = Axes { height: raw.height, width: raw.width, channels: raw.offered.channels, first: false };
        (axes, raw.values.depth(), raw.offered)
    };
    let channels = offered.pick(wanted)?.channels;
    Ok(Outline { width: axes.width as u32, height: axes.height as u32, channels, depth })
}

fn of_array(bytes: &[u8]) -> Result<Raw, String> {
    let header = Header::read(bytes)?;
    let axes = Axes::of(&header.shape)?;
    let size = header.kind.size();
    let count = axes.height * axes.width * axes.channels;
    if (count * size.max(4)) as u64 > MAX_BYTES {
        return Err("a NumPy array that needs more memory than an image may take, the limit is 1 GiB".to_owned());
    }
    let data = bytes.get(header.end..header.end + count * size).ok_or(super::TRUNCATED)?;
    let (values, full) = values(data, &header, |at| place(at, axes, header.columns_first));
    let notes = if axes.first { Notes::CHANNELS_FIRST } else { Notes::default() };
    let Axes { height, width, .. } = axes;
    Ok(Raw { width, height, offered: axes.offered(), values, full, white: None, window: None, notes })
}

/// Where the `at`-th value of a picture (pixel by pixel) lies in the array.
fn place(at: usize, axes: Axes, columns_first: bool) -> usize {
    let Axes { height, width, channels, first } = axes;
    let (channel, x, y) = (at % channels, at / channels % width, at / channels / width);
    match (first, columns_first) {
        (false, false) => at,
        (false, true) => (channel * width + x) * height + y,
        (true, false) => (channel * height + y) * width + x,
        (true, true) => (x * height + y) * channels + channel,
    }
}

/// The only picture of an archive, or all of its arrays as channels.
fn of_archive(bytes: &[u8]) -> Result<Raw, String> {
    let damaged = |error: zip::result::ZipError| format!("damaged: not a whole .npz archive ({error})");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut found: Vec<(String, Raw)> = Vec::new();
    let mut left = MAX_BYTES;
    for number in 0..archive.len() {
        let file = archive.by_index(number).map_err(damaged)?;
        let name = file.name().map_err(damaged)?.into_owned();
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else { continue };
        let mut array = Vec::new();
        // What it announces need not be what follows.
        file.take(left + 1).read_to_end(&mut array).map_err(|error| format!("damaged: {name}.npy: {error}"))?;
        left = left
            .checked_sub(array.len() as u64)
            .ok_or("its arrays need more memory than an image may take, the limit is 1 GiB")?;
        // Labels and the like are no pictures.
        if Header::read(&array)?.shape.len() < 2 {
            continue;
        }
        found.push((name.clone(), of_array(&array).map_err(|reason| format!("{name}.npy: {reason}"))?));
    }
    let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
    let mut raws = found.into_iter().map(|(_, raw)| raw);
    let first = raws.next().ok_or("an .npz archive without an array of two or three axes")?;
    let others: Vec<Raw> = raws.collect();
    if others.is_empty() {
        return Ok(first);
    }
    let plane = |raw: &Raw| (raw.width, raw.height, raw.full, raw.offered.channels, raw.values.depth());
    if first.offered.channels != 1 || others.iter().any(|other| plane(other) != plane(&first)) {
        return Err(format!(
            "an .npz archive of several arrays ({}) that are no channels of one image: those have two axes, the same shape and the \
             same type; write each image into a file of its own",
            names.join(", ")
        ));
    }
    let of_pixel = 1 + others.len();
    let planes: Vec<&Values<'static>> =
        std::iter::once(&first.values).chain(others.iter().map(|raw| &raw.values)).collect();
    let values = woven(&planes);
    let offered = Offered::unknown(of_pixel, names);
    Ok(Raw { offered, values, ..first })
}

#[cfg(test)]
mod tests;
