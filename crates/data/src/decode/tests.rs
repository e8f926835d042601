//! Pictures written by other programs against what Pillow reads of them.

mod holes;
mod tiffs;

use std::borrow::Cow;

use image::{DynamicImage, ImageBuffer, ImageFormat, LumaA, Rgba};
use proptest::prelude::*;

use super::*;
use crate::test_images::{color, encode, fixture, grey, write};

const QUARTERS: [[u8; 3]; 4] = [[200, 30, 40], [20, 180, 60], [30, 40, 220], [250, 250, 250]];

/// A picture as a screen shows it.
#[derive(Debug, PartialEq)]
struct Shown {
    width: usize,
    height: usize,
    channels: usize,
    data: Cow<'static, [u8]>,
}

fn shown_of(pixels: Pixels<'static>) -> Shown {
    let Pixels { width, height, channels, data } = pixels.at_depth(Depth::Bytes);
    let Values::Bytes(data) = data else { panic!("bytes were asked for") };
    Shown { width, height, channels, data }
}

fn decode(bytes: &[u8], channels: Option<u8>) -> Result<Shown, String> {
    super::decode(bytes, &Channels::of(channels), &Range::Auto).map(shown_of)
}

fn decode_noted(bytes: &[u8]) -> Result<(Shown, Notes), String> {
    let (pixels, notes) = pixels(read(bytes, &Channels::Auto)?, &Range::Auto)?;
    Ok((shown_of(pixels), notes))
}

/// The colors near the four corners: top left, top right, bottom left, bottom right.
fn corners(pixels: &Shown) -> [[u8; 3]; 4] {
    let at = |x: usize, y: usize| {
        let start = (y * pixels.width + x) * 3;
        [pixels.data[start], pixels.data[start + 1], pixels.data[start + 2]]
    };
    let (right, bottom) = (pixels.width - 3, pixels.height - 3);
    [at(2, 2), at(right, 2), at(2, bottom), at(right, bottom)]
}

#[track_caller]
fn check_quarters(name: &str, expected: [[u8; 3]; 4], tolerance: u8) {
    let pixels = decode(&fixture(name), Some(3)).unwrap();
    for (found, expected) in corners(&pixels).iter().flatten().zip(expected.iter().flatten()) {
        assert!(found.abs_diff(*expected) <= tolerance, "{name}: {:?}", corners(&pixels));
    }
}

#[test]
fn files_of_other_programs_decode_to_what_pillow_sees() {
    for name in ["palette.png", "lossless.webp", "deflate.tif"] {
        check_quarters(name, QUARTERS, 0);
    }
    check_quarters("cmyk.tif", QUARTERS, 1);
    for name in ["plain.jpg", "progressive.jpg", "cmyk.jpg", "lossy.webp"] {
        check_quarters(name, QUARTERS, 2);
    }
    // The first frame, in the web palette Pillow chose for it.
    check_quarters("two-frames.gif", [[204, 51, 51], [0, 204, 51], [51, 51, 204], [255; 3]], 0);
    // Bits: three dark quarters and a light one.
    for name in ["one-bit.png", "bits.pbm"] {
        check_quarters(name, [[0; 3], [0; 3], [0; 3], [255; 3]], 0);
    }
    // The transparent color of the palette becomes white.
    check_quarters("palette-transparent.png", [[255; 3], QUARTERS[1], QUARTERS[2], QUARTERS[3]], 0);
}

#[test]
fn pictures_lying_on_their_side_are_turned() {
    let pixels = decode(&fixture("exif6.jpg"), None).unwrap();
    assert_eq!((pixels.width, pixels.height), (32, 48));
    check_quarters("exif6.jpg", [QUARTERS[2], QUARTERS[0], QUARTERS[3], QUARTERS[1]], 2);
}

#[test]
fn sixteen_bits_use_the_whole_range() {
    let pixels = decode(&fixture("grey16.tif"), None).unwrap();
    let expected: Vec<u8> = (0..192_u32).map(|i| (f64::from(i * 343) * 255.0 / 65535.0).round() as u8).collect();
    assert_eq!((pixels.channels, pixels.data.as_ref()), (1, expected.as_slice()));

    let deep = ImageBuffer::from_fn(3, 2, |x, y| image::Luma([x as u16 * 20_000 + y as u16]));
    let bytes = encode(DynamicImage::ImageLuma16(deep), ImageFormat::Png);
    assert_eq!(decode(&bytes, Some(1)).unwrap().data.as_ref(), [0, 78, 156, 0, 78, 156]);
    // Not rounded to bytes on the way.
    let words = decode_bytes(&bytes, None).unwrap();
    assert_eq!(words.data, Values::from(vec![0_u16, 20_000, 40_000, 1, 20_001, 40_001]));
}

#[test]
fn transparency_is_a_channel_where_channels_are_chosen() {
    let glass = ImageBuffer::from_fn(2, 1, |x, _| Rgba([10, 20, 30, if x == 0 { 0 } else { 255 }]));
    let bytes = encode(DynamicImage::ImageRgba8(glass), ImageFormat::Png);
    let these = |names: &[&str]| {
        Channels::These(names.iter().map(|name| crate::ChannelName::Name((*name).to_owned())).collect())
    };
    let chosen = super::decode(&bytes, &these(&["alpha", "Red"]), &Range::Auto).unwrap();
    assert_eq!((chosen.channels, chosen.data), (2, Values::from(vec![0_u8, 10, 255, 10])));
    let reason = super::decode(&bytes, &these(&["nir"]), &Range::Auto).unwrap_err();
    assert_eq!(reason, "it has no channel \"nir\", but 4 channels (red, green, blue, alpha)");
    assert_eq!(outline(&bytes, &these(&["alpha"])).unwrap().channels, 1);
    assert_eq!(outline(&bytes, &Channels::Auto).unwrap().channels, 3);
    assert!(super::decode(&bytes, &Channels::Pages, &Range::Auto).unwrap_err().contains("TIFF"));
}

#[test]
fn lossless_formats_return_the_pixels() {
    let (grey, color) = (grey(7, 5, 1), color(7, 5, 2));
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::Pnm] {
        let pixels = decode(&encode(color.clone(), format), None).unwrap();
        assert_eq!((pixels.width, pixels.height, pixels.channels), (7, 5, 3), "{format:?}");
        assert_eq!(pixels.data.as_ref(), color.as_raw().as_slice(), "{format:?}");
        let pixels = decode(&encode(grey.clone(), format), Some(1)).unwrap();
        assert_eq!(pixels.data.as_ref(), grey.as_raw().as_slice(), "{format:?}");
    }
}

#[test]
fn channels_are_what_was_asked_for() {
    let (grey, color) = (encode(grey(4, 3, 1), ImageFormat::Png), encode(color(4, 3, 1), ImageFormat::Png));
    assert_eq!(decode(&grey, None).unwrap().channels, 1);
    assert_eq!(decode(&color, None).unwrap().channels, 3);
    let one = decode(&grey, None).unwrap();
    let three = decode(&grey, Some(3)).unwrap();
    assert!(three.data.chunks(3).zip(one.data.iter()).all(|(pixel, &value)| pixel == [value; 3]));
    assert_eq!(decode(&color, Some(1)).unwrap().data.len(), 12);
    assert!(
        decode_bytes(&grey, Some(4)).unwrap_err().to_string().contains("1 channel (gray), and `channels` asks for 4")
    );
}

#[test]
fn transparency_is_white_paper() {
    let glass = ImageBuffer::from_fn(2, 1, |x, _| Rgba([10, 20, 30, if x == 0 { 0 } else { 255 }]));
    let pixels = decode(&encode(DynamicImage::ImageRgba8(glass), ImageFormat::Png), None).unwrap();
    assert_eq!(pixels.data.as_ref(), [255, 255, 255, 10, 20, 30]);
    let glass = ImageBuffer::from_fn(2, 1, |x, _| LumaA([10, if x == 0 { 51 } else { 255 }]));
    let pixels = decode(&encode(DynamicImage::ImageLumaA8(glass), ImageFormat::Png), None).unwrap();
    // (10 * 51 + 255 * 204) / 255
    assert_eq!((pixels.channels, pixels.data.as_ref()), (1, [206, 10].as_slice()));
}

#[test]
fn what_is_no_image_says_so() {
    assert_eq!(decode(b"", None).unwrap_err(), "the file is empty");
    assert!(decode(b"hello, world, this is text", None).unwrap_err().contains("not an image in a known format"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.png");
    assert!(decode_file(&path, None).unwrap_err().to_string().contains("cannot read"));
    write(&path, "text");
    assert!(decode_file(&path, None).unwrap_err().to_string().contains("x.png: not an image"));
}

#[test]
fn every_cut_jpeg_is_truncated() {
    for name in ["plain.jpg", "progressive.jpg", "exif6.jpg", "cmyk.jpg"] {
        let whole = fixture(name);
        for cut in 0..whole.len() {
            assert!(decode(&whole[..cut], None).is_err(), "{name} cut at {cut} of {}", whole.len());
        }
        // Cameras and web servers append things.
        assert!(decode(&[whole, vec![0; 7]].concat(), None).is_ok());
    }
}

#[test]
fn no_cut_file_passes_for_another_image() {
    for name in ["palette.png", "lossless.webp", "lossy.webp", "deflate.tif", "two-frames.gif", "bits.pbm"] {
        let whole = fixture(name);
        let image = decode(&whole, None).unwrap();
        for cut in 0..whole.len() {
            // Trailing bytes may be dispensable, pixels are not.
            if let Ok(found) = decode(&whole[..cut], None) {
                assert!(found == image, "{name} cut at {cut} of {}", whole.len());
            }
        }
    }
}

#[test]
fn a_bomb_does_not_go_off() {
    // A PNG header that announces 2^31 - 1 squared pixels, with its correct checksum.
    let mut png = encode(grey(1, 1, 0), ImageFormat::Png);
    png[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let error = decode(&png, None).unwrap_err();
    assert!(error.contains("limit") || error.contains("Limits") || error.contains("memory"), "{error}");
    // 60000 x 60000 in a header of 15 bytes.
    let error = decode(b"P5\n60000 60000\n255\n", None).unwrap_err();
    assert!(error.contains("limit") || error.contains("memory"), "{error}");
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn png_round_trips(width in 1_u32..40, height in 1_u32..40, seed in 0_u32..1000) {
        let image = color(width, height, seed);
        let pixels = decode(&encode(image.clone(), ImageFormat::Png), None).unwrap();
        prop_assert_eq!(pixels.data.as_ref(), image.as_raw().as_slice());
    }

    #[test]
    fn damaged_bytes_never_panic(which in 0_usize..12, at in 0.0..1.0_f64, flip in 1_u8..=255, cut in 0.0..1.0_f64) {
        let name = ["plain.jpg", "progressive.jpg", "cmyk.jpg", "exif6.jpg", "palette.png", "one-bit.png", "lossless.webp",
            "lossy.webp", "two-frames.gif", "deflate.tif", "cmyk.tif", "bits.pbm"][which];
        let mut bytes = fixture(name);
        let at = (at * bytes.len() as f64) as usize;
        bytes[at] ^= flip;
        let found = decode(&bytes, None);
        prop_assert!(!matches!(&found, Err(reason) if reason.contains("the decoder failed")), "{} byte {}: {:?}", name, at, found);
        if let Ok(pixels) = found {
            prop_assert_eq!(pixels.data.len(), pixels.width * pixels.height * pixels.channels);
        }
        bytes.truncate((cut * bytes.len() as f64) as usize);
        let found = decode(&bytes, None);
        prop_assert!(!matches!(&found, Err(reason) if reason.contains("the decoder failed")), "{} cut: {:?}", name, found);
    }
}
