//! Writing pictures that PNG does not hold, to be read again as the same: deep ones, and those of any number of channels.

use crate::decode::{Colors, Raw, Values};

/// One directory entry: a tag and its values.
struct Entry {
    tag: u16,
    /// 2: bytes of a text, 3: of 16 bits, 4: of 32 bits (TIFF 6.0, page 15).
    kind: u16,
    count: usize,
    /// Little-endian.
    data: Vec<u8>,
}

/// A TIFF of one strip without compression, in the values of the picture; channels keep their names, and white stays where it was.
///
/// # Errors
/// A picture of more than 4 GiB.
pub(super) fn encode(raw: &Raw) -> Result<Vec<u8>, String> {
    let channels = raw.offered.channels;
    let (strip, bits, format) = match &raw.values {
        // Whole numbers of a type with a sign are said to have one, since it decides what is white.
        Values::Bytes(values) => (values.to_vec(), 8, 1),
        Values::Words(values) => {
            let signed = raw.full == 127 || raw.full == 32767;
            (values.iter().flat_map(|value| value.to_le_bytes()).collect(), 16, if signed { 2 } else { 1 })
        }
        Values::Floats(values) => (values.iter().flat_map(|value| value.to_le_bytes()).collect(), 32, 3),
    };
    let colors = if raw.offered.colors == Colors::Rgb { 3 } else { 1 };
    let mut entries = vec![
        long(256, raw.width),
        long(257, raw.height),
        shorts(258, &vec![bits; channels]),
        shorts(259, &[1]),
        shorts(262, &[if colors == 3 { 2 } else { 1 }]),
        long(273, 8),
        shorts(277, &[channels as u16]),
        long(278, raw.height),
        long(279, strip.len()),
    ];
    entries.extend(white_of(raw).map(|white| shorts(281, &[white])));
    entries.push(shorts(284, &[1]));
    if channels > colors {
        // None of them is transparency.
        entries.push(shorts(338, &vec![0; channels - colors]));
    }
    entries.push(shorts(339, &vec![format; channels]));
    entries.extend(names(&raw.offered.names));
    let whole = assembled(&strip, entries);
    if u32::try_from(whole.len()).is_err() { Err("an image of more than 4 GiB".to_owned()) } else { Ok(whole) }
}

/// The value of white of whole numbers, where it is known, or where their type was one that is not written.
fn white_of(raw: &Raw) -> Option<u16> {
    let Values::Words(_) = raw.values else { return None };
    let of_type = (!matches!(raw.full, 0..=255 | 32767 | 65535..)).then_some(raw.full);
    raw.white.or(of_type).and_then(|white| u16::try_from(white).ok())
}

/// What channels are called, as GDAL writes it; nothing where they have no name.
fn names(names: &[String]) -> Option<Entry> {
    if names.iter().all(String::is_empty) {
        return None;
    }
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\0', "");
    let item = |(sample, name): (usize, &String)| {
        format!("<Item name=\"DESCRIPTION\" sample=\"{sample}\" role=\"description\">{}</Item>", escaped(name))
    };
    let items: String = names.iter().enumerate().filter(|(_, name)| !name.is_empty()).map(item).collect();
    let text = format!("<GDALMetadata>{items}</GDALMetadata>\0").into_bytes();
    Some(Entry { tag: 42112, kind: 2, count: text.len(), data: text })
}

fn long(tag: u16, value: usize) -> Entry {
    Entry { tag, kind: 4, count: 1, data: (value as u32).to_le_bytes().to_vec() }
}

fn shorts(tag: u16, values: &[u16]) -> Entry {
    let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Entry { tag, kind: 3, count: values.len(), data }
}

/// The file: its head, the strip, the directory, and what does not fit into that.
fn assembled(strip: &[u8], entries: Vec<Entry>) -> Vec<u8> {
    let mut file = b"II*\0\0\0\0\0".to_vec();
    file.extend_from_slice(strip);
    file.resize(file.len().next_multiple_of(2), 0);
    let directory = file.len();
    file[4..8].copy_from_slice(&(directory as u32).to_le_bytes());
    let mut beyond = Vec::new();
    let after = directory + 2 + 12 * entries.len() + 4;
    file.extend((entries.len() as u16).to_le_bytes());
    for Entry { tag, kind, count, mut data } in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend((count as u32).to_le_bytes());
        if data.len() <= 4 {
            data.resize(4, 0);
            file.extend(data);
        } else {
            file.extend(((after + beyond.len()) as u32).to_le_bytes());
            data.resize(data.len().next_multiple_of(2), 0);
            beyond.extend(data);
        }
    }
    file.extend([0; 4]);
    file.extend(beyond);
    file
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        decode::{Notes, Offered, read},
        reading::Channels,
    };

    fn raw(values: Values<'static>, (width, height): (usize, usize), offered: Offered, full: u32) -> Raw {
        Raw { values, full, ..Raw::bytes(width, height, offered, Vec::new()) }
    }

    #[test]
    fn names_and_white_are_kept() {
        let names = ["nir & <more>", "", "red"].map(str::to_owned).into();
        let dark = raw(Values::from(vec![1_u16, 2, 3, 4, 5, 6]), (2, 1), Offered::unknown(3, names), 65535);
        let again = read(&encode(&Raw { white: Some(1023), ..dark.clone() }).unwrap(), &Channels::Auto).unwrap();
        assert_eq!((again.offered, again.values, again.white), (dark.offered.clone(), dark.values.clone(), Some(1023)));
        // A type of 10 bits is no longer there; its white is.
        let ten = read(&encode(&Raw { full: 1023, ..dark.clone() }).unwrap(), &Channels::Auto).unwrap();
        assert_eq!((ten.white, ten.notes), (Some(1023), Notes::default()));
        // Of a type with a sign, and of the usual one, nothing is said.
        for full in [32767, 65535] {
            let again = read(&encode(&Raw { full, ..dark.clone() }).unwrap(), &Channels::Auto).unwrap();
            assert_eq!((again.full, again.white), (full, None));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(height in 1_usize..9, width in 1_usize..9, channels in 1_usize..7, depth in 0..3, seed: u64) {
            let count = height * width * channels;
            let mut rng = foretask_random::Key::new(seed).rng();
            let (values, full) = match depth {
                0 => (Values::from((0..count).map(|_| rng.below(256) as u8).collect::<Vec<_>>()), 255),
                1 => (Values::from((0..count).map(|_| rng.below(65536) as u16).collect::<Vec<_>>()), 65535),
                _ => (Values::from((0..count).map(|_| rng.range(-5.0, 5.0)).collect::<Vec<f32>>()), 0),
            };
            let offered = match channels {
                1 => Offered::gray(),
                3 if seed % 2 == 0 => Offered::rgb(),
                _ => Offered::unknown(channels, vec![String::new(); channels]),
            };
            let picture = raw(values, (width, height), offered, full);
            let again = read(&encode(&picture).unwrap(), &Channels::Auto).unwrap();
            prop_assert_eq!((again.width, again.height, again.offered.channels), (width, height, channels));
            prop_assert_eq!(&again.values, &picture.values);
            if matches!(channels, 1 | 3) {
                prop_assert_eq!(again.offered.colors, picture.offered.colors);
            }
        }
    }
}
