//! Cosine similarities of rows with rows, and the largest of them.

use foretask_backend::Rows;
use foretask_train::{Features, stop_if_asked};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::EvalError;

/// A row of the bank, and how close it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbor {
    /// Its position in the bank.
    pub index: u32,
    /// Cosine similarity, -1 to 1.
    pub similarity: f32,
}

/// For every row of `queries` the `k` rows of `bank` of the highest cosine similarity, best first; equal similarities in
/// the order of the bank. Fewer than `k` where the bank is smaller. The same on any number of threads.
///
/// # Errors
/// [`EvalError::Input`] where the two have features of different length; a request to stop that this thread obeys.
pub fn nearest(bank: &Features, queries: &Features, k: usize) -> Result<Vec<Vec<Neighbor>>, EvalError> {
    if bank.dim != queries.dim {
        return Err(EvalError::Input(format!(
            "neighbors need features of one encoder, but the bank's have {} numbers and the queries' {}",
            bank.dim, queries.dim
        )));
    }
    let dim = bank.dim.max(1);
    let rows = (bank.data.len() / dim).max(1);
    let bank = Rows::new(unit_rows(&bank.data, dim), dim)?;
    let queries = unit_rows(&queries.data, dim);
    let mut found = Vec::with_capacity(queries.len() / dim);
    for block in queries.chunks((PRODUCTS / rows).clamp(4, 256) * dim) {
        stop_if_asked()?;
        let similarities = bank.dots(block.to_vec())?;
        found.par_extend(similarities.par_chunks(rows).map(|row| best(row, k)));
    }
    Ok(found)
}

/// Similarities held at once, about: sixteen megabytes, whatever the size of the bank.
const PRODUCTS: usize = 4 << 20;

/// The `k` largest, best first; equal ones in their order.
fn best(similarities: &[f32], k: usize) -> Vec<Neighbor> {
    if k == 0 {
        return Vec::new();
    }
    let order = |a: &Neighbor, b: &Neighbor| b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index));
    let mut kept: Vec<Neighbor> = Vec::with_capacity(similarities.len().min(k.saturating_mul(2)));
    let mut least = None;
    for (index, &similarity) in (0..).zip(similarities) {
        // Nearly all end here. A later one that is equal to the least of the best does not displace it.
        if least.is_some_and(|least| similarity <= least) {
            continue;
        }
        kept.push(Neighbor { index, similarity });
        if kept.len() == k.saturating_mul(2) {
            kept.select_nth_unstable_by(k - 1, order);
            kept.truncate(k);
            least = kept.last().map(|last| last.similarity);
        }
    }
    kept.sort_unstable_by(order);
    kept.truncate(k);
    kept
}

/// Rows of length 1; a row of zeros stays so.
pub(crate) fn unit_rows(data: &[f32], dim: usize) -> Vec<f32> {
    let mut out = data.to_vec();
    out.par_chunks_mut(dim).with_min_len(256).for_each(|row| {
        let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        if norm > 0.0 {
            for v in row.iter_mut() {
                *v = (f64::from(*v) / norm) as f32;
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(data: &[f32], dim: usize) -> Features {
        Features { data: data.to_vec(), dim, rows: (0..(data.len() / dim) as u64).collect() }
    }

    #[test]
    fn neighbors_by_hand() {
        let bank = features(&[1.0, 0.0, 0.0, 2.0, 3.0, 3.0, -1.0, 0.0], 2);
        let found = nearest(&bank, &features(&[5.0, 0.0, 0.0, 0.0], 2), 3).unwrap();
        let order: Vec<u32> = found[0].iter().map(|n| n.index).collect();
        assert_eq!(order, [0, 2, 1]);
        assert!((found[0][1].similarity - 0.5_f32.sqrt()).abs() < 1e-6);
        // A query of zeros is equally far from all: the bank's order.
        assert_eq!(found[1].iter().map(|n| n.index).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(nearest(&bank, &features(&[1.0, 1.0], 2), 9).unwrap()[0].len(), 4);
        assert!(nearest(&bank, &features(&[1.0, 1.0, 1.0], 3), 1).is_err());
    }

    #[test]
    fn a_request_to_stop_is_obeyed() {
        let bank = features(&[1.0, 0.0, 0.0, 2.0], 2);
        let asked = foretask_train::Interrupt::new();
        assert!(asked.obeyed(|| nearest(&bank, &bank, 1)).is_ok());
        asked.request();
        let found = asked.obeyed(|| nearest(&bank, &bank, 1));
        assert!(matches!(found, Err(EvalError::Train(foretask_train::TrainError::Stopped))), "{found:?}");
    }

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
    fn every_query_of_uneven_blocks_finds_itself() {
        let mut rng = foretask_random::Key::new(2).rng();
        let data: Vec<f32> = (0..101 * 19).map(|_| rng.normal()).collect();
        let all = features(&data, 19);
        let found = nearest(&all, &all, 2).unwrap();
        assert_eq!(found.len(), 101);
        for (i, list) in found.iter().enumerate() {
            assert_eq!(list[0].index as usize, i);
            assert!((list[0].similarity - 1.0).abs() < 1e-5 && list[1].similarity < 0.95);
        }
    }
}
