//! Datasets in the layouts of their publishers.

mod archives;
mod packs;
mod published;

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::*;
use crate::{
    Images, LoadOptions, Manifest,
    test_images::{dataset, fixture, png, write},
};

fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    for size in sizes {
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `n` images of 3 x 2 pixels whose values count up, with labels 0, 1, 0, 1, ….
fn idx_folder(train: u32, test: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let values = |n: u32, shift: u32| (0..n * 6).map(|i| (i * 5 + shift) as u8).collect::<Vec<_>>();
    let labels = |n: u32| (0..n).map(|i| (i % 2) as u8).collect::<Vec<_>>();
    let path = |name: &str| folder.path().join(name);
    write(path("train-images-idx3-ubyte.gz"), gzip(&idx(&[train, 2, 3], &values(train, 0))));
    write(path("train-labels-idx1-ubyte.gz"), gzip(&idx(&[train], &labels(train))));
    write(path("t10k-images-idx3-ubyte"), idx(&[test, 2, 3], &values(test, 128)));
    write(path("t10k-labels-idx1-ubyte"), idx(&[test], &labels(test)));
    folder
}

fn names() -> Vec<String> {
    vec!["zero".to_owned(), "one".to_owned()]
}

fn load(path: &Path) -> Images {
    Images::load(&Manifest::open(path).unwrap().samples().unwrap(), &LoadOptions::default()).unwrap()
}

#[test]
fn idx_files_of_nothing_or_of_far_too_much_are_refused() {
    let check = |bytes: &[u8], words: &str| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("train-images-idx3-ubyte.gz"), bytes);
        let error = import(folder.path(), &folder.path().join("m.parquet"), &ImportOptions::default()).unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
    };
    check(&idx(&[0, 28, 28], &[]), "announces 0 images");
    // A few kilobytes that announce 20 million images, and hold them.
    check(&gzip(&idx(&[20_000_000, 1, 1], &vec![0; 20_000_000])), "16777216");
    // Far more behind the last image than was announced.
    check(&gzip(&idx(&[1, 2, 3], &vec![0; 20_000_000])), "more follow");
    // A large picture is read alone, not a thousand at once.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("train-images-idx3-ubyte.gz"), gzip(&idx(&[3, 4000, 5000], &vec![7; 60_000_000])));
    let (origin, _) = Origin::open(folder.path(), &ImportOptions::default()).unwrap();
    assert_eq!(origin.batch(1000), 3);
}

#[test]
fn idx_pairs_become_splits_with_every_pixel() {
    let folder = idx_folder(10, 4);
    let destination = folder.path().join("out/manifest.parquet");
    let options = ImportOptions { class_names: Some(names()), ..ImportOptions::default() };
    let summary = import(folder.path(), &destination, &options).unwrap();
    assert_eq!((summary.rows, summary.bad.len()), (14, 0));
    assert_eq!(summary.splits[1], SplitCount { name: Some("test".to_owned()), rows: 4 });
    assert_eq!(
        summary.classes,
        [("zero", 7), ("one", 7)].map(|(name, rows)| ClassCount { name: name.to_owned(), rows })
    );
    assert_eq!(summary.bytes, fs::metadata(&destination).unwrap().len());

    let data = Manifest::open(destination.parent().unwrap()).unwrap();
    assert_eq!(data.splits().unwrap(), ["train", "test"]);
    let images = load(&destination);
    assert_eq!((images.len(), images.uniform_size(), images.channels()), (14, Some((3, 2)), 1));
    for i in 0..14 {
        let (i_of_split, shift) = if i < 10 { (i, 0) } else { (i - 10, 128) };
        let expected: Vec<u8> = (0..6).map(|value| ((i_of_split * 6 + value) * 5 + shift) as u8).collect();
        assert_eq!(images.get(i).unwrap().data.bytes().unwrap(), expected);
        let class = &images.classes()[images.label(i).unwrap() as usize];
        assert_eq!(class, ["zero", "one"][i_of_split % 2]);
    }
    assert_eq!(images.name(12), "test/00002.png");
}

#[test]
fn integers_without_names_stay_integers() {
    let folder = idx_folder(4, 2);
    let destination = folder.path().join("m.parquet");
    import(&folder.path().join("train-images-idx3-ubyte.gz"), &destination, &ImportOptions::default()).unwrap();
    let about = Manifest::open(&destination).unwrap().describe().unwrap();
    assert_eq!((about.rows, about.splits[0].name.as_deref()), (4, Some("train")));
    assert_eq!(about.columns.iter().find(|column| column.name == "label").unwrap().kind, "i64");
    assert_eq!(*Manifest::open(&destination).unwrap().classes().unwrap(), ["0", "1"]);
}

#[test]
fn a_stratified_subset_is_the_same_as_per_class() {
    let folder = idx_folder(40, 20);
    let (all, some) = (folder.path().join("all.parquet"), folder.path().join("some.parquet"));
    import(folder.path(), &all, &ImportOptions::default()).unwrap();
    let options =
        ImportOptions { per_class: Some("train=3,test=2".parse().unwrap()), seed: 5, ..ImportOptions::default() };
    let summary = import(folder.path(), &some, &options).unwrap();
    assert_eq!(summary.rows, 10);
    let train = Manifest::open(&all).unwrap().split("train").unwrap().per_class(3, 5).unwrap();
    let test = Manifest::open(&all).unwrap().split("test").unwrap().per_class(2, 5).unwrap();
    let hashes = |images: &Images| (0..images.len()).map(|i| images.content_hash(i)).collect::<Vec<_>>();
    let load_view = |view: Manifest| Images::load(&view.samples().unwrap(), &LoadOptions::default()).unwrap();
    assert_eq!(hashes(&load(&some)), [hashes(&load_view(train)), hashes(&load_view(test))].concat());

    let refuse = |per_class: &str| {
        let options = ImportOptions { per_class: Some(per_class.parse().unwrap()), ..options.clone() };
        import(folder.path(), &some, &options).unwrap_err().to_string()
    };
    assert!(refuse("train=30").contains("class \"0\" has only 20 rows"));
    assert!(refuse("trian=3").contains("did you mean \"train\""));
    // The refused imports have not touched the file.
    assert_eq!(load(&some).len(), 10);
}

#[test]
fn folders_keep_their_files_bytes_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("images");
    write(root.join("cat/1.jpg"), fixture("plain.jpg"));
    write(root.join("dog/2.png"), png(2));
    let destination = folder.path().join("m.parquet");
    let options = ImportOptions { split: Some("train".to_owned()), ..ImportOptions::default() };
    import(&root, &destination, &options).unwrap();
    let data = Manifest::open(&destination).unwrap();
    let samples = data.split("train").unwrap().samples().unwrap();
    assert_eq!(
        (samples.classes.to_vec(), samples.labels),
        (vec!["cat".to_owned(), "dog".to_owned()], vec![Some(0), Some(1)])
    );
    assert_eq!(samples.sources[0].read().unwrap().as_ref(), fixture("plain.jpg"));
    assert_eq!(samples.sources[1].name(), Some("dog/2.png"));
    let about = data.describe().unwrap();
    assert_eq!((about.images.as_str(), about.columns[0].kind.as_str()), ("embedded", "struct{bytes, path}"));
}

#[test]
fn paths_lead_from_the_manifest_to_the_files() {
    let folder = tempfile::tempdir().unwrap();
    dataset(&folder.path().join("set"), 6);
    for name in ["deep/er/m.csv", "deep/er/m.parquet", "m.csv"] {
        let destination = folder.path().join(name);
        let options = ImportOptions { embed: false, ..ImportOptions::default() };
        let made = import(&folder.path().join("set"), &destination, &options);
        // The folder has to exist for the way back to be known; write_atomically makes it first.
        assert_eq!(made.unwrap().rows, 6);
        let images = load(&destination);
        assert_eq!((images.len(), images.label(1)), (6, Some(1)));
        assert_eq!(Manifest::open(&destination).unwrap().splits().unwrap(), ["train", "test"]);
    }
}

#[test]
fn bad_images_are_listed_and_too_many_refused() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path(), 100);
    write(folder.path().join("images/42.png"), "no image");
    let destination = folder.path().join("m.parquet");
    let summary = import(folder.path(), &destination, &ImportOptions::default()).unwrap();
    assert_eq!((summary.rows, summary.bad[0].row), (99, 42));
    write(folder.path().join("images/43.png"), "no image");
    fs::remove_file(&destination).unwrap();
    let error = import(folder.path(), &destination, &ImportOptions::default()).unwrap_err().to_string();
    assert!(error.contains("2 of 100") && error.contains("images/42.png"), "{error}");
    assert!(!destination.exists());
    assert!(
        fs::read_dir(folder.path()).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().ends_with(".tmp"))
    );
}

#[test]
fn what_cannot_be_imported_says_why() {
    let folder = idx_folder(4, 2);
    let refuse = |name: &str, options: &ImportOptions| {
        import(folder.path(), &folder.path().join(name), options).unwrap_err().to_string()
    };
    let plain = ImportOptions::default();
    assert!(refuse("m.csv", &plain).contains("a CSV cannot hold images"));
    assert!(refuse("m.txt", &plain).contains("has to be a .parquet"));
    let paths = ImportOptions { embed: false, ..plain.clone() };
    assert!(refuse("m.csv", &paths).contains("not files of their own"));
    let one = ImportOptions { class_names: Some(vec!["zero".to_owned()]), ..plain.clone() };
    assert!(refuse("m.parquet", &one).contains("label 1 has no name"));
    let texts = tempfile::tempdir().unwrap();
    dataset(texts.path(), 3);
    let named = ImportOptions { class_names: Some(names()), ..plain.clone() };
    let error = import(texts.path(), &texts.path().join("m.parquet"), &named).unwrap_err().to_string();
    assert!(error.contains("class \"a\" is not a number"), "{error}");
}

#[test]
fn damaged_idx_files_say_what_is_wrong() {
    let check = |images: Vec<u8>, labels: Vec<u8>, words: &str| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("train-images-idx3-ubyte"), images);
        write(folder.path().join("train-labels-idx1-ubyte"), labels);
        let error = import(folder.path(), &folder.path().join("m.parquet"), &ImportOptions::default()).unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
    };
    let (images, labels) = (idx(&[2, 1, 2], &[1, 2, 3, 4]), idx(&[2], &[0, 1]));
    check(b"PK\x03\x04".to_vec(), labels.clone(), "not an IDX file");
    check(vec![0, 0, 8], labels.clone(), "inside its header");
    check(vec![0, 0, 0x0D, 3, 0, 0, 0, 2], labels.clone(), "type 0x0d");
    check(idx(&[2, 4], &[0; 8]), labels.clone(), "expected count, height, width");
    check(idx(&[2, 0, 4], &[]), labels.clone(), "images of 4x0 pixels");
    check(images.clone(), idx(&[3], &[0, 1, 2]), "for 2 images");
    check(images[..19].to_vec(), labels.clone(), "truncated");
    check(images, labels[..9].to_vec(), "truncated");
    // A header that announces 2^64 values must not be believed.
    check(idx(&[u32::MAX, u32::MAX, 1], &[1]), labels, "truncated");
    let folder = idx_folder(2, 1);
    let path = folder.path().join("train-images-idx3-ubyte.gz");
    let whole = fs::read(&path).unwrap();
    let refused = || import(folder.path(), &folder.path().join("m.parquet"), &ImportOptions::default()).is_err();
    write(&path, &whole[..whole.len() - 9]);
    assert!(refused());
    // All pixels are there, but gzip's checksum says that they are not those that were packed.
    let mut wrong = whole.clone();
    let last = wrong.len() - 8;
    wrong[last] ^= 1;
    write(&path, wrong);
    assert!(refused());
    write(&path, whole);
    assert!(!refused());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_pixels_survive_idx_to_parquet(width in 1_u32..12, height in 1_u32..12, pixels in proptest::collection::vec(any::<u8>(), 144 * 3)) {
        let folder = tempfile::tempdir().unwrap();
        let values = &pixels[..(width * height * 3) as usize];
        write(folder.path().join("train-images-idx3-ubyte"), idx(&[3, height, width], values));
        let destination = folder.path().join("m.parquet");
        import(folder.path(), &destination, &ImportOptions::default()).unwrap();
        let images = load(&destination);
        let found: Vec<u8> = (0..3).flat_map(|i| images.get(i).unwrap().data.bytes().unwrap().to_vec()).collect();
        prop_assert_eq!(found, values);
    }

    #[test]
    fn any_bytes_are_an_idx_file_or_an_error(mut bytes in proptest::collection::vec(any::<u8>(), 0..64), header in any::<bool>()) {
        if header && bytes.len() > 4 {
            bytes[..4].copy_from_slice(&[0, 0, 8, 3]);
        }
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("train-images-idx3-ubyte"), &bytes);
        let _ = import(folder.path(), &folder.path().join("m.parquet"), &ImportOptions::default());
    }
}
