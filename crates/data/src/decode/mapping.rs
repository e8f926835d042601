//! From the values of a file to pixels: a range says which are black and white.

use super::{Depth, Notes, Pixels, Raw, Values, black_and_white, depth, some_values};
use crate::reading::{Range, Whites};

/// The pixels of a file's values, and what had to be assumed of them. What is left open is decided by this image alone.
pub(crate) fn pixels(raw: Raw, range: &Range) -> Result<(Pixels<'static>, Notes), String> {
    let Raw { width, height, offered, values, full, white, window, notes } = raw;
    let channels = offered.channels;
    let (data, said) = match (range, window) {
        (Range::Between(pairs), _) => (between(values, channels, pairs)?, Notes::default()),
        (_, Some(window)) => (windowed(values, window)?, Notes::default()),
        (Range::Whites(whites), None) => to_white(values, full, white, whites)?,
        (Range::Auto | Range::Percentile, None) => to_white(values, full, white, &Whites::default())?,
    };
    // Where somebody says what is black and white, no window does.
    let notes = if matches!(range, Range::Between(_)) { notes.without(Notes::WINDOW) } else { notes };
    Ok((Pixels { width, height, channels, data }, notes | said))
}

/// Values of a channel that a picture's own black and white are found from.
const SAMPLED: usize = 1 << 14;

/// The picture in color of 8 bits, for somebody who looks at it. Where `range` leaves open what is black and white of
/// measurements, or does not suit them, their own percentiles are.
pub(crate) fn shown(raw: Raw, range: &Range) -> Result<Pixels<'static>, String> {
    let said = matches!(range, Range::Between(_));
    let photograph = matches!(raw.values, Values::Bytes(_)) && !said;
    if photograph {
        return Ok(pixels(raw, range)?.0.in_color());
    }
    if (said || raw.window.is_some() || raw.offered.channels <= 3)
        && let Ok((pixels, _)) = pixels(raw.clone(), range)
    {
        return Ok(pixels.in_color());
    }
    let own = some_values(&raw, SAMPLED).into_iter().map(black_and_white).collect();
    Ok(pixels(raw, &Range::Between(own))?.0.in_color())
}

/// Black and white of a file's own window, in 16 bits, or in 8 where it is that of bytes.
fn windowed(values: Values<'static>, window: [f32; 2]) -> Result<Values<'static>, String> {
    let [low, high] = window;
    // Centers and widths are written in several ways: 127 and 255, 127.5 and 256, 128 and 256.
    if matches!(values, Values::Bytes(_)) && low.abs() <= 1.5 && (high - 255.0).abs() <= 1.5 {
        return Ok(values);
    }
    Ok(between(values, 1, &[window])?.at_depth(Depth::Words))
}

/// What will have to be assumed of values whose range nobody says.
pub(crate) fn assumed(raw: &Raw) -> Notes {
    raw.notes
        | match &raw.values {
            _ if raw.window.is_some() => Notes::default(),
            Values::Words(words) if raw.white.is_none() => {
                depth::white_of_words(words.iter().copied().max().map_or(0, u32::from), raw.full).1
            }
            Values::Floats(floats) => depth::white_of_floats(floats).map(|(_, said)| said).unwrap_or_default(),
            Values::Bytes(_) | Values::Words(_) => Notes::default(),
        }
}

fn to_white(
    values: Values<'static>,
    full: u32,
    told: Option<u32>,
    whites: &Whites,
) -> Result<(Values<'static>, Notes), String> {
    match values {
        Values::Bytes(_) => Ok((values, Notes::default())),
        Values::Words(words) => {
            let largest = words.iter().copied().max().map_or(0, u32::from);
            let known = whites.words.get(&full).copied();
            // Where the file says what is white, nothing has to be guessed.
            let (white, said) = match (told.filter(|&told| told > 0 && told >= largest), known) {
                (Some(told), _) => (told, Notes::default()),
                (None, Some(known)) => (known, depth::said_of_words(known, full)),
                (None, None) => depth::white_of_words(largest, full),
            };
            let said = if largest > white { said | Notes::BEYOND_WHITE } else { said };
            if white == 65535 {
                return Ok((Values::Words(words), said));
            }
            let white = white.max(1);
            // At most 65535² + 65535 / 2, which 32 bits hold.
            let scaled = |value: u16| ((u32::from(value) * 65535 + white / 2) / white).min(65535) as u16;
            Ok((words.iter().map(|&value| scaled(value)).collect::<Vec<_>>().into(), said))
        }
        Values::Floats(floats) => {
            let (own, said) = depth::white_of_floats(&floats)?;
            let (white, said) = match whites.floats {
                Some(known) => {
                    let beyond = if own > known { Notes::BEYOND_WHITE } else { Notes::default() };
                    (known, depth::said_of_floats(known) | said.only(Notes::NOT_NUMBERS) | beyond)
                }
                None => (own, said),
            };
            Ok((floats.iter().map(|&value| share(value, 0.0, white)).collect::<Vec<_>>().into(), said))
        }
    }
}

/// Where a value lies between `low` and `high`, from 0 to 1; 0 for what is no number.
fn share(value: f32, low: f32, high: f32) -> f32 {
    let share = (value - low) / (high - low);
    if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
}

fn between(values: Values<'static>, channels: usize, pairs: &[[f32; 2]]) -> Result<Values<'static>, String> {
    if pairs.len() != 1 && pairs.len() != channels {
        return Err(format!(
            "`range` has {} pairs, and the image {channels} channel(s); give one pair for all, or one for each (and `channels` with it)",
            pairs.len()
        ));
    }
    let pair = |at: usize| pairs[at % channels % pairs.len()];
    let word = |at: usize, value: f32| {
        let [low, high] = pair(at);
        (share(value, low, high) * 65535.0).round() as u16
    };
    Ok(match values {
        Values::Bytes(bytes) if pairs.iter().all(|pair| *pair == [0.0, 255.0]) => Values::Bytes(bytes),
        Values::Bytes(bytes) => {
            bytes.iter().enumerate().map(|(at, &value)| word(at, f32::from(value))).collect::<Vec<_>>().into()
        }
        Values::Words(words) if pairs.iter().all(|pair| *pair == [0.0, 65535.0]) => Values::Words(words),
        Values::Words(words) => {
            words.iter().enumerate().map(|(at, &value)| word(at, f32::from(value))).collect::<Vec<_>>().into()
        }
        Values::Floats(floats) => {
            let one = |(at, &value): (usize, &f32)| share(value, pair(at)[0], pair(at)[1]);
            floats.iter().enumerate().map(one).collect::<Vec<_>>().into()
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::decode::raw::Offered;

    fn raw(values: Values<'static>, channels: usize) -> Raw {
        let width = values.len() / channels;
        Raw { values, full: 65535, ..Raw::bytes(width, 1, Offered::unknown(channels, Vec::new()), Vec::new()) }
    }

    #[track_caller]
    fn mapped(values: Values<'static>, channels: usize, range: &Range) -> Values<'static> {
        pixels(raw(values, channels), range).unwrap().0.data
    }

    #[test]
    fn each_channel_has_its_own_black_and_white() {
        let range = Range::Between(vec![[100.0, 300.0], [0.0, 1000.0]]);
        let words = Values::from(vec![100_u16, 500, 200, 1000, 400, 0]);
        // (200 - 100) / 200 and 500 / 1000 are a half, 400 lies beyond.
        assert_eq!(mapped(words, 2, &range), Values::from(vec![0_u16, 32768, 32768, 65535, 65535, 0]));
        let floats = Values::from(vec![150.0_f32, -3.0, f32::NAN, 250.0]);
        assert_eq!(mapped(floats, 2, &range), Values::from(vec![0.25_f32, 0.0, 0.0, 0.25]));
        let error = pixels(raw(Values::from(vec![0_u16; 3]), 3), &range).unwrap_err();
        assert!(error.contains("2 pairs") && error.contains("3 channel"), "{error}");
    }

    #[test]
    fn one_range_holds_for_all_channels_and_keeps_what_bytes_distinguish() {
        let all = Values::from((0..=255).collect::<Vec<u8>>());
        assert_eq!(mapped(all.clone(), 1, &Range::Between(vec![[0.0, 255.0]])), all);
        let Values::Words(words) = mapped(all, 1, &Range::Between(vec![[100.0, 110.0]])) else {
            panic!("ten levels of bytes need more than bytes between them")
        };
        assert_eq!((words[99], words[100], words[105], words[110]), (0, 0, 32768, 65535));
    }

    #[test]
    fn measurements_are_shown_in_false_color() {
        let shown_of = |values: Values<'static>, channels, range: &Range| {
            let pixels = shown(raw(values, channels), range).unwrap();
            (pixels.channels, pixels.data.bytes().unwrap().to_vec())
        };
        // The first three of four channels, each from its least to its most.
        let four = Values::from(vec![0_u16, 100, 7, 9, 50, 300, 7, 9, 100, 200, 7, 9]);
        assert_eq!(shown_of(four.clone(), 4, &Range::Auto), (3, vec![0, 0, 0, 128, 255, 0, 255, 128, 0]));
        let range = Range::Between(vec![[0.0, 200.0]]);
        assert_eq!(shown_of(four.clone(), 4, &range), (3, vec![0, 128, 9, 64, 255, 9, 128, 255, 9]));
        // A range of other channels says nothing.
        let two = Range::Between(vec![[0.0, 1.0], [0.0, 1.0]]);
        assert_eq!(shown_of(four.clone(), 4, &two), shown_of(four, 4, &Range::Auto));
        // Of two channels the first is gray, and of floats that have no white the percentiles are.
        let floats = Values::from(vec![-500.0_f32, 1.0, 1500.0, 1.0]);
        assert_eq!(shown_of(floats, 2, &Range::Auto), (3, vec![0, 0, 0, 255, 255, 255]));
    }

    #[test]
    fn a_known_white_goes_before_that_of_the_image() {
        let dark = || Values::from(vec![0_u16, 200]);
        let known = Range::Whites(Whites { words: BTreeMap::from([(65535, 4095)]), floats: Some(255.0) });
        // Alone it would be taken for 8 bits.
        assert_eq!(mapped(dark(), 1, &Range::Auto), Values::from(vec![0_u16, 51400]));
        assert_eq!(mapped(dark(), 1, &known), Values::from(vec![0_u16, 3201]));
        assert_eq!(mapped(Values::from(vec![0.0_f32, 1.0]), 1, &known), Values::from(vec![0.0, 1.0 / 255.0]));
        // The file's own word counts more.
        let told = Raw { white: Some(400), ..raw(dark(), 1) };
        assert_eq!(pixels(told, &known).unwrap().0.data, Values::from(vec![0_u16, 32768]));
    }
}
