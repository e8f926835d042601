//! The numbers behind a picture as a link that saves them as CSV; it needs neither a script nor the network.

use std::fmt::Write as _;

use serde::Serialize;

/// A file inside the page.
#[derive(Serialize)]
pub(super) struct Link {
    file: String,
    href: String,
}

/// One cell of a table.
pub(super) enum Cell {
    Text(String),
    /// Empty where it is not finite.
    Number(f64),
}

impl Link {
    /// The table of `rows` under `heads`, to be saved as `name.csv`.
    pub(super) fn of(name: &str, heads: &[String], rows: impl Iterator<Item = Vec<Cell>>) -> Self {
        let mut text = String::new();
        let heads: Vec<String> = heads.iter().map(|head| quoted(head)).collect();
        let _ = writeln!(text, "{}", heads.join(","));
        for row in rows {
            let cells: Vec<String> = row
                .into_iter()
                .map(|cell| match cell {
                    Cell::Text(text) => quoted(&text),
                    Cell::Number(number) if number.is_finite() => number.to_string(),
                    Cell::Number(_) => String::new(),
                })
                .collect();
            let _ = writeln!(text, "{}", cells.join(","));
        }
        let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let file = format!("{}.csv", name.chars().map(safe).collect::<String>());
        Self { file, href: format!("data:text/csv;charset=utf-8,{}", percent_encoded(&text)) }
    }
}

/// A cell that is text to every program: what would be taken for a formula begins with an apostrophe.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_text_and_numbers() {
        let heads = ["name".to_owned(), "x, y".to_owned()];
        let rows = [("=HYPERLINK(1)", 0.5), ("a \"b\"", f64::NAN)];
        let rows = rows.into_iter().map(|(text, number)| vec![Cell::Text(text.into()), Cell::Number(number)]);
        let link = Link::of("T-SNE of <b>", &heads, rows);
        assert_eq!(link.file, "t-sne-of--b-.csv");
        assert_eq!(
            link.href,
            "data:text/csv;charset=utf-8,name,%22x,%20y%22%0A%27%3DHYPERLINK%281%29,0.5%0A%22a%20%22%22b%22%22%22,%0A"
        );
    }
}
