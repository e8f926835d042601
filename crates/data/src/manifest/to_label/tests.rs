//! Tables that are filled in: written, added to, and never taken away.

use super::*;
use crate::{
    import::{ImportOptions, import},
    test_images::{dataset, write},
};

/// What opens under `path`, as pixels in the order of its rows.
fn pixels(path: &Path) -> Vec<Vec<u8>> {
    let samples = Manifest::open(path).unwrap().samples().unwrap();
    samples.sources.iter().map(|source| source.read().unwrap().into_owned()).collect()
}

fn source_pixels(path: &Path, rows: &[u64]) -> Vec<Vec<u8>> {
    let all = pixels(path);
    rows.iter().map(|&row| all[row as usize].clone()).collect()
}

#[test]
fn a_csv_elsewhere_finds_its_images_and_takes_labels() {
    let folder = tempfile::tempdir().unwrap();
    dataset(&folder.path().join("data"), 24);
    let data = Manifest::open(folder.path().join("data")).unwrap();
    let path = folder.path().join("work/next/to_label.csv");
    let rows = [17, 2, 8];
    assert_eq!(data.unlabeled().unwrap().write_to_label(&rows, &path, false).unwrap().pictures, None);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().next(), Some("path,label,split,size,row"));
    assert!(text.contains("../../data/images/17.png,,train,17,17"), "{text}");
    assert_eq!(pixels(&path), source_pixels(&folder.path().join("data"), &rows));
    // A person fills in the labels.
    write(&path, text.replace(".png,,", ".png,good,").replacen("good", "bad", 1));
    let labeled = Manifest::open(&path).unwrap().samples().unwrap();
    assert_eq!(
        (labeled.labels, labeled.classes.to_vec()),
        (vec![Some(0), Some(1), Some(1)], vec!["bad".into(), "good".into()])
    );
}

#[test]
fn embedded_images_stay_embedded_or_become_files() {
    let folder = tempfile::tempdir().unwrap();
    dataset(&folder.path().join("data"), 12);
    let packed = folder.path().join("packed.parquet");
    import(&folder.path().join("data"), &packed, &ImportOptions { embed: true, ..ImportOptions::default() }).unwrap();
    let data = Manifest::open(&packed).unwrap();
    let rows = [9, 4];
    let parquet = folder.path().join("to_label.parquet");
    assert_eq!(data.write_to_label(&rows, &parquet, false).unwrap().pictures, None);
    assert_eq!(pixels(&parquet), source_pixels(&packed, &rows));
    assert!(Manifest::open(&parquet).unwrap().classes().unwrap().is_empty(), "the old labels are gone");
    let csv = folder.path().join("to_label.csv");
    assert_eq!(data.write_to_label(&rows, &csv, false).unwrap().pictures, Some(folder.path().join("to_label")));
    assert!(folder.path().join("to_label/9.png").is_file());
    assert_eq!(pixels(&csv), source_pixels(&packed, &rows));
}

#[test]
fn what_a_person_has_filled_in_stays_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    dataset(&folder.path().join("data"), 24);
    let data = Manifest::open(folder.path().join("data")).unwrap().unlabeled().unwrap();
    let path = folder.path().join("todo.csv");
    data.write_to_label(&[17, 2, 8], &path, false).unwrap();
    // Nothing was filled in: written anew.
    assert_eq!(data.write_to_label(&[5, 2], &path, false).unwrap().kept, None);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    // Filled in by hand, in a spreadsheet's way: semicolons, its line ends, a column of its own, another order, no last line end.
    let filled =
        "\u{feff}label;remark;path\r\n\"cat; grey\";\"said \"\"no\"\"\";data/images/2.png\r\n;;data/images/5.png";
    write(&path, filled);
    let written = data.write_to_label(&[9, 2, 17], &path, false).unwrap();
    assert_eq!(written.kept, Some(KeptRows { rows: 2, labeled: 1, added: 2 }));
    assert_eq!(written.places, [3, 1, 4]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("{filled}\r\n;;data/images/9.png\r\n;;data/images/17.png\r\n"));
    // Once more: nothing to add, nothing touched.
    let written = data.write_to_label(&[9, 2, 17], &path, false).unwrap();
    assert_eq!(written.kept, Some(KeptRows { rows: 4, labeled: 1, added: 0 }));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    // Neither does whoever lets other files be replaced lose it.
    let written = data.write_to_label(&[9], &path, true).unwrap();
    assert_eq!(written.kept, Some(KeptRows { rows: 4, labeled: 1, added: 0 }));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn images_are_not_asked_for_again_under_another_spelling() {
    let folder = tempfile::tempdir().unwrap();
    dataset(&folder.path().join("data"), 12);
    let data = Manifest::open(folder.path().join("data")).unwrap().unlabeled().unwrap();
    let path = folder.path().join("todo.csv");
    let whole = folder.path().join("data/images/2.png");
    for spelled in ["./data/images/2.png", "data//images/2.png", "data\\images\\2.png", whole.to_str().unwrap()] {
        write(&path, format!("path,label\n{spelled},cat\n"));
        let written = data.write_to_label(&[2, 5], &path, false).unwrap();
        assert_eq!(written.kept, Some(KeptRows { rows: 1, labeled: 1, added: 1 }), "{spelled}");
        assert_eq!(written.places, [1, 2], "{spelled}");
    }
}

#[test]
fn a_table_that_cannot_be_read_is_refused_and_not_added_to() {
    let folder = tempfile::tempdir().unwrap();
    dataset(&folder.path().join("data"), 8);
    let data = Manifest::open(folder.path().join("data")).unwrap();
    let path = folder.path().join("todo.csv");
    for (table, reason) in [
        ("path,label\ndata/images/1.png,\"cat\ndata/images/2.png,dog\n", "quotation mark"),
        ("path,label\ndata/images/1.png\n", "line 2"),
        ("path,label\ndata/images/1.png,cat,dog\n", "line 2"),
        ("path,label,label\ndata/images/1.png,cat,dog\n", "`label`"),
    ] {
        write(&path, table);
        let error = data.write_to_label(&[3], &path, false).unwrap_err().to_string();
        assert!(error.contains("todo.csv") && error.contains(reason), "{table}: {error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), table);
    }
}

#[test]
fn names_that_spreadsheets_would_run_come_back() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["=1+1.pgm", "-photo.pgm", "@x.pgm", "plain.pgm"] {
        write(folder.path().join(name), format!("P5\n1 1\n255\n{}", name.len()));
    }
    let data = Manifest::open(folder.path()).unwrap();
    let path = folder.path().join("todo.csv");
    data.write_to_label(&[0, 1, 2], &path, false).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\n'=1+1.pgm,") && text.contains("\n'-photo.pgm,") && text.contains("\n'@x.pgm,"), "{text}");
    let mut names: Vec<String> = Manifest::open(&path)
        .unwrap()
        .samples()
        .unwrap()
        .sources
        .iter()
        .map(|source| source.name().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["-photo.pgm", "=1+1.pgm", "@x.pgm"]);
    write(&path, text.replacen(".pgm,,", ".pgm,a,", 1));
    let written = data.write_to_label(&[0, 1, 2, 3], &path, false).unwrap();
    assert_eq!(written.kept, Some(KeptRows { rows: 3, labeled: 1, added: 1 }));
}

#[test]
fn labels_in_another_encoding_are_kept_and_other_files_refused() {
    let folder = tempfile::tempdir().unwrap();
    dataset(&folder.path().join("data"), 8);
    let data = Manifest::open(folder.path().join("data")).unwrap();
    let path = folder.path().join("todo.csv");
    // Latin 1, as spreadsheets in Europe save it.
    let filled = b"path,label\ndata/images/1.png,K\xE4fer\n".to_vec();
    std::fs::write(&path, &filled).unwrap();
    data.write_to_label(&[3], &path, false).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), [&filled[..], b"data/images/3.png,\n"].concat());
    for foreign in ["name,class\na,b\n", "", "my diary\n", "p\0a\0t\0h"] {
        write(&path, foreign);
        let error = data.write_to_label(&[3], &path, false).unwrap_err().to_string();
        assert!(error.contains("todo.csv") && error.contains("overwrite: true"), "{error}");
        assert!(check_to_label(&path, false).is_err() && check_to_label(&path, true).is_ok());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
    }
    let parquet = folder.path().join("todo.parquet");
    write(&parquet, "not a table");
    assert!(data.write_to_label(&[3], &parquet, false).is_err());
}

#[test]
fn a_parquet_that_was_filled_in_keeps_its_rows_and_columns() {
    let folder = tempfile::tempdir().unwrap();
    dataset(&folder.path().join("data"), 12);
    let data = Manifest::open(folder.path().join("data")).unwrap().unlabeled().unwrap();
    let path = folder.path().join("todo.parquet");
    data.write_to_label(&[4, 6], &path, false).unwrap();
    let columns = vec![
        Column::new("path".into(), ["data/images/4.png", "data/images/6.png"]),
        Column::new("label".into(), [7_i64, 8]),
        Column::new("sure".into(), [0.5, 1.0]),
    ];
    let mut filled = DataFrame::new(2, columns).unwrap();
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut filled).unwrap();
    let written = data.write_to_label(&[6, 9], &path, false).unwrap();
    assert_eq!((written.places, written.kept), (vec![2, 3], Some(KeptRows { rows: 2, labeled: 2, added: 1 })));
    let labeled = Manifest::open(&path).unwrap().samples().unwrap();
    assert_eq!(labeled.labels, [Some(0), Some(1), None]);
    assert_eq!(labeled.classes.to_vec(), ["7", "8"]);
    assert_eq!(pixels(&path)[2], source_pixels(&folder.path().join("data"), &[9])[0]);
}

#[test]
fn wrong_rows_and_endings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    dataset(folder.path(), 8);
    let data = Manifest::open(folder.path()).unwrap();
    let error = data.split("train").unwrap().write_to_label(&[3], &folder.path().join("a.csv"), false).unwrap_err();
    assert!(error.to_string().contains("split train"), "{error}");
    let error = data.write_to_label(&[3], &folder.path().join("a.xlsx"), false).unwrap_err();
    assert!(error.to_string().contains(".csv or .parquet"), "{error}");
    assert_eq!(data.rows(&[5, 1], "chosen").unwrap().samples().unwrap().rows, [1, 5]);
}
