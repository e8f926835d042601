//! Cosine similarities of rows with rows, and the largest of them.

mod cells;
mod exact;
mod lloyd;
mod neighbor;
mod search;
#[cfg(test)]
mod tests;

use foretask_train::Features;
use rayon::prelude::*;

use self::cells::Cells;
use self::search::Search;
use crate::EvalError;

pub(crate) use self::exact::{exact, unit_rows};
pub(crate) use self::lloyd::lloyd;
pub use self::neighbor::Neighbor;

/// Neighbors among so many rows are found exactly, in a time that grows with the square. Beyond, rows lie in cells and only the nearest
/// cells of each query are searched: about 98 of 100 of 15 neighbors are found. The one threshold of all that looks for neighbors or
/// clusters.
pub const EXACT_ROWS: usize = 50_000;

/// For every row of `queries` rows of `bank` of the highest cosine similarity, `k` of them, best first; equal similarities in
/// the order of the bank. Fewer than `k` where the bank is smaller. The same on any number of threads.
///
/// They are exactly the nearest up to [`EXACT_ROWS`] rows of the bank, or as many pairs of a query and a row as these have with
/// each other, and where a value is not finite. Beyond, they are sought in so many of the nearest of about 4 √rows cells as found 98.5 of
/// 100 neighbors of a thousand of the queries, which are held against all rows first; where that would be half of all cells,
/// they are the nearest again.
///
/// # Errors
/// [`EvalError::Input`] where the two have features of different length; a request to stop that this thread obeys.
pub fn nearest(bank: &Features, queries: &Features, k: usize) -> Result<Vec<Vec<Neighbor>>, EvalError> {
    nearest_beyond(EXACT_ROWS, bank, queries, k)
}

/// Share of the cells from which on multiplying with all rows at once is no slower.
const MOST_CELLS: f64 = 0.5;

/// As [`nearest`], exactly up to `most` rows.
pub(crate) fn nearest_beyond(
    most: usize,
    bank: &Features,
    queries: &Features,
    k: usize,
) -> Result<Vec<Vec<Neighbor>>, EvalError> {
    if bank.dim != queries.dim {
        return Err(EvalError::Input(format!(
            "neighbors need features of one encoder, but the bank's have {} numbers and the queries' {}",
            bank.dim, queries.dim
        )));
    }
    let pairs = bank.len().saturating_mul(queries.len());
    let finite = |features: &Features| features.data.par_iter().all(|value| value.is_finite());
    if bank.len() <= most || pairs <= most.saturating_mul(most) || !finite(bank) || !finite(queries) {
        return exact(bank, queries, k);
    }
    let count = (4.0 * (bank.len() as f64).sqrt()) as usize;
    let search = Search::new(Cells::new(bank, count)?, queries, k)?;
    if search.share() > MOST_CELLS {
        drop(search);
        return exact(bank, queries, k);
    }
    search.nearest(queries, k, std::ptr::eq(bank, queries))
}
