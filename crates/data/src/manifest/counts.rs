//! Rows by split and by class.

use serde::Serialize;

/// Rows of one split; `None` is rows without one.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct SplitCount {
    /// The split.
    pub name: Option<String>,
    /// Its rows.
    pub rows: usize,
}

/// Rows of one class.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct ClassCount {
    /// The class.
    pub name: String,
    /// Its rows.
    pub rows: usize,
}

/// Classes that are named each; of more, the largest and smallest.
const NAMED: usize = 20;
const EXTREMES: usize = 3;

impl ClassCount {
    /// "cat 20, dog 18"; of many classes the largest and the smallest, and how many are empty.
    pub fn in_words(classes: &[Self]) -> String {
        let words = |classes: &[&Self]| {
            classes.iter().map(|class| format!("{} {}", class.name, class.rows)).collect::<Vec<_>>().join(", ")
        };
        if classes.len() <= NAMED {
            return words(&classes.iter().collect::<Vec<_>>());
        }
        if classes.iter().all(|class| class.rows == 0) {
            return "none with an image".to_owned();
        }
        let mut filled: Vec<&Self> = classes.iter().filter(|class| class.rows > 0).collect();
        filled.sort_by_key(|class| std::cmp::Reverse(class.rows));
        let empty = classes.len() - filled.len();
        let largest = &filled[..EXTREMES.min(filled.len())];
        let mut smallest = filled[filled.len() - EXTREMES.min(filled.len())..].to_vec();
        smallest.reverse();
        let empty = if empty > 0 { format!("; {empty} without an image") } else { String::new() };
        match (filled.first(), filled.last()) {
            (Some(first), Some(last)) if first.rows == last.rows => format!("{} images each{empty}", first.rows),
            _ => format!("largest {}; smallest {}{empty}", words(largest), words(&smallest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_are_told_by_their_extremes() {
        let classes = |rows: &[usize]| -> Vec<ClassCount> {
            rows.iter().enumerate().map(|(i, &rows)| ClassCount { name: format!("c{i}"), rows }).collect()
        };
        assert_eq!(ClassCount::in_words(&classes(&[3, 0])), "c0 3, c1 0");
        let mut rows: Vec<usize> = (10..1010).collect();
        rows[5] = 0;
        rows[7] = 0;
        assert_eq!(
            ClassCount::in_words(&classes(&rows)),
            "largest c999 1009, c998 1008, c997 1007; smallest c0 10, c1 11, c2 12; 2 without an image"
        );
        assert_eq!(ClassCount::in_words(&classes(&[5; 100])), "5 images each");
        assert_eq!(ClassCount::in_words(&classes(&[0; 30])), "none with an image");
    }
}
