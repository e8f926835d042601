//! Files with too little in them that end as whole ones do.

use super::*;

/// A JPEG's bytes up to a share of those after the first scan's header, and an end marker.
fn cut_with_an_end(whole: &[u8], share: f64) -> Vec<u8> {
    let scan = whole.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    let data = scan + 2 + usize::from(u16::from_be_bytes([whole[scan + 2], whole[scan + 3]]));
    let end = data + ((whole.len() - 2 - data) as f64 * share) as usize;
    // Not between an FF and what belongs to it.
    let end = if whole[end - 1] == 0xFF { end - 1 } else { end };
    [&whole[..end], &[0xFF, 0xD9]].concat()
}

#[test]
fn an_end_marker_behind_half_a_jpeg_makes_it_no_whole_one() {
    for name in ["plain.jpg", "progressive.jpg", "exif6.jpg", "cmyk.jpg"] {
        let whole = fixture(name);
        assert!(decode(&whole, None).is_ok(), "{name}");
        if name == "progressive.jpg" {
            // Cut inside its first scan; later scans only refine, and leaving them out is allowed.
            assert!(decode(&cut_with_an_end(&whole, 0.05), None).is_err(), "{name}");
            continue;
        }
        for percent in [0, 10, 50, 90] {
            let cut = cut_with_an_end(&whole, f64::from(percent) / 100.0);
            let error = decode(&cut, None).unwrap_err();
            assert!(error.contains("truncated"), "{name} at {percent} %: {error}");
        }
    }
}

/// Where the restart markers of a JPEG stand.
fn restarts(bytes: &[u8]) -> Vec<usize> {
    let scan = bytes.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    (scan..bytes.len() - 1).filter(|&at| bytes[at] == 0xFF && (0xD0..=0xD7).contains(&bytes[at + 1])).collect()
}

#[test]
fn a_piece_between_restart_markers_may_not_be_missing() {
    for name in ["restarts.jpg", "restarts-gray.jpg", "restarts-progressive.jpg"] {
        let whole = fixture(name);
        assert!(decode(&whole, None).is_ok(), "{name}");
        let places = restarts(&whole);
        // Three intervals; and eight, after which the markers count on as if nothing was missing.
        for (first, last) in [(2, 5), (3, 11)] {
            let cut = [&whole[..places[first]], &whole[places[last]..]].concat();
            let error = decode(&cut, None).unwrap_err();
            assert!(error.contains("restart markers"), "{name} {first} to {last}: {error}");
        }
    }
    // Markers that were announced and never written say nothing.
    let whole = fixture("plain.jpg");
    let at = whole.windows(2).position(|pair| pair == [0xFF, 0xDA]).unwrap();
    assert!(restarts(&whole).is_empty());
    let announced = [&whole[..at], &[0xFF, 0xDD, 0, 4, 0, 1], &whole[at..]].concat();
    assert!(restarts::check(&announced).is_ok());
}

#[test]
fn jpegs_of_all_sizes_are_whole() {
    // Every number of blocks at the end of the data, gray and colored, flat and busy.
    for side in 1..=40 {
        for busy in [0, 1] {
            let color = image::RgbImage::from_fn(side, 41 - side, |x, y| {
                let value = |k: u32| (busy * (x * 37 * k + y * 91) % 256) as u8;
                image::Rgb([value(1), value(2), value(3)])
            });
            let gray = DynamicImage::ImageRgb8(color.clone()).into_luma8();
            for image in [DynamicImage::ImageRgb8(color), DynamicImage::ImageLuma8(gray)] {
                let bytes = encode(image.clone(), ImageFormat::Jpeg);
                let ours = decode(&bytes, None).unwrap();
                let theirs = image::load_from_memory(&bytes).unwrap();
                assert_eq!(ours.data.as_ref(), theirs.as_bytes(), "{side} {busy}: as image's own reader has it");
                // Cameras put bytes between segments, which only strict readers mind.
                let second = 4 + usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
                let junk = [&bytes[..second], &[0, 1, 2, 3, 4, 5, 6], &bytes[second..]].concat();
                assert_eq!(decode(&junk, None), Ok(ours), "{side} {busy}");
            }
        }
    }
}

/// A PNG whose compressed data were cut, with correct checksums and an end.
fn png_with_a_hole(whole: &[u8]) -> Vec<u8> {
    let at = whole.windows(4).position(|name| name == b"IDAT").unwrap();
    let len = u32::from_be_bytes(whole[at - 4..at].try_into().unwrap()) as usize;
    let mut cut = whole[..at - 4].to_vec();
    let half = &whole[at + 4..at + 4 + len / 2];
    cut.extend((half.len() as u32).to_be_bytes());
    let data = [b"IDAT", half].concat();
    cut.extend(&data);
    cut.extend(crc32(&data).to_be_bytes());
    cut.extend(&whole[at + 4 + len + 4..]);
    cut
}

#[test]
fn other_formats_with_a_hole_and_an_end_are_no_whole_ones_either() {
    let busy =
        image::RgbImage::from_fn(60, 60, |x, y| image::Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, (x ^ y) as u8]));
    let png = encode(busy.clone(), ImageFormat::Png);
    assert!(decode(&png_with_a_hole(&png), None).is_err(), "PNG");

    let gif = encode(busy.clone(), ImageFormat::Gif);
    let cut = [&gif[..gif.len() / 2], &[0, 0x3B]].concat();
    assert!(decode(&gif, None).is_ok() && decode(&cut, None).is_err(), "GIF");

    let webp = fixture("lossy.webp");
    let mut cut = webp[..webp.len() * 2 / 3].to_vec();
    let len = cut.len() as u32;
    cut[4..8].copy_from_slice(&(len - 8).to_le_bytes());
    cut[16..20].copy_from_slice(&(len - 20).to_le_bytes());
    assert!(decode(&cut, None).is_err(), "WebP");

    let bmp = encode(busy, ImageFormat::Bmp);
    assert!(decode(&bmp[..bmp.len() / 2], None).is_err(), "BMP");
}

#[test]
fn what_is_no_image_is_told_by_its_first_bytes() {
    let error = |bytes: &[u8]| decode(bytes, None).unwrap_err();
    assert!(error(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").contains("HEIC"));
    assert!(error(b"\0\0\0\x18ftypavif\0\0\0\0mif1").contains("AVIF"));
    assert!(error(&[&[0; 128], b"DICM".as_slice()].concat()).contains("DICOM"));
    assert!(error(b"version https://git-lfs.github.com/spec/v1\noid sha256:0").contains("git lfs pull"));
    assert!(error(b"<!DOCTYPE html><html>").contains("web page"));
    assert!(error(&[0; 4000]).contains("nothing but zeros"));
    assert!(error(b"<?xml version=\"1.0\"?><svg>").contains("SVG"));
}
