//! Rows in cells of directions.
//!
//! As the inverted file of Sivic and Zisserman 2003 ("Video Google"), which Jégou, Douze and Schmid 2011 ("Product quantization for
//! nearest neighbor search") search in its nearest cells only; here rows stay whole.

use foretask_backend::Rows;
use foretask_random::Key;
use foretask_train::{Features, Interrupt, stop_if_asked};
use rayon::prelude::*;

use super::exact::{exact, unit_rows};
use super::lloyd::lloyd;
use crate::EvalError;

/// Rows of a cell, on the average, that the centers are found with.
const SAMPLED: usize = 32;
/// Turns that the centers are moved; more hardly bring neighbors closer together.
const TURNS: usize = 6;
/// A cell of more than so many times the rows that all would have if they were alike is cut in pieces: equal rows, which all belong
/// to one center, would else be compared with each other all.
const LARGEST: usize = 4;

/// Rows that lie together.
pub(super) struct Cell {
    /// Their places in the bank, ascending.
    pub(super) rows: Vec<u32>,
    /// Themselves, of length 1.
    pub(super) unit: Rows,
}

/// All rows of a bank.
pub(super) struct Cells {
    /// None of them is empty.
    pub(super) all: Vec<Cell>,
    /// The direction of each cell.
    pub(super) centers: Features,
    /// The cell of each row.
    pub(super) of_row: Vec<u32>,
    /// Numbers of a row.
    pub(super) dim: usize,
}

impl Cells {
    /// About `count` cells for the rows of `bank`, whose values are finite; fewer where there are fewer rows.
    pub(super) fn new(bank: &Features, count: usize) -> Result<Self, EvalError> {
        let count = count.clamp(1, bank.len().max(1));
        let centers = centers(bank, count)?;
        stop_if_asked()?;
        let closest = exact(&centers, bank, 1)?;
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (row, found) in (0_u32..).zip(&closest) {
            members[found.first().map_or(0, |first| first.index as usize)].push(row);
        }
        let most = (LARGEST * bank.len() / count).max(1);
        let pieces =
            (0_u32..).zip(&members).flat_map(|(center, rows)| rows.chunks(most).map(move |rows| (center, rows)));
        let (of, pieces): (Vec<u32>, Vec<&[u32]>) = pieces.unzip();
        let asked = &Interrupt::of_this_thread();
        let cell = |rows: &&[u32]| -> Result<Cell, EvalError> {
            asked.check()?;
            Ok(Cell { rows: rows.to_vec(), unit: Rows::new(units_of(bank, rows), bank.dim.max(1))? })
        };
        let all = pieces.par_iter().map(cell).collect::<Result<_, EvalError>>()?;
        let mut of_row = vec![0; bank.len()];
        for (cell, rows) in (0_u32..).zip(pieces) {
            for row in rows {
                of_row[*row as usize] = cell;
            }
        }
        Ok(Self { all, centers: centers.select(&of), of_row, dim: bank.dim.max(1) })
    }
}

/// Some rows of `features`, of length 1, one after the other.
pub(super) fn units_of(features: &Features, rows: &[u32]) -> Vec<f32> {
    let mut data = Vec::with_capacity(rows.len() * features.dim);
    for &row in rows {
        data.extend_from_slice(features.row(row as usize));
    }
    unit_rows(&data, features.dim.max(1))
}

/// `count` centers of rows that are drawn for it.
fn centers(bank: &Features, count: usize) -> Result<Features, EvalError> {
    let mut drawn = Key::new(0).named("cells").rng().permutation(bank.len() as u32);
    drawn.truncate(count.saturating_mul(SAMPLED));
    let some = Features { data: units_of(bank, &drawn), dim: bank.dim, rows: (0..drawn.len() as u64).collect() };
    let begin = some.select(&(0..count as u32).collect::<Vec<_>>());
    Ok(lloyd(&some, begin, TURNS)?.0)
}
