//! A column that is written cell by cell.

use polars::prelude::{Column, NamedFrom, Series, StringChunkedBuilder};

use crate::manifest::columns::is_name;

/// Texts, and what all of them might be.
pub(super) struct Cells {
    name: String,
    texts: StringChunkedBuilder,
    len: usize,
    /// Whether what is written names something, and so is never a number.
    names: bool,
    guess: Guess,
}

/// What every text so far is.
#[derive(Clone, Copy)]
struct Guess {
    any: bool,
    whole: bool,
    number: bool,
    flag: bool,
}

impl Cells {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            texts: StringChunkedBuilder::new(name.into(), 0),
            len: 0,
            names: is_name(name),
            guess: Guess { any: false, whole: true, number: true, flag: true },
        }
    }

    /// Whether the column names something.
    pub(super) fn names(&self) -> bool {
        self.names
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// That its texts are texts, whatever they look like.
    pub(super) fn is_text(&mut self) {
        self.names = true;
    }

    /// The cell of a row; the rows before it that were left out are empty.
    pub(super) fn put(&mut self, row: usize, text: &str) {
        self.pad(row);
        self.texts.append_value(text);
        self.len = row + 1;
        if !self.names {
            self.guess.look(text.trim());
        }
    }

    fn pad(&mut self, rows: usize) {
        while self.len < rows {
            self.texts.append_null();
            self.len += 1;
        }
    }

    pub(super) fn finish(mut self, rows: usize) -> Column {
        self.pad(rows);
        let texts = self.texts.finish();
        let name = self.name.as_str().into();
        let Guess { any, whole, number, flag } = self.guess;
        if self.names || !any {
            return Column::new(self.name.as_str().into(), texts);
        }
        let trimmed = || texts.iter().map(|text| text.map(str::trim));
        let series = if flag {
            Series::new(name, trimmed().map(|text| Some(text?.eq_ignore_ascii_case("true"))).collect::<Vec<_>>())
        } else if whole {
            Series::new(name, trimmed().map(|text| text?.parse().ok()).collect::<Vec<Option<i64>>>())
        } else if number {
            Series::new(name, trimmed().map(|text| text?.parse().ok()).collect::<Vec<Option<f64>>>())
        } else {
            return Column::new(name, texts);
        };
        series.into()
    }
}

impl Guess {
    fn look(&mut self, text: &str) {
        self.flag &= text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
        self.whole &= is_whole(text);
        let missing = ["nan", "inf", "-inf"].iter().any(|word| text.eq_ignore_ascii_case(word));
        self.number &= missing || is_number(text);
        // Nothing but NaN is no column of numbers.
        self.any |= !missing;
    }
}

/// A number that is written as numbers are, so that nothing is lost: neither 007 nor one of 20 digits.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = !digits.starts_with('0') || text == "0";
    canonical && digits.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<i64>().is_ok()
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let before = digits.split(['.', 'e', 'E']).next().unwrap_or_default();
    let canonical = before.len() < 2 || !before.starts_with('0');
    let exact = before.len() < digits.len() || is_whole(text);
    canonical && exact && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use polars::prelude::DataType;

    use super::*;

    #[test]
    fn a_column_is_what_all_its_cells_are() {
        let kind = |name: &str, texts: &[&str]| {
            let mut cells = Cells::new(name);
            texts.iter().enumerate().for_each(|(row, text)| cells.put(row + 1, text));
            cells.finish(texts.len() + 2).dtype().clone()
        };
        assert_eq!(kind("n", &["1", "-20", "0"]), DataType::Int64);
        assert_eq!(kind("n", &["1", "2.5", ".5", "1e-3", "NaN"]), DataType::Float64);
        assert_eq!(kind("n", &["true", "False"]), DataType::Boolean);
        for text in ["007", "00.5", "12345678901234567890", "+5", "x", "1_000", "0x1"] {
            assert_eq!(kind("n", &["1", text]), DataType::String, "{text}");
        }
        assert_eq!(kind("n", &["nan", "NaN"]), DataType::String);
        for name in ["label", "Labels", "path", "file_name", "split", "fine_label"] {
            assert_eq!(kind(name, &["1", "2"]), DataType::String, "{name}");
        }
    }

    #[test]
    fn rows_left_out_are_empty() {
        let mut cells = Cells::new("n");
        cells.put(1, "5");
        let column = cells.finish(3);
        assert_eq!(column.i64().unwrap().to_vec(), [None, Some(5), None]);
    }
}
