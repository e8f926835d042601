//! TIFF of every kind, held against the values that were put in, or against Pillow.

use super::*;

/// Of tags whose values are words.
const SHORT: u16 = 3;

/// A little-endian TIFF of one strip: `tags` are (number, values), of 16 bits each.
fn tiff((width, height): (u32, u32), tags: &[(u16, &[u16])], strip: &[u8]) -> Vec<u8> {
    let mut entries: Vec<(u16, u16, Vec<u8>)> = vec![
        (256, 4, width.to_le_bytes().to_vec()),
        (257, 4, height.to_le_bytes().to_vec()),
        (273, 4, 8_u32.to_le_bytes().to_vec()),
        (279, 4, (strip.len() as u32).to_le_bytes().to_vec()),
    ];
    entries
        .extend(tags.iter().map(|(tag, values)| (*tag, SHORT, values.iter().flat_map(|v| v.to_le_bytes()).collect())));
    entries.sort_by_key(|(tag, ..)| *tag);
    let mut file = b"II*\0".to_vec();
    let directory = 8 + strip.len().next_multiple_of(2);
    file.extend((directory as u32).to_le_bytes());
    file.extend(strip);
    file.resize(directory, 0);
    let mut further = directory + 2 + 12 * entries.len() + 4;
    let mut values = Vec::new();
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(((value.len() / if kind == SHORT { 2 } else { 4 }) as u32).to_le_bytes());
        if value.len() <= 4 {
            let mut inline = value;
            inline.resize(4, 0);
            file.extend(inline);
        } else {
            file.extend((further as u32).to_le_bytes());
            further += value.len();
            values.extend(value);
        }
    }
    file.extend([0; 4]);
    file.extend(values);
    file
}

const BITS: u16 = 258;
const PHOTOMETRIC: u16 = 262;
const SAMPLES: u16 = 277;
const EXTRA: u16 = 338;
const FORMAT: u16 = 339;

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[track_caller]
fn shown(file: &[u8]) -> (usize, Vec<u8>) {
    let pixels = decode(file, None).unwrap();
    (pixels.channels, pixels.data.into_owned())
}

#[track_caller]
fn refused(file: &[u8], words: &[&str]) {
    let error = decode(file, None).unwrap_err();
    for word in words.iter().chain(&["; "]) {
        assert!(error.contains(word), "{word}: {error}");
    }
    assert!(!error.contains("Unknown("), "{error}");
}

/// The pictures of `fixtures/README.md`.
fn gray() -> Vec<u8> {
    (0..18).flat_map(|y: u32| (0..20).map(move |x| ((7 * x + 11 * y) % 256) as u8)).collect()
}

fn colors() -> Vec<u8> {
    let x = (0..18).flat_map(|_| 0..20_u32);
    gray().into_iter().zip(x).flat_map(|(g, x)| [g, 255 - g, (12 * x % 256) as u8]).collect()
}

#[test]
fn files_of_tifffile_have_the_pixels_that_were_put_in() {
    for (name, expected) in [
        ("planar-tiles.tif", (3, colors())),
        ("big.tif", (3, colors())),
        ("float-predictor.tif", (1, gray())),
        ("half.tif", (1, gray())),
    ] {
        assert_eq!(shown(&fixture(name)), expected, "{name}");
    }
    // Image.open(…).convert("RGB").getpixel(…) of Pillow 13.
    let at = |name: &str, width: usize, x: usize, y: usize| {
        let (channels, data) = shown(&fixture(name));
        assert_eq!(channels, 3);
        <[u8; 3]>::try_from(&data[(y * width + x) * 3..][..3]).unwrap()
    };
    for ((x, y), color) in
        [((0, 0), [23, 232, 45]), ((5, 5), [100, 155, 37]), ((19, 10), [246, 9, 165]), ((10, 17), [21, 234, 194])]
    {
        assert_eq!(at("palette4.tif", 20, x, y), color);
    }
    for ((x, y), color) in
        [((0, 0), [0, 0, 0]), ((5, 5), [59, 71, 61]), ((31, 31), [134, 181, 145]), ((10, 30), [122, 167, 134])]
    {
        let found = at("ycbcr.tif", 32, x, y);
        assert!(found.iter().zip(color).all(|(a, b)| a.abs_diff(b) <= 8), "{x} {y}: {found:?} {color:?}");
    }
}

#[test]
fn depths_below_a_byte_are_spread_over_all_shades() {
    // 2 bits: 0 1 2 3, 3 2 1 0; 4 bits: 0 5 15; 1 bit, white is zero.
    assert_eq!(
        shown(&tiff((4, 2), &[(BITS, &[2]), (PHOTOMETRIC, &[1])], &[0b0001_1011, 0b1110_0100])),
        (1, vec![0, 85, 170, 255, 255, 170, 85, 0])
    );
    assert_eq!(shown(&tiff((3, 1), &[(BITS, &[4]), (PHOTOMETRIC, &[1])], &[0x05, 0xF0])), (1, vec![0, 85, 255]));
    assert_eq!(shown(&tiff((3, 1), &[(BITS, &[1]), (PHOTOMETRIC, &[0])], &[0b0110_0000])), (1, vec![255, 0, 0]));
    // RGB of 4 bits: (15, 0, 5), (1, 2, 3).
    let rgb = tiff((2, 1), &[(BITS, &[4, 4, 4]), (PHOTOMETRIC, &[2]), (SAMPLES, &[3])], &[0xF0, 0x51, 0x23]);
    assert_eq!(shown(&rgb), (3, vec![255, 0, 85, 17, 34, 51]));
    // A palette of four colors.
    let map: Vec<u16> =
        [[0, 255, 10, 20], [1, 0, 30, 40], [2, 128, 50, 60]].iter().flatten().map(|v| v * 257).collect();
    let palette = tiff((3, 1), &[(BITS, &[2]), (PHOTOMETRIC, &[3]), (320, &map)], &[0b0111_1000]);
    assert_eq!(shown(&palette), (3, vec![255, 0, 128, 20, 40, 60, 10, 30, 50]));
}

#[test]
fn twelve_bits_are_no_dark_sixteen() {
    let in_words = tiff((4, 1), &[(BITS, &[16]), (PHOTOMETRIC, &[1])], &words(&[0, 1040, 2048, 4095]));
    assert_eq!(shown(&in_words), (1, vec![0, 65, 128, 255]));
    let (_, notes) = decode_noted(&in_words).unwrap();
    assert!(notes.in_words()[0].contains("12 bits"));
    // All sixteen in use; and a file that says where white is.
    let full = tiff((3, 1), &[(BITS, &[16]), (PHOTOMETRIC, &[1])], &words(&[0, 4095, 65535]));
    assert_eq!((shown(&full), decode_noted(&full).unwrap().1), ((1, vec![0, 16, 255]), Notes::default()));
    let told = tiff((2, 1), &[(BITS, &[16]), (PHOTOMETRIC, &[1]), (341, &[1000])], &words(&[500, 1000]));
    assert_eq!((shown(&told), decode_noted(&told).unwrap().1), ((1, vec![128, 255]), Notes::default()));
    // Packed: 0, 4095, 2048 in 36 bits.
    let packed = tiff((3, 1), &[(BITS, &[12]), (PHOTOMETRIC, &[1])], &[0x00, 0x0F, 0xFF, 0x80, 0x00]);
    assert_eq!(shown(&packed), (1, vec![0, 255, 128]));
    // The same of PNG.
    let deep = ImageBuffer::from_fn(3, 1, |x, _| image::Luma([[0_u16, 2048, 4095][x as usize]]));
    let png = encode(DynamicImage::ImageLuma16(deep), ImageFormat::Png);
    assert_eq!(shown(&png), (1, vec![0, 128, 255]));
}

#[test]
fn floats_are_taken_by_what_they_reach() {
    let float = |values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        tiff(
            (values.len() as u32 / 3, 1),
            &[(BITS, &[32; 3]), (PHOTOMETRIC, &[2]), (SAMPLES, &[3]), (FORMAT, &[3; 3])],
            &bytes,
        )
    };
    assert_eq!(shown(&float(&[0.0, 0.5, 1.0])), (3, vec![0, 128, 255]));
    assert_eq!(shown(&float(&[0.0, 100.0, 255.0])), (3, vec![0, 100, 255]));
    refused(&float(&[-500.0, 0.0, 3000.0]), &["from -500 to 3000", "range: [low, high]"]);
    let told =
        super::super::decode(&float(&[-500.0, 0.0, 3000.0]), &Channels::Auto, &Range::Between(vec![[-500.0, 3500.0]]));
    assert_eq!(told.unwrap().data, Values::from(vec![0.0_f32, 0.125, 0.875]));
}

#[test]
fn signed_numbers_are_shades_where_none_is_negative() {
    let signed = |values: &[i16]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        tiff((values.len() as u32, 1), &[(BITS, &[16]), (PHOTOMETRIC, &[1]), (FORMAT, &[2])], &bytes)
    };
    assert_eq!(shown(&signed(&[0, 51, 255])), (1, vec![0, 51, 255]));
    assert_eq!(shown(&signed(&[0, 32767])), (1, vec![0, 255]));
    // Hounsfield units: nobody can tell what is black, until somebody says it.
    let reason = decode(&signed(&[-1024, 3000]), None).unwrap_err();
    assert!(reason.contains("from -1024 to 3000") && reason.contains("range"), "{reason}");
    let told =
        super::super::decode(&signed(&[-1024, 476, 3000]), &Channels::Auto, &Range::Between(vec![[-1024.0, 1976.0]]));
    assert_eq!(told.unwrap().data, Values::from(vec![0.0_f32, 0.5, 1.0]));
}

#[test]
fn transparency_is_laid_onto_white_once() {
    let file = |color: u16, extra: &[u16], samples: u16, data: &[u8]| {
        let bits = vec![8; usize::from(samples)];
        tiff((1, 1), &[(BITS, &bits), (PHOTOMETRIC, &[color]), (SAMPLES, &[samples]), (EXTRA, extra)], data)
    };
    // 100 at alpha 51 of 255: a fifth of it and four fifths of white.
    assert_eq!(shown(&file(2, &[2], 4, &[100, 0, 255, 51])), (3, vec![224, 204, 255]));
    assert_eq!(shown(&file(2, &[1], 4, &[20, 0, 51, 51])), (3, vec![224, 204, 255]));
    assert_eq!(shown(&file(1, &[2], 2, &[100, 51])), (1, vec![224]));
    assert_eq!(shown(&file(1, &[1], 2, &[20, 51])), (1, vec![224]));
    // A fourth channel that is something else, such as infrared, is a channel; beside color it can be left out.
    let infrared = file(2, &[0], 4, &[100, 0, 255, 51]);
    assert_eq!(shown(&infrared), (4, vec![100, 0, 255, 51]));
    let three = read(&infrared, &Channels::Count(3)).unwrap().pick(&Channels::Count(3)).unwrap();
    assert_eq!(three.values, Values::from(vec![100_u8, 0, 255]));
    assert!(three.notes.in_words()[0].contains("left out"));
    // Transparency among further channels is none to lay anything by.
    let both = file(2, &[2, 0], 5, &[100, 0, 255, 51, 7]);
    assert_eq!(shown(&both), (4, vec![100, 0, 255, 7]));
    assert!(decode_noted(&both).unwrap().1.in_words()[0].contains("left out"));
}

#[test]
fn bits_may_be_filled_from_below() {
    let bits = tiff((10, 1), &[(BITS, &[1]), (PHOTOMETRIC, &[1]), (266, &[2])], &[0b0000_0101, 0b0000_0010]);
    assert_eq!(shown(&bits), (1, vec![255, 0, 255, 0, 0, 0, 0, 0, 0, 255]));
    let bytes = tiff((2, 1), &[(BITS, &[8]), (PHOTOMETRIC, &[1]), (266, &[2])], &[0b0000_0001, 0b1000_0000]);
    assert_eq!(shown(&bytes), (1, vec![128, 1]));
}

#[test]
fn colors_of_print_and_video_are_converted() {
    let file = |color: u16, data: &[u8], more: &[(u16, &[u16])]| {
        let samples = data.len() as u16;
        let bits = vec![8; data.len()];
        let mut tags: Vec<(u16, &[u16])> =
            vec![(BITS, &bits), (PHOTOMETRIC, std::slice::from_ref(&color)), (SAMPLES, std::slice::from_ref(&samples))];
        tags.extend(more);
        tiff((1, 1), &tags, data)
    };
    assert_eq!(shown(&file(5, &[255, 0, 0, 0], &[])), (3, vec![0, 255, 255]));
    assert_eq!(shown(&file(5, &[0, 0, 0, 255], &[])), (3, vec![0, 0, 0]));
    // Image.new("YCbCr", (1, 1), (76, 85, 255)).convert("RGB") of Pillow is (254, 0, 0).
    let (_, rgb) = shown(&file(6, &[76, 85, 255], &[(530, &[1, 1])]));
    assert!(rgb.iter().zip([254_u8, 0, 0]).all(|(a, b)| a.abs_diff(b) <= 1), "{rgb:?}");
    refused(&file(6, &[76, 85, 255], &[]), &["YCbCr", "fewer samples of color"]);
}

#[test]
fn what_cannot_be_shown_says_what_it_is_and_what_helps() {
    let bits = |n: usize| vec![8_u16; n];
    refused(&tiff((1, 1), &[(BITS, &bits(3)), (PHOTOMETRIC, &[8]), (SAMPLES, &[3])], &[0; 3]), &["L*a*b*"]);
    refused(&tiff((1, 1), &[(BITS, &[8]), (PHOTOMETRIC, &[32803])], &[0]), &["camera"]);
    refused(&tiff((1, 1), &[(BITS, &[8]), (PHOTOMETRIC, &[1]), (259, &[34925])], &[0]), &["LZMA"]);
    refused(
        &tiff((1, 1), &[(BITS, &[8, 16, 8]), (PHOTOMETRIC, &[2]), (SAMPLES, &[3])], &[0; 4]),
        &["different depths"],
    );
    let error = decode(&tiff((60000, 60000), &[(BITS, &[8]), (PHOTOMETRIC, &[1])], &[0]), None).unwrap_err();
    assert!(error.contains("limit"), "{error}");
    let error = decode(&tiff((30, 30), &[(BITS, &[8]), (PHOTOMETRIC, &[1])], &[0; 400]), None).unwrap_err();
    assert!(error.contains("truncated"), "{error}");
}

#[test]
fn bands_are_channels_with_their_numbers_and_names() {
    // Five bands of two pixels, 16 bits, not a photograph's.
    let values: Vec<u16> = (0..10).map(|value| value * 1000).collect();
    let bits = [16; 5];
    let tags: &[(u16, &[u16])] = &[(BITS, &bits), (PHOTOMETRIC, &[1]), (SAMPLES, &[5]), (EXTRA, &[0; 4])];
    let file = tiff((2, 1), tags, &words(&values));
    let all = read(&file, &Channels::Auto).unwrap();
    assert_eq!((all.offered.channels, all.values), (5, Values::from(values)));
    let numbers =
        |numbers: &[usize]| Channels::These(numbers.iter().copied().map(crate::ChannelName::Number).collect());
    let chosen = super::super::decode(&file, &numbers(&[5, 1]), &Range::Between(vec![[0.0, 10000.0]])).unwrap();
    // 4000, 0; 9000, 5000 of 10000.
    assert_eq!((chosen.channels, chosen.data), (2, Values::from(vec![26214_u16, 0, 58982, 32768])));
    assert_eq!(outline(&file, &numbers(&[5, 1])).unwrap().channels, 2);
    assert_eq!(
        outline(&file, &Channels::Auto).unwrap(),
        Outline { width: 2, height: 1, channels: 5, depth: Depth::Words }
    );
    let reason = super::super::decode(&file, &numbers(&[6]), &Range::Auto).unwrap_err();
    assert!(reason.contains("no channel 6, but 5 channels without names"), "{reason}");
}

#[test]
fn files_of_tifffile_and_gdal_name_their_channels() {
    let names = |name: &str, channels: &Channels| read(&fixture(name), channels).unwrap().offered.names;
    assert_eq!(names("bands.tif", &Channels::Auto), ["red", "green", "blue", "nir"]);
    assert_eq!(names("pages.tif", &Channels::Pages), ["DAPI", "GFP", "RFP"]);
    let pages = read(&fixture("pages.tif"), &Channels::Pages).unwrap();
    // numpy: 100 * page + 10 * y + x, of 4 x 3 pixels.
    let expected: Vec<u16> =
        (0..12).flat_map(|at| (0..3).map(move |page| (100 * page + 10 * (at / 4) + at % 4) as u16)).collect();
    assert_eq!((pages.width, pages.height, pages.values), (4, 3, Values::from(expected)));
    assert_eq!(outline(&fixture("pages.tif"), &Channels::Pages).unwrap().channels, 3);
    // Alone, the first page is the image, and that there are others is said.
    let first = read(&fixture("pages.tif"), &Channels::Auto).unwrap();
    assert!(first.offered.channels == 1 && first.notes.in_words()[0].contains("several pages"));
}

#[test]
fn bands_of_tifffile_have_the_values_that_were_put_in() {
    let formula = |bands: usize| -> Vec<f32> {
        let pixel = move |at: usize| (0..bands).map(move |band| (100 * band + 10 * (at / 8) + at % 8) as f32);
        (0..48).flat_map(pixel).collect()
    };
    for (name, bands, scale, shift) in [
        ("bands.tif", 4, 1.0, 0.0),
        ("bands13-planar.tif", 13, 1.0, 0.0),
        ("bands13-tiles.tif", 13, 1.0, 0.0),
        ("bands5-float.tif", 5, 8.0, 0.0),
        ("bands2-signed.tif", 2, 1.0, 50.0),
        // In planes, of which only the first has values below 0.
        ("bands2-signed-planes.tif", 2, 1.0, 50.0),
    ] {
        let raw = read(&fixture(name), &Channels::Auto).unwrap();
        assert_eq!((raw.width, raw.height, raw.offered.channels), (8, 6, bands), "{name}");
        let found: Vec<f32> = match &raw.values {
            Values::Words(values) => values.iter().map(|&value| f32::from(value)).collect(),
            Values::Floats(values) => values.iter().map(|&value| value * scale + shift).collect(),
            Values::Bytes(_) => panic!("{name} has more than 8 bits"),
        };
        assert_eq!(found, formula(bands), "{name}");
        let about = outline(&fixture(name), &Channels::Auto).unwrap();
        assert_eq!((about.width, about.height, about.channels), (8, 6, bands), "{name}");
    }
}

#[test]
fn pictures_are_turned_and_pages_counted() {
    let turned = tiff((2, 1), &[(BITS, &[8]), (PHOTOMETRIC, &[1]), (274, &[6])], &[10, 20]);
    let pixels = decode(&turned, None).unwrap();
    assert_eq!((pixels.width, pixels.height, pixels.data.as_ref()), (1, 2, [10, 20].as_slice()));
    assert_eq!(decode_noted(&turned).unwrap().1, Notes::default());
    // All eight, as the image crate turns them.
    let values: Vec<u8> = (0..6).map(|value| value * 40).collect();
    for number in 1..=8_u8 {
        let file = tiff((3, 2), &[(BITS, &[8]), (PHOTOMETRIC, &[1]), (274, &[u16::from(number)])], &values);
        let mut expected = DynamicImage::ImageLuma8(image::GrayImage::from_raw(3, 2, values.clone()).unwrap());
        expected.apply_orientation(Orientation::from_exif(number).unwrap());
        let pixels = decode(&file, None).unwrap();
        assert_eq!((pixels.width as u32, pixels.height as u32), (expected.width(), expected.height()), "{number}");
        assert_eq!(pixels.data.as_ref(), expected.as_bytes(), "{number}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damaged_tags_never_panic(which in 0_usize..11, at in 0.0..1.0_f64, value: u8, cut in 0.0..1.0_f64) {
        let names = ["planar-tiles.tif", "big.tif", "float-predictor.tif", "half.tif", "ycbcr.tif", "palette4.tif"];
        let bands = ["bands.tif", "bands13-planar.tif", "bands13-tiles.tif", "bands5-float.tif", "pages.tif"];
        let name = names.into_iter().chain(bands).nth(which).unwrap();
        let mut bytes = fixture(name);
        // Two flips: one anywhere, one where tags are likely.
        let place = (at * bytes.len() as f64) as usize;
        bytes[place] = value;
        let tags = place % 256.min(bytes.len());
        bytes[tags] ^= value.rotate_left(3);
        bytes.truncate(((0.5 + cut / 2.0) * bytes.len() as f64) as usize);
        let found = decode(&bytes, None);
        prop_assert!(!matches!(&found, Err(reason) if reason.contains("the decoder failed")), "{name} {place}: {found:?}");
        if let Ok(pixels) = found {
            prop_assert_eq!(pixels.data.len(), pixels.width * pixels.height * pixels.channels);
        }
        let stacked = read(&bytes, &Channels::Pages);
        prop_assert!(!matches!(&stacked, Err(reason) if reason.contains("the decoder failed")), "{name} {place}");
    }
}
