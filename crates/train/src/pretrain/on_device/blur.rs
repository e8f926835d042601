//! Gaussian blur, each view by its own: a product of matrices along rows, and one along columns.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, Tensor};
use foretask_backend::upload;
use foretask_pretext::Drawn;
use foretask_pretext::ops::blur_weights;

/// A line's length, and how far a blur reaches.
type Name = (usize, usize);

/// Blurs views; keeps what is the same for every batch.
#[derive(Debug, Default)]
pub(super) struct Blur {
    known: Mutex<Vec<(Name, Tensor<2>)>>,
}

impl Blur {
    /// Blurs those views `[n, channels, height, width]` for which it was drawn.
    pub(super) fn apply(&self, x: Tensor<4>, drawn: &[Drawn], device: &Device) -> Tensor<4> {
        if drawn.iter().all(|drawn| drawn.sigma.is_none()) {
            return x;
        }
        let [n, channels, height, width] = x.dims();
        let across = self.matrices(drawn, width, device);
        let x = x.reshape([n, channels * height, width]).matmul(across.swap_dims(1, 2));
        let down = self.matrices(drawn, height, device);
        let x = x.reshape([n, channels, height, width]).swap_dims(2, 3).reshape([n, channels * width, height]);
        let x = x.matmul(down.swap_dims(1, 2)).reshape([n, channels, width, height]).swap_dims(2, 3);
        // Weights sum to 1 up to rounding.
        x.clamp(0.0, 1.0)
    }

    /// What each pixel of a line takes of each, `[n, side, side]`; of itself alone in views that are not blurred.
    fn matrices(&self, drawn: &[Drawn], side: usize, device: &Device) -> Tensor<3> {
        let weights = |drawn: &Drawn| drawn.sigma.map_or_else(|| vec![1.0], |sigma| blur_weights(sigma, side));
        let weights: Vec<Vec<f32>> = drawn.iter().map(weights).collect();
        let distances = weights.iter().map(Vec::len).max().unwrap_or(1);
        let mut data = vec![0.0; drawn.len() * distances];
        for (data, weights) in data.chunks_exact_mut(distances).zip(&weights) {
            data[..weights.len()].copy_from_slice(weights);
        }
        let weights = upload(data, [drawn.len(), distances], device);
        weights.matmul(self.neighbors((side, distances), device)).reshape([drawn.len(), side, side])
    }

    /// For each distance which pixels lie there, `[distances, side * side]`: made once.
    fn neighbors(&self, name: Name, device: &Device) -> Tensor<2> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = known.iter().find(|(known, _)| *known == name) {
            return found.clone();
        }
        let (side, distances) = name;
        let made = upload(neighbors(side, distances), [distances, side * side], device);
        known.push((name, made.clone()));
        made
    }
}

/// Counts how often pixel `j` lies at each distance of pixel `i` on a line whose borders are reflected without repeating the
/// edge.
fn neighbors(side: usize, distances: usize) -> Vec<f32> {
    let mut counts = vec![0.0; distances * side * side];
    for (distance, counts) in counts.chunks_exact_mut((side * side).max(1)).enumerate() {
        // Beyond the line no blur reaches.
        if distance >= side {
            break;
        }
        for (i, row) in counts.chunks_exact_mut(side).enumerate() {
            let after = if i + distance < side { i + distance } else { 2 * (side - 1) - (i + distance) };
            row[after] += 1.0;
            if distance > 0 {
                row[i.abs_diff(distance)] += 1.0;
            }
        }
    }
    counts
}
