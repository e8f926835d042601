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
        assert_eq!(images.get(3).unwrap(), decode::decode(&png(4), Some(3)).unwrap());
        let data = Manifest::open(&destination).unwrap();
        assert_eq!(data.splits().unwrap(), ["train", "val"]);
        assert_eq!(data.filter("text LIKE '%flag'").unwrap().samples().unwrap().rows, [1]);
        assert_eq!(data.describe().unwrap().images, if embed { "embedded" } else { "packed" });
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
