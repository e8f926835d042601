//! Files that pillow-heif has written; `fixtures/README.md` says what they show.

use super::*;
use crate::{
    ChannelName,
    decode::{Values, pixels, read},
    reading::Range,
    test_images::fixture,
};

const QUARTERS: [[u8; 3]; 4] = [[200, 30, 40], [20, 180, 60], [30, 40, 220], [250, 250, 250]];

/// Whether there is anything to test; where not, that it is said what is missing.
fn is_readable() -> bool {
    if !is_there() {
        for name in ["photo.heic", "photo.avif"] {
            let reason = read(&fixture(name), &Channels::Auto).unwrap_err();
            assert!(reason.contains("apt-get install libheif1"), "{name}: {reason}");
        }
    }
    is_there()
}

/// The colors in the middle of each quarter, from 0 to 255.
fn quarters(raw: Raw) -> [[f32; 3]; 4] {
    let (pixels, notes) = pixels(raw, &Range::Auto).unwrap();
    assert_eq!((pixels.channels, notes.in_words()), (3, vec![]));
    let (width, height) = (pixels.width, pixels.height);
    let level = |at: usize| match &pixels.data {
        Values::Bytes(values) => f32::from(values[at]),
        Values::Words(values) => f32::from(values[at]) / 257.0,
        Values::Floats(_) => panic!("no floats"),
    };
    let places = [(1, 1), (3, 1), (1, 3), (3, 3)];
    places.map(|(x, y)| {
        let at = (y * height / 4 * width + x * width / 4) * 3;
        [level(at), level(at + 1), level(at + 2)]
    })
}

#[track_caller]
fn assert_near(found: [[f32; 3]; 4], expected: [[u8; 3]; 4]) {
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!((found - f32::from(*expected)).abs() <= 3.0, "{found} {expected}");
    }
}

#[test]
fn photographs_of_telephones_are_read() {
    if !is_readable() {
        return;
    }
    for (name, depth) in [("photo.heic", Depth::Bytes), ("photo.avif", Depth::Bytes), ("ten.heic", Depth::Words)] {
        let outline = crate::decode::outline(&fixture(name), &Channels::Auto).unwrap();
        assert_eq!(outline, Outline { width: 48, height: 32, channels: 3, depth }, "{name}");
        let raw = read(&fixture(name), &Channels::Auto).unwrap();
        assert_eq!((raw.width, raw.height, raw.values.depth()), (48, 32, depth), "{name}");
        assert_near(quarters(raw), QUARTERS);
    }
    // Turned to the right, as EXIF's 6 says.
    let turned = read(&fixture("turned.heic"), &Channels::Auto).unwrap();
    assert_eq!((turned.width, turned.height), (32, 48));
    assert_near(quarters(turned), [2, 0, 3, 1].map(|quarter| QUARTERS[quarter]));
    // One quarter is not there.
    let cutout = read(&fixture("cutout.heic"), &Channels::Auto).unwrap();
    assert_near(quarters(cutout), [[255; 3], QUARTERS[1], QUARTERS[2], QUARTERS[3]]);
    let alpha = Channels::These(vec![ChannelName::Name("alpha".to_owned())]);
    let alpha = read(&fixture("cutout.heic"), &alpha).unwrap().pick(&alpha).unwrap();
    assert_eq!((alpha.values.bytes().unwrap()[0], alpha.values.bytes().unwrap()[47]), (0, 255));
}

#[test]
fn a_damaged_photograph_is_bad_with_a_reason() {
    if !is_readable() {
        return;
    }
    for name in ["photo.heic", "photo.avif", "turned.heic"] {
        let whole = fixture(name);
        for cut in [40, whole.len() / 2, whole.len() - 30] {
            let reason = read(&whole[..cut], &Channels::Auto).unwrap_err();
            assert!(reason.starts_with("HEIC or AVIF: "), "{name} {cut}: {reason}");
        }
    }
}
