//! t-SNE: a picture in two dimensions in which near neighbors stay near.

mod affinity;
mod descent;

use foretask_random::Key;
use foretask_train::Features;
use serde::{Deserialize, Serialize};

use crate::{EvalError, pca};

/// How the picture is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TsneOptions {
    /// About how many neighbors a point keeps close; at most a third of the rows.
    pub perplexity: f64,
    /// Steps of the descent; the first quarter pulls neighbors together more strongly.
    pub iterations: usize,
    /// Decides the trembling that parts equal points.
    pub seed: u64,
}

impl Default for TsneOptions {
    fn default() -> Self {
        Self { perplexity: 30.0, iterations: 500, seed: 0 }
    }
}

/// A picture by t-SNE.
#[derive(Clone, Debug, PartialEq)]
pub struct Tsne {
    /// A point per row.
    pub points: Vec<[f32; 2]>,
    /// Kullback-Leibler divergence of the picture's neighborhoods from the features', in nats; 0 would be a perfect picture.
    pub divergence: f64,
    /// The perplexity that was used.
    pub perplexity: f64,
}

/// Standard deviation of the picture at its beginning.
const SMALL: f64 = 1e-4;
/// How much of that is trembling.
const TREMBLING: f64 = 1e-3;

/// Exact t-SNE (van der Maaten and Hinton 2008) by Euclidean distance, begun from the principal components (Kobak and Berens
/// 2019). Time and memory grow with the square of the rows: meant for up to two thousand. The same on any number of threads.
///
/// # Errors
/// Fewer than 4 rows, features that are not finite, a perplexity below 1; a request to stop that this thread obeys.
pub fn tsne(features: &Features, options: &TsneOptions) -> Result<Tsne, EvalError> {
    let rows = features.len();
    if rows < 4 {
        return Err(EvalError::Input(format!("a picture by t-SNE needs at least 4 images, but there are {rows}")));
    }
    if features.data.iter().any(|value| !value.is_finite()) {
        return Err(EvalError::Input("there are features that are not finite; the network has diverged".into()));
    }
    if options.perplexity.is_nan() || options.perplexity < 1.0 {
        return Err(EvalError::option("perplexity", options.perplexity, "a number from 1, usually 30"));
    }
    let perplexity = options.perplexity.min((rows - 1) as f64 / 3.0);
    let joint = affinity::joint(features, perplexity);
    let mut points = pca(features).points;
    let spread = points.iter().map(|point| f64::from(point[0]).powi(2)).sum::<f64>() / rows as f64;
    let scale = if spread > 0.0 { SMALL / spread.sqrt() } else { 0.0 };
    let mut rng = Key::new(options.seed).named("t-sne").rng();
    for value in points.iter_mut().flatten() {
        *value = (f64::from(*value) * scale + SMALL * TREMBLING * f64::from(rng.normal())) as f32;
    }
    let points = descent::descend(&joint, points, options.iterations)?;
    Ok(Tsne { divergence: descent::divergence(&joint, &points), points, perplexity })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three groups of 40 in ten dimensions.
    pub(super) fn groups() -> Features {
        let mut rng = Key::new(5).rng();
        let data = (0..120 * 10).map(|at| {
            let (row, axis) = (at / 10, at % 10);
            6.0 * f32::from(u8::from(axis == row % 3)) + rng.normal()
        });
        Features { data: data.collect(), dim: 10, rows: (0..120).collect() }
    }

    #[test]
    fn groups_stay_apart() {
        let found = tsne(&groups(), &TsneOptions::default()).unwrap();
        assert!((0.0..2.0).contains(&found.divergence), "{}", found.divergence);
        let distance = |a: &[f32; 2], b: &[f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        for (i, point) in found.points.iter().enumerate() {
            let others = found.points.iter().enumerate().filter(|(j, _)| *j != i);
            let nearest = others.min_by(|a, b| distance(point, a.1).total_cmp(&distance(point, b.1))).unwrap().0;
            assert_eq!(nearest % 3, i % 3, "row {i} lies beside row {nearest}");
        }
    }

    /// The features that the values of scikit-learn below are for.
    pub(super) fn waves() -> Features {
        let value = |at: usize| {
            let (i, j) = ((at / 5) as f64, (at % 5) as f64);
            ((0.7 * i + 1.3 * j + 0.1 * i * j).sin() * (1.0 + j)) as f32
        };
        Features { data: (0..60 * 5).map(value).collect(), dim: 5, rows: (0..60).collect() }
    }

    #[test]
    fn the_picture_is_as_good_as_that_of_scikit_learn() {
        // scikit-learn 1.9.1, TSNE(perplexity=10, method="exact", init="pca", max_iter=500): kl_divergence_ 0.21916.
        let found = tsne(&waves(), &TsneOptions { perplexity: 10.0, ..TsneOptions::default() }).unwrap();
        assert!((0.16..0.23).contains(&found.divergence), "{}", found.divergence);
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| tsne(&groups(), &TsneOptions { iterations: 60, ..TsneOptions::default() }).unwrap())
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn equal_rows_and_few_rows_make_finite_pictures() {
        let same = Features { data: vec![1.0; 20], dim: 2, rows: (0..10).collect() };
        let found = tsne(&same, &TsneOptions::default()).unwrap();
        assert!(found.points.iter().flatten().all(|value| value.is_finite()));
        let few =
            |rows: u64| Features { data: (0..rows * 2).map(|v| v as f32).collect(), dim: 2, rows: (0..rows).collect() };
        assert!(tsne(&few(4), &TsneOptions::default()).unwrap().points.iter().flatten().all(|value| value.is_finite()));
        assert!(tsne(&few(3), &TsneOptions::default()).unwrap_err().to_string().contains("at least 4"));
        let wild = Features { data: vec![f32::NAN; 8], dim: 2, rows: (0..4).collect() };
        assert!(tsne(&wild, &TsneOptions::default()).is_err());
        let asked = foretask_train::Interrupt::new();
        asked.request();
        assert!(asked.obeyed(|| tsne(&few(4), &TsneOptions::default())).is_err());
    }
}
