//! Tables to rows, labels, splits and files, and the views of them.

use std::{fs, path::Path};

use polars::prelude::{IpcWriter, LazyFrame, ScanArgsParquet, SerWriter};

use super::*;
use crate::test_images::{dataset, fixture, png, write};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn class_of(samples: &Samples, i: usize) -> Option<&str> {
    samples.labels[i].map(|label| samples.classes[label as usize].as_str())
}

#[test]
fn views_are_threads_safe_plain_values() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Manifest>();
    check::<Samples>();
}

#[test]
fn a_csv_gives_rows_labels_splits_and_files() {
    let folder = folder();
    dataset(folder.path(), 24);
    let data = Manifest::open(folder.path()).unwrap();
    assert_eq!(*data.classes().unwrap(), ["a", "b", "c"]);
    assert_eq!(data.splits().unwrap(), ["train", "test"]);
    assert_eq!((data.count().unwrap(), data.split("test").unwrap().count().unwrap()), (24, 6));
    let samples = data.split("test").unwrap().samples().unwrap();
    assert_eq!(samples.rows, [3, 7, 11, 15, 19, 23]);
    assert_eq!(class_of(&samples, 1), Some("b"));
    assert_eq!(samples.sources[1].name(), Some("images/7.png"));
    assert!(samples.sources[1].path().unwrap().is_file());
}

#[test]
fn integers_are_classes_in_numerical_order_and_empty_is_unlabeled() {
    let folder = folder();
    let path = folder.path().join("m.csv");
    write(&path, "path,label\na.png,10\nb.png,9\nc.png,\nd.png,-1\n");
    let data = Manifest::open(&path).unwrap();
    assert_eq!(*data.classes().unwrap(), ["9", "10"]);
    assert_eq!(data.samples().unwrap().labels, [Some(1), Some(0), None, None]);
    assert_eq!(data.labeled().unwrap().count().unwrap(), 2);
    // Numbers written as text: "10" after "9".
    write(&path, "path,label\na.png,10\nb.png,9\nc.png,1e5\n");
    let data = Manifest::open(&path).unwrap();
    assert_eq!(*data.classes().unwrap(), ["10", "1e5", "9"]);
}

#[test]
fn a_label_that_turns_to_text_late_in_a_csv_is_still_read() {
    let folder = folder();
    let mut csv = String::from("path\tlabel\n");
    csv.extend((0..500).map(|i| format!("{i}.png\t{}\n", i % 3)));
    csv += "x.png\tunknown\n";
    write(folder.path().join("m.tsv"), csv);
    let data = Manifest::open(folder.path().join("m.tsv")).unwrap();
    assert_eq!(*data.classes().unwrap(), ["0", "1", "2", "unknown"]);
}

#[test]
fn a_table_without_labels_is_a_dataset() {
    let folder = folder();
    write(folder.path().join("m.csv"), "path,label\na.png,\nb.png,\n");
    let data = Manifest::open(folder.path().join("m.csv")).unwrap();
    assert!(data.classes().unwrap().is_empty());
    assert_eq!(data.samples().unwrap().labels, [None, None]);
    assert!(text(data.labeled().unwrap_err()).contains("`label` is empty in every row"));
    assert_eq!(data.unlabeled().unwrap().count().unwrap(), 2);
}

#[test]
fn folders_of_images_are_tables() {
    let folder = folder();
    let root = folder.path();
    for name in
        ["cat/2.png", "cat/deep/er/1.JPG", "dog/1.png", "loose.webp", ".hidden/x.png", "dog/.y.png", "notes.txt"]
    {
        write(root.join(name), png(1));
    }
    let samples = Manifest::open(root).unwrap().samples().unwrap();
    let names: Vec<_> = samples.sources.iter().map(|source| source.name().unwrap()).collect();
    assert_eq!(names, ["cat/2.png", "cat/deep/er/1.JPG", "dog/1.png", "loose.webp"]);
    assert_eq!(samples.labels, [Some(0), Some(0), Some(1), None]);
    assert_eq!(*samples.classes, ["cat", "dog"]);
}

#[test]
fn top_folders_named_like_splits_are_splits() {
    let folder = folder();
    for name in ["train/cat/1.png", "train/dog/2.png", "test/cat/3.png", "unlabeled/4.png"] {
        write(folder.path().join(name), png(1));
    }
    let data = Manifest::open(folder.path()).unwrap();
    assert_eq!(data.splits().unwrap(), ["test", "train", "unlabeled"]);
    assert_eq!(*data.classes().unwrap(), ["cat", "dog"]);
    assert_eq!(data.unlabeled().unwrap().samples().unwrap().rows, [1, 2, 3]);
    assert_eq!(data.labeled().unwrap().count().unwrap(), 3);
}

#[test]
fn what_stands_beside_splits_makes_no_classes_of_them() {
    let folder = folder();
    for name in ["train/cat/1.png", "dev/dog/2.png", "testing/cat/3.png", "holdout/cat/4.png", "samples/preview.png"] {
        write(folder.path().join(name), png(1));
    }
    let data = Manifest::open(folder.path()).unwrap();
    assert_eq!(*data.classes().unwrap(), ["cat", "dog"]);
    // samples/preview.png and train/cat/1.png.
    assert_eq!(data.unlabeled().unwrap().samples().unwrap().rows, [2, 4]);
    assert_eq!(data.labeled().unwrap().count().unwrap(), 4);
}

#[test]
fn paths_of_windows_lead_to_their_files() {
    let folder = folder();
    write(folder.path().join("a/0.png"), png(1));
    write(folder.path().join("b\\1.png"), png(2));
    write(folder.path().join("m.csv"), "path,label\na\\0.png,x\nb\\1.png,y\n");
    let samples = Manifest::open(folder.path().join("m.csv")).unwrap().samples().unwrap();
    assert_eq!(samples.sources[0].read().unwrap(), png(1));
    // A file of that very name.
    assert_eq!(samples.sources[1].read().unwrap(), png(2));
}

#[test]
fn a_flat_folder_is_unlabeled() {
    let folder = folder();
    write(folder.path().join("b.png"), png(1));
    write(folder.path().join("a.png"), png(2));
    let data = Manifest::open(folder.path()).unwrap();
    assert_eq!(data.samples().unwrap().labels, [None, None]);
    assert!(data.splits().unwrap().is_empty());
    let error = text(data.split("train").unwrap_err());
    assert!(error.contains("no `split` column"), "{error}");
}

#[test]
fn the_hub_schema_brings_class_names_and_bytes() {
    let folder = folder();
    let path = folder.path().join("hub.parquet");
    write(&path, fixture("hub.parquet"));
    let data = Manifest::open(&path).unwrap();
    assert_eq!(*data.classes().unwrap(), ["cat", "dog", "zebra"]);
    let samples = data.samples().unwrap();
    assert_eq!(samples.labels, [Some(2), Some(0), Some(1), None, Some(2), None]);
    assert_eq!(data.labeled().unwrap().count().unwrap(), 4);
    assert_eq!(samples.sources[4].name(), Some("4.png"));
    let pixels = crate::decode_bytes(&samples.sources[4].read().unwrap(), None).unwrap();
    assert_eq!((pixels.width, pixels.channels, pixels.data.bytes().unwrap()[0]), (4, 1, 40));
}

#[test]
fn parts_named_by_split_are_splits_and_rows_count_through() {
    let folder = folder();
    for part in ["train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001"] {
        write(folder.path().join(format!("data/{part}.parquet")), fixture("hub.parquet"));
    }
    let data = Manifest::open(folder.path()).unwrap();
    assert_eq!(data.splits().unwrap(), ["train", "validation"]);
    assert_eq!(data.count().unwrap(), 18);
    assert_eq!(data.split("validation").unwrap().samples().unwrap().rows, [12, 13, 14, 15, 16, 17]);
    assert_eq!(data.unlabeled().unwrap().count().unwrap(), 12);
    let train = Manifest::open(folder.path().join("data/train-*.parquet")).unwrap();
    assert_eq!(train.samples().unwrap().rows, (0..12).collect::<Vec<_>>());
    assert_eq!(train.describe().unwrap().files, 2);
}

#[test]
fn what_lies_beside_parquet_parts_is_said() {
    let folder = folder();
    write(folder.path().join("data/train.parquet"), fixture("hub.parquet"));
    for (name, text) in [("more.csv", "path,label\n"), ("loose.png", ""), ("README.md", "# x"), ("data/more.jsonl", "")]
    {
        write(folder.path().join(name), text);
    }
    let data = Manifest::open(folder.path()).unwrap();
    let [beside, no_image] = data.passed_over() else { panic!("{:?}", data.passed_over()) };
    assert_eq!((beside.count, beside.missed, no_image.missed), (3, true, false));
    assert_eq!(beside.examples, ["loose.png", "more.csv", "more.jsonl"]);
    assert!(beside.to_string().contains("beside the Parquet files"), "{beside}");
}

#[test]
fn parts_with_other_names_are_one_table() {
    let folder = folder();
    for part in ["b", "a"] {
        write(folder.path().join(format!("{part}.parquet")), fixture("hub.parquet"));
    }
    let data = Manifest::open(folder.path().join("?.parquet")).unwrap();
    assert_eq!((data.count().unwrap(), data.splits().unwrap().len()), (12, 0));
    assert_eq!(data.samples().unwrap().rows, (0..12).collect::<Vec<_>>());
}

#[test]
fn pandas_categoricals_dates_and_arrow_files_are_read() {
    let folder = folder();
    let parquet = folder.path().join("m.parquet");
    write(&parquet, fixture("pandas.parquet"));
    let data = Manifest::open(&parquet).unwrap();
    assert_eq!(*data.classes().unwrap(), ["x", "y"]);
    assert_eq!(data.samples().unwrap().labels, [Some(0), Some(1), Some(0)]);
    assert_eq!(data.filter("width >= 20 AND label = 'x'").unwrap().samples().unwrap().rows, [2]);

    let arrow = folder.path().join("m.arrow");
    let path = parquet.to_str().unwrap().into();
    let mut frame = LazyFrame::scan_parquet(path, ScanArgsParquet::default()).unwrap().collect().unwrap();
    IpcWriter::new(fs::File::create(&arrow).unwrap()).finish(&mut frame).unwrap();
    let data = Manifest::open(&arrow).unwrap();
    assert_eq!(data.split_of_rows().unwrap(), (vec![None, None, None], Vec::new()));
    assert_eq!(data.samples().unwrap().labels, [Some(0), Some(1), Some(0)]);
}

#[test]
fn unlabeled_drops_labels_and_evaluation_splits() {
    let folder = folder();
    dataset(folder.path(), 24);
    let data = Manifest::open(folder.path()).unwrap();
    let pool = data.unlabeled().unwrap();
    let samples = pool.samples().unwrap();
    assert_eq!(samples.len(), 18);
    assert!(samples.labels.iter().all(Option::is_none));
    assert_eq!(*samples.classes, ["a", "b", "c"]);
    // A split chosen by name is kept, whatever its name.
    assert_eq!(data.split("test").unwrap().unlabeled().unwrap().count().unwrap(), 6);
    let error = text(pool.per_class(1, 0).unwrap_err());
    assert!(error.contains("has dropped them"), "{error}");
    let error = text(pool.filter("label = 'a'").unwrap_err());
    assert!(error.contains("filter before"), "{error}");
    assert_eq!(pool.steps().last().unwrap(), "unlabeled without test");
}

#[test]
fn rows_without_a_split_belong_to_the_pool() {
    let folder = folder();
    write(folder.path().join("m.csv"), "path,split\na.png,Test\nb.png,\nc.png,train\n");
    let data = Manifest::open(folder.path().join("m.csv")).unwrap();
    assert_eq!(data.unlabeled().unwrap().samples().unwrap().rows, [1, 2]);
}

#[test]
fn label_budgets_are_balanced_nested_and_repeatable() {
    let folder = folder();
    dataset(folder.path(), 120);
    let train = Manifest::open(folder.path()).unwrap().split("train").unwrap();
    let few = train.per_class(4, 7).unwrap().samples().unwrap();
    let count = |class| few.labels.iter().filter(|&&label| label == Some(class)).count();
    assert_eq!((few.len(), count(0), count(1), count(2)), (12, 4, 4, 4));
    assert_eq!(few.rows, train.per_class(4, 7).unwrap().samples().unwrap().rows);
    assert_ne!(few.rows, train.per_class(4, 8).unwrap().samples().unwrap().rows);
    let more = train.per_class(9, 7).unwrap().samples().unwrap();
    assert!(few.rows.iter().all(|row| more.rows.contains(row)));
    assert!(few.rows.is_sorted() && few.rows.iter().all(|row| row % 4 != 3));
    // A draw from a filtered view is a draw from that view.
    let two = train.filter("label <> 'c'").unwrap().per_class(4, 7).unwrap().samples().unwrap();
    assert_eq!(two.rows, few.rows.iter().copied().filter(|row| row % 3 != 2).collect::<Vec<_>>());
    let error = text(train.per_class(31, 7).unwrap_err());
    assert!(error.contains("class \"a\" has only 30 rows") && error.contains("at most 30"), "{error}");
}

#[test]
fn the_same_rows_for_ever() {
    // Results are published by seed: these numbers may never change.
    let folder = folder();
    dataset(folder.path(), 120);
    let data = Manifest::open(folder.path()).unwrap();
    assert_eq!(data.per_class(2, 1).unwrap().samples().unwrap().rows, [3, 21, 55, 74, 80, 100]);
    assert_eq!(data.fraction(0.05, 1).unwrap().samples().unwrap().rows, [21, 50, 62, 71, 75, 102]);
}

#[test]
fn fractions_and_heads() {
    let folder = folder();
    dataset(folder.path(), 120);
    let data = Manifest::open(folder.path()).unwrap();
    let tenth = data.fraction(0.1, 3).unwrap();
    assert_eq!(tenth.count().unwrap(), 12);
    let fifth = data.fraction(0.2, 3).unwrap().samples().unwrap();
    assert!(tenth.samples().unwrap().rows.iter().all(|row| fifth.rows.contains(row)));
    assert_eq!(data.fraction(1e-9, 3).unwrap().count().unwrap(), 1);
    assert_eq!(data.fraction(1.0, 3).unwrap().count().unwrap(), 120);
    for wrong in [0.0, -0.1, 1.5, f64::NAN] {
        assert!(text(data.fraction(wrong, 3).unwrap_err()).contains("above 0 and up to 1"));
    }
    let head = data.split("test").unwrap().take(2).unwrap();
    assert_eq!(head.samples().unwrap().rows, [3, 7]);
    assert_eq!(head.filter("size > 3").unwrap().samples().unwrap().rows, [7]);
    assert_eq!(data.take(1000).unwrap().count().unwrap(), 120);
}

#[test]
fn an_unknown_split_lists_the_known_ones() {
    let folder = folder();
    dataset(folder.path(), 8);
    let error = text(Manifest::open(folder.path()).unwrap().split("tset").unwrap_err());
    assert!(error.contains("did you mean \"test\"") && error.contains("train, test"), "{error}");
}

#[test]
fn nothing_left_says_how_that_came() {
    let folder = folder();
    dataset(folder.path(), 8);
    let error = text(Manifest::open(folder.path()).unwrap().filter("size > 99").unwrap().samples().unwrap_err());
    assert!(error.contains("no rows are left") && error.contains("filter size > 99"), "{error}");
}

#[test]
fn steps_tell_how_a_view_was_made() {
    let folder = folder();
    dataset(folder.path(), 60);
    let data = Manifest::open(folder.path()).unwrap();
    let view = data.split("train").unwrap().per_class(10, 1).unwrap();
    assert_eq!(view.steps()[1..], ["split train", "per_class 10 seed 1"]);
    assert!(view.steps()[0].starts_with("dataset "));
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = folder();
    let root = folder.path();
    let open = |name: &str| text(Manifest::open(root.join(name)).unwrap_err());
    assert!(open("absent").contains("no dataset at"));
    fs::create_dir(root.join("empty")).unwrap();
    assert!(open("empty").contains("holds neither a manifest"));
    write(root.join("x.png"), png(1));
    assert!(open("x.png").contains("images are given by their folder"));
    write(root.join("m.csv"), "name,label\na,1\n");
    assert!(open("m.csv").contains("no image column") && open("m.csv").contains("`name`"));
    write(root.join("n.csv"), "path,label\na,1.5\nb,2.5\n");
    assert_eq!(*Manifest::open(root.join("n.csv")).unwrap().classes().unwrap(), ["1.5", "2.5"]);
    write(root.join("empty.csv"), "");
    assert!(open("empty.csv").contains("empty.csv"));
}

#[test]
fn damaged_tables_are_errors_never_panics() {
    let folder = folder();
    let path = folder.path().join("m.parquet");
    let whole = fixture("hub.parquet");
    // Every cut, and a byte turned over at every eleventh place.
    for cut in (0..whole.len()).step_by(37) {
        write(&path, &whole[..cut]);
        assert!(Manifest::open(&path).is_err(), "cut at {cut}");
    }
    for at in (0..whole.len()).step_by(11) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        write(&path, &bytes);
        let _ = Manifest::open(&path).and_then(|data| data.samples());
    }
}

#[test]
fn a_description_counts_everything() {
    let folder = folder();
    dataset(folder.path(), 24);
    fs::write(folder.path().join("images/5.png"), "no image").unwrap();
    let about = Manifest::open(folder.path()).unwrap().describe().unwrap();
    assert_eq!((about.rows, about.labeled, about.classes[2].rows), (24, 24, 8));
    assert_eq!(
        about.splits,
        [("train", 18), ("test", 6)].map(|(name, rows)| SplitCount { name: Some(name.to_owned()), rows })
    );
    assert_eq!((about.sizes.sampled, about.sizes.bad, about.sizes.largest), (24, 1, Some((6, 5))));
    let text = about.to_string();
    assert!(text.contains("rows      24 (24 labeled)") && text.contains("a 8, b 8, c 8"), "{text}");
    assert!(serde_json::to_string(&about).unwrap().contains("\"name\":\"size\""));
}

#[test]
fn fingerprints_follow_content_not_place() {
    let (one, two) = (folder(), folder());
    let print = |root: &Path| Manifest::open(root).unwrap().samples().unwrap().fingerprint();
    for root in [&one, &two] {
        write(root.path().join("hub.parquet"), fixture("hub.parquet"));
    }
    assert_eq!(print(one.path()), print(two.path()));
    let data = Manifest::open(one.path()).unwrap();
    assert_ne!(print(one.path()), data.take(5).unwrap().samples().unwrap().fingerprint());
    assert_ne!(print(one.path()), data.unlabeled().unwrap().samples().unwrap().fingerprint());
    // A file counts by name, size and time.
    let files = folder();
    write(files.path().join("a.png"), png(1));
    let before = print(files.path());
    assert_eq!(before, print(files.path()));
    write(files.path().join("a.png"), [png(1), vec![0]].concat());
    assert_ne!(before, print(files.path()));
}
