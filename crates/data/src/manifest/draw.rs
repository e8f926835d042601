//! Drawing rows by a seeded hash of their number.

use std::collections::BinaryHeap;

use foretask_random::Key;

/// A class with too few rows.
#[derive(Debug)]
pub(crate) struct Short {
    /// Index of the class.
    pub(crate) class: u32,
    /// Its rows.
    pub(crate) found: usize,
}

/// The rows with the smallest hash among those that were offered. The hash is a bijection of the row number for a given
/// seed, so there are no ties.
pub(super) struct Smallest {
    n: usize,
    key: Key,
    /// The largest hash first.
    kept: BinaryHeap<(u64, u64)>,
    offered: usize,
}

impl Smallest {
    fn new(n: usize, key: Key) -> Self {
        Self { n, key, kept: BinaryHeap::new(), offered: 0 }
    }

    pub(super) fn of_fraction(n: usize, seed: u64) -> Self {
        Self::new(n, Key::new(seed).named("fraction"))
    }

    pub(super) fn offer(&mut self, row: u64) {
        self.offered += 1;
        let hash = self.key.with(row).value();
        if self.kept.len() < self.n {
            self.kept.push((hash, row));
        } else if let Some(mut largest) = self.kept.peek_mut()
            && hash < largest.0
        {
            *largest = (hash, row);
        }
    }

    /// The rows, ascending.
    pub(super) fn finish(self) -> Vec<u64> {
        let mut rows: Vec<u64> = self.kept.into_iter().map(|(_, row)| row).collect();
        rows.sort_unstable();
        rows
    }
}

/// The same for each class by itself.
pub(super) struct DrawPerClass {
    n: usize,
    key: Key,
    classes: Vec<Smallest>,
}

impl DrawPerClass {
    pub(super) fn new(n: usize, seed: u64) -> Self {
        Self { n, key: Key::new(seed).named("per_class"), classes: Vec::new() }
    }

    pub(super) fn offer(&mut self, row: u64, label: Option<u32>) {
        let Some(label) = label.map(|label| label as usize) else { return };
        while self.classes.len() <= label {
            self.classes.push(Smallest::new(self.n, self.key));
        }
        self.classes[label].offer(row);
    }

    /// Whether no row had a label.
    pub(super) fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The rows of all classes that occurred, ascending; or the class that lacks most.
    pub(super) fn finish(self) -> Result<Vec<u64>, Short> {
        let classes = || self.classes.iter().zip(0..).filter(|(rows, _)| rows.offered > 0);
        if let Some((rows, class)) = classes().min_by_key(|(rows, _)| rows.offered)
            && rows.offered < self.n
        {
            return Err(Short { class, found: rows.offered });
        }
        let mut drawn: Vec<u64> = self.classes.into_iter().flat_map(Smallest::finish).collect();
        drawn.sort_unstable();
        Ok(drawn)
    }
}

/// The `n` rows with the smallest hash, ascending.
#[cfg(test)]
fn smallest(rows: &[u64], n: usize, seed: u64) -> Vec<u64> {
    let mut smallest = Smallest::of_fraction(n, seed);
    for &row in rows {
        smallest.offer(row);
    }
    smallest.finish()
}

/// `n` rows of each class that occurs, ascending; or the class that lacks most.
pub(crate) fn smallest_per_class(rows: &[u64], labels: &[Option<u32>], n: usize, seed: u64) -> Result<Vec<u64>, Short> {
    let mut draw = DrawPerClass::new(n, seed);
    rows.iter().zip(labels).for_each(|(&row, &label)| draw.offer(row, label));
    draw.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_never_change_between_versions() {
        // Published results name their labeled rows by seed: these numbers may never change.
        let rows: Vec<u64> = (0..100).collect();
        let labels: Vec<_> = (0..100).map(|row| Some(row % 2)).collect();
        assert_eq!(smallest(&rows, 4, 1), [21, 50, 71, 75]);
        let drawn = smallest_per_class(&rows, &labels, 2, 1).unwrap_or_default();
        assert_eq!(drawn, [3, 21, 74, 80]);
    }

    #[test]
    fn a_draw_is_uniform_over_rows() {
        // Each of 50 rows is drawn in a fifth of 4000 seeds: 800 times, sd 25; six sd are 152.
        let rows: Vec<u64> = (0..50).collect();
        let mut counts = [0_u32; 50];
        for seed in 0..4000 {
            for row in smallest(&rows, 10, seed) {
                counts[row as usize] += 1;
            }
        }
        assert!(counts.iter().all(|&count| count.abs_diff(800) < 152), "{counts:?}");
    }

    #[test]
    fn more_rows_keep_the_rows_drawn_before() {
        let small = smallest(&(0..100).collect::<Vec<_>>(), 5, 3);
        let large = smallest(&(0..100).collect::<Vec<_>>(), 20, 3);
        assert!(small.iter().all(|row| large.contains(row)));
        let grown = smallest(&(0..1000).collect::<Vec<_>>(), 50, 3);
        assert!(
            small.iter().filter(|row| grown.contains(row)).count() + grown.iter().filter(|&&row| row >= 100).count()
                >= 5
        );
    }

    #[test]
    fn the_smallest_class_is_named() {
        let labels = [Some(0), Some(0), Some(1), None];
        let short = smallest_per_class(&[0, 1, 2, 3], &labels, 2, 0).unwrap_err();
        assert_eq!((short.class, short.found), (1, 1));
    }
}
