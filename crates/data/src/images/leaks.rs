//! Evaluation images that are also in the pool to learn from.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Images;

/// An evaluation image whose picture is also in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// The first row of the pool with this picture.
    pub pool_row: u64,
    /// The row of the evaluation image.
    pub evaluation_row: u64,
}

/// The evaluation images whose pixels occur in the pool, in their order: one entry each.
///
/// Compares decoded pixels, so copies under another name or in another lossless format are found; scaled or re-compressed
/// copies are not.
pub fn leaks(pool: &Images, evaluation: &Images) -> Vec<Leak> {
    let mut rows = HashMap::with_capacity(pool.len());
    for i in 0..pool.len() {
        rows.entry(pool.content_hash(i)).or_insert_with(|| pool.row(i));
    }
    let leak = |i| Some(Leak { pool_row: *rows.get(&evaluation.content_hash(i))?, evaluation_row: evaluation.row(i) });
    (0..evaluation.len()).filter_map(leak).collect()
}
