//! Features as pictures in the plane.

use foretask_train::{Features, Standardization};
use serde::{Deserialize, Serialize};

use crate::similarity::unit_rows;
use crate::{EvalError, TsneOptions, pca, tsne};

/// Two pictures of the same rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Maps {
    /// Along the two directions of largest variance.
    pub pca: Vec<[f32; 2]>,
    /// Share of the variance along either.
    pub explained: [f64; 2],
    /// By t-SNE.
    pub tsne: Vec<[f32; 2]>,
    /// What it kept of the neighborhoods: Kullback-Leibler divergence in nats.
    pub divergence: f64,
    /// Its perplexity.
    pub perplexity: f64,
}

/// Pictures of features as images are compared by them: standardized, and by direction only.
///
/// # Errors
/// Those of [`tsne`].
pub fn maps(features: &Features, options: &TsneOptions) -> Result<Maps, EvalError> {
    let data = Standardization::of(&features.data, features.dim).apply(&features.data);
    let data = unit_rows(&data, features.dim.max(1));
    let features = Features { data, dim: features.dim, rows: features.rows.clone() };
    let linear = pca(&features);
    let curved = tsne(&features, options)?;
    Ok(Maps {
        pca: linear.points,
        explained: linear.explained,
        tsne: curved.points,
        divergence: curved.divergence,
        perplexity: curved.perplexity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_and_length_do_not_matter() {
        let mut rng = foretask_random::Key::new(1).rng();
        let data: Vec<f32> = (0..60 * 4).map(|_| rng.normal()).collect();
        let features = |data: Vec<f32>| Features { data, dim: 4, rows: (0..60).collect() };
        let options = TsneOptions { iterations: 20, ..TsneOptions::default() };
        let found = maps(&features(data.clone()), &options).unwrap();
        // Powers of two keep every digit.
        let scaled = data.iter().enumerate().map(|(at, v)| v * [1.0, 4.0, 0.5, 8.0][at % 4]).collect();
        let other = maps(&features(scaled), &options).unwrap();
        let apart = found.pca.iter().flatten().zip(other.pca.iter().flatten()).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-4);
        assert_eq!((found.pca.len(), found.tsne.len()), (60, 60));
    }
}
