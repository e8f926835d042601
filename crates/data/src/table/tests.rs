//! Tables written and read back.

use std::fs;

use polars::prelude::{LazyFrame, ScanArgsParquet};

use super::*;

fn predictions() -> Table {
    Table::new()
        .with("row", Column::U64(vec![3, u64::MAX]))
        .with("path", Column::Text(vec!["a,b.png".to_owned(), "\"c\".png".to_owned()]))
        .with("label", Column::OptionalText(vec![Some("coat".to_owned()), None]))
        .with("score", Column::F32(vec![0.1, f32::NAN]))
        .with("embedding", Column::Vectors { width: 2, data: vec![1.0, 2.5, -3.0, 0.25] })
}

#[test]
fn json_lines_hold_one_object_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.jsonl");
    write_table(&path, &predictions()).unwrap();
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        "{\"row\":3,\"path\":\"a,b.png\",\"label\":\"coat\",\"score\":0.1,\"embedding\":[1.0,2.5]}\n\
         {\"row\":18446744073709551615,\"path\":\"\\\"c\\\".png\",\"label\":null,\"score\":null,\"embedding\":[-3.0,0.25]}\n"
    );
}

#[test]
fn csv_quotes_and_spreads_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.csv");
    write_table(&path, &predictions()).unwrap();
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        "row,path,label,score,embedding_0,embedding_1\n3,\"a,b.png\",coat,0.1,1.0,2.5\n\
         18446744073709551615,\"\"\"c\"\".png\",,NaN,-3.0,0.25\n"
    );
}

#[test]
fn parquet_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.parquet");
    write_table(&path, &predictions()).unwrap();
    let scan = LazyFrame::scan_parquet(path.to_str().unwrap().into(), ScanArgsParquet::default());
    let found = scan.unwrap().collect().unwrap();
    assert!(found.equals_missing(&frame(&predictions(), false).unwrap()));
    assert_eq!(found.column("row").unwrap().u64().unwrap().get(1), Some(u64::MAX));
    let embedding = found.column("embedding").unwrap().array().unwrap();
    assert_eq!(embedding.width(), 2);
    let second = embedding.get_as_series(1).unwrap();
    assert_eq!(second.f32().unwrap().to_vec(), [Some(-3.0), Some(0.25)]);
}

#[test]
fn what_may_be_missing_is_written_as_missing() {
    let table = Table::new()
        .with("n", Column::I64(vec![Some(-2), None]))
        .with("x", Column::F64(vec![None, Some(0.1)]))
        .with("b", Column::Bool(vec![Some(true), None]));
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| {
        write_table(&folder.path().join(name), &table).unwrap();
        fs::read_to_string(folder.path().join(name)).unwrap()
    };
    assert_eq!(read("p.jsonl"), "{\"n\":-2,\"x\":null,\"b\":true}\n{\"n\":null,\"x\":0.1,\"b\":null}\n");
    assert_eq!(read("p.csv"), "n,x,b\n-2,,true\n,0.1,\n");
    write_table(&folder.path().join("p.parquet"), &table).unwrap();
    let path = folder.path().join("p.parquet");
    let found = LazyFrame::scan_parquet(path.to_str().unwrap().into(), ScanArgsParquet::default());
    assert!(found.unwrap().collect().unwrap().equals_missing(&frame(&table, false).unwrap()));
}

#[test]
fn a_table_without_rows_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Table::new().with("row", Column::U64(vec![])).with("v", Column::Vectors { width: 3, data: vec![] });
    write_table(&folder.path().join("p.parquet"), &empty).unwrap();
}

#[test]
fn what_is_no_table_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |name: &str, table: &Table| write_table(&folder.path().join(name), table).unwrap_err().to_string();
    assert!(refuse("p.xlsx", &predictions()).contains(".parquet, .csv or .jsonl"));
    let short = predictions().with("more", Column::U64(vec![1]));
    assert!(refuse("p.csv", &short).contains("it has 1 rows, the first column 2"));
    let twice = predictions().with("row", Column::U64(vec![1, 2]));
    assert!(refuse("p.csv", &twice).contains("same name"));
    let ragged = Table::new().with("v", Column::Vectors { width: 2, data: vec![1.0; 3] });
    assert!(refuse("p.csv", &ragged).contains("whole vectors of 2"));
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}
