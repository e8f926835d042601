//! Drawing rows by a seeded hash of their number.

use std::collections::BTreeMap;

use foretask_random::Key;

/// A class with too few rows.
#[derive(Debug)]
pub(crate) struct Short {
    /// Index of the class.
    pub(crate) class: u32,
    /// Its rows.
    pub(crate) found: usize,
}

/// The `n` rows with the smallest hash, ascending.
pub(super) fn smallest(rows: &[u64], n: usize, seed: u64) -> Vec<u64> {
    keep_smallest(rows.iter().copied(), n, Key::new(seed).named("fraction"))
}

/// `n` rows of each class that occurs, ascending; or the class that lacks most.
///
/// The hash is a bijection of the row number for a given seed, so there are no ties.
pub(crate) fn smallest_per_class(rows: &[u64], labels: &[Option<u32>], n: usize, seed: u64) -> Result<Vec<u64>, Short> {
    let mut by_class: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (&row, label) in rows.iter().zip(labels) {
        if let Some(label) = label {
            by_class.entry(*label).or_default().push(row);
        }
    }
    if let Some((&class, members)) = by_class.iter().min_by_key(|(_, members)| members.len())
        && members.len() < n
    {
        return Err(Short { class, found: members.len() });
    }
    let key = Key::new(seed).named("per_class");
    let mut drawn: Vec<u64> =
        by_class.into_values().flat_map(|members| keep_smallest(members.into_iter(), n, key)).collect();
    drawn.sort_unstable();
    Ok(drawn)
}

fn keep_smallest(rows: impl Iterator<Item = u64>, n: usize, key: Key) -> Vec<u64> {
    let mut hashed: Vec<(u64, u64)> = rows.map(|row| (key.with(row).value(), row)).collect();
    if n < hashed.len() {
        hashed.select_nth_unstable(n);
        hashed.truncate(n);
    }
    let mut kept: Vec<u64> = hashed.into_iter().map(|(_, row)| row).collect();
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_never_change_between_versions() {
        // Published results name their labelled rows by seed: these numbers may never change.
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
