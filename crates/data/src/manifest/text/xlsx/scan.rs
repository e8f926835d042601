//! A look through a part of a spreadsheet: no text and no tag may be longer than any that Excel writes, and no cell may stand
//! outside of a sheet. A few bytes say that one does, and whoever makes room for it takes all memory.

use crate::manifest::text::TableFault;

/// Columns and rows of a sheet, by Excel's own limits.
pub(super) const COLUMNS: u32 = 16_384;
pub(super) const ROWS: u32 = 1_048_576;
/// Bytes of the text of a cell, and of a tag. Excel's cells hold 32,767 characters.
const LONGEST: usize = 1 << 20;

/// Where the look is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    /// Within a tag, and within the quotation marks of an attribute.
    Tag(Option<u8>),
    /// Within a comment, a section of plain text or an instruction, up to these bytes.
    Until(&'static [u8]),
}

#[derive(Default)]
pub(super) struct Scan {
    at: At,
    tag: Vec<u8>,
    /// The last bytes, the latest last.
    last: [u8; 3],
    /// Bytes of text since the last tag, and of the cell that is open.
    run: usize,
    cell: Option<usize>,
}

impl Scan {
    /// The next bytes of the part.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), TableFault> {
        bytes.iter().try_for_each(|byte| self.byte(*byte))
    }

    fn byte(&mut self, byte: u8) -> Result<(), TableFault> {
        match (self.at, byte) {
            (At::Text, b'<') => {
                self.at = At::Tag(None);
                self.tag.clear();
                self.run = 0;
            }
            (At::Text, _) => self.text()?,
            (At::Tag(None), b'>') => {
                self.at = At::Text;
                self.tag_ends()?;
            }
            (At::Tag(quote), _) => {
                self.tag.push(byte);
                if self.tag.len() > LONGEST {
                    return Err(too_long("a tag"));
                }
                self.at = match quote {
                    None if matches!(byte, b'"' | b'\'') => At::Tag(Some(byte)),
                    Some(mark) if mark == byte => At::Tag(None),
                    _ => self.at,
                };
                self.special();
            }
            (At::Until(end), _) => {
                self.last = [self.last[1], self.last[2], byte];
                self.text()?;
                if self.last.ends_with(end) {
                    self.at = At::Text;
                }
            }
        }
        Ok(())
    }

    /// What begins as a tag and is none.
    fn special(&mut self) {
        let end: &'static [u8] = match self.tag.as_slice() {
            b"?" => b"?>",
            b"!--" => b"-->",
            b"![CDATA[" => b"]]>",
            _ => return,
        };
        self.last = [0; 3];
        self.at = At::Until(end);
    }

    fn text(&mut self) -> Result<(), TableFault> {
        self.run += 1;
        self.cell = self.cell.map(|bytes| bytes + 1);
        if self.run.max(self.cell.unwrap_or(0)) > LONGEST {
            return Err(too_long("a text"));
        }
        Ok(())
    }

    fn tag_ends(&mut self) -> Result<(), TableFault> {
        if self.tag.starts_with(b"!") {
            return Err("it holds a declaration that no spreadsheet has; save it again as .xlsx".to_owned());
        }
        let ends = self.tag.starts_with(b"/");
        let open = self.tag.strip_prefix(b"/").unwrap_or(&self.tag);
        let length = open.iter().position(|b| b.is_ascii_whitespace() || *b == b'/').unwrap_or(open.len());
        let (name, attributes) = open.split_at(length);
        let local = name.rsplit(|b| *b == b':').next().unwrap_or(name);
        if matches!(local, b"c" | b"si") {
            self.cell = (!ends && !attributes.ends_with(b"/")).then_some(0);
        }
        if !ends && matches!(local, b"c" | b"row") {
            return attribute(attributes, b"r").map_or(Ok(()), within);
        }
        Ok(())
    }
}

fn too_long(what: &str) -> TableFault {
    format!("{what} in it is longer than 1 MiB, and Excel's own end at 32,767 characters; save it as CSV (UTF-8)")
}

/// The value of an attribute.
fn attribute<'a>(mut rest: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    loop {
        let equals = rest.iter().position(|b| *b == b'=')?;
        let (name, value) = (rest[..equals].trim_ascii(), rest[equals + 1..].trim_ascii_start());
        let (value, after) = match value.split_first() {
            Some((mark @ (b'"' | b'\''), value)) => {
                let end = value.iter().position(|b| b == mark).unwrap_or(value.len());
                (&value[..end], value.get(end + 1..).unwrap_or_default())
            }
            _ => value.split_at(value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len())),
        };
        if name == wanted {
            return Some(value);
        }
        rest = after;
    }
}

/// Refuses what stands outside of every sheet: `B7` of a cell, `7` of a row.
fn within(place: &[u8]) -> Result<(), TableFault> {
    let letters = place.iter().take_while(|b| b.is_ascii_alphabetic());
    let column = letters.fold(0_u32, |column, letter| {
        column.saturating_mul(26).saturating_add(u32::from(letter.to_ascii_uppercase() - b'A') + 1)
    });
    let digits = place.iter().skip_while(|b| b.is_ascii_alphabetic()).take_while(|b| b.is_ascii_digit());
    let row = digits.fold(0_u32, |row, digit| row.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    if column <= COLUMNS && row <= ROWS {
        return Ok(());
    }
    let shown: String = String::from_utf8_lossy(place).chars().take(24).collect();
    Err(outside(&shown))
}

pub(super) fn outside(place: &str) -> TableFault {
    format!(
        "{place} is outside of any sheet, which has the columns A to XFD and {ROWS} rows; \
         open it in Excel and save it again, or save it as CSV"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(xml: &str) -> Result<(), TableFault> {
        // In pieces of any size.
        let mut whole = Scan::default();
        let found = whole.take(xml.as_bytes());
        let mut pieces = Scan::default();
        assert_eq!(xml.as_bytes().chunks(3).try_for_each(|piece| pieces.take(piece)), found);
        found
    }

    #[test]
    fn places_within_a_sheet_pass_and_others_are_named() {
        for place in ["A1", "xfd1048576", "B00000000007"] {
            look(&format!("<s:row r=\"2\"><s:c s='r=\"ZZZZ1\"' r = \"{place}\" t=\">\"/></s:row>")).unwrap();
        }
        for place in ["XFE1", "A1048577", "ZZZZZZZZZZ9", "AAAAAAAAAAAAAAA1", "A99999999999999"] {
            let fault = look(&format!("<!-- > --><c t='>' r='{place}'><v>1</v></c>")).unwrap_err();
            assert!(fault.contains(place) && fault.contains("XFD"), "{fault}");
        }
        assert!(look("<row r=\"99999999999999\">").unwrap_err().contains("99999999999999"));
        look("<column r=\"99999999999999\"><!-- <c r=\"ZZZZ1\"> --><![CDATA[<c r=\"ZZZZ1\">]]>").unwrap();
    }

    #[test]
    fn no_text_is_longer_than_a_cell_can_be() {
        let (long, short) = ("a".repeat(LONGEST + 1), "a".repeat(LONGEST / 2));
        for xml in [
            format!("<t>{long}</t>"),
            format!("<t x=\"{long}\">"),
            format!("<!--{}-->", long.replace('a', ">")),
            format!("<![CDATA[{}", long.replace('a', ">")),
            format!("<si><r>{short}</r><r>{short}</r><r>x</r></si>"),
            format!("<x:c><t>{short}</t><![CDATA[{short}]]></x:c>"),
        ] {
            assert!(look(&xml).unwrap_err().contains("longer than 1 MiB"), "{}", &xml[..20]);
        }
        look(&format!("<si><r>{short}</r></si><si><r>{short}</r></si><a>{short}</a><a>{short}</a><a>{short}</a>"))
            .unwrap();
        assert!(look("<!DOCTYPE x [<!ENTITY a \"b\">]>").unwrap_err().contains("declaration"));
    }
}
