//! Neighbors, and the best of many of them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// A row of the bank, and how close it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbor {
    /// Its position in the bank.
    pub index: u32,
    /// Cosine similarity, -1 to 1.
    pub similarity: f32,
}

impl Neighbor {
    /// Closer ones first, equally close ones in the order of the bank.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "sorting asks for it so")]
    fn order(&self, other: &Self) -> Ordering {
        other.similarity.total_cmp(&self.similarity).then(self.index.cmp(&other.index))
    }
}

/// The `k` largest, best first; equal ones in their order.
pub(super) fn best(similarities: &[f32], k: usize) -> Vec<Neighbor> {
    if k == 0 {
        return Vec::new();
    }
    let mut kept: Vec<Neighbor> = Vec::with_capacity(similarities.len().min(k.saturating_mul(2)));
    let mut least = None;
    for (index, &similarity) in (0..).zip(similarities) {
        // Nearly all end here. A later one that is equal to the least of the best does not displace it.
        if least.is_some_and(|least| similarity <= least) {
            continue;
        }
        kept.push(Neighbor { index, similarity });
        if kept.len() == k.saturating_mul(2) {
            kept.select_nth_unstable_by(k - 1, Neighbor::order);
            kept.truncate(k);
            least = kept.last().map(|last| last.similarity);
        }
    }
    kept.sort_unstable_by(Neighbor::order);
    kept.truncate(k);
    kept
}

/// The best of rows that come part by part, in any order.
pub(super) struct Kept {
    k: usize,
    list: Vec<Neighbor>,
    /// Whoever is to be kept has to be closer than this one.
    least: Option<Neighbor>,
}

impl Kept {
    /// Similarities that are looked at together: wide enough for the compiler to compare several at once.
    const TOGETHER: usize = 32;

    /// Keeps `k`.
    pub(super) fn new(k: usize) -> Self {
        Self { k, list: Vec::new(), least: None }
    }

    /// Some `rows` of the bank with their similarities, which are numbers.
    #[expect(clippy::needless_bitwise_bool, reason = "without branches it is done for many numbers at once")]
    pub(super) fn offer(&mut self, similarities: &[f32], rows: &[u32]) {
        if self.k == 0 {
            return;
        }
        for (similarities, rows) in similarities.chunks(Self::TOGETHER).zip(rows.chunks(Self::TOGETHER)) {
            // Nearly all end here.
            if let Some(Neighbor { similarity: least, .. }) = self.least
                && !similarities.iter().fold(false, |any, &similarity| any | (similarity >= least))
            {
                continue;
            }
            for (&similarity, &index) in similarities.iter().zip(rows) {
                self.keep(Neighbor { index, similarity });
            }
        }
    }

    fn keep(&mut self, new: Neighbor) {
        if self.least.is_some_and(|least| new.order(&least).is_ge()) {
            return;
        }
        self.list.push(new);
        if self.list.len() == self.k.saturating_mul(2) {
            self.list.select_nth_unstable_by(self.k - 1, Neighbor::order);
            self.list.truncate(self.k);
            self.least = self.list.last().copied();
        }
    }

    /// Those that were kept, best first; equally close ones in the order of the bank.
    pub(super) fn into_best(mut self) -> Vec<Neighbor> {
        self.list.sort_unstable_by(Neighbor::order);
        self.list.truncate(self.k);
        self.list.shrink_to_fit();
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_many_are_those_of_sorting_all() {
        let mut rng = foretask_random::Key::new(5).rng();
        // Few different values, so that many are equal; some that are no number.
        let all: Vec<f32> =
            (0..999).map(|_| if rng.below(99) == 0 { f32::NAN } else { rng.below(40) as f32 }).collect();
        let mut sorted: Vec<u32> = (0..999).collect();
        sorted.sort_by(|&a, &b| all[b as usize].total_cmp(&all[a as usize]).then(a.cmp(&b)));
        for k in [0, 1, 2, 7, 300, 499, 500, 998, 999, 2000] {
            let found: Vec<u32> = best(&all, k).iter().map(|neighbor| neighbor.index).collect();
            assert_eq!(found, sorted[..k.min(999)], "{k}");
        }
    }

    #[test]
    fn parts_in_any_order_come_to_the_same() {
        let mut rng = foretask_random::Key::new(6).rng();
        let all: Vec<f32> = (0..999).map(|_| rng.below(40) as f32 - 20.0).collect();
        let mut rows = rng.permutation(999);
        for k in [0, 1, 5, 400, 2000] {
            rng.shuffle(&mut rows);
            let mut kept = Kept::new(k);
            for part in rows.chunks(57) {
                let similarities: Vec<f32> = part.iter().map(|row| all[*row as usize]).collect();
                kept.offer(&similarities, part);
            }
            assert_eq!(kept.into_best(), best(&all, k), "{k}");
        }
    }
}
