//! Text as the programs of this world write it.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::TableFault;
use crate::manifest::notes::Note;

/// Bytes that Windows-1252 has no character for.
const UNDEFINED: [u8; 5] = [0x81, 0x8D, 0x8F, 0x90, 0x9D];

/// The text of a file in UTF-8, UTF-16 or Windows-1252, with or without a byte order mark.
pub(super) fn decode(bytes: Vec<u8>) -> Result<(String, Vec<Note>), TableFault> {
    if bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err("it is written in UTF-32; save it as UTF-8".to_owned());
    }
    if let Some((encoding, mark)) = utf_16(&bytes) {
        let name = encoding.name();
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]).ok_or_else(|| {
            format!("it is written in {name}, but damaged or cut; copy it again, or save it as UTF-8")
        })?;
        return Ok((text.into_owned(), vec![Note::said(format!("the table is written in {name}"))]));
    }
    if let Some(place) = bytes.iter().position(|byte| *byte == 0) {
        return Err(format!(
            "it is no text (byte {place} is zero); a table is CSV, JSON lines, Parquet, Arrow or .xlsx"
        ));
    }
    let mark = if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    let bytes = match String::from_utf8(bytes) {
        Ok(mut text) => {
            text.drain(..mark);
            return Ok((text, Vec::new()));
        }
        Err(error) => error.into_bytes(),
    };
    let (mut known, mut unknown, mut first) = (0, 0, None);
    let mut place = 0;
    for chunk in bytes.utf8_chunks() {
        known += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        place += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            first.get_or_insert(place);
            unknown += 1;
        }
        place += chunk.invalid().len();
    }
    let line = |place: usize| bytes[..place].split(|byte| *byte == b'\n').count();
    // The bytes of Windows-1252 hardly ever happen to be UTF-8.
    if mark > 0 || known > unknown {
        let line = line(first.unwrap_or_default());
        return Err(format!("line {line} is not UTF-8 as the rest is; save the table as UTF-8, or copy it again"));
    }
    if let Some(place) = bytes.iter().position(|byte| UNDEFINED.contains(byte)) {
        let line = line(place);
        return Err(format!("line {line} is neither UTF-8 nor Windows-1252; save the table as UTF-8"));
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
    let note = "the table is not UTF-8 and is read as Windows-1252; save it as UTF-8 if names look wrong";
    Ok((text.into_owned(), vec![Note::said(note.to_owned())]))
}

/// Which UTF-16 a text is in, and how long its mark is; without a mark, by the zeros in the names of columns.
fn utf_16(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    match bytes {
        [0xFF, 0xFE, ..] => return Some((UTF_16LE, 2)),
        [0xFE, 0xFF, ..] => return Some((UTF_16BE, 2)),
        _ => {}
    }
    let pairs = bytes[..bytes.len().min(64)].chunks_exact(2);
    let count = pairs.len();
    let (mut high, mut low) = (0, 0);
    for pair in pairs {
        high += usize::from(pair[0] == 0);
        low += usize::from(pair[1] == 0);
    }
    let mostly = |zeros: usize, others: usize| count >= 4 && zeros * 2 > count && others * 20 < count;
    if mostly(low, high) { Some((UTF_16LE, 0)) } else { mostly(high, low).then_some((UTF_16BE, 0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "path,label\nBäume.png,Weißkohl €\n";

    fn utf_16_of(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn all_usual_encodings_are_the_same_text() {
        let windows = |text: &str| WINDOWS_1252.encode(text).0.into_owned();
        let marked = format!("\u{feff}{TEXT}");
        for (bytes, said) in [
            (TEXT.as_bytes().to_vec(), 0),
            (marked.clone().into_bytes(), 0),
            (utf_16_of(TEXT, u16::to_le_bytes), 1),
            (utf_16_of(TEXT, u16::to_be_bytes), 1),
            (utf_16_of(&marked, u16::to_le_bytes), 1),
            (utf_16_of(&marked, u16::to_be_bytes), 1),
            (windows(TEXT), 1),
        ] {
            let (text, notes) = decode(bytes).unwrap();
            assert_eq!((text.as_str(), notes.len()), (TEXT, said));
        }
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_place() {
        let refused = |bytes: &[u8]| decode(bytes.to_vec()).unwrap_err();
        assert!(refused(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").contains("no text"));
        assert!(refused("path\nä\nö\nü\n\u{e9}".as_bytes().get(..15).unwrap()).contains("line 5"));
        assert!(refused(b"path\nx\x81\n").contains("line 2"));
        assert!(refused(&utf_16_of("path,label\n", u16::to_le_bytes)[..21]).contains("cut"));
        assert!(refused(&[0xFF, 0xFE, 0, 0, 1, 0, 0, 0]).contains("UTF-32"));
    }
}
