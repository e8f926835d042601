//! Cosine similarities of rows with rows, and the largest of them.

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
    let bank = unit_rows(&bank.data, dim);
    let queries = unit_rows(&queries.data, dim);
    Ok(queries.par_chunks(QUERIES * dim).flat_map_iter(|block| nearest_of_block(&bank, block, dim, k)).collect())
}

/// Queries compared together with each row of the bank.
const QUERIES: usize = 4;

fn nearest_of_block(bank: &[f32], block: &[f32], dim: usize, k: usize) -> Vec<Vec<Neighbor>> {
    let mut padded = [const { Vec::new() }; QUERIES];
    let count = block.len() / dim;
    let mut queries = block.to_vec();
    queries.resize(QUERIES * dim, 0.0);
    for list in &mut padded {
        list.reserve(bank.len() / dim);
    }
    for (index, row) in bank.chunks_exact(dim).enumerate() {
        for (list, similarity) in padded.iter_mut().zip(dots(&queries, row)) {
            list.push(Neighbor { index: index as u32, similarity });
        }
    }
    let mut lists = Vec::from(padded);
    lists.truncate(count);
    for list in &mut lists {
        let order = |a: &Neighbor, b: &Neighbor| b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index));
        if k < list.len() {
            list.select_nth_unstable_by(k, order);
            list.truncate(k);
        }
        list.sort_unstable_by(order);
        list.shrink_to_fit();
    }
    lists
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

/// Dot products of four consecutive rows with `w`, in interleaved sums so that they vectorize.
fn dots(rows: &[f32], w: &[f32]) -> [f32; QUERIES] {
    const LANES: usize = 8;
    let d = w.len();
    let (r0, rest) = rows.split_at(d);
    let (r1, rest) = rest.split_at(d);
    let (r2, r3) = rest.split_at(d);
    let mut sums = [[0.0_f32; LANES]; QUERIES];
    let whole = d - d % LANES;
    for j in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            let w = w[j + lane];
            sums[0][lane] += r0[j + lane] * w;
            sums[1][lane] += r1[j + lane] * w;
            sums[2][lane] += r2[j + lane] * w;
            sums[3][lane] += r3[j + lane] * w;
        }
    }
    for j in whole..d {
        sums[0][0] += r0[j] * w[j];
        sums[1][0] += r1[j] * w[j];
        sums[2][0] += r2[j] * w[j];
        sums[3][0] += r3[j] * w[j];
    }
    sums.map(|s| ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])))
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
