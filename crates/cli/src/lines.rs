//! Small things said the same way everywhere.

/// 12345 as "12,345".
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds as "45 s", "2 min 5 s", "1 h 3 min".
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "?".to_owned();
    }
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

/// Bytes as "812 bytes", "3.4 MB", "1.2 GB".
pub(crate) fn size(bytes: u64) -> String {
    let amount = |unit: f64| bytes as f64 / unit;
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} kB", amount(1e3)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", amount(1e6)),
        _ => format!("{:.1} GB", amount(1e9)),
    }
}

/// Rows of cells as columns that line up; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Lines of at most `width` letters, broken between words where possible.
pub(crate) fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(char::is_whitespace).filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        for (index, part) in letters.chunks(width.max(1)).enumerate() {
            match lines.last_mut() {
                Some(line) if index == 0 && line.chars().count() + 1 + part.len() <= width => {
                    line.push(' ');
                    line.extend(part);
                }
                _ => lines.push(part.iter().collect()),
            }
        }
    }
    lines
}

/// A line that may be too long for the terminal, the rest of it indented below.
pub(crate) fn hanging(line: &str, width: usize) -> String {
    const INDENT: usize = 4;
    let before = line.len() - line.trim_start().len();
    if line.chars().count() <= width || line.contains('\n') {
        return line.to_owned();
    }
    let words = folded(line, width.saturating_sub(before + INDENT).max(INDENT));
    let join = format!("\n{}", " ".repeat(before + INDENT));
    format!("{}{}", &line[..before], words.join(&join))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".into(), "bb".into()], vec!["ccc".into(), "d".into()]];
        assert_eq!(table(&rows), "a    bb\nccc  d\n");
    }

    #[test]
    fn words_are_broken_where_they_end() {
        assert_eq!(folded("turned by 180 degrees", 10), ["turned by", "180", "degrees"]);
        assert_eq!(folded("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert!(folded("  ", 5).is_empty());
    }

    #[test]
    fn long_lines_hang() {
        assert_eq!(hanging("  lr = 0.1 (as usual)", 40), "  lr = 0.1 (as usual)");
        assert_eq!(hanging("  lr = 0.1 (as usual with AdamW)", 20), "  lr = 0.1 (as\n      usual with\n      AdamW)");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(duration(59.4), "59 s");
        assert_eq!(duration(3700.0), "1 h 1 min");
        assert_eq!(duration(f64::NAN), "?");
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!([999, 1000, 25_400_000, 3 << 30].map(size), ["999 bytes", "1.0 kB", "25.4 MB", "3.2 GB"]);
    }
}
