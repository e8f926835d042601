//! Texts that a spreadsheet would take for a formula. A label such as `=HYPERLINK(…)` comes from whoever named the file, and
//! runs in the spreadsheet of whoever opens the table. An apostrophe in front says that it is text.

use std::borrow::Cow;

use polars::prelude::{Column, DataFrame, PolarsResult};

/// What a formula begins with; the wide forms are taken for the plain ones.
const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet would take the text for a formula once its apostrophes are taken off. Numbers are none.
fn is_formula(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    bare.starts_with(BEGINNINGS) && bare.parse::<f64>().is_err()
}

/// The text as it goes into a CSV.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that [`escaped`] has made into this one.
pub(crate) fn restored(text: &str) -> &str {
    text.strip_prefix('\'').filter(|_| is_formula(text)).unwrap_or(text)
}

/// The table with its texts and names as they go into a CSV.
pub(crate) fn escaped_table(table: &DataFrame) -> PolarsResult<DataFrame> {
    let columns = table.columns().iter().map(|column| {
        let name = escaped(column.name()).as_ref().into();
        Ok(match column.str() {
            Ok(texts) => {
                let texts: Vec<Option<String>> =
                    texts.iter().map(|text| text.map(|text| escaped(text).into_owned())).collect();
                Column::new(name, texts)
            }
            Err(_) => column.clone().with_name(name),
        })
    });
    DataFrame::new(table.height(), columns.collect::<PolarsResult<Vec<_>>>()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_texts_and_numbers_stay_numbers() {
        for text in [
            "=HYPERLINK(\"x\")",
            "+1+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(1)",
            "\tx",
            "\r=1",
            "＝1+1",
            "'=1",
            "-photo.jpg",
        ] {
            let there = escaped(text);
            assert!(there.starts_with('\'') && restored(&there) == text, "{text}");
        }
        for text in ["cat", "-1", "+3.5", "-1e-7", "'tis", "''", "", "a=b", "https://x", "1-2"] {
            assert_eq!((escaped(text).as_ref(), restored(text)), (text, text));
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "'{0,3}[=+@\\-\t\r\n＝ 0-9a-z.']{0,8}") {
            let there = escaped(&text);
            prop_assert_eq!(restored(&there), text.as_str());
            prop_assert!(!there.starts_with(['=', '@', '\t', '\r']));
        }
    }
}
