//! Values of any depth as shades of 8 bits.
//!
//! What a file calls 16 bits often holds fewer: cameras and scanners of 12 bits write words whose upper bits are empty. Taken
//! by the letter, such a picture is black. So the white of words is the largest value of as many bits as are in use, out of
//! 8, 12 and 16, unless the file says where white is; and wherever that is not by the letter, it is said.

use super::Notes;

/// Which value is white, and what to say of it. `largest` is the largest value; `full` the largest that the type allows.
pub(crate) fn white_of_words(largest: u32, full: u32) -> (u32, Notes) {
    match largest {
        1..=0xFF if full > 0xFF => (0xFF, Notes::EIGHT_BITS),
        0x100..=0xFFF if full > 0xFFF => (0xFFF, Notes::TWELVE_BITS),
        // All of the range that is there, or all black.
        _ => (full, Notes::default()),
    }
}

/// What to say of words whose white is this one.
pub(super) fn said_of_words(white: u32, full: u32) -> Notes {
    match white {
        0xFF if full > 0xFF => Notes::EIGHT_BITS,
        0xFFF if full > 0xFFF => Notes::TWELVE_BITS,
        _ => Notes::default(),
    }
}

/// What to say of floats whose white is this one.
pub(super) fn said_of_floats(white: f32) -> Notes {
    match white {
        255.0 => Notes::FLOATS_TO_255,
        4095.0 => Notes::FLOATS_TO_4095,
        65535.0 => Notes::FLOATS_TO_65535,
        _ => Notes::default(),
    }
}

/// Which value of floats is white: 1, 255, 4095 or 65535, and what to say of it.
///
/// # Errors
/// Where values are negative or larger than that, so that nobody can tell what is black and white.
pub(crate) fn white_of_floats(values: &[f32]) -> Result<(f32, Notes), String> {
    let (mut low, mut high, mut strange) = (f32::INFINITY, f32::NEG_INFINITY, false);
    for &value in values {
        if value.is_finite() {
            low = low.min(value);
            high = high.max(value);
        } else {
            strange = true;
        }
    }
    if low > high {
        return Err("all of its floating-point values are infinite or not numbers".to_owned());
    }
    let notes = if strange { Notes::NOT_NUMBERS } else { Notes::default() };
    // Resampling overshoots a little, and a picture of 0 to 255 whose brightest value is 2 is none.
    let (white, said) = match high {
        ..=2.0 => (1.0, Notes::default()),
        ..=300.0 => (255.0, Notes::FLOATS_TO_255),
        ..=4500.0 => (4095.0, Notes::FLOATS_TO_4095),
        ..=66000.0 => (65535.0, Notes::FLOATS_TO_65535),
        _ => return Err(no_range(low, high)),
    };
    if low < -0.1 * white { Err(no_range(low, high)) } else { Ok((white, notes | said)) }
}

fn no_range(low: f32, high: f32) -> String {
    format!(
        "its floating-point values go from {low} to {high}, which does not tell what is black and what is white; say it by \
         `range: [low, high]` or `range: \"percentile\"` of the dataset, or rescale them to 0..1 and save the image again"
    )
}

/// `round(value * 255 / white)`, at most 255.
pub(super) fn words(values: &[u16], white: u32) -> Vec<u8> {
    if white == 65535 {
        // The same in fewer steps: `value / 257` rounded.
        return values.iter().map(|&value| ((u32::from(value) + 128) / 257) as u8).collect();
    }
    let white = white.max(1);
    values.iter().map(|&value| ((u32::from(value) * 255 + white / 2) / white).min(255) as u8).collect()
}

/// The same for floats; what is no number is black.
pub(super) fn floats(values: &[f32], white: f32) -> Vec<u8> {
    // `as` saturates and turns NaN into 0.
    values.iter().map(|value| (value * 255.0 / white).round() as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_round_to_the_nearest_of_eight() {
        for white in [255_u32, 4095, 65535] {
            for value in 0..=white as u16 {
                let exact = (f64::from(value) * 255.0 / f64::from(white)).round() as u8;
                assert_eq!(words(&[value], white), [exact], "{value} of {white}");
            }
        }
    }

    #[test]
    fn white_is_the_largest_value_of_the_bits_in_use() {
        let white = |largest| white_of_words(largest, 65535).0;
        assert_eq!(
            [0, 1, 255, 256, 4080, 4095, 4096, 65535].map(white),
            [65535, 255, 255, 4095, 4095, 4095, 65535, 65535]
        );
        assert_eq!(white_of_words(200, 255), (255, Notes::default()));
        assert!(white_of_words(4080, 65535).1.in_words()[0].contains("12 bits"));
    }

    #[test]
    fn floats_are_scaled_by_what_they_reach_and_clamped() {
        let white = |values: &[f32]| white_of_floats(values).map(|(white, _)| white);
        assert_eq!(white(&[0.0, 0.5, 1.0]), Ok(1.0));
        assert_eq!(white(&[-0.02, 1.1]), Ok(1.0));
        assert_eq!(white(&[0.0, 254.5]), Ok(255.0));
        assert_eq!(white(&[0.0, 4080.0]), Ok(4095.0));
        assert_eq!(white(&[7.0, 60000.0, f32::NAN]), Ok(65535.0));
        assert!(white(&[-1000.0, 3000.0]).unwrap_err().contains("from -1000 to 3000"));
        assert!(white(&[0.0, 1e9]).is_err() && white(&[f32::NAN]).is_err());
        assert_eq!(floats(&[-1.0, 0.0, 0.5, 1.0, 7.0, f32::NAN], 1.0), [0, 0, 128, 255, 255, 0]);
        assert_eq!(floats(&[0.0, 127.0, 255.0], 255.0), [0, 127, 255]);
    }
}
