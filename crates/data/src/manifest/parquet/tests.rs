//! Parquet files in parts, as hubs and other programs write them.

use std::{fs::File, path::Path};

use polars::prelude::{
    Column, DataFrame, DataType, IntoSeries, IpcWriter, KeyValueMetadata, NamedFrom, ParquetWriter, SerWriter, Series,
    StructChunked,
};

use super::super::{Manifest, huggingface};
use crate::test_images::{fixture, png, write};

fn images(rows: u32) -> Column {
    let bytes: Vec<Vec<u8>> = (0..rows).map(png).collect();
    let bytes = Series::new("bytes".into(), bytes.iter().map(Vec::as_slice).collect::<Vec<&[u8]>>());
    let paths = Series::new("path".into(), (0..rows).map(|row| format!("{row}.png")).collect::<Vec<_>>());
    StructChunked::from_series("image".into(), rows as usize, [bytes, paths].iter()).unwrap().into_series().into()
}

/// Without names, and with a field of their own.
fn nameless(rows: u32) -> Column {
    let bytes: Vec<Vec<u8>> = (0..rows).map(png).collect();
    let bytes = Series::new("bytes".into(), bytes.iter().map(Vec::as_slice).collect::<Vec<&[u8]>>());
    let width = Series::new("width".into(), vec![6_i64; rows as usize]);
    StructChunked::from_series("image".into(), rows as usize, [width, bytes].iter()).unwrap().into_series().into()
}

fn column(name: &str, values: &[i64]) -> Column {
    Series::new(name.into(), values).into()
}

fn save(path: &Path, columns: Vec<Column>, names: Option<&str>) {
    let mut frame = DataFrame::new(columns[0].len(), columns).unwrap();
    let metadata = names.map(|names| {
        let text =
            format!("{{\"info\":{{\"features\":{{\"label\":{{\"names\":[{names}],\"_type\":\"ClassLabel\"}}}}}}}}");
        KeyValueMetadata::from_static(vec![(huggingface::KEY.to_owned(), text)])
    });
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let writer = ParquetWriter::new(File::create(path).unwrap()).with_row_group_size(Some(2));
    writer.with_key_value_metadata(metadata).finish(&mut frame).unwrap();
}

fn as_type(column: Column, kind: &DataType) -> Column {
    column.cast(kind).unwrap()
}

fn labels() -> Column {
    column("label", &[0_i64, 1, 0, 1])
}

/// Six rows: four to train, two to validate, in files of their own.
fn hub(test: Vec<Column>) -> (tempfile::TempDir, crate::Result<Manifest>) {
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("data/train-00000-of-00001.parquet"), vec![images(4), labels()], Some("\"a\",\"b\""));
    save(&folder.path().join("data/validation-00000-of-00001.parquet"), test, Some("\"a\",\"b\",\"c\""));
    let data = Manifest::open(folder.path());
    (folder, data)
}

#[test]
fn parts_of_other_columns_are_one_table() {
    let label = || column("label", &[1_i64, 2]);
    let all = [Some(0), Some(1), Some(0), Some(1), Some(1), Some(2)];
    let bare = [Some(0), Some(1), Some(0), Some(1), None, None];
    for (what, test, expected) in [
        ("the same", vec![images(2), label()], all),
        ("another order", vec![label(), images(2)], all),
        ("a smaller type", vec![images(2), as_type(label(), &DataType::Int32)], all),
        ("no label", vec![images(2)], bare),
        ("images of other fields", vec![nameless(2), label()], all),
        ("one more", vec![images(2), label(), column("id", &[7_i64, 8])], all),
        ("nothing in it", vec![images(2), Column::full_null("label".into(), 2, &DataType::Null)], bare),
    ] {
        let (_folder, data) = hub(test);
        let data = data.unwrap_or_else(|error| panic!("{what}: {error}"));
        let samples = data.samples().unwrap();
        assert_eq!(samples.labels, expected, "{what}");
        assert_eq!(*samples.classes, ["a", "b", "c"], "{what}");
        assert_eq!(samples.rows, [0, 1, 2, 3, 4, 5], "{what}");
        assert_eq!(samples.sources[5].read().unwrap(), png(1), "{what}");
        let test = data.split("validation").unwrap();
        assert_eq!(test.samples().unwrap().rows, [4, 5], "{what}");
        assert_eq!(data.take(3).unwrap().samples().unwrap().len(), 3, "{what}");
        assert_eq!(data.unlabeled().unwrap().count().unwrap(), 4, "{what}");
        if what == "one more" {
            assert_eq!(data.filter("id = 8").unwrap().samples().unwrap().rows, [5]);
        }
    }
}

#[test]
fn parts_that_cannot_be_joined_name_file_and_column() {
    let list = column("label", &[1_i64, 2]).cast(&DataType::Boolean).unwrap();
    let (_folder, data) = hub(vec![images(2), list]);
    let error = data.unwrap_err().to_string();
    assert!(error.contains("`label`") && error.contains("train-00000-of-00001.parquet"), "{error}");
    // Others are left out, and said.
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("a.parquet"), vec![images(1), column("n", &[1_i64])], None);
    save(&folder.path().join("b.parquet"), vec![images(1), as_type(column("n", &[1_i64]), &DataType::String)], None);
    let data = Manifest::open(folder.path()).unwrap();
    assert_eq!(data.samples().unwrap().len(), 2);
    let note = &data.notes().unwrap()[0].text;
    assert!(note.contains("`n`") && note.contains("a.parquet") && note.contains("b.parquet"), "{note}");
}

#[test]
fn class_names_of_parts_have_to_agree() {
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("a.parquet"), vec![images(4), labels()], Some("\"x\",\"y\""));
    save(&folder.path().join("b.parquet"), vec![images(4), labels()], Some("\"y\",\"x\""));
    let error = Manifest::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("b.parquet: its metadata names the classes y, x") && error.contains("a.parquet x, y"),
        "{error}"
    );
}

#[test]
fn columns_that_cannot_be_read_spoil_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["odd-types.parquet", "odd-types.arrow"] {
        let path = folder.path().join(name);
        write(&path, fixture(name));
        let data = Manifest::open(&path).unwrap();
        let samples = data.samples().unwrap();
        assert_eq!(
            (samples.labels, samples.classes.to_vec()),
            (vec![Some(0), Some(1), Some(0)], vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(data.filter("width >= 2").unwrap().samples().unwrap().rows, [1, 2]);
        assert_eq!((data.count().unwrap(), data.describe().unwrap().rows), (3, 3));
        let notes = data.notes().unwrap().iter().map(|note| format!("{note}\n")).collect::<Vec<_>>().concat();
        for words in ["`price` is left out: its type Decimal(10, 2)", "`score` is left out: its type Float16", "`clip`"]
        {
            assert!(notes.contains(words), "{name}: {notes}");
        }
    }
}

#[test]
fn numbers_with_gaps_are_classes_whatever_their_type() {
    let folder = tempfile::tempdir().unwrap();
    let floats = Series::new("label".into(), [Some(0.0), None, Some(1.0), Some(f64::NAN), Some(-1.0), Some(2.5)]);
    for (kind, label, classes, labels) in [
        ("float", floats, vec!["0", "1", "2.5"], vec![Some(0), None, Some(1), None, None, Some(2)]),
        (
            "integer",
            Series::new("label".into(), [3_i64, -1, 3, 5, -1, -2]),
            vec!["-2", "3", "5"],
            vec![Some(1), None, Some(1), Some(2), None, Some(0)],
        ),
        (
            "text",
            Series::new("label".into(), ["1.0", " 1", "007", "-1", "", "7"]),
            vec!["1", "007", "7"],
            vec![Some(0), Some(0), Some(1), None, None, Some(2)],
        ),
        (
            "large",
            Series::new("label".into(), [u64::MAX, 1, u64::MAX, 1, 1, 1]),
            vec!["1", "18446744073709551615"],
            vec![Some(1), Some(0), Some(1), Some(0), Some(0), Some(0)],
        ),
        (
            "flag",
            Series::new("label".into(), [true, false, true, true, true, true]),
            vec!["false", "true"],
            vec![Some(1), Some(0), Some(1), Some(1), Some(1), Some(1)],
        ),
    ] {
        for name in ["label", "labels"] {
            let label: Column = label.clone().with_name(name.into()).into();
            save(&folder.path().join("m.parquet"), vec![images(6), label.clone()], None);
            let mut frame = DataFrame::new(6, vec![images(6), label]).unwrap();
            IpcWriter::new(File::create(folder.path().join("m.arrow")).unwrap()).finish(&mut frame).unwrap();
            for file in ["m.parquet", "m.arrow"] {
                let data = Manifest::open(folder.path().join(file)).unwrap();
                assert_eq!(data.classes().unwrap().to_vec(), classes, "{kind} {file}");
                assert_eq!(data.samples().unwrap().labels, labels, "{kind} {file}");
                let labeled = labels.iter().flatten().count();
                assert_eq!(data.labeled().unwrap().count().unwrap(), labeled, "{kind} {file}");
                assert_eq!(
                    data.filter("label IS NOT NULL").map_or(labeled, |data| data.count().unwrap()),
                    labeled,
                    "{kind} {file}"
                );
            }
        }
    }
}

#[test]
fn floats_beside_class_names_are_places_among_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gaps.parquet");
    let of = |values: &[Option<f64>]| {
        let labels = Series::new("label".into(), values).into();
        save(&path, vec![images(values.len() as u32), labels], Some("\"cat\",\"dog\",\"zebra\""));
        Manifest::open(&path).unwrap()
    };
    // As pandas saves a table of the hub that has gaps.
    let data = of(&[Some(1.0), Some(0.0), None, Some(f64::NAN), Some(-1.0)]);
    assert_eq!(*data.classes().unwrap(), ["cat", "dog", "zebra"]);
    assert_eq!(data.samples().unwrap().labels, [Some(1), Some(0), None, None, None]);
    assert_eq!(data.labeled().unwrap().count().unwrap(), 2);
    assert_eq!(data.filter("label == 'dog'").unwrap().count().unwrap(), 1);
    for (values, label) in [([Some(0.5), None], "0.5"), ([Some(3.0), Some(0.0)], "3.0")] {
        let reason = of(&values).samples().unwrap_err().to_string();
        assert!(reason.contains(&format!("label {label}")) && reason.contains("3 classes are named"), "{reason}");
    }
}
