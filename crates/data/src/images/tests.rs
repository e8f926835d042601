//! Loading: order, bad images, threads, statistics.

use std::{borrow::Cow, fs, path::Path};

use image::ImageFormat;
use proptest::prelude::*;

use super::*;
use crate::{
    Manifest, PackOptions, Values, pack,
    test_images::{color, dataset, encode, grey, png, write},
};

fn load(root: &Path, options: &LoadOptions) -> Result<Images> {
    Images::load(&Manifest::open(root)?.samples()?, options)
}

/// A folder with `images` as 000.png, 001.png, ….
fn folder(images: &[Vec<u8>]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (i, bytes) in images.iter().enumerate() {
        write(folder.path().join(format!("{i:03}.png")), bytes);
    }
    folder
}

#[test]
fn images_come_in_row_order_with_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path(), 24);
    let images = load(folder.path(), &LoadOptions::default()).unwrap();
    assert_eq!((images.len(), images.channels(), images.uniform_size()), (24, 1, Some((6, 5))));
    for i in 0..24 {
        assert_eq!(images.get(i).unwrap().data.bytes().unwrap(), grey(6, 5, i as u32).as_raw().as_slice());
        assert_eq!((images.row(i), images.label(i)), (i as u64, Some(i as u32 % 3)));
        assert_eq!(images.name(i), format!("images/{i}.png"));
    }
    assert!(matches!(images.get(3).unwrap().data, Values::Bytes(Cow::Borrowed(_))));
}

#[test]
fn memory_and_disk_give_the_same_on_any_number_of_threads() {
    let folder = folder(&[png(1), encode(color(9, 4, 2), ImageFormat::Png), png(3)]);
    let base = load(folder.path(), &LoadOptions { threads: 1, ..LoadOptions::default() }).unwrap();
    let disk = load(folder.path(), &LoadOptions { cache_bytes: 20, threads: 8, ..LoadOptions::default() }).unwrap();
    assert!(base.in_memory() && !disk.in_memory());
    assert_eq!((base.fingerprint(), base.channel_stats()), (disk.fingerprint(), disk.channel_stats()));
    for i in 0..3 {
        assert_eq!(base.get(i).unwrap(), disk.get(i).unwrap());
        assert_eq!(base.content_hash(i), disk.content_hash(i));
    }
    // One colored file among grey ones makes all of them RGB.
    assert_eq!((base.channels(), base.uniform_size(), base.largest_side(), base.smallest_side()), (3, None, 9, 4));
    fs::remove_file(folder.path().join("001.png")).unwrap();
    assert!(disk.get(1).unwrap_err().to_string().contains("001.png"));
    write(folder.path().join("001.png"), encode(color(8, 4, 2), ImageFormat::Png));
    assert!(disk.get(1).unwrap_err().to_string().contains("has changed"));
}

#[test]
fn bad_images_are_listed_and_skipped_or_refused() {
    let mut files: Vec<Vec<u8>> = (0..200).map(png).collect();
    files[7] = b"not an image".to_vec();
    let cut = files[9].len() / 2;
    files[9].truncate(cut);
    let folder = folder(&files);
    let images = load(folder.path(), &LoadOptions::default()).unwrap();
    assert_eq!(images.len(), 198);
    assert_eq!((images.row(7), images.name(7)), (8, "008.png".to_owned()));
    let listed: Vec<_> = images.bad().iter().map(|bad| (bad.row, bad.path.as_deref())).collect();
    assert_eq!(listed, [(7, Some("007.png")), (9, Some("009.png"))]);
    assert!(
        images.bad()[1].reason.contains("truncated") || images.bad()[1].reason.contains("end"),
        "{:?}",
        images.bad()
    );

    let strict = LoadOptions { on_bad_image: OnBadImage::Error, ..LoadOptions::default() };
    let error = load(folder.path(), &strict).unwrap_err().to_string();
    assert!(error.contains("2 of 200") && error.contains("row 7 (007.png)"), "{error}");

    // A third bad one is more than 1 %.
    write(folder.path().join("100.png"), "");
    let error = load(folder.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("3 of 200") && error.contains("max_bad_fraction"), "{error}");
    let lenient = LoadOptions { max_bad_fraction: 0.5, ..LoadOptions::default() };
    assert_eq!(load(folder.path(), &lenient).unwrap().len(), 197);
}

#[test]
fn no_usable_image_is_an_error_under_any_rule() {
    let folder = folder(&[b"x".to_vec()]);
    let error = load(folder.path(), &LoadOptions { max_bad_fraction: 1.0, ..LoadOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("none is left"), "{error}");
    let error = load(folder.path(), &LoadOptions { max_bad_fraction: 2.0, ..LoadOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("between 0 and 1"), "{error}");
}

#[test]
fn a_missing_file_is_a_bad_image() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path(), 4);
    fs::remove_file(folder.path().join("images/2.png")).unwrap();
    let options = LoadOptions { max_bad_fraction: 0.5, ..LoadOptions::default() };
    let images = load(folder.path(), &options).unwrap();
    assert_eq!((images.len(), images.bad()[0].row), (3, 2));
    assert!(images.bad()[0].reason.contains("cannot read"));
}

#[test]
fn statistics_are_those_of_the_definition() {
    let files = [encode(color(5, 4, 1), ImageFormat::Png), encode(color(3, 7, 2), ImageFormat::Png)];
    let images = load(folder(&files).path(), &LoadOptions::default()).unwrap();
    let stats = images.channel_stats();
    for channel in 0..3 {
        let values: Vec<f64> = (0..2)
            .flat_map(|i| {
                images
                    .get(i)
                    .unwrap()
                    .data
                    .bytes()
                    .unwrap()
                    .iter()
                    .skip(channel)
                    .step_by(3)
                    .copied()
                    .collect::<Vec<_>>()
            })
            .map(|value| f64::from(value) / 255.0)
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        assert!((f64::from(stats.mean[channel]) - mean).abs() < 1e-6, "{stats:?}");
        assert!((f64::from(stats.std[channel]) - std).abs() < 1e-6, "{stats:?}");
    }
    // One flat color: its deviation can still be divided by.
    let flat = encode(image::GrayImage::from_pixel(4, 4, image::Luma([51])), ImageFormat::Png);
    let stats = load(folder(&[flat]).path(), &LoadOptions::default()).unwrap().channel_stats();
    assert_eq!((stats.mean, stats.std), (vec![0.2], vec![1.0 / 255.0]));
}

#[test]
fn a_selection_is_a_view() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path(), 12);
    let images = load(folder.path(), &LoadOptions::default()).unwrap();
    let some = images.select(&[5, 2, 5]).select(&[1, 0]);
    assert_eq!((some.len(), some.row(0), some.row(1)), (2, 2, 5));
    assert_eq!(some.labels(), [Some(2), Some(2)]);
    assert_eq!(some.get(1).unwrap(), images.get(5).unwrap());
    assert_ne!(some.fingerprint(), images.fingerprint());
    assert_eq!(images.select(&(0..12).collect::<Vec<_>>()).fingerprint(), images.fingerprint());
    assert!(images.select(&[]).is_empty());
}

#[test]
fn leaks_are_found_across_formats_and_channels() {
    let pool = folder(&[png(1), png(2), encode(color(6, 5, 1), ImageFormat::Png), png(2)]);
    let twice = image::DynamicImage::ImageLuma8(grey(6, 5, 2)).to_rgb8();
    let evaluation = folder(&[png(9), encode(twice, ImageFormat::Bmp), encode(color(6, 5, 1), ImageFormat::Tiff)]);
    let load = |folder: &tempfile::TempDir| load(folder.path(), &LoadOptions::default()).unwrap();
    let (pool, evaluation) = (load(&pool), load(&evaluation));
    let found = leaks(&pool, &evaluation);
    assert_eq!(found, [Leak { pool_row: 1, evaluation_row: 1 }, Leak { pool_row: 2, evaluation_row: 2 }]);
    assert!(leaks(&pool, &evaluation.select(&[0])).is_empty());
}

#[test]
fn content_hashes_never_change_between_versions() {
    // They name images in finished runs; the value may never change.
    let images = load(folder(&[png(1)]).path(), &LoadOptions::default()).unwrap();
    assert_eq!(images.content_hash(0), 0x7e22_1f65_36a4_6300);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_mix_of_sizes_and_channels_survives_the_store(
        shapes in proptest::collection::vec((1_u32..20, 1_u32..20, any::<bool>()), 1..12), want in 0_usize..3,
    ) {
        let files: Vec<_> = (0..).zip(&shapes).map(|(i, &(width, height, colored))| {
            if colored { encode(color(width, height, i), ImageFormat::Png) } else { encode(grey(width, height, i), ImageFormat::Png) }
        }).collect();
        let channels = [None, Some(1), Some(3)][want];
        let images = load(folder(&files).path(), &LoadOptions { channels: Channels::of(channels), ..LoadOptions::default() }).unwrap();
        let any = shapes.iter().any(|shape| shape.2);
        prop_assert_eq!(images.channels(), usize::from(channels.unwrap_or(if any { 3 } else { 1 })));
        for (i, bytes) in files.iter().enumerate() {
            let direct = crate::decode_bytes(bytes, Some(images.channels() as u8)).unwrap();
            prop_assert_eq!(images.get(i).unwrap(), direct);
        }
    }
}

#[test]
fn reading_ahead_changes_nothing_but_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let (source, packed) = (folder.path().join("set"), folder.path().join("packed"));
    dataset(&source, 400);
    let options = PackOptions { shard_bytes: 10_000, ..PackOptions::default() };
    pack(&source, &packed, &options, &mut |_, _| ()).unwrap();
    let samples = Manifest::open(&packed).unwrap().samples().unwrap();
    let load = |cache_bytes| Images::load(&samples, &LoadOptions { cache_bytes, ..LoadOptions::default() }).unwrap();
    let (memory, disk) = (load(1 << 30), load(10_000));
    // 400 images of 30 bytes decoded, and of more encoded: neither fits.
    assert!(memory.windows().is_none() && !disk.in_memory());
    let windows = disk.windows().unwrap();
    let epoch = windows.of_epoch(1, 0, 400);
    assert!(epoch.len() > 3 && epoch[0].len() > 1, "{windows:?}");
    let mut previous = None;
    for window in &epoch {
        let ahead = disk.read_ahead(window);
        let images: Vec<u32> = window.iter().cloned().flatten().collect();
        assert_eq!(ahead.len(), images.len());
        for i in images {
            assert_eq!(disk.get(i as usize).unwrap(), memory.get(i as usize).unwrap());
        }
        // Two windows at once, as a loader holds them.
        previous = Some(ahead);
    }
    drop(previous);
    // What is left when a view is drawn is read in the same way.
    let some = disk.select(&(0..400).step_by(3).collect::<Vec<_>>());
    let ahead = some.read_ahead(std::slice::from_ref(&(0..some.len() as u32)));
    assert_eq!(some.get(7).unwrap(), memory.get(21).unwrap());
    drop(ahead);

    // Damage is told by the image, whether it was read ahead or not.
    let shard = packed.join("images-00000.pack");
    let mut bytes = fs::read(&shard).unwrap();
    bytes[30] ^= 1;
    fs::write(&shard, bytes).unwrap();
    let ahead = disk.read_ahead(std::slice::from_ref(&(0..10)));
    let error = disk.get(0).unwrap_err().to_string();
    assert!(error.contains("images/0.png") && error.contains("is damaged"), "{error}");
    drop(ahead);
    assert_eq!(disk.get(0).unwrap_err().to_string(), error);
    assert!(disk.get(1).is_ok());
}
