//! Arrays that `NumPy` has written, and ours that are read again.

use proptest::prelude::*;

use super::*;
use crate::{ChannelName, decode::Depth, test_images::fixture};

/// `a` of `fixtures/README.md`, pixel by pixel, as far as `channels` go.
fn expected(channels: usize) -> Vec<f32> {
    let pixel = |at: usize| (0..channels).map(move |channel| (1000 * channel + 10 * (at / 7) + at % 7) as f32);
    (0..35).flat_map(pixel).collect()
}

#[track_caller]
fn floats(values: &Values<'_>) -> Vec<f32> {
    match values {
        Values::Bytes(values) => values.iter().map(|&value| f32::from(value)).collect(),
        Values::Words(values) => values.iter().map(|&value| f32::from(value)).collect(),
        Values::Floats(values) => values.to_vec(),
    }
}

#[test]
fn arrays_of_every_order_and_type_are_the_same_picture() {
    for (name, depth) in [("hwc.npy", Depth::Words), ("fortran.npy", Depth::Words), ("chw.npy", Depth::Floats)] {
        let raw = decode(&fixture(name)).unwrap();
        assert_eq!((raw.width, raw.height, raw.offered.channels), (7, 5, 3), "{name}");
        assert_eq!((raw.values.depth(), floats(&raw.values)), (depth, expected(3)), "{name}");
        let about = outline(&fixture(name), &Channels::Auto).unwrap();
        assert_eq!(about, Outline { width: 7, height: 5, channels: 3, depth }, "{name}");
    }
    assert!(decode(&fixture("chw.npy")).unwrap().notes.in_words()[0].contains("first axis"));
    let half = decode(&fixture("half.npy")).unwrap();
    let eighths: Vec<f32> = expected(1).iter().map(|value| value / 8.0).collect();
    assert_eq!((half.offered.channels, floats(&half.values)), (1, eighths));
    let even = decode(&fixture("bool.npy")).unwrap();
    let flags: Vec<f32> = expected(1).iter().map(|value| if value % 2.0 == 0.0 { 255.0 } else { 0.0 }).collect();
    assert_eq!((even.values.depth(), floats(&even.values)), (Depth::Bytes, flags));
}

#[test]
fn archives_hold_one_picture_or_its_channels() {
    let named = decode(&fixture("named.npz")).unwrap();
    assert_eq!((named.offered.names.clone(), named.offered.channels), (vec!["nir".to_owned(), "red".to_owned()], 2));
    let red = named.pick(&Channels::These(vec![ChannelName::Name("Red".to_owned())])).unwrap();
    let second: Vec<f32> = expected(1).iter().map(|value| value + 1000.0).collect();
    assert_eq!(floats(&red.values), second);
    let one = decode(&fixture("one.npz")).unwrap();
    let less: Vec<f32> = expected(3).iter().map(|value| value - 500.0).collect();
    // Negative, therefore floats.
    assert_eq!((one.values.depth(), floats(&one.values)), (Depth::Floats, less));
    assert!(is_numpy(&fixture("named.npz")) && is_numpy(&fixture("hwc.npy")) && !is_numpy(&fixture("labels.xlsx")));
}

#[test]
fn what_is_no_picture_says_what_it_is() {
    let with_shape = |shape: &str, descr: &str| {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut file = MAGIC.to_vec();
        file.extend([1, 0]);
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend([0; 64]);
        file
    };
    let refused = |shape: &str, descr: &str| decode(&with_shape(shape, descr)).unwrap_err();
    assert!(refused("(10, 28, 28, 3)", "'|u1'").contains("the shape (10, 28, 28, 3)"));
    assert!(refused("(10, 28, 28, 3)", "'|u1'").contains("a file of its own"));
    assert!(refused("(64,)", "'|u1'").contains("two axes"));
    assert!(refused("(4, 4)", "'<c16'").contains("astype"));
    assert!(refused("(4, 4)", "[('a', '<f4')]").contains("records"));
    assert!(refused("(900000, 900000)", "'|u1'").contains("limit"));
    assert!(refused("(20, 20)", "'<f4'").contains("truncated"));
    assert!(refused("(0, 4)", "'|u1'").contains("4x0 pixels"));
    assert_eq!(decode(&with_shape("(4, 4)", "'|u1'")).unwrap().values.len(), 16);
}

/// An array as NumPy writes it, of little-endian values.
fn array(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    // Magic, version and length are 10 bytes; data begin at a multiple of 64.
    let end = (10 + header.len() + 1).next_multiple_of(64);
    header.extend(std::iter::repeat_n(' ', end - 10 - header.len() - 1));
    [MAGIC, &[1, 0], &(header.len() as u16 + 1).to_le_bytes(), header.as_bytes(), b"\n", data].concat()
}

proptest! {
    #[test]
    fn every_value_is_where_it_was(height in 1_usize..9, width in 1_usize..9, channels in 1_usize..6, depth in 0..3, seed: u64) {
        let count = height * width * channels;
        let mut rng = foretask_random::Key::new(seed).rng();
        let shape = format!("({height}, {width}, {channels})");
        let (values, file) = match depth {
            0 => {
                let values: Vec<u8> = (0..count).map(|_| rng.below(256) as u8).collect();
                (Values::from(values.clone()), array("|u1", &shape, &values))
            }
            1 => {
                let values: Vec<u16> = (0..count).map(|_| rng.below(65536) as u16).collect();
                let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                (Values::from(values), array("<u2", &shape, &data))
            }
            _ => {
                let values: Vec<f32> = (0..count).map(|_| rng.range(-5.0, 5.0)).collect();
                let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                (Values::from(values), array("<f4", &shape, &data))
            }
        };
        let raw = decode(&file).unwrap();
        if height < width && height < channels {
            prop_assert!(raw.notes.contains(Notes::CHANNELS_FIRST));
        } else {
            prop_assert_eq!((raw.height, raw.width, raw.offered.channels), (height, width, channels));
            prop_assert_eq!(raw.values, values);
        }
    }

    #[test]
    fn damaged_arrays_never_panic(which in 0_usize..7, at in 0.0..1.0_f64, value: u8, cut in 0.5..1.0_f64) {
        let names = ["hwc.npy", "fortran.npy", "chw.npy", "half.npy", "bool.npy", "named.npz", "one.npz"];
        let mut bytes = fixture(names[which]);
        let place = (at * bytes.len() as f64) as usize;
        bytes[place] = value;
        bytes.truncate((cut * bytes.len() as f64) as usize);
        let found = crate::decode::read(&bytes, &Channels::Auto);
        prop_assert!(!matches!(&found, Err(reason) if reason.contains("the decoder failed")), "{found:?}");
    }
}
