//! Packs.

use std::cell::Cell;

use super::*;
use crate::{Source, test_images::color};

fn quiet() -> impl FnMut(usize, usize) {
    |_, _| ()
}

/// 600 tiny images in shards of about 20 kB: 256 images a batch make three shards.
fn small() -> PackOptions {
    PackOptions { shard_bytes: 20_000, ..PackOptions::default() }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn same(a: &Images, b: &Images) {
    assert_eq!((a.len(), a.classes(), a.labels()), (b.len(), b.classes(), b.labels()));
    for i in 0..a.len() {
        assert_eq!((a.name(i), a.content_hash(i)), (b.name(i), b.content_hash(i)));
        assert_eq!(a.get(i).unwrap(), b.get(i).unwrap());
    }
    assert_eq!(a.channel_stats(), b.channel_stats());
}

#[test]
fn a_pack_is_the_dataset_that_was_packed() {
    let folder = tempfile::tempdir().unwrap();
    let (source, packed) = (folder.path().join("set"), folder.path().join("packed"));
    dataset(&source, 600);
    let mut heard = Vec::new();
    let summary = pack(&source, &packed, &small(), &mut |done, of| heard.push((done, of))).unwrap();
    assert_eq!(heard, [(256, 600), (512, 600), (600, 600)]);
    assert_eq!((summary.rows, summary.bad.len(), summary.shrunk, summary.resumed), (600, 0, 0, 0));
    assert!(summary.shards > 1, "{}", summary.shards);
    let listed: Vec<String> = (0..summary.shards).map(|n| format!("images-{n:05}.pack")).collect();
    assert_eq!(names(&packed), [listed, vec!["manifest.parquet".to_owned()]].concat());

    same(&load(&packed), &load(&source));
    let (before, after) = (Manifest::open(&source).unwrap(), Manifest::open(&packed).unwrap());
    assert_eq!(after.splits().unwrap(), before.splits().unwrap());
    let draw = |data: &Manifest| {
        data.split("train").unwrap().filter("size > 50").unwrap().per_class(5, 1).unwrap().samples().unwrap().rows
    };
    assert_eq!(draw(&after), draw(&before));
    assert_eq!(after.describe().unwrap().images, "packed");
    assert_eq!(after.filter("width = 6 AND height = 5").unwrap().count().unwrap(), 600);
    assert_ne!(after.samples().unwrap().fingerprint(), before.samples().unwrap().fingerprint());
    // The folder can be moved.
    fs::rename(&packed, folder.path().join("moved")).unwrap();
    same(&load(&folder.path().join("moved")), &load(&source));
    // And packed again.
    let again = folder.path().join("again");
    pack(&folder.path().join("moved"), &again, &PackOptions::default(), &mut quiet()).unwrap();
    same(&load(&again), &load(&source));
}

#[test]
fn what_is_known_from_packing_is_what_loading_sees() {
    let folder = tempfile::tempdir().unwrap();
    let (source, packed) = (folder.path().join("set"), folder.path().join("packed"));
    for seed in 0..20 {
        let (width, height) = (5 + seed % 3, 4 + seed % 5);
        let image = encode_as(seed, width, height);
        write(source.join(format!("x/{seed:02}.png")), image);
    }
    pack(&source, &packed, &PackOptions::default(), &mut quiet()).unwrap();
    let samples = Manifest::open(&packed).unwrap().samples().unwrap();
    for channels in [None, Some(1), Some(3)] {
        let options = |cache_bytes| LoadOptions {
            channels: crate::Channels::of(channels),
            cache_bytes,
            ..LoadOptions::default()
        };
        let memory = Images::load(&samples, &options(1 << 30)).unwrap();
        let disk = Images::load(&samples, &options(0)).unwrap();
        assert!(memory.in_memory() && !disk.in_memory());
        same(&memory, &disk);
        assert_eq!(memory.fingerprint(), disk.fingerprint());
    }
}

/// Grey and colored ones in turn.
fn encode_as(seed: u32, width: u32, height: u32) -> Vec<u8> {
    use crate::test_images::{encode, grey};
    match seed % 2 {
        0 => encode(color(width, height, seed), image::ImageFormat::Png),
        _ => encode(grey(width, height, seed), image::ImageFormat::Png),
    }
}

#[test]
fn an_interrupted_pack_goes_on_and_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (source, packed, whole) =
        (folder.path().join("set"), folder.path().join("packed"), folder.path().join("whole"));
    dataset(&source, 600);
    let expected = pack(&source, &whole, &small(), &mut quiet()).unwrap();
    // Interrupted inside the last batch, as Ctrl-C would: the process unwinds in the middle of writing.
    let batches = Cell::new(0);
    let interrupted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pack(&source, &packed, &small(), &mut |_, _| {
            batches.set(batches.get() + 1);
            assert!(batches.get() < 3, "Ctrl-C");
        })
    }));
    assert!(interrupted.is_err() && !packed.join("manifest.parquet").exists());
    // Leftovers of a killed process.
    write(packed.join(".images-00002.pack.abc.tmp"), "half");
    let summary = pack(&source, &packed, &small(), &mut quiet()).unwrap();
    assert!(summary.resumed >= 256 && summary.resumed < 600, "{}", summary.resumed);
    assert_eq!((summary.rows, summary.shards, summary.bytes), (600, expected.shards, expected.bytes));
    assert_eq!(names(&packed), names(&whole));
    for name in names(&whole) {
        assert!(fs::read(packed.join(&name)).unwrap() == fs::read(whole.join(&name)).unwrap(), "{name}");
    }
}

#[test]
fn an_interrupted_pack_of_something_else_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (source, packed) = (folder.path().join("set"), folder.path().join("packed"));
    dataset(&source, 600);
    let stop = |_: usize, _: usize| panic!("Ctrl-C");
    let run = std::panic::AssertUnwindSafe(|| {
        pack(&source, &packed, &PackOptions { shard_bytes: 1, ..small() }, &mut { stop })
    });
    assert!(std::panic::catch_unwind(run).is_err());
    let summary = pack(&source, &packed, &small(), &mut quiet()).unwrap();
    assert_eq!((summary.resumed, summary.rows), (0, 600));
    assert_eq!(names(&packed).len(), summary.shards + 1);
}

#[test]
fn photographs_are_shrunk_and_small_ones_kept() {
    use crate::test_images::encode;
    let folder = tempfile::tempdir().unwrap();
    let (source, packed) = (folder.path().join("set"), folder.path().join("packed"));
    write(source.join("a.png"), encode(color(90, 60, 1), image::ImageFormat::Png));
    write(source.join("b.jpg"), encode(color(60, 120, 2), image::ImageFormat::Jpeg));
    write(source.join("c.png"), encode(color(32, 30, 3), image::ImageFormat::Png));
    let options = PackOptions { max_side: Some(32), ..PackOptions::default() };
    let summary = pack(&source, &packed, &options, &mut quiet()).unwrap();
    assert_eq!(summary.shrunk, 2);
    let (images, before) = (load(&packed), load(&source));
    assert_eq!([images.size(0), images.size(1), images.size(2)], [(32, 21), (16, 32), (32, 30)]);
    assert_eq!(images.get(2).unwrap(), before.get(2).unwrap());
    let mean = |images: &Images, i: usize| {
        let pixels = images.get(i).unwrap();
        pixels.data.bytes().unwrap().iter().map(|&value| f64::from(value)).sum::<f64>() / pixels.data.len() as f64
    };
    for i in 0..2 {
        assert!((mean(&images, i) - mean(&before, i)).abs() < 3.0);
    }
    let bytes = |i: usize| Manifest::open(&packed).unwrap().samples().unwrap().sources[i].read().unwrap().into_owned();
    assert!(bytes(0).starts_with(b"\x89PNG") && bytes(1).starts_with(&[0xFF, 0xD8]));
}

#[test]
fn damaged_shards_name_file_and_offset() {
    let folder = tempfile::tempdir().unwrap();
    let (source, packed) = (folder.path().join("set"), folder.path().join("packed"));
    dataset(&source, 40);
    pack(&source, &packed, &PackOptions::default(), &mut quiet()).unwrap();
    let shard = packed.join("images-00000.pack");
    let whole = fs::read(&shard).unwrap();
    let place = |i: usize| match &Manifest::open(&packed).unwrap().samples().unwrap().sources[i] {
        Source::Packed { place, .. } => place.clone(),
        other => panic!("{other:?}"),
    };
    let last = place(39);
    write(&shard, &whole[..whole.len() - 1]);
    let error = Manifest::open(&packed).unwrap().samples().unwrap_err().to_string();
    assert!(error.contains("row 39") && error.contains("images-00000.pack is truncated"), "{error}");
    assert!(error.contains(&format!("offset {}", last.offset)) && error.contains("pack again"), "{error}");

    // A flipped bit that the decoder might not notice.
    let mut flipped = whole.clone();
    let third = place_of(&whole, &packed, 3);
    flipped[third as usize + 20] ^= 4;
    write(&shard, &flipped);
    let samples = Manifest::open(&packed).unwrap().samples().unwrap();
    let images = Images::load(&samples, &LoadOptions { max_bad_fraction: 0.5, ..LoadOptions::default() }).unwrap();
    assert_eq!(images.bad().len(), 1);
    let reason = &images.bad()[0].reason;
    assert!(reason.contains("images-00000.pack is damaged") && reason.contains(&format!("offset {third}")), "{reason}");

    fs::remove_file(&shard).unwrap();
    let error = Manifest::open(&packed).unwrap().samples().unwrap_err().to_string();
    assert!(error.contains("images-00000.pack"), "{error}");
}

fn place_of(whole: &[u8], packed: &Path, i: usize) -> u64 {
    write(packed.join("images-00000.pack"), whole);
    match &Manifest::open(packed).unwrap().samples().unwrap().sources[i] {
        Source::Packed { place, .. } => place.offset,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bad_images_are_listed_and_folders_of_others_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (source, packed) = (folder.path().join("set"), folder.path().join("packed"));
    dataset(&source, 200);
    write(source.join("images/42.png"), "no image");
    let summary = pack(&source, &packed, &PackOptions::default(), &mut quiet()).unwrap();
    assert_eq!((summary.rows, summary.bad[0].row, summary.bad.len()), (199, 42, 1));
    let refuse =
        |folder: &Path, options: &PackOptions| pack(&source, folder, options, &mut quiet()).unwrap_err().to_string();
    let plain = PackOptions::default();
    assert!(refuse(&packed, &plain).contains("holds a dataset already"));
    assert!(refuse(&source.join("packed"), &plain).contains("inside the source"));
    write(folder.path().join("mine/letter.txt"), "dear");
    assert!(refuse(&folder.path().join("mine"), &plain).contains("not empty"));
    assert!(refuse(&folder.path().join("x"), &PackOptions { quality: 0, ..plain.clone() }).contains("1 to 100"));
    assert!(refuse(&folder.path().join("x"), &PackOptions { max_side: Some(2), ..plain.clone() }).contains("8 pixels"));
    // Too many bad ones: refused, but not for nothing; with a larger share it ends at once.
    for i in 0..10 {
        write(source.join(format!("images/{i}.png")), "no image");
    }
    let other = folder.path().join("other");
    assert!(refuse(&other, &plain).contains("11 of 200"));
    let import = ImportOptions { max_bad_fraction: 0.1, ..ImportOptions::default() };
    let summary = pack(&source, &other, &PackOptions { import, ..plain }, &mut quiet()).unwrap();
    assert_eq!((summary.resumed, summary.rows), (189, 189));
}

#[test]
fn one_process_at_a_time_packs_into_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, packed) = (folder.path().join("one"), folder.path().join("two"), folder.path().join("packed"));
    dataset(&one, 600);
    dataset(&two, 20);
    let refused = Cell::new(0);
    let summary = pack(&one, &packed, &small(), &mut |_, _| {
        let error = pack(&two, &packed, &small(), &mut quiet()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())) && error.contains("packed"), "{error}");
        refused.set(refused.get() + 1);
    });
    assert_eq!((summary.unwrap().rows, refused.get()), (600, 3));
    same(&load(&packed), &load(&one));
    // Afterwards it is a finished one; and nothing is left of the attempts.
    assert!(pack(&two, &packed, &small(), &mut quiet()).unwrap_err().to_string().contains("holds a dataset already"));
    assert!(!packed.join(".unfinished").exists());
}

#[test]
fn a_pack_refused_for_bad_images_goes_on_when_they_are_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let (source, packed) = (folder.path().join("set"), folder.path().join("packed"));
    for i in 0..30 {
        write(source.join(format!("{i:02}.png")), png(i));
    }
    write(source.join("zz.png"), "");
    write(source.join("notes.txt"), "beside");
    let error = pack(&source, &packed, &small(), &mut quiet()).unwrap_err();
    let (message, way_out) = error.without_way_out().unwrap();
    assert!(message.contains("1 of 31") && message.contains("zz.png): the file is empty"), "{message}");
    assert!(way_out.ends_with("max_bad_fraction = 0.04"), "{way_out}");
    let import = ImportOptions { max_bad_fraction: 0.04, ..ImportOptions::default() };
    let summary = pack(&source, &packed, &PackOptions { import, ..small() }, &mut quiet()).unwrap();
    assert_eq!((summary.rows, summary.bad.len(), summary.resumed), (30, 1, 30));
    assert_eq!(summary.passed_over[0].reason, "no image: .txt");
}
