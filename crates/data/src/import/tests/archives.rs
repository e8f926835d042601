//! `WebDataset` archives. Written here by the letter of POSIX.1-2017 (pax, "ustar Interchange Format").

use super::*;
use crate::decode;

/// One member: header, contents, padding.
fn member(name: &str, contents: &[u8], kind: u8) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, &name.as_bytes()[..name.len().min(100)]);
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", contents.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.to_vec();
    bytes.extend(contents);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes: Vec<u8> = members.iter().flat_map(|(name, contents)| member(name, contents, b'0')).collect();
    bytes.extend([0; 1024]);
    bytes
}

fn texts(images: &Images) -> Vec<(String, String)> {
    let class = |i| images.label(i).map_or("none".to_owned(), |label| images.classes()[label as usize].clone());
    (0..images.len()).map(|i| (images.name(i), class(i))).collect()
}

fn pair(name: &str, class: &str) -> (String, String) {
    (name.to_owned(), class.to_owned())
}

#[test]
fn samples_are_members_of_one_name() {
    let folder = tempfile::tempdir().unwrap();
    let archive = tar(&[
        ("README", b"hello"),
        ("a/1.cls", b"10\n"),
        ("a/1.mask.png", &png(90)),
        ("a/1.png", &png(1)),
        ("a/2.jpg", &fixture("plain.jpg")),
        ("a/2.json", br#"{"label": 9, "url": "x"}"#),
        ("a/2.txt", b"a flag"),
        ("b/2.png", &png(3)),
    ]);
    write(folder.path().join("mine-train-000.tar"), archive);
    write(folder.path().join("mine-val-000.tar"), tar(&[("c.png", &png(4)), ("c.cls", b"9")]));
    let destination = folder.path().join("m.parquet");
    let expected = [pair("a/1.png", "10"), pair("a/2.jpg", "9"), pair("b/2.png", "none"), pair("c.png", "9")];
    for (source, embed) in [("", true), ("*.tar", true), ("", false)] {
        let options = ImportOptions { embed, ..ImportOptions::default() };
        let _ = fs::remove_file(&destination);
        import(&folder.path().join(source), &destination, &options).unwrap();
        let images = load(&destination);
        assert_eq!(texts(&images), expected);
        assert_eq!(images.classes().to_vec(), ["9", "10"]);
        assert_eq!(images.get(3).unwrap(), decode::decode_bytes(&png(4), Some(3)).unwrap());
        let data = Manifest::open(&destination).unwrap();
        assert_eq!(data.splits().unwrap(), ["train", "val"]);
        assert_eq!(data.filter("text LIKE '%flag'").unwrap().samples().unwrap().rows, [1]);
        assert_eq!(data.describe().unwrap().images, if embed { "embedded" } else { "packed" });
    }
}

fn imported(name: &str, bytes: &[u8]) -> (ImportSummary, Vec<(String, String)>) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join(name), bytes);
    let destination = folder.path().join("m.parquet");
    let summary = import(&folder.path().join(name), &destination, &ImportOptions::default()).unwrap();
    let found = texts(&load(&destination));
    (summary, found)
}

fn count(summary: &ImportSummary, words: &str) -> usize {
    summary.passed_over.iter().filter(|passed| passed.reason.contains(words)).map(|passed| passed.count).sum()
}

#[test]
fn names_may_have_further_dots() {
    let image = png(1);
    let members: Vec<(String, Vec<u8>)> = (0..6)
        .flat_map(|i| {
            [(format!("img_v1.{i}.png"), image.clone()), (format!("img_v1.{i}.cls"), (i % 2).to_string().into())]
        })
        .collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let (summary, found) = imported("a.tar", &tar(&members));
    assert_eq!((found.len(), summary.passed_over.len()), (6, 0));
    assert_eq!(found[3], pair("img_v1.3.png", "1"));
    // Two views of one thing, by the letter of the format: both are images, and the label is that of both.
    let (_, found) = imported("a.tar", &tar(&[("7.left.png", &image), ("7.right.png", &image), ("7.cls", b"3")]));
    assert_eq!(found, [pair("7.left.png", "3"), pair("7.right.png", "3")]);
}

#[test]
fn labels_may_come_after_all_images_or_be_missing() {
    let images = [png(1), png(2), png(3)];
    let members: Vec<(&str, &[u8])> = vec![
        ("1.png", &images[0]),
        ("2.png", &images[1]),
        ("3.png", &images[2]),
        ("3.cls", b"z"),
        ("1.cls", b"x"),
        ("9.cls", b"of nothing"),
        ("2.url", b"http"),
    ];
    let (summary, found) = imported("a.tar", &tar(&members));
    assert_eq!(found, [pair("1.png", "x"), pair("2.png", "none"), pair("3.png", "z")]);
    assert_eq!((count(&summary, "without an image"), count(&summary, ".url")), (1, 1));
    assert!(summary.passed_over[0].missed && summary.passed_over[0].examples == ["9.cls"]);
    // Of two with one name, the first has the first label.
    let twice = tar(&[("1.png", &images[0]), ("1.cls", b"a"), ("1.png", &images[1]), ("1.cls", b"b")]);
    assert_eq!(imported("a.tar", &twice).1, [pair("1.png", "a"), pair("1.png", "b")]);
}

#[test]
fn labels_in_json_are_numbers_of_any_kind_or_names() {
    let image = png(1);
    let json: [(&str, &[u8]); 5] = [
        ("1", br#"{"label": 1.0}"#),
        ("2", br#"{"class": 2}"#),
        ("3", br#"{"label": "3"}"#),
        ("4", br#"{"x": 1}"#),
        ("5", br#"{"label": -1}"#),
    ];
    let members: Vec<(String, &[u8])> = json
        .iter()
        .flat_map(|(name, text)| [(format!("{name}.png"), image.as_slice()), (format!("{name}.json"), *text)])
        .collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let (summary, found) = imported("a.tar", &tar(&members));
    assert_eq!(found.into_iter().map(|(_, class)| class).collect::<Vec<_>>(), ["1", "2", "3", "none", "none"]);
    assert_eq!(count(&summary, "JSON without a label"), 1);
}

#[test]
fn folders_are_classes_and_splits_where_no_member_is_a_label() {
    let image = png(1);
    let (_, found) = imported("a.tar", &tar(&[("./photos/cat/1.png", &image), ("./photos/dog/2.png", &image)]));
    assert_eq!(found, [pair("./photos/cat/1.png", "cat"), pair("./photos/dog/2.png", "dog")]);
    let names = ["train/cat/1.png", "train/dog/2.png", "test/cat/3.png"];
    let (summary, found) = imported("a.tar", &tar(&names.map(|name| (name, image.as_slice()))));
    assert_eq!(found[2], pair("test/cat/3.png", "cat"));
    let splits: Vec<_> = summary.splits.iter().map(|split| (split.name.clone().unwrap(), split.rows)).collect();
    assert_eq!(splits, [("train".to_owned(), 2), ("test".to_owned(), 1)]);
}

#[test]
fn what_is_passed_over_in_archives_is_counted() {
    let image = png(1);
    let members: Vec<(&str, &[u8])> = vec![
        ("./._1.png", b"\0\x05\x16\x07"),
        ("./1.png", &image),
        ("./1.seg.png", &image),
        ("./1.cls", b"0"),
        ("./2.jxl", b"\xFF\x0A"),
        ("__MACOSX/1.png", &image),
    ];
    let mut bytes = tar(&members);
    bytes.truncate(bytes.len() - 1024);
    bytes.extend(member("3.png", b"", b'2'));
    let (summary, found) = imported("a.tar", &bytes);
    assert_eq!(found, [pair("./1.png", "0")]);
    let counts = ["macOS", "operating system", "JPEG XL", "further image", "a link", "without its end"]
        .map(|words| count(&summary, words));
    assert_eq!(counts, [1, 1, 1, 1, 1, 1], "{:?}", summary.passed_over);
    // Beside archives, too.
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("train-000.tar"), tar(&[("1.png", &image)]));
    write(folder.path().join("._train-000.tar"), b"\0\x05\x16\x07");
    for source in ["", "*.tar"] {
        let destination = folder.path().join("m.parquet");
        let _ = fs::remove_file(&destination);
        let summary = import(&folder.path().join(source), &destination, &ImportOptions::default()).unwrap();
        assert_eq!((summary.rows, count(&summary, "macOS")), (1, 1), "{source}");
    }
}

#[test]
fn long_names_are_read_in_both_dialects() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{}/1.png", "x".repeat(150));
    let record = |key: &str, value: &str| {
        // The length counts itself.
        let rest = format!(" {key}={value}\n");
        let len = (1..1000).find(|len: &usize| len.to_string().len() + rest.len() == *len).unwrap();
        format!("{len}{rest}")
    };
    let gnu = [member("././@LongLink", format!("{long}\0").as_bytes(), b'L'), member(&long, &png(1), b'0')].concat();
    let pax = [member("PaxHeader", record("path", &long).as_bytes(), b'x'), member("short", &png(1), b'0')].concat();
    for bytes in [gnu, pax] {
        // Without the two empty blocks at the end, as some programs write them.
        write(folder.path().join("a.tar"), bytes);
        let destination = folder.path().join("m.parquet");
        import(&folder.path().join("a.tar"), &destination, &ImportOptions::default()).unwrap();
        assert_eq!(texts(&load(&destination)), [pair(&long, "none")]);
    }
}

#[test]
fn damaged_archives_say_what_is_wrong() {
    let whole = tar(&[("1.png", &png(1)), ("2.png", &png(2))]);
    let check = |bytes: &[u8], words: &str| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("a.tar"), bytes);
        let error = import(&folder.path().join("a.tar"), &folder.path().join("m.parquet"), &ImportOptions::default());
        let error = error.unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("a.tar"), "{words}: {error}");
    };
    let second = 512 + png(1).len().next_multiple_of(512);
    check(&whole[..second + 512 + 20], "inside \"2.png\"");
    check(&whole[..second + 100], &format!("ends inside the header at byte {second}"));
    let mut wrong = whole.clone();
    wrong[second + 3] ^= 1;
    check(&wrong, &format!("checksum of the header at byte {second}"));
    // In the padding after the first image: not the end of an archive of one.
    check(&whole[..=512 + png(1).len()], "in the padding after \"1.png\"");
    check(&[0x1F, 0x8B, 8, 0], "shorter than a header");
    check(&[7; 600], "gunzip");
    check(&tar(&[("1.cls", b"3")]), "no image");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flipped_byte_is_an_image_less_or_an_error(at in 0_usize..3072, bit in 0_u8..8) {
        let mut bytes = tar(&[("1.png", &png(1)), ("1.cls", b"3"), ("2.png", &png(2))]);
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 1 << bit;
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("a.tar"), bytes);
        let options = ImportOptions { max_bad_fraction: 1.0, ..ImportOptions::default() };
        let _ = import(&folder.path().join("a.tar"), &folder.path().join("m.parquet"), &options);
    }
}
