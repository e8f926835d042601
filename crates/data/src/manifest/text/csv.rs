//! CSV, row by row.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{Sheet, TableFault, header};
use crate::{
    formulas::restored,
    manifest::{columns::is_name, notes::Note},
};

/// What stands between cells, the likeliest first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Adds the rows of a text; `separator` where it is known.
pub(super) fn read(text: String, separator: Option<u8>, sheet: &mut Sheet) -> Result<Vec<Note>, TableFault> {
    // Of old Macintoshes: the reader takes them for ends of lines, too, but does not count them.
    let text = if text.contains('\n') { text } else { text.replace('\r', "\n") };
    let (text, told) = told(&text);
    let separator = told.or(separator).unwrap_or_else(|| found(text));
    let mut records = Records::new(text, separator);
    if !records.next()? {
        return Err("it is empty; its first line has to name the columns, such as path,label".to_owned());
    }
    let names: Vec<String> = records.cells().map(|name| restored(name).to_owned()).collect();
    let (names, mut notes) = header(&names)?;
    let places = names.iter().map(|name| sheet.column(name)).collect::<Result<Vec<usize>, TableFault>>()?;
    let mut blank = 0;
    while records.next()? {
        if records.cells().all(str::is_empty) {
            blank += 1;
            continue;
        }
        if records.count < names.len() || records.cells().skip(names.len()).any(|cell| !cell.is_empty()) {
            return Err(records.miscounted(&names));
        }
        let mut quoted = None;
        for (cell, place) in records.cells().zip(&places) {
            if cell.is_empty() {
                continue;
            }
            let column = &sheet.columns[*place];
            // Few names have lines, so that theirs have to be beyond doubt.
            let least = if column.names() { Quoted::Whole } else { Quoted::Loose };
            if cell.contains(['\n', '\r']) && *quoted.get_or_insert_with(|| records.quoted()) < least {
                let line = records.line();
                return Err(format!(
                    "line {line}: the cell in `{}` goes on over several lines; is a quotation mark not closed?",
                    column.name()
                ));
            }
            sheet.put(*place, restored(cell));
        }
        sheet.end_row();
    }
    if blank > 0 {
        notes.push(Note::said(format!("{blank} rows without any text are left out")));
    }
    Ok(notes)
}

/// What separates the cells of a text, and all its rows that are not empty, the names of columns first, quotation marks taken
/// off.
pub(in crate::manifest) fn rows(text: &str) -> Result<(u8, Vec<Vec<String>>), TableFault> {
    let (text, told) = told(text);
    let separator = told.unwrap_or_else(|| found(text));
    let mut records = Records::new(text, separator);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut names = Vec::new();
    while records.next()? {
        if records.cells().all(str::is_empty) {
            continue;
        }
        let cells: Vec<String> = records.cells().map(str::to_owned).collect();
        if rows.is_empty() {
            names = header(&cells)?.0;
        } else if cells.len() < names.len() || cells[names.len()..].iter().any(|cell| !cell.is_empty()) {
            return Err(records.miscounted(&names));
        } else if cells.iter().any(|cell| cell.contains(['\n', '\r'])) && records.quoted() < Quoted::Loose {
            return Err(format!("line {}: a quotation mark is not closed", records.line()));
        }
        rows.push(cells);
    }
    Ok((separator, rows))
}

/// Excel's first line `sep=;`, taken off.
fn told(text: &str) -> (&str, Option<u8>) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim_end_matches('\r').trim_matches('"');
    match line.to_ascii_lowercase().strip_prefix("sep=").map(str::as_bytes) {
        Some(&[separator]) => (rest, Some(separator)),
        _ => (text, None),
    }
}

/// What separates the names in the first line: what makes names of columns that we know, else what is there most.
fn found(text: &str) -> u8 {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let known = |separator: u8| {
        let cells = || line.split(char::from(separator)).map(|cell| cell.trim().trim_matches('"'));
        (cells().filter(|cell| is_name(cell)).count(), cells().count())
    };
    // The first of equal ones.
    SEPARATORS.into_iter().rev().max_by_key(|separator| known(*separator)).unwrap_or(b',')
}

/// How the quotation marks of a record stand, from bad to good.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Quoted {
    /// One is not closed.
    Open,
    /// Text follows a cell that is closed, so that one may be missing or too many.
    Loose,
    /// Each cell that has them stands between two of them.
    Whole,
}

/// The records of a text, one at a time.
struct Records<'a> {
    text: &'a str,
    reader: Reader,
    separator: u8,
    /// Bytes read so far, and where the last record began.
    read: usize,
    begin: usize,
    cells: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl<'a> Records<'a> {
    fn new(text: &'a str, separator: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(separator).build();
        Self { text, reader, separator, read: 0, begin: 0, cells: vec![0; 1024], ends: vec![0; 64], count: 0 }
    }

    /// Reads one more, where there is one.
    fn next(&mut self) -> Result<bool, TableFault> {
        let rest = &self.text[self.read..];
        self.begin = self.read + (rest.len() - rest.trim_start_matches(['\n', '\r']).len());
        let (mut written, mut ended) = (0, 0);
        loop {
            let input = &self.text.as_bytes()[self.read..];
            let (result, read, more, ends) =
                self.reader.read_record(input, &mut self.cells[written..], &mut self.ends[ended..]);
            self.read += read;
            written += more;
            ended += ends;
            match result {
                // All of the text is given at once, so that the next call has nothing and says that it is the end.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(false),
            }
        }
        self.count = ended;
        if std::str::from_utf8(&self.cells[..written]).is_err() {
            return Err(format!("line {}: a quotation mark stands inside a character", self.line()));
        }
        Ok(true)
    }

    /// The cells of the last record.
    fn cells(&self) -> impl Iterator<Item = &str> {
        let ends = &self.ends[..self.count];
        let starts = std::iter::once(0).chain(ends.iter().copied());
        // Each is UTF-8: cells end at ASCII characters.
        starts.zip(ends).map(|(start, end)| std::str::from_utf8(&self.cells[start..*end]).unwrap_or_default())
    }

    /// Where the last record began.
    fn line(&self) -> usize {
        self.text[..self.begin].matches('\n').count() + 1
    }

    /// How the quotation marks of the last record stand.
    fn quoted(&self) -> Quoted {
        let mut rest = self.text[self.begin..self.read].trim_end_matches(['\n', '\r']).as_bytes();
        let mut found = Quoted::Whole;
        loop {
            if rest.first() == Some(&b'"') {
                let mut at = 1;
                loop {
                    match (rest.get(at), rest.get(at + 1)) {
                        (None, _) => return Quoted::Open,
                        (Some(b'"'), Some(b'"')) => at += 2,
                        (Some(b'"'), _) => break,
                        _ => at += 1,
                    }
                }
                rest = &rest[at + 1..];
                if rest.first().is_some_and(|after| *after != self.separator) {
                    found = Quoted::Loose;
                }
            }
            match rest.iter().position(|byte| *byte == self.separator) {
                Some(end) => rest = &rest[end + 1..],
                None => return found,
            }
        }
    }

    fn miscounted(&self, names: &[String]) -> TableFault {
        let count = self.count;
        let separator =
            if self.separator == b'\t' { "tab".to_owned() } else { format!("`{}`", char::from(self.separator)) };
        let help = if self.cells().any(|cell| cell.contains('\n')) {
            "is a quotation mark not closed?".to_owned()
        } else if count < names.len() {
            "is the file cut, or something left out?".to_owned()
        } else {
            format!("text that holds a {separator} stands in quotation marks")
        };
        let cells = if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") };
        format!("line {}: {cells} for {} columns ({}); {help}", self.line(), names.len(), names.join(", "))
    }
}
