//! Cosine similarities of rows with rows, and the largest of them.

use foretask_backend::Rows;
use foretask_train::Features;
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
/// [`EvalError::Input`] where the two have features of different length.
pub fn nearest(bank: &Features, queries: &Features, k: usize) -> Result<Vec<Vec<Neighbor>>, EvalError> {
    if bank.dim != queries.dim {
        return Err(EvalError::Input(format!(
            "neighbors need features of one encoder, but the bank's have {} numbers and the queries' {}",
            bank.dim, queries.dim
        )));
    }
    let dim = bank.dim.max(1);
    let bank = Rows::new(unit_rows(&bank.data, dim), dim)?;
    let queries = unit_rows(&queries.data, dim);
    let mut found = Vec::with_capacity(queries.len() / dim);
    for block in queries.chunks(QUERIES * dim) {
        let similarities = bank.dots(block.to_vec())?;
        let rows = similarities.len() / (block.len() / dim).max(1);
        let best = similarities.par_chunks(rows.max(1)).map(|row| best(row, k));
        found.par_extend(best);
    }
    Ok(found)
}

/// Queries compared together with the bank: their similarities with ten thousand rows take ten megabytes.
const QUERIES: usize = 256;

/// The `k` largest, best first; equal ones in their order.
fn best(similarities: &[f32], k: usize) -> Vec<Neighbor> {
    let order = |a: &Neighbor, b: &Neighbor| b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index));
    let mut neighbors = (0..).zip(similarities).map(|(index, &similarity)| Neighbor { index, similarity });
    let mut kept: Vec<Neighbor> = neighbors.by_ref().take(k).collect();
    kept.sort_unstable_by(order);
    for neighbor in neighbors {
        // Nearly all end here. A later one that is equal to the last does not displace it.
        if kept.last().is_none_or(|last| neighbor.similarity <= last.similarity) {
            continue;
        }
        kept.pop();
        let place = kept.partition_point(|other| order(other, &neighbor).is_lt());
        kept.insert(place, neighbor);
    }
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
    fn neighbours_by_hand() {
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
