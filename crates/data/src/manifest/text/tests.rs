//! Names and cells as they are written, in every format of text.

use std::path::Path;

use super::super::Manifest;
use crate::test_images::{fixture, write};

fn open(name: &str, bytes: impl AsRef<[u8]>) -> Result<Manifest, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    write(&path, bytes);
    let opened = Manifest::open(&path).map_err(|error| error.to_string().replace(&format!("{}", path.display()), name));
    opened.inspect(|data| drop(data.samples()))
}

/// (path, class) of each row.
fn rows(data: &Manifest) -> Vec<(String, String)> {
    let samples = data.samples().unwrap();
    let class = |label: &Option<u32>| label.map_or(String::new(), |label| samples.classes[label as usize].clone());
    let name = |source: &crate::Source| source.name().unwrap_or_default().to_owned();
    samples.sources.iter().map(name).zip(samples.labels.iter().map(class)).collect()
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(path, class)| ((*path).to_owned(), (*class).to_owned())).collect()
}

#[test]
fn names_are_what_is_written_under_every_name_of_their_column() {
    for path in ["path", "file_name", "filename", "file", "image", "img", " Path "] {
        for label in ["label", "labels", "fine_label", " label", "Label"] {
            let csv = format!(
                "{path},{label}\n0001,007\n1,7\n0002,010\nTrue,True\n12345678901234567890,12345678901234567891\n1e5,0x1\n"
            );
            let data = open("m.csv", csv).unwrap();
            let expected = [
                ("0001", "007"),
                ("1", "7"),
                ("0002", "010"),
                ("True", "True"),
                ("12345678901234567890", "12345678901234567891"),
                ("1e5", "0x1"),
            ];
            assert_eq!(rows(&data), pairs(&expected), "{path} {label}");
        }
    }
    let csv = "path,split\na,01\nb,1\nc,True\n";
    assert_eq!(open("m.csv", csv).unwrap().splits().unwrap(), ["01", "1", "True"]);
}

#[test]
fn the_same_rule_for_labels_in_every_format() {
    let csv = "path,label\na,0.0\nb,1.0\nc,\nd,-1\ne,-1.0\nf, 1\n";
    let json = "{\"path\":\"a\",\"label\":0.0}\n{\"path\":\"b\",\"label\":1}\n{\"path\":\"c\"}\n{\"path\":\"d\",\"label\":-1}\n\
                {\"path\":\"e\",\"label\":\"-1\"}\n{\"path\":\"f\",\"label\":\"1 \"}\n";
    let expected = pairs(&[("a", "0"), ("b", "1"), ("c", ""), ("d", ""), ("e", ""), ("f", "1")]);
    for (name, text) in [("m.csv", csv), ("m.jsonl", json)] {
        let data = open(name, text).unwrap();
        assert_eq!(rows(&data), expected, "{name}");
        let notes: String = data.notes().unwrap().iter().map(|note| note.text.clone()).collect();
        assert!(
            notes.contains("-1 in `label` means unlabelled") && notes.contains("is 0") && notes.contains("is 1"),
            "{notes}"
        );
        assert_eq!(data.labeled().unwrap().count().unwrap(), 3);
        assert_eq!(data.filter("label = 1").unwrap().samples().unwrap().rows, [1, 5]);
        assert_eq!(data.filter("label IN ('1', '0')").unwrap().count().unwrap(), 3);
        assert_eq!(data.filter("label IS NULL").unwrap().count().unwrap(), 3);
        assert_eq!(data.filter("label + 1 > 1").unwrap().count().unwrap(), 2);
    }
}

#[test]
fn cells_are_separated_by_what_the_first_line_has() {
    let expected = pairs(&[("a.png", "x,y"), ("b.png", "z")]);
    for (name, text) in [
        ("m.csv", "path,label\na.png,\"x,y\"\nb.png,z\n"),
        ("m.csv", "path;label\na.png;x,y\nb.png;z\n"),
        ("m.csv", "\u{feff}path;label\r\na.png;\"x,y\"\r\nb.png;z\r\n"),
        ("m.csv", "sep=;\npath;label\na.png;x,y\nb.png;z"),
        ("m.csv", "path\tlabel\na.png\tx,y\nb.png\tz\n"),
        ("m.csv", "path|label\na.png|x,y\nb.png|z\n"),
        ("m.tsv", "path\tlabel\na.png\tx,y\nb.png\tz\n"),
        ("m.csv", "path;label\ra.png;x,y\rb.png;z\r"),
        ("m.csv", "\"path\",\"label\"\n\n\"a.png\",\"x,y\"\n,\n\"b.png\",z,\n"),
        ("m.ndjson", "{\"path\":\"a.png\",\"label\":\"x,y\"}\n\n{\"path\":\"b.png\",\"label\":\"z\"}"),
        ("m.json", "[{\"path\":\"a.png\",\"label\":\"x,y\"},{\"label\":\"z\",\"path\":\"b.png\"}]"),
    ] {
        assert_eq!(rows(&open(name, text).unwrap()), expected, "{text}");
    }
}

#[test]
fn a_spreadsheet_is_a_table() {
    let data = open("labels.xlsx", fixture("labels.xlsx")).unwrap();
    let expected = [("0.png", "007"), ("1.png", "7"), ("2.png", "Straße"), ("3.png", "cat")];
    assert_eq!(rows(&data), pairs(&expected));
    assert_eq!(data.filter("n > 1.5").unwrap().samples().unwrap().rows, [1]);
    assert_eq!(data.filter("day = '2024-05-01' AND ok").unwrap().samples().unwrap().rows, [0]);
    assert_eq!(data.filter("column_7 = 'aside'").unwrap().samples().unwrap().rows, [3]);
    let notes = data.notes().unwrap().iter().map(|note| format!("{note}\n")).collect::<Vec<_>>().concat();
    for words in ["of 2 sheets the first is read: labels", "1 cells hold an error", "blanks around names of columns"] {
        assert!(notes.contains(words), "{notes}");
    }
}

#[test]
fn what_is_malformed_names_its_line_and_a_way_out() {
    for (name, text, words) in [
        ("m.csv", "", vec!["m.csv: it is empty", "path,label"]),
        ("m.csv", "path,label\na.png\n", vec!["m.csv: line 2: 1 cell for 2 columns", "is the file cut"]),
        ("m.csv", "path,label\na.png,x\n\nb.png,x,y\n", vec!["line 4: 3 cells", "quotation marks"]),
        ("m.csv", "path,label\na.png,\"x\nb.png,y\n", vec!["line 2", "`label`", "not closed"]),
        ("m.csv", "label,path\n\"x,a.png\ny,b.png\n", vec!["line 2", "1 cell", "not closed"]),
        ("m.csv", "path,note\na.png,\"x\nb.png,y\n", vec!["line 2", "`note`", "not closed"]),
        ("m.csv", "path,label,label\na,b,c\n", vec!["two columns are called `label`"]),
        ("m.csv", "a.png,cat\nb.png,dog\n", vec!["no image column", "`a.png`", "first line"]),
        ("m.jsonl", "{\"path\":\"a\"}\n{\"path\":\n", vec!["m.jsonl: line 3", "object"]),
        ("m.jsonl", "{\"path\":\"a\"}\n[1]\n", vec!["line 2", "expected an object"]),
        ("m.jsonl", "", vec!["empty"]),
        ("m.jsonl", "{\"path\":\"a\",\"label\":12345678901234567890123}", vec!["row 0", "`label`", "quotation marks"]),
        ("m.json", "[{\"path\":\"a\"},", vec!["m.json: line 1"]),
        ("m.xlsx", "no sheet", vec!["m.xlsx: it is no .xlsx spreadsheet"]),
        ("m.parquet", "PAR1 is not enough, is it? PAR2", vec!["m.parquet: it is no Parquet file, or cut"]),
        ("m.arrow", "ARROW stream", vec!["m.arrow: it is no Arrow file"]),
    ] {
        let error = open(name, text).unwrap_err();
        for word in words {
            assert!(error.contains(word), "{text:?}: {error}");
        }
    }
}

#[test]
fn a_caption_may_have_lines_and_quotation_marks() {
    let data = open("m.csv", "path,label,note\na.png,x,\"two\nlines, \"\"said\"\"\"\nb.png,y,5\" disk\n").unwrap();
    assert_eq!(data.filter("note LIKE 'two%said\"'").unwrap().samples().unwrap().rows, [0]);
    assert_eq!(rows(&data), pairs(&[("a.png", "x"), ("b.png", "y")]));
}

#[test]
fn damaged_spreadsheets_are_errors_never_panics() {
    let whole = fixture("labels.xlsx");
    for cut in (0..whole.len()).step_by(97) {
        assert!(open("m.xlsx", &whole[..cut]).is_err(), "cut at {cut}");
    }
    for at in (0..whole.len()).step_by(13) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        drop(open("m.xlsx", bytes));
    }
}

#[test]
fn files_of_other_columns_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("1.csv"), "path,label,n\na,007,1\n");
    write(folder.path().join("2.csv"), "n;path\n2.5;b\n");
    let data = Manifest::open(Path::new(folder.path()).join("*.csv")).unwrap();
    assert_eq!(rows(&data), pairs(&[("a", "007"), ("b", "")]));
    assert_eq!(data.filter("n > 2").unwrap().samples().unwrap().rows, [1]);
    write(folder.path().join("3.csv"), "path,label\nc\n");
    let error = Manifest::open(Path::new(folder.path()).join("*.csv")).unwrap_err().to_string();
    assert!(error.contains("3.csv: line 2"), "{error}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    /// Whatever Windows, Excel and broken disks do to a table, it opens or is refused in words.
    #[test]
    fn any_bytes_open_or_are_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), kind in 0..5_usize) {
        let mut table = b"path,label\n".to_vec();
        table.extend(bytes);
        let name = ["m.csv", "m.tsv", "m.jsonl", "m.xlsx", "m.arrow"][kind];
        if let Err(error) = open(name, &table) {
            proptest::prop_assert!(!error.contains("panicked"), "{}", error);
        }
    }

    /// Cells come back as they were written.
    #[test]
    fn text_survives(cells in proptest::collection::vec("[a-z0-9 ,;\"\u{e4}-]{1,8}[a-z]", 1..20)) {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let csv = cells.iter().map(|cell| format!("{},{}\n", quoted(cell), quoted(cell))).collect::<Vec<_>>().concat();
        let data = open("m.csv", format!("path,label\n{csv}")).unwrap();
        let expected: Vec<_> = cells.iter().map(|cell| (cell.clone(), cell.trim().to_owned())).collect();
        proptest::prop_assert_eq!(rows(&data), expected);
    }
}
