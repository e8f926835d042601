//! The graph of nearest neighbors, and mass that flows along it.

use foretask_train::{Features, stop_if_asked};
use rayon::prelude::*;

use crate::{EvalError, Neighbor, nearest};

/// Neighbors of each row with their weights in `D^-1/2 W D^-1/2`, `W` made symmetric; neighbors in ascending order.
pub(crate) struct Graph(Vec<Vec<(u32, f64)>>);

impl Graph {
    /// The `neighbors` nearest rows by cosine similarity, edges weighing its fourth power.
    pub(crate) fn of(features: &Features, neighbors: usize) -> Result<Self, EvalError> {
        Ok(Self::among(nearest(features, features, neighbors + 1)?, neighbors))
    }

    /// The first `neighbors` of each row's, among which it may be itself.
    pub(super) fn among(found: Vec<Vec<Neighbor>>, neighbors: usize) -> Self {
        let mut graph: Vec<Vec<(u32, f64)>> = vec![Vec::new(); found.len()];
        for (row, found) in found.into_iter().enumerate() {
            let others = found.into_iter().filter(|neighbor| neighbor.index as usize != row).take(neighbors);
            for neighbor in others {
                let weight = f64::from(neighbor.similarity.max(0.0)).powi(4);
                graph[row].push((neighbor.index, weight));
                graph[neighbor.index as usize].push((row as u32, weight));
            }
        }
        graph.par_iter_mut().with_min_len(256).for_each(|edges| {
            // An edge found from both sides stands twice, with one weight; it counts once.
            edges.sort_by_key(|edge| edge.0);
            edges.dedup_by_key(|edge| edge.0);
        });
        let scale: Vec<f64> = graph
            .iter()
            .map(|edges| edges.iter().map(|edge| edge.1).sum::<f64>())
            .map(|degree| if degree > 0.0 { degree.sqrt().recip() } else { 0.0 })
            .collect();
        for (row, edges) in graph.iter_mut().enumerate() {
            for (other, weight) in edges {
                *weight *= scale[row] * scale[*other as usize];
            }
        }
        Self(graph)
    }

    /// `F <- alpha S F + (1 - alpha) Y` from `F = Y`, so many times. `Y` is `source`, `[rows, classes]`. Fails on a request to stop
    /// that this thread obeys.
    pub(crate) fn flow(
        &self,
        source: &[f64],
        classes: usize,
        alpha: f64,
        iterations: usize,
    ) -> Result<Vec<f64>, EvalError> {
        let mut mass = source.to_vec();
        for _ in 0..iterations {
            stop_if_asked()?;
            let mut next = vec![0.0; mass.len()];
            if classes == 1 {
                // The same sums in the same order, without a loop over one column.
                next.par_iter_mut().enumerate().with_min_len(1024).for_each(|(row, out)| {
                    let edges = self.0[row].iter();
                    let sum = edges.fold(0.0, |sum, &(other, weight)| sum + alpha * weight * mass[other as usize]);
                    *out = sum + (1.0 - alpha) * source[row];
                });
            } else {
                next.par_chunks_mut(classes).enumerate().with_min_len(256).for_each(|(row, out)| {
                    for &(other, weight) in &self.0[row] {
                        let from = &mass[other as usize * classes..][..classes];
                        for (sum, value) in out.iter_mut().zip(from) {
                            *sum += alpha * weight * value;
                        }
                    }
                    for (sum, value) in out.iter_mut().zip(&source[row * classes..]) {
                        *sum += (1.0 - alpha) * value;
                    }
                });
            }
            mass = next;
        }
        Ok(mass)
    }
}
