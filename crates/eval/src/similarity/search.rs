//! Neighbors in the nearest cells.

use foretask_backend::Rows;
use foretask_random::Key;
use foretask_train::{Features, Interrupt};
use rayon::prelude::*;

use super::cells::{Cells, units_of};
use super::exact::{exact, unit_rows};
use super::neighbor::{Kept, Neighbor, best};
use crate::EvalError;

/// Share of the neighbors that are to be found. Half a hundredth more than is promised: it is met on a sample.
const RECALL: f64 = 0.985;
/// Queries of that sample, and how many of them are answered together.
const TRIED: usize = 1024;
const TRIED_TOGETHER: usize = 64;
/// Queries of one cell that are answered together, at most.
const TOGETHER: usize = 512;
/// Copies of a query lie in its own cell and say nothing about where its other neighbors lie.
const COPY: f32 = 0.9999;

/// Cells that are asked.
pub(super) struct Search {
    cells: Cells,
    centers: Rows,
    /// How many of them a query asks, the nearest first.
    probes: usize,
}

impl Search {
    /// So many probes as find [`RECALL`] of the `k` nearest rows of some of the `queries`, which are held against all rows.
    pub(super) fn new(cells: Cells, queries: &Features, k: usize) -> Result<Self, EvalError> {
        let centers = Rows::new(unit_rows(&cells.centers.data, cells.dim), cells.dim)?;
        let all = Self { probes: cells.all.len(), cells, centers };
        let mut drawn = Key::new(0).named("probes").rng().permutation(queries.len() as u32);
        drawn.truncate(TRIED);
        let asked = &Interrupt::of_this_thread();
        let ranks = drawn.par_chunks(TRIED_TOGETHER).map(|some| {
            asked.check()?;
            all.ranks(units_of(queries, some), k)
        });
        let mut ranks = ranks.collect::<Result<Vec<_>, EvalError>>()?.concat();
        ranks.sort_unstable();
        let met = (RECALL * ranks.len() as f64).ceil() as usize;
        let probes = ranks.get(met.saturating_sub(1)).map_or(1, |rank| *rank as usize + 1);
        Ok(Self { probes, ..all })
    }

    /// What share of the rows a query is held against, about, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.probes as f64 / self.cells.all.len().max(1) as f64
    }

    /// The neighbors of every query. `within`: whether the queries are the bank itself.
    pub(super) fn nearest(&self, queries: &Features, k: usize, within: bool) -> Result<Vec<Vec<Neighbor>>, EvalError> {
        let mut groups: Vec<Vec<u32>> = Vec::new();
        if !within {
            // Queries that lie together ask the same cells, and are multiplied with them at once.
            groups.resize(self.cells.all.len(), Vec::new());
            for (query, found) in (0_u32..).zip(exact(&self.cells.centers, queries, 1)?) {
                groups[found.first().map_or(0, |first| first.index as usize)].push(query);
            }
        }
        let lists = if within {
            self.cells.all.iter().map(|cell| cell.rows.as_slice()).collect::<Vec<_>>()
        } else {
            groups.iter().map(Vec::as_slice).collect()
        };
        let parts: Vec<&[u32]> = lists.into_iter().flat_map(|list| list.chunks(TOGETHER)).collect();
        let asked = &Interrupt::of_this_thread();
        let answered = parts.par_iter().map(|part| {
            asked.check()?;
            self.answers(units_of(queries, part), k)
        });
        let answered: Vec<Vec<Vec<Neighbor>>> = answered.collect::<Result<_, EvalError>>()?;
        let mut found = vec![Vec::new(); queries.len()];
        for (query, list) in parts.into_iter().flatten().zip(answered.into_iter().flatten()) {
            found[*query as usize] = list;
        }
        Ok(found)
    }

    /// The neighbors of some queries of length 1, `[queries, dim]`.
    fn answers(&self, unit: Vec<f32>, k: usize) -> Result<Vec<Vec<Neighbor>>, EvalError> {
        let dim = self.cells.dim;
        let mut kept: Vec<Kept> = (0..unit.len() / dim).map(|_| Kept::new(k)).collect();
        for (cell, queries) in self.visits(&unit)? {
            let cell = &self.cells.all[cell as usize];
            let some: Vec<f32> =
                queries.iter().flat_map(|&query| &unit[query as usize * dim..][..dim]).copied().collect();
            let similarities = cell.unit.dots(some)?;
            for (query, row) in queries.iter().zip(similarities.chunks_exact(cell.rows.len())) {
                kept[*query as usize].offer(row, &cell.rows);
            }
        }
        Ok(kept.into_iter().map(Kept::into_best).collect())
    }

    /// The cells that any of these queries asks, each with those that do. What most of them ask is near to all and comes first, so that
    /// little of the rest is close enough to be kept.
    fn visits(&self, unit: &[f32]) -> Result<Vec<(u32, Vec<u32>)>, EvalError> {
        let mut asking: Vec<Vec<u32>> = vec![Vec::new(); self.cells.all.len()];
        for (query, nearest) in (0_u32..).zip(self.nearest_cells(unit)?) {
            for cell in nearest {
                asking[cell.index as usize].push(query);
            }
        }
        let mut visits: Vec<(u32, Vec<u32>)> =
            (0_u32..).zip(asking).filter(|(_, queries)| !queries.is_empty()).collect();
        visits.sort_by_key(|(_, queries)| std::cmp::Reverse(queries.len()));
        Ok(visits)
    }

    /// The cells that each query asks, the nearest first.
    fn nearest_cells(&self, unit: &[f32]) -> Result<Vec<Vec<Neighbor>>, EvalError> {
        let similarities = self.centers.dots(unit.to_vec())?;
        Ok(similarities.chunks_exact(self.cells.all.len()).map(|row| best(row, self.probes)).collect())
    }

    /// Before which cells, counted from a query, its neighbors are found: a rank for each neighbor of each query.
    fn ranks(&self, unit: Vec<f32>, k: usize) -> Result<Vec<u32>, EvalError> {
        let cells = self.cells.all.len();
        let orders = self.nearest_cells(&unit)?;
        let mut ranks = Vec::new();
        let mut rank_of = vec![0_u32; cells];
        for (order, list) in orders.iter().zip(self.answers(unit, k)?) {
            for (rank, cell) in (0_u32..).zip(order) {
                rank_of[cell.index as usize] = rank;
            }
            let others = list.iter().filter(|near| near.similarity < COPY);
            ranks.extend(others.map(|near| rank_of[self.cells.of_row[near.index as usize] as usize]));
        }
        Ok(ranks)
    }
}
