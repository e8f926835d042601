//! Files that pydicom has written; `fixtures/README.md` says what they hold.

use proptest::prelude::*;

use super::*;
use crate::{
    decode::{Depth, outline, pixels, read},
    reading::Range,
    test_images::fixture,
};

const WIDTH: usize = 12;
const HEIGHT: usize = 10;

fn picture<T>(value: impl Fn(usize, usize) -> T) -> Vec<T> {
    (0..WIDTH * HEIGHT).map(|at| value(at % WIDTH, at / WIDTH)).collect()
}

fn ray(x: usize, y: usize) -> u16 {
    (137 * x + 211 * y) as u16 % 4096
}

#[track_caller]
fn of(name: &str) -> Raw {
    let raw = read(&fixture(name), &Channels::Auto).unwrap();
    let found = outline(&fixture(name), &Channels::Auto).unwrap();
    assert_eq!((found.width as usize, found.height as usize), (raw.width, raw.height), "{name}");
    assert_eq!(found.channels, raw.offered.channels, "{name}");
    let depth = pixels(raw.clone(), &Range::Auto).unwrap().0.data.depth();
    assert_eq!(found.depth, depth, "{name}");
    raw
}

#[test]
fn slope_and_window_say_what_is_black_and_white() {
    let ct = of("ct.dcm");
    let value = |x: usize, y: usize| 2.0 * (61.0 * x as f32 + 97.0 * y as f32 - 300.0) - 500.0;
    // PS3.3 C.11.2.1.2 of center 200 and width 900, the first of two.
    assert_eq!((&ct.values, ct.window), (&Values::from(picture(value)), Some([-250.0, 649.0])));
    let Values::Words(shown) = pixels(ct.clone(), &Range::Auto).unwrap().0.data else { panic!("16 bits") };
    // pydicom.pixels.apply_windowing of pixels 0, 50 and 119: -66036, -41250.7942158 and 65034, in -66036 to 65034.
    assert_eq!((shown[0], shown[50], shown[119]), (0, 12393, 65535));
    let (pixels, notes) = pixels(ct, &Range::Between(vec![[-250.0, 649.0]])).unwrap();
    assert_eq!(notes, Notes::default());
    let Values::Floats(by_range) = pixels.data else { panic!("floats") };
    assert!(by_range.iter().zip(&*shown).all(|(a, b)| (a * 65535.0 - f32::from(*b)).abs() <= 0.51));
}

#[test]
fn what_is_white_where_little_is_stored_is_turned_around() {
    let inverted: Vec<u16> = picture(|x, y| 4095 - ray(x, y));
    let plain = of("ray.dcm");
    assert_eq!((&plain.values, plain.white, plain.window), (&Values::from(inverted.clone()), Some(4095), None));
    let windowed = of("ray-window.dcm");
    // Center 1500 and width 2000, exactly, of what was stored.
    assert_eq!((windowed.values.clone(), windowed.window), (Values::from(inverted), Some([1595.0, 3595.0])));
    let (shown, notes) = pixels(windowed, &Range::Auto).unwrap();
    assert!(notes.in_words()[0].contains("each file's own"));
    let Values::Words(shown) = shown.data else { panic!("16 bits") };
    // pydicom: pixel 50 is 1265.355 of 4095, before it is turned around.
    assert_eq!((shown[0], shown[50]), (65535, 45285));
}

#[test]
fn compressed_files_hold_what_was_put_in() {
    assert_eq!(of("lossless.dcm").values, Values::from(picture(ray)));
    for (name, what) in [("j2k.dcm", "JPEG 2000"), ("deflated.dcm", "deflate")] {
        let reason = read(&fixture(name), &Channels::Auto).unwrap_err();
        assert!(reason.contains(what) && reason.contains("gdcmconv --raw"), "{name}: {reason}");
    }
    let jpeg = of("jpeg.dcm");
    let at = |x: usize, y: usize| jpeg.values.bytes().unwrap()[(y * 16 + x) * 3..][..3].to_vec();
    for ((x, y), color) in [((3, 3), [200, 30, 40]), ((12, 3), [20, 180, 60]), ((3, 12), [30, 40, 220])] {
        assert!(at(x, y).iter().zip(color).all(|(found, color)| found.abs_diff(color) <= 3), "{:?}", at(x, y));
    }
    // A JPEG that would take other memory than its file says.
    let mut bytes = fixture("jpeg.dcm");
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 9].fill(0xFF);
    let reason = read(&bytes, &Channels::Auto).unwrap_err();
    assert!(reason.contains("65535x65535"), "{reason}");
}

#[test]
fn colors_are_colors_however_they_are_stored() {
    let gray = |x: usize, y: usize| (7 * x + 11 * y) % 256;
    let rgb: Vec<u8> = picture(|x, y| [gray(x, y) as u8, 255 - gray(x, y) as u8, (12 * x % 256) as u8])
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(of("planes.dcm").values, Values::from(rgb.clone()));
    for name in ["ybr.dcm", "ybr-rle.dcm"] {
        let found = of(name);
        let found = found.values.bytes().unwrap();
        // Brightness and differences are rounded themselves.
        assert!(found.len() == rgb.len() && found.iter().zip(&rgb).all(|(a, b)| a.abs_diff(*b) <= 2), "{name}");
    }
    let palette = picture(|x, y| {
        let index = (x + y) % 16;
        [(index * 16) as u8, ((65535 - index * 4096) / 256) as u8, index as u8]
    });
    assert_eq!(of("palette.dcm").values, Values::from(palette.into_iter().flatten().collect::<Vec<u8>>()));
}

#[test]
fn frames_are_pages() {
    let frame = |number: usize| picture(move |x, y| ((40 * number + 7 * x + 11 * y) % 256) as u8);
    let first = of("frames.dcm");
    assert_eq!(first.values, Values::from(frame(0)));
    assert!(first.notes.in_words()[0].contains("frames"));
    let all = read(&fixture("frames.dcm"), &Channels::Pages).unwrap();
    assert_eq!(outline(&fixture("frames.dcm"), &Channels::Pages).unwrap().channels, 3);
    for number in 0..3 {
        assert_eq!(all.values.columns(3, &[number]), Values::from(frame(number)));
    }
    let reason = read(&fixture("planes.dcm"), &Channels::Pages).unwrap_err();
    assert!(reason.contains("in color"), "{reason}");
}

#[test]
fn files_without_an_ending_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a/IM0001", "a/1.2.840.113619", "b/ray.dcm", "DICOMDIR"] {
        crate::test_images::write(folder.path().join(name), fixture("ray.dcm"));
    }
    crate::test_images::write(folder.path().join("a/README"), "no image");
    let found = crate::gather(&[folder.path()]).unwrap();
    let names: Vec<_> = found.samples.sources.iter().filter_map(|source| source.name()).collect();
    assert_eq!(names, ["a/1.2.840.113619", "a/IM0001", "b/ray.dcm"]);
    assert_eq!(found.passed_over.iter().map(|passed| passed.count).sum::<usize>(), 2);
    assert_eq!(crate::gather(&[folder.path().join("a/IM0001")]).unwrap().samples.len(), 1);
    let images = crate::Images::load(&found.samples, &crate::LoadOptions::default()).unwrap();
    assert_eq!((images.len(), images.depth()), (3, Depth::Words));
}

#[test]
fn windows_hold_for_their_files_and_a_range_for_all() {
    let source = |name: &str| crate::Source::Bytes { bytes: fixture(name).as_slice().into(), name: None };
    let sources = vec![source("ct.dcm"), source("ray-window.dcm")];
    let samples = crate::Samples { rows: vec![0, 1], labels: vec![None; 2], classes: [].into(), sources };
    let load =
        |range: Range| crate::Images::load(&samples, &crate::LoadOptions { range, ..Default::default() }).unwrap();
    let of_window = load(Range::Auto);
    assert_eq!((of_window.depth(), of_window.remarks().len()), (Depth::Words, 1));
    assert!(of_window.remarks()[0].contains("each file's own"), "{:?}", of_window.remarks());
    // Its black and white say nothing of the others.
    let words = crate::Whites { words: [(65535, 65535)].into(), floats: None };
    assert_eq!(of_window.reading().unwrap().range, Range::Whites(words));
    let by_range = load(Range::Between(vec![[0.0, 4095.0]]));
    assert!(by_range.remarks().is_empty());
    let Values::Floats(values) = &by_range.get(1).unwrap().data else { panic!("as deep as the deepest") };
    assert!((values[0] - 1.0).abs() < 1e-6);
}

#[test]
fn a_cut_file_is_bad_with_a_reason() {
    for name in ["ct.dcm", "ray.dcm", "frames.dcm", "jpeg.dcm", "lossless.dcm"] {
        let whole = fixture(name);
        // The first frame of several is there before their end.
        let late = if name == "frames.dcm" { 600 } else { 20 };
        for cut in [140, whole.len() / 2, whole.len() - late] {
            let reason = read(&whole[..cut], &Channels::Auto).unwrap_err();
            assert!(!reason.is_empty(), "{name} {cut}");
        }
    }
}

proptest! {
    #[test]
    fn damaged_files_are_read_or_refused(which in 0_usize..7, at in 0.0..1.0_f64, value: u8, cut in 0.5..1.0_f64) {
        let names = ["ct.dcm", "ray.dcm", "frames.dcm", "planes.dcm", "palette.dcm", "jpeg.dcm", "lossless.dcm"];
        let mut bytes = fixture(names[which]);
        let place = 132 + (at * (bytes.len() - 132) as f64) as usize;
        bytes[place] = value;
        bytes.truncate((cut * bytes.len() as f64) as usize);
        if let Ok(raw) = read(&bytes, &Channels::Auto) {
            prop_assert_eq!(raw.values.len(), raw.width * raw.height * raw.offered.channels);
        }
        let _ = read(&bytes, &Channels::Pages);
    }
}
