//! The first sheet of a spreadsheet.

mod parts;
mod scan;

use std::io::Cursor;

use calamine::{Cell, DataRef, Reader, Xlsx};

use self::scan::{COLUMNS, ROWS, outside};
use super::{Sheet, TableFault, header};
use crate::{manifest::notes::Note, quiet};

/// Bytes that a spreadsheet may have once it is unpacked, and all texts of its cells, which can share a long one: those of a
/// million rows of twenty columns.
const MOST: usize = 1 << 30;

/// Adds the rows of a spreadsheet, cell by cell: what one may span in a few bytes would not fit into any memory.
pub(super) fn read(bytes: Vec<u8>, sheet: &mut Sheet) -> Result<Vec<Note>, TableFault> {
    let damaged = "the spreadsheet is damaged; open it in Excel and save it again, or save it as CSV";
    quiet::catch(|| rows(bytes, MOST, sheet)).unwrap_or_else(|_| Err(damaged.to_owned()))
}

pub(super) fn rows(bytes: Vec<u8>, most: usize, sheet: &mut Sheet) -> Result<Vec<Note>, TableFault> {
    let refuse = |error: calamine::XlsxError| {
        format!("it is no .xlsx spreadsheet, or damaged ({error}); save it again as .xlsx or as CSV (UTF-8)")
    };
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(parts::checked(bytes, most as u64)?)).map_err(refuse)?;
    let names = book.sheet_names();
    let Some(first) = names.first() else { return Err("it has no sheet".to_owned()) };
    let mut notes = Vec::new();
    if names.len() > 1 {
        notes.push(Note::said(format!("of {} sheets the first is read: {first}", names.len())));
    }
    let mut cells = book.worksheet_cells_reader(first).map_err(refuse)?;
    let mut table = Rows { sheet, places: Vec::new(), begun: None, errors: 0, text: 0, notes };
    let mut row: Vec<(u32, String)> = Vec::new();
    let mut at = None;
    while let Some(cell) = cells.next_cell().map_err(refuse)? {
        let (number, column) = cell.get_position();
        if number >= ROWS || column >= COLUMNS {
            return Err(outside(&format!(
                "the cell in row {} and column {}",
                u64::from(number) + 1,
                u64::from(column) + 1
            )));
        }
        if at != Some(number) {
            table.add(std::mem::take(&mut row))?;
            at = Some(number);
        }
        if let Some(text) = table.text(&cell) {
            table.text += text.len();
            if table.text > most {
                return Err("its cells hold more text than any table; save it as CSV (UTF-8)".to_owned());
            }
            row.push((column, text));
        }
    }
    table.add(row)?;
    if table.begun.is_none() {
        return Err(format!(
            "its first sheet, {first}, is empty; its first row has to name the columns, such as path and label"
        ));
    }
    if table.errors > 0 {
        table
            .notes
            .push(Note::warning(format!("{} cells hold an error such as #N/A and count as empty", table.errors)));
    }
    Ok(table.notes)
}

struct Rows<'a> {
    sheet: &'a mut Sheet,
    /// Which column of the table each column of the sheet is.
    places: Vec<Option<usize>>,
    begun: Option<()>,
    errors: usize,
    /// Bytes of all texts so far.
    text: usize,
    notes: Vec<Note>,
}

impl Rows<'_> {
    /// The first row that holds anything names the columns.
    fn add(&mut self, row: Vec<(u32, String)>) -> Result<(), TableFault> {
        let Some(last) = row.iter().map(|(column, _)| *column as usize).max() else { return Ok(()) };
        if self.begun.is_none() {
            self.begun = Some(());
            let named: Vec<String> = row.iter().map(|(_, name)| name.clone()).collect();
            let (names, said) = header(&named)?;
            self.notes.extend(said);
            self.places = vec![None; last + 1];
            for ((column, _), name) in row.iter().zip(&names) {
                self.places[*column as usize] = Some(self.sheet.column(name)?);
            }
            return Ok(());
        }
        if self.places.len() <= last {
            self.places.resize(last + 1, None);
        }
        for (column, text) in row {
            // Text beside the table.
            let name = || format!("column_{}", column + 1);
            let place = match self.places[column as usize] {
                Some(place) => place,
                None => self.sheet.column(&name())?,
            };
            self.places[column as usize] = Some(place);
            self.sheet.put(place, &text);
        }
        self.sheet.end_row();
        Ok(())
    }

    /// What a cell says; whole numbers as such, since the sheet knows only numbers.
    fn text(&mut self, cell: &Cell<DataRef<'_>>) -> Option<String> {
        let text = match cell.get_value() {
            DataRef::Empty => return None,
            DataRef::Error(_) => {
                self.errors += 1;
                return None;
            }
            DataRef::Int(number) => number.to_string(),
            DataRef::Float(number) => number.to_string(),
            DataRef::Bool(flag) => flag.to_string(),
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
            DataRef::SharedString(text) => (*text).to_owned(),
            DataRef::DateTime(time) => {
                let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
                let date = format!("{year:04}-{month:02}-{day:02}");
                if (hour, minute, second) == (0, 0, 0) {
                    date
                } else {
                    format!("{date} {hour:02}:{minute:02}:{second:02}")
                }
            }
        };
        (!text.is_empty()).then_some(text)
    }
}
