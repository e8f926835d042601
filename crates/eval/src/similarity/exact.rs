//! Neighbors by holding every query against every row.

use foretask_backend::Rows;
use foretask_train::{Features, stop_if_asked};
use rayon::prelude::*;

use super::neighbor::{Neighbor, best};
use crate::EvalError;

/// Similarities held at once, about: sixteen megabytes, whatever the size of the bank.
const PRODUCTS: usize = 4 << 20;

/// As [`nearest`](super::nearest), of features of one length, whatever their number: the time grows with the product of both.
pub(crate) fn exact(bank: &Features, queries: &Features, k: usize) -> Result<Vec<Vec<Neighbor>>, EvalError> {
    let dim = bank.dim.max(1);
    let rows = (bank.data.len() / dim).max(1);
    let bank = Rows::new(unit_rows(&bank.data, dim), dim)?;
    let mut found = Vec::with_capacity(queries.data.len() / dim);
    for block in queries.data.chunks((PRODUCTS / rows).clamp(4, 256) * dim) {
        stop_if_asked()?;
        let similarities = bank.dots(unit_rows(block, dim))?;
        found.par_extend(similarities.par_chunks(rows).map(|row| best(row, k)));
    }
    Ok(found)
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
