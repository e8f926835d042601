//! Images and label tables joined by file name.

use std::path::Path;

use super::super::{Folders, Manifest, OpenOptions};
use crate::test_images::{png, write};

fn photos() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (seed, name) in ["2023/a.png", "2023/b.png", "2024/a.png", "2024/c.png"].into_iter().enumerate() {
        write(folder.path().join("photos").join(name), png(seed as u32));
    }
    folder
}

fn labeled(root: &Path, tables: &[&str]) -> Result<Manifest, String> {
    let labels = tables.iter().map(|table| root.join(table)).collect();
    let options = OpenOptions { labels, ..OpenOptions::default() };
    Manifest::open_with(root.join("photos"), &options).map_err(|error| error.to_string())
}

/// The class of each row.
fn classes(data: &Manifest) -> Vec<Option<String>> {
    let samples = data.samples().unwrap();
    samples.labels.iter().map(|label| label.map(|label| samples.classes[label as usize].clone())).collect()
}

fn some(names: [&str; 4]) -> Vec<Option<String>> {
    names.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect()
}

fn notes(data: &Manifest) -> String {
    data.notes().unwrap().iter().map(|note| format!("{note}\n")).collect::<Vec<_>>().concat()
}

#[test]
fn a_folder_and_a_table_of_labels_are_one_dataset() {
    let folder = photos();
    let root = folder.path();
    let absolute = root.join("photos/2024/a.png");
    let rows = format!(
        "2023/a.png,cat,train,1\n./photos/2023/b.png,007,test,2\n{},,train,3\nc.png,7,,4\n",
        absolute.display()
    );
    write(root.join("labels.csv"), format!("path,label,split,age\n{rows}"));
    let data = labeled(root, &["labels.csv"]).unwrap();
    assert_eq!(classes(&data), some(["cat", "007", "", "7"]));
    assert_eq!(*data.classes().unwrap(), ["007", "7", "cat"]);
    assert_eq!(data.splits().unwrap(), ["train", "test"]);
    assert_eq!(data.split("test").unwrap().samples().unwrap().rows, [1]);
    assert_eq!(data.filter("age > 1 AND label <> '7'").unwrap().samples().unwrap().rows, [1]);
    assert_eq!(data.labeled().unwrap().samples().unwrap().rows, [0, 1, 3]);
    assert_eq!(data.unlabeled().unwrap().samples().unwrap().rows, [0, 2, 3]);
    assert_eq!(data.per_class(1, 0).unwrap().count().unwrap(), 3);
    assert_eq!(data.describe().unwrap().labeled, 3);
    assert_eq!(data.notes().unwrap(), []);
    assert!(data.steps()[1].starts_with("labels "));
}

#[test]
fn what_belongs_to_no_image_is_counted_and_named() {
    let folder = photos();
    let root = folder.path();
    write(root.join("labels.csv"), "path,label\n2023/b.png,x\na.png,x\ngone.png,y\n2025/c.png,y\nlost.png,\n");
    let data = labeled(root, &["labels.csv"]).unwrap();
    assert_eq!(classes(&data), some(["", "x", "", ""]));
    let notes = notes(&data);
    for words in [
        "3 of 5 rows name no image",
        "gone.png (row 2), 2025/c.png (row 3), lost.png (row 4)",
        "1 of 5 rows may mean one image or another: a.png (row 1) may be 2023/a.png or 2024/a.png",
        "3 labels belong to no image",
    ] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    assert!(data.notes().unwrap().iter().all(|note| note.warning));
    write(root.join("labels.csv"), "path,label\nx/other.png,x\n");
    let error = labeled(root, &["labels.csv"]).unwrap_err();
    assert!(
        error.contains("none of its 1 rows") && error.contains("other.png") && error.contains("2023/a.png"),
        "{error}"
    );
}

#[test]
fn tables_fill_each_other_and_may_not_differ() {
    let folder = photos();
    let root = folder.path();
    write(root.join("one.csv"), "path,label,note\n2023/a.png,x,first\n2023/b.png,,\n");
    write(
        root.join("two.jsonl"),
        "{\"path\":\"2023/b.png\",\"label\":\"y\",\"note\":\"second\"}\n{\"path\":\"2023/a.png\",\"label\":\"x\"}\n",
    );
    let data = labeled(root, &["one.csv", "two.jsonl"]).unwrap();
    assert_eq!(classes(&data), some(["x", "y", "", ""]));
    assert_eq!(data.filter("note = 'second'").unwrap().samples().unwrap().rows, [1]);
    write(root.join("two.jsonl"), "{\"path\":\"2023/a.png\",\"label\":\"z\"}\n");
    let error = labeled(root, &["one.csv", "two.jsonl"]).unwrap_err();
    assert!(error.contains("2023/a.png is z in row 0, but x in row 0 of") && error.contains("one.csv"), "{error}");
}

#[test]
fn a_table_of_labels_counts_more_than_a_manifest() {
    let folder = photos();
    let root = folder.path();
    write(
        root.join("photos/manifest.csv"),
        "path,label,split\n2023/a.png,old,train\n2023/b.png,kept,train\n2024/a.png,,test\n",
    );
    write(root.join("labels.csv"), "path,label\nphotos/2023/a.png,new\nphotos/2024/a.png,new\n");
    let data = labeled(root, &["labels.csv"]).unwrap();
    assert_eq!(classes(&data)[..3], some(["new", "kept", "new", ""])[..3]);
    assert_eq!(data.splits().unwrap(), ["train", "test"]);
    assert!(notes(&data).contains("1 labels of"), "{}", notes(&data));
}

#[test]
fn folders_are_classes_only_where_they_are_meant() {
    let folder = photos();
    let root = folder.path();
    let data = Manifest::open(root.join("photos")).unwrap();
    assert_eq!(*data.classes().unwrap(), ["2023", "2024"]);
    assert!(notes(&data).contains("subfolders are classes"));
    let options = OpenOptions { folders: Folders::Ignore, ..OpenOptions::default() };
    let data = Manifest::open_with(root.join("photos"), &options).unwrap();
    assert!(data.classes().unwrap().is_empty() && data.notes().unwrap().is_empty());
    assert_eq!(data.count().unwrap(), 4);
    // Nobody has labeled any yet.
    write(root.join("to_label.csv"), "path,label\n2023/a.png,\n");
    let data = labeled(root, &["to_label.csv"]).unwrap();
    assert!(data.classes().unwrap().is_empty());
}

#[test]
fn metadata_beside_images_is_read() {
    let folder = photos();
    let root = folder.path().join("photos");
    write(root.join("2023/metadata.csv"), "file_name,label,text\na.png,x,one\nb.png,y,two\n");
    write(root.join("2024/metadata.jsonl"), "{\"file_name\":\"a.png\",\"label\":\"y\",\"text\":\"three\"}\n");
    let data = Manifest::open(&root).unwrap();
    assert_eq!(classes(&data), some(["x", "y", "y", ""]));
    assert_eq!(data.filter("text = 'three'").unwrap().samples().unwrap().rows, [2]);
    // Without labels in it, the folders stay classes.
    std::fs::remove_file(root.join("2024/metadata.jsonl")).unwrap();
    write(root.join("2023/metadata.csv"), "file_name,text\na.png,one\nb.png,two\n");
    assert_eq!(*Manifest::open(&root).unwrap().classes().unwrap(), ["2023", "2024"]);
    // Somebody else's.
    write(root.join("2023/metadata.csv"), "camera,lens\nx,y\n");
    assert!(notes(&Manifest::open(&root).unwrap()).contains("no column `file_name`"));
}

#[test]
fn a_written_table_joins_after_it_was_filled_in() {
    let folder = photos();
    let root = folder.path();
    let options = OpenOptions { folders: Folders::Ignore, ..OpenOptions::default() };
    let data = Manifest::open_with(root.join("photos"), &options).unwrap();
    let path = root.join("work/to_label.csv");
    data.write_to_label(&[3, 0], &path, false).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    write(&path, text.replace(".png,", ".png,good"));
    let again = labeled(root, &["work/to_label.csv"]).unwrap();
    assert_eq!(classes(&again), some(["good", "", "", "good"]));
    // The next table counts this dataset's rows, whatever the first one had.
    let next = root.join("work/next.csv");
    again.write_to_label(&[2, 3], &next, false).unwrap();
    let rows = std::fs::read_to_string(&next).unwrap();
    let rows: Vec<&str> = rows.lines().map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(rows, ["row", "2", "3"]);
    // Excel in Germany: semicolons, Windows-1252, backslashes, blanks.
    let german = "path;label\r\n..\\photos\\2024\\c.png;Wei\u{df}kohl \r\n";
    write(&path, encoding_rs::WINDOWS_1252.encode(german).0);
    let data = labeled(root, &["work/to_label.csv"]).unwrap();
    assert_eq!(classes(&data), some(["", "", "", "Wei\u{df}kohl"]));
    assert!(notes(&data).contains("Windows-1252") && notes(&data).contains("blanks around labels"), "{}", notes(&data));
}
