//! CIFAR and STL-10 in their binary versions.

use std::fs;

use proptest::prelude::*;

use super::*;

/// Records of `lead` bytes and 32x32 planes whose red is the column, green the row, blue the number of the image.
fn cifar(leads: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, lead) in leads.iter().enumerate() {
        bytes.extend_from_slice(lead);
        bytes.extend((0..1024).map(|i| (i % 32) as u8));
        bytes.extend((0..1024).map(|i| (i / 32) as u8));
        bytes.extend([number as u8; 1024]);
    }
    bytes
}

fn class(images: &Images, i: usize) -> &str {
    images.label(i).map_or("none", |label| &images.classes()[label as usize])
}

fn refuse(folder: &Path, options: &ImportOptions) -> String {
    import(folder, &folder.join("out/m.parquet"), options).unwrap_err().to_string()
}

#[test]
fn cifar_10_keeps_pixels_names_and_splits() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(path("data_batch_1.bin"), cifar(&[&[3], &[0]]));
    write(path("data_batch_2.bin"), cifar(&[&[9]]));
    write(path("test_batch.bin"), cifar(&[&[1]]));
    write(path("readme.html"), "not an image");
    let destination = path("out/m.parquet");
    import(folder.path(), &destination, &ImportOptions::default()).unwrap();
    let data = Manifest::open(&destination).unwrap();
    assert_eq!(
        (data.splits().unwrap(), data.split("train").unwrap().count().unwrap()),
        (&["train", "test"].map(str::to_owned)[..], 3)
    );
    let images = load(&destination);
    assert_eq!((0..4).map(|i| class(&images, i)).collect::<Vec<_>>(), ["cat", "airplane", "truck", "automobile"]);
    assert_eq!(images.name(2), "data_batch_2/00000.png");
    let pixels = images.get(1).unwrap();
    assert_eq!((pixels.width, pixels.height, pixels.channels), (32, 32, 3));
    for (y, x) in [(0, 0), (5, 17), (31, 30)] {
        assert_eq!(pixels.data.bytes().unwrap()[(y * 32 + x) * 3..][..3], [x as u8, y as u8, 1]);
    }
    // One file alone, and names of one's own.
    let names = (0..10).map(|i| format!("class {i}")).collect();
    let options = ImportOptions { class_names: Some(names), ..ImportOptions::default() };
    import(&path("data_batch_1.bin"), &destination, &options).unwrap();
    assert_eq!(class(&load(&destination), 0), "class 3");
}

#[test]
fn cifar_100_has_two_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(path("train.bin"), cifar(&[&[4, 99], &[1, 0]]));
    write(path("test.bin"), cifar(&[&[0, 2]]));
    let names = |n: usize, what: &str| (0..n).map(|i| format!("{what}{i}")).collect::<Vec<_>>().join("\n");
    write(path("fine_label_names.txt"), names(100, "fine"));
    write(path("coarse_label_names.txt"), names(20, "coarse"));
    let destination = path("out/m.parquet");
    import(folder.path(), &destination, &ImportOptions::default()).unwrap();
    let data = Manifest::open(&destination).unwrap();
    assert_eq!(class(&load(&destination), 0), "fine99");
    let of_four = data.filter("coarse_label = 'coarse4'").unwrap().samples().unwrap();
    assert_eq!(of_four.rows, [0]);
    assert_eq!(data.split("test").unwrap().samples().unwrap().rows, [2]);
}

#[test]
fn stl_10_is_turned_upright() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Column by column: position i of a plane is column i / 96, row i % 96.
    let image = |number: u8| {
        let plane =
            |value: &dyn Fn(usize, usize) -> u8| (0..96 * 96).map(|i| value(i / 96, i % 96)).collect::<Vec<u8>>();
        [plane(&|x, _| x as u8), plane(&|_, y| y as u8), plane(&|_, _| number)].concat()
    };
    write(path("train_X.bin"), [image(7), image(8)].concat());
    write(path("train_y.bin"), [1, 10]);
    write(path("unlabeled_X.bin"), image(9));
    let destination = path("out/m.parquet");
    import(folder.path(), &destination, &ImportOptions::default()).unwrap();
    let images = load(&destination);
    assert_eq!((0..3).map(|i| class(&images, i)).collect::<Vec<_>>(), ["airplane", "truck", "none"]);
    let pixels = images.get(1).unwrap();
    for (y, x) in [(0, 0), (5, 17), (95, 94)] {
        assert_eq!(pixels.data.bytes().unwrap()[(y * 96 + x) * 3..][..3], [x as u8, y as u8, 8]);
    }
    let data = Manifest::open(&destination).unwrap();
    assert_eq!(data.splits().unwrap(), ["train", "unlabeled"]);
    assert_eq!(data.unlabeled().unwrap().count().unwrap(), 3);
}

#[test]
fn damaged_files_say_what_is_wrong() {
    let check = |files: &[(&str, Vec<u8>)], format: &str, words: &str| {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            write(folder.path().join(name), bytes);
        }
        let options = ImportOptions { format: format.parse().unwrap(), ..ImportOptions::default() };
        let error = refuse(folder.path(), &options);
        assert!(error.contains(words), "{words}: {error}");
    };
    let ten = cifar(&[&[3], &[0]]);
    let name = "data_batch_1.bin";
    check(
        &[(name, ten[..3073 + 9].to_vec())],
        "auto",
        "no whole number of CIFAR-10 images with their labels of 3073 bytes",
    );
    check(&[(name, Vec::new())], "auto", "its 0 bytes");
    check(&[(name, cifar(&[&[3], &[10]]))], "auto", "image 1 has label 10, CIFAR-10 has 0 to 9");
    check(&[("mine.bin", ten.clone())], "cifar100", "3074 bytes");
    check(&[("train.bin", cifar(&[&[20, 3]]))], "cifar100", "CIFAR-100 has 0 to 99");
    check(&[("train_X.bin", vec![0; 100])], "auto", "STL-10 images of 27648 bytes");
    let stl = vec![0; 27648];
    check(&[("train_X.bin", stl.clone()), ("train_y.bin", vec![1, 1])], "auto", "2 labels for 1 images");
    check(&[("train_X.bin", stl), ("train_y.bin", vec![0])], "stl10", "label 0, STL-10 has 1 to 10");
    for (format, words) in
        [("idx", "IDX"), ("cifar10", "data_batch_1.bin"), ("stl10", "train_X.bin"), ("webdataset", "gunzip")]
    {
        check(&[("a.png", png(1))], format, words);
    }
    let error = "cifar".parse::<ImportFormat>().unwrap_err().to_string();
    assert!(error.contains("did you mean \"cifar10") && error.contains("webdataset"), "{error}");
}

#[test]
fn further_columns_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path(), 60);
    for name in ["deep/m.parquet", "deep/m.csv"] {
        let destination = folder.path().join(name);
        let options = ImportOptions {
            embed: name.ends_with("parquet"),
            per_class: Some("4".parse().unwrap()),
            ..ImportOptions::default()
        };
        import(folder.path(), &destination, &options).unwrap();
        let data = Manifest::open(&destination).unwrap();
        let names: Vec<String> = data.describe().unwrap().columns.into_iter().map(|column| column.name).collect();
        assert!(names.contains(&"size".to_owned()), "{names:?}");
        // `size` is the row of the source, and the image's name tells it, too.
        let samples = data.filter("size >= 10").unwrap().samples().unwrap();
        assert!(!samples.is_empty());
        for source in &samples.sources {
            let number: u32 =
                source.name().unwrap().rsplit('/').next().unwrap().trim_end_matches(".png").parse().unwrap();
            assert!(number >= 10);
        }
    }
}

#[test]
fn parts_of_one_table_are_one_source() {
    let folder = tempfile::tempdir().unwrap();
    for (name, first) in [("train-00000-of-00002", 0), ("train-00001-of-00002", 20), ("test-00000-of-00001", 40)] {
        let images = folder.path().join("images").join(name);
        (first..first + 20).for_each(|seed| write(images.join(format!("x/{seed:03}.png")), png(seed)));
        import(&images, &folder.path().join("parts").join(name).with_extension("parquet"), &ImportOptions::default())
            .unwrap();
    }
    let destination = folder.path().join("m.parquet");
    import(&folder.path().join("parts/*.parquet"), &destination, &ImportOptions::default()).unwrap();
    let data = Manifest::open(&destination).unwrap();
    assert_eq!((data.count().unwrap(), data.split("test").unwrap().count().unwrap()), (60, 20));
    let images = load(&destination);
    // The glob sorts by name: test first.
    let expected: Vec<String> = (40..60).chain(0..40).map(|seed| format!("x/{seed:03}.png")).collect();
    assert_eq!((0..60).map(|i| images.name(i)).collect::<Vec<_>>(), expected);
    fs::remove_dir_all(folder.path().join("images")).unwrap();
    assert_eq!(load(&destination).len(), 60);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_are_a_dataset_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), whole in 0_usize..3, name in 0_usize..4, format in 0_usize..7,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let names = ["data_batch_1.bin", "train.bin", "train_X.bin", "a.tar"];
        let record = [3073, 3074, 27648, 512][name] * whole;
        let bytes: Vec<u8> = bytes.into_iter().chain(std::iter::repeat(1)).take(record.max(whole + 7)).collect();
        write(folder.path().join(names[name]), bytes);
        let options = ImportOptions { format: ImportFormat::NAMES[format].1, ..ImportOptions::default() };
        let _ = import(folder.path(), &folder.path().join("out/m.parquet"), &options);
    }

    #[test]
    fn any_cifar_pixels_survive(seed: u64, count in 1_usize..4) {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = foretask_random::Key::new(seed).rng();
        let mut bytes: Vec<u8> = (0..count * 3073).map(|_| rng.below(256) as u8).collect();
        bytes.iter_mut().step_by(3073).for_each(|label| *label %= 10);
        write(folder.path().join("test_batch.bin"), &bytes);
        let destination = folder.path().join("m.parquet");
        import(folder.path(), &destination, &ImportOptions::default()).unwrap();
        let images = load(&destination);
        for (i, record) in bytes.chunks_exact(3073).enumerate() {
            let pixels = images.get(i).unwrap();
            let planes: Vec<u8> = (0..3).flat_map(|channel| pixels.data.bytes().unwrap().iter().skip(channel).step_by(3).copied().collect::<Vec<_>>()).collect();
            prop_assert_eq!(&planes, &record[1..]);
        }
    }
}
