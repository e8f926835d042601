//! Names and cells as they are written, in every format of text.

use std::{
    io::{Cursor, Write},
    path::Path,
    time::{Duration, Instant},
};

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
            notes.contains("-1 in `label` means unlabeled") && notes.contains("is 0") && notes.contains("is 1"),
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

/// A spreadsheet of one sheet with these further parts; `rows` stand below `path` and `label`.
fn book(rows: &str, further: &[(&str, String)]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let packages = "http://schemas.openxmlformats.org/package/2006/relationships";
    let head = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>path</t></is></c>\
                <c r=\"B1\" t=\"inlineStr\"><is><t>label</t></is></c></row>";
    let related = |kind: &str, target: &str, id: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{office}/{kind}\" Target=\"{target}\"/>")
    };
    let parts = [
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{packages}\">{}</Relationships>",
                related("officeDocument", "xl/workbook.xml", "r1")
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"s\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{packages}\">{}{}</Relationships>",
                related("worksheet", "worksheets/sheet1.xml", "r1"),
                related("sharedStrings", "sharedStrings.xml", "r2"),
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{head}{rows}</sheetData></worksheet>"),
        ),
    ];
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts.iter().chain(further) {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_spreadsheet_takes_no_more_room_than_its_cells() {
    let cell = |place: &str, text: &str| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let row = |cells: String| format!("<row r=\"2\">{cells}</row>");
    let whole = book(&row(cell("A2", "a.png") + &cell("B2", "cat") + &cell("XFD2", "aside")), &[]);
    let data = open("m.xlsx", whole).unwrap();
    assert_eq!(rows(&data), pairs(&[("a.png", "cat")]));
    assert_eq!(data.filter("column_16384 = 'aside'").unwrap().count().unwrap(), 1);
    let long = "a".repeat((1 << 20) + 1);
    let many = "<c t=\"inlineStr\"><is><t>x</t></is></c>".repeat(16_385);
    for (rows, words) in [
        (row(cell("ZZZZZZ2", "x")), "ZZZZZZ2 is outside of any sheet"),
        (format!("<row r=\"99999999999999\">{}</row>", cell("ZZZZZZZZZZ9", "x")), "99999999999999 is outside"),
        (row(cell("A4294967295", "x")), "A4294967295 is outside"),
        (row(cell("A2", &long)), "a text in it is longer than 1 MiB"),
        (row(many), "row 2 and column 16385 is outside"),
    ] {
        let error = open("m.xlsx", book(&rows, &[])).unwrap_err();
        assert!(error.starts_with("m.xlsx: ") && error.contains(words), "{error}");
    }
}

#[test]
fn a_spreadsheet_that_unpacks_without_end_is_refused() {
    let read = |bytes: Vec<u8>| super::xlsx::rows(bytes, 2 << 20, &mut super::Sheet::default()).map(drop);
    let fault = read(book("", &[("xl/styles.xml", "<a></a>".repeat(400_000))])).unwrap_err();
    assert!(fault.contains("xl/styles.xml: unpacked it is larger"), "{fault}");
    // A text that many cells share.
    let shared = format!("<sst><si><t>{}</t></si></sst>", "a".repeat(1_000_000));
    let cell = |row: u32| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>");
    let of = |last: u32| book(&(2..=last).map(cell).collect::<String>(), &[("xl/sharedStrings.xml", shared.clone())]);
    read(of(3)).unwrap();
    let fault = read(of(4)).unwrap_err();
    assert!(fault.contains("more text than any table"), "{fault}");
}

#[test]
fn a_table_has_no_more_columns_than_a_spreadsheet() {
    let begun = Instant::now();
    let names = |count: usize| (1..count).map(|n| format!(",c{n}")).collect::<Vec<_>>().concat();
    let wide = |count: usize| format!("path{}\na.png{}\n", names(count), ",1".repeat(count - 1));
    assert_eq!(open("m.csv", wide(16_384)).unwrap().count().unwrap(), 1);
    let error = open("m.csv", wide(200_000)).unwrap_err();
    assert!(error.contains("it has 200000 columns, more than the 16384"), "{error}");
    let fields: Vec<String> = (0..20_000).map(|n| format!("\"c{n}\":1")).collect();
    let error = open("m.jsonl", format!("{{\"path\":\"a\",{}}}", fields.join(","))).unwrap_err();
    assert!(error.contains("16385 columns"), "{error}");
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
}

#[test]
fn a_name_may_have_lines_where_its_quotation_marks_are_whole() {
    let named = pairs(&[("a\nb.png", "x"), ("c\r\nd.png", "y, z")]);
    for text in [
        "path,label\n\"a\nb.png\",x\n\"c\r\nd.png\",\"y, z\"\n",
        "label,path\nx,\"a\nb.png\"\n\"y, z\",\"c\r\nd.png\"",
        "path;label;note\r\n\"a\nb.png\";x;5\" disk\r\n\"c\r\nd.png\";y, z;\"two\nlines\"\r\n",
    ] {
        assert_eq!(rows(&open("m.csv", text).unwrap()), named, "{text}");
    }
    // A mark that is missing or too many swallows rows.
    for text in ["path,label\n\"a.png,x\n\"b.png,y\n", "path,label\na,\"x\nb,y\nc,\"z\n", "path,label\na,x\nb,\"y\n"] {
        assert!(open("m.csv", text).is_err(), "{text}");
    }
}

#[test]
fn predictions_for_any_file_name_open_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.csv");
    let texts: Vec<String> = ["a\nb.png", "c\r\n\"d\".png", "g\n\nh.png", "e,\rf.png"].map(str::to_owned).to_vec();
    let classes = ["two\nlines", "x", "y\"", "z"].map(str::to_owned).to_vec();
    let table = crate::Table::new()
        .with("path", crate::Column::Text(texts.clone()))
        .with("label", crate::Column::Text(classes.clone()));
    crate::write_table(&path, &table).unwrap();
    let found = rows(&Manifest::open(&path).unwrap());
    assert_eq!(found, texts.into_iter().zip(classes).collect::<Vec<_>>());
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

#[test]
fn files_of_one_table_call_their_columns_alike() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.csv", "path,label\n1.png,007\n"),
        ("b.csv", "file_name,label\n2.png,7\n"),
        ("c.csv", "label,path\n010,3.png\n"),
        ("d.csv", "path,labels\n4.png,x\n"),
        ("e.csv", "path\n5.png\n"),
    ] {
        write(folder.path().join(name), text);
    }
    let open = |pattern: &str| Manifest::open(folder.path().join(pattern));
    assert_eq!(rows(&open("[ac].csv").unwrap()), pairs(&[("1.png", "007"), ("3.png", "010")]));
    assert_eq!(rows(&open("[ae].csv").unwrap()), pairs(&[("1.png", "007"), ("5.png", "")]));
    for (pattern, what) in
        [("[ab].csv", "its file names stand in `file_name`"), ("[ad].csv", "its labels stand in `labels`")]
    {
        let reason = open(pattern).unwrap_err().to_string();
        assert!(reason.contains(what) && reason.contains("a.csv in `") && reason.contains("one name"), "{reason}");
    }
}

#[test]
fn a_column_that_may_hold_labels_is_asked_about() {
    let notes = |text: &str| -> Vec<String> {
        open("m.csv", text).unwrap().notes().unwrap().iter().map(ToString::to_string).collect()
    };
    let asked = notes("path,Class\n1.png,cat\n");
    assert!(asked.len() == 1 && asked[0].contains("if `Class` holds the labels, call it so"), "{asked:?}");
    assert!(notes("path,class,label\n1.png,cat,dog\n").is_empty());
}
