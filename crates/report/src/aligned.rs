//! Tables for a terminal: columns that line up, and what to do where they do not fit.

use std::fmt::Write as _;

use crate::words::clean;

/// Before every column.
const GAP: usize = 2;
/// A name is not cut shorter than this.
const NAME: usize = 12;

/// Lines as a table; the first `left` columns are aligned to the left. The first line is the heading; a line may be short. A
/// column without any entry is left out, with its heading. Where the table is wider than `width`, the columns `spare` are
/// left out one by one until the others fit, and if that is not enough the first column is cut.
pub(crate) fn fitted(lines: &[Vec<String>], left: usize, width: Option<usize>, spare: &[usize]) -> String {
    let mut lines = cleaned(lines);
    let mut shown = filled(&lines);
    if let Some(width) = width {
        for spare in spare {
            if needed(&lines, &shown) <= width {
                break;
            }
            shown.retain(|column| column != spare);
        }
        cut(&mut lines, &shown, width);
    }
    drawn(&lines, &shown, left)
}

/// As [`fitted`], but columns that do not fit stand below, beside the first column again.
pub(crate) fn in_blocks(lines: &[Vec<String>], left: usize, width: Option<usize>) -> String {
    let mut lines = cleaned(lines);
    let shown = filled(&lines);
    let Some(width) = width else { return drawn(&lines, &shown, left) };
    let Some((&first, mut rest)) = shown.split_first() else { return String::new() };
    if let Some(widest) = rest.iter().map(|&column| vec![first, column]).max_by_key(|pair| needed(&lines, pair)) {
        cut(&mut lines, &widest, width);
    }
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let fits = |count: usize| needed(&lines, &[&[first], &rest[..count]].concat()) <= width;
        let count = (2..=rest.len()).take_while(|&count| fits(count)).last().unwrap_or(1);
        let (block, after) = rest.split_at(count);
        blocks.push(drawn(&lines, &[&[first], block].concat(), left));
        rest = after;
    }
    blocks.join("\n")
}

fn cleaned(lines: &[Vec<String>]) -> Vec<Vec<String>> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |line: &[String], column: usize| line.get(column).map(|cell| clean(cell)).unwrap_or_default();
    lines.iter().map(|line| (0..columns).map(|column| cell(line, column)).collect()).collect()
}

/// Columns with an entry below their heading.
fn filled(lines: &[Vec<String>]) -> Vec<usize> {
    let columns = lines.first().map_or(0, Vec::len);
    (0..columns).filter(|&column| lines[1..].iter().any(|line| !line[column].is_empty())).collect()
}

fn widest(lines: &[Vec<String>], column: usize) -> usize {
    lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
}

/// Characters of the longest line.
fn needed(lines: &[Vec<String>], shown: &[usize]) -> usize {
    shown.iter().map(|&column| GAP + widest(lines, column)).sum()
}

/// Shortens the first column by what does not fit.
fn cut(lines: &mut [Vec<String>], shown: &[usize], width: usize) {
    let Some(&first) = shown.first() else { return };
    let over = needed(lines, shown).saturating_sub(width);
    let room = widest(lines, first).saturating_sub(over).max(NAME);
    for line in lines.iter_mut().filter(|line| line[first].chars().count() > room) {
        line[first] = line[first].chars().take(room - 1).chain(['…']).collect();
    }
}

fn drawn(lines: &[Vec<String>], shown: &[usize], left: usize) -> String {
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        // A name with nothing beside it: its entries stand in another block.
        if number > 0 && shown[1..].iter().all(|&column| line[column].is_empty()) {
            continue;
        }
        let mut padded = String::new();
        for &column in shown {
            let cell = &line[column];
            let gap = widest(lines, column) - cell.chars().count();
            let (before, after) = if column < left { (GAP, gap) } else { (GAP + gap, 0) };
            let _ = write!(padded, "{:before$}{cell}{:after$}", "", "");
        }
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Vec<String>> {
        let line = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        vec![
            line(&["", "accuracy", "none", "draws", "time"]),
            line(&["a rather long name", "71.0", "", "70 72", "3 s"]),
            line(&["chance", "10.0"]),
        ]
    }

    #[test]
    fn columns_line_up_and_empty_ones_are_left_out() {
        let expected = "                      accuracy  draws  time\n  a rather long name      71.0  70 72   3 s\n  chance                  10.0\n";
        assert_eq!(fitted(&lines(), 1, Some(43), &[4, 3]), expected);
        assert_eq!(fitted(&lines(), 1, None, &[4, 3]), expected);
    }

    #[test]
    fn what_does_not_fit_is_left_out_then_cut() {
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap();
        let narrower = fitted(&lines(), 1, Some(42), &[4, 3]);
        assert!(!narrower.contains("time") && narrower.contains("70 72"), "{narrower}");
        let cut = fitted(&lines(), 1, Some(26), &[4, 3]);
        assert!(!cut.contains("draws") && cut.contains("a rather long…  ") && widest(&cut) == 26, "{cut}");
        // Not shorter than can be read.
        assert!(fitted(&lines(), 1, Some(3), &[4, 3]).contains("a rather lo…"));
    }

    #[test]
    fn columns_too_many_stand_below() {
        let text = in_blocks(&lines(), 1, Some(38));
        let blocks: Vec<&str> = text.split("\n\n").collect();
        assert_eq!(blocks.len(), 2, "{text}");
        assert!(blocks[0].contains("draws") && !blocks[0].contains("time") && blocks[1].contains("time"), "{text}");
        assert!(blocks.iter().all(|block| block.contains("a rather long name")), "{text}");
        assert!(blocks[0].contains("chance") && !blocks[1].contains("chance"), "{text}");
        assert_eq!(in_blocks(&lines(), 1, None), fitted(&lines(), 1, None, &[]));
        assert_eq!(in_blocks(&lines(), 1, Some(200)), fitted(&lines(), 1, None, &[]));
    }
}
