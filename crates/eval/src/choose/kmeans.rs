//! Spherical k-means: clusters of directions.

use foretask_random::{Key, Rng};
use foretask_train::{Features, stop_if_asked};
use rayon::prelude::*;

use crate::EvalError;
use crate::similarity::{EXACT_ROWS, exact, lloyd, unit_rows};

/// Most turns; clusters hardly change after ten.
const TURNS: usize = 30;

/// The cluster of each row, below `k`, by cosine similarity (Dhillon and Modha 2001), begun by greedy k-means++ (Arthur
/// and Vassilvitskii 2007). With fewer different rows than `k` some clusters stay empty. Of more than [`EXACT_ROWS`] rows so many are
/// drawn, whose clusters the others join. The same on any number of threads.
pub(super) fn spherical_kmeans(features: &Features, k: usize, key: Key) -> Result<Vec<u32>, EvalError> {
    kmeans_of(EXACT_ROWS, features, k, key)
}

/// As [`spherical_kmeans`], of `most` rows or, if that is more, `k`.
fn kmeans_of(most: usize, features: &Features, k: usize, key: Key) -> Result<Vec<u32>, EvalError> {
    let most = most.max(k);
    if features.len() <= most {
        return Ok(clusters(features, k, key)?.1);
    }
    let mut drawn = key.named("sample").rng().permutation(features.len() as u32);
    drawn.truncate(most);
    drawn.sort_unstable();
    let (centers, _) = clusters(&features.select(&drawn), k, key)?;
    let closest = exact(&centers, features, 1)?;
    Ok(closest.iter().map(|found| found.first().map_or(0, |first| first.index)).collect())
}

/// Centers, and the cluster of each row.
fn clusters(features: &Features, k: usize, key: Key) -> Result<(Features, Vec<u32>), EvalError> {
    let dim = features.dim.max(1);
    let unit = Features { data: unit_rows(&features.data, dim), dim, rows: features.rows.clone() };
    let centers = unit.select(&begin(&unit, k, &mut key.named("k-means++").rng())?);
    lloyd(&unit, centers, TURNS)
}

/// `k` rows to begin with, by greedy k-means++: of some rows drawn in proportion to their distance from those taken before, the
/// one that leaves the least distance in all.
fn begin(unit: &Features, k: usize, rng: &mut Rng) -> Result<Vec<u32>, EvalError> {
    let rows = unit.len();
    let tries = 2 + (k.max(1) as f64).ln() as usize;
    let mut taken = vec![rng.below(rows as u64) as u32];
    let mut left = distances(unit, taken[0]);
    while taken.len() < k {
        let total: f64 = left.iter().sum();
        let mut best: Option<(f64, u32, Vec<f64>)> = None;
        for _ in 0..tries {
            stop_if_asked()?;
            let row = drawn(&left, total, rng);
            let closer: Vec<f64> = distances(unit, row).iter().zip(&left).map(|(a, b)| a.min(*b)).collect();
            let sum = closer.iter().sum();
            if best.as_ref().is_none_or(|(least, ..)| sum < *least) {
                best = Some((sum, row, closer));
            }
        }
        if let Some((_, row, closer)) = best {
            taken.push(row);
            left = closer;
        }
    }
    Ok(taken)
}

/// A row, in proportion to its distance.
fn drawn(distances: &[f64], total: f64, rng: &mut Rng) -> u32 {
    let mut rest = rng.uniform_f64() * total;
    let hit = distances.iter().position(|&distance| {
        rest -= distance;
        distance > 0.0 && rest < 0.0
    });
    // Where nothing is apart any more, or rounding has eaten the end, any row will do.
    hit.unwrap_or_else(|| rng.below(distances.len() as u64) as usize) as u32
}

/// 1 minus the cosine similarity of one row with each.
fn distances(unit: &Features, row: u32) -> Vec<f64> {
    const LANES: usize = 8;
    let own = unit.row(row as usize);
    let one = |other: &[f32]| {
        let mut sums = [0.0_f32; LANES];
        let (parts, others) = (own.chunks_exact(LANES), other.chunks_exact(LANES));
        let rest: f32 = parts.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
        for (part, other) in parts.zip(others) {
            for lane in 0..LANES {
                sums[lane] += part[lane] * other[lane];
            }
        }
        let similarity = f64::from(sums.iter().sum::<f32>() + rest);
        // What rounding leaves between equal rows is no distance.
        if similarity > 1.0 - 1e-6 { 0.0 } else { 1.0 - similarity }
    };
    unit.data.par_chunks(unit.dim.max(1)).with_min_len(512).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows around `k` directions, in turn.
    fn directions(k: usize, rows: usize, noise: f32) -> Features {
        let mut rng = Key::new(4).rng();
        let dim = k + 3;
        let data = (0..rows * dim).map(|at| {
            let (row, axis) = (at / dim, at % dim);
            // Lengths differ; directions count.
            (f32::from(u8::from(axis == row % k)) + noise * rng.normal()) * (1.0 + (row % 7) as f32)
        });
        Features { data: data.collect(), dim, rows: (0..rows as u64).collect() }
    }

    #[test]
    fn clusters_are_found_whatever_the_lengths() {
        let features = directions(6, 240, 0.05);
        for seed in 0..5 {
            let clusters = spherical_kmeans(&features, 6, Key::new(seed)).unwrap();
            for row in 0..240 {
                assert_eq!(clusters[row], clusters[row % 6], "seed {seed}, row {row}");
            }
            let mut heads = clusters[..6].to_vec();
            heads.sort_unstable();
            assert_eq!(heads, [0, 1, 2, 3, 4, 5], "seed {seed}");
        }
    }

    #[test]
    fn each_row_is_with_its_closest_mean() {
        // The condition that ends k-means: no row is closer to another cluster's mean direction than to its own.
        let features = directions(3, 300, 0.6);
        let clusters = spherical_kmeans(&features, 8, Key::new(1)).unwrap();
        let unit = unit_rows(&features.data, features.dim);
        let mut means = vec![vec![0.0_f64; features.dim]; 8];
        for (row, cluster) in unit.chunks_exact(features.dim).zip(&clusters) {
            means[*cluster as usize].iter_mut().zip(row).for_each(|(m, v)| *m += f64::from(*v));
        }
        for mean in &mut means {
            let length = mean.iter().map(|v| v * v).sum::<f64>().sqrt();
            for v in mean.iter_mut() {
                *v /= length;
            }
        }
        let dot = |row: &[f32], mean: &[f64]| row.iter().zip(mean).map(|(a, b)| f64::from(*a) * b).sum::<f64>();
        for (row, cluster) in unit.chunks_exact(features.dim).zip(&clusters) {
            let own = dot(row, &means[*cluster as usize]);
            assert!(means.iter().all(|mean| dot(row, mean) <= own + 1e-5));
        }
    }

    #[test]
    fn of_very_many_rows_a_part_is_drawn_and_the_others_join_it() {
        let features = directions(6, 900, 0.05);
        let found = kmeans_of(90, &features, 6, Key::new(2)).unwrap();
        assert_eq!(found.len(), 900);
        assert!((0..900).all(|row| found[row] == found[row % 6]));
        assert_eq!(found[..6].iter().collect::<std::collections::BTreeSet<_>>().len(), 6);
        // Exactly so many are no sample; more clusters than a sample would have rows are.
        let whole = spherical_kmeans(&features, 6, Key::new(2)).unwrap();
        assert_eq!(kmeans_of(900, &features, 6, Key::new(2)).unwrap(), whole);
        let many = kmeans_of(90, &features, 100, Key::new(2)).unwrap();
        assert!(many.len() == 900 && many.iter().all(|&cluster| cluster < 100));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| kmeans_of(90, &features, 12, Key::new(2)).unwrap())
        };
        assert_eq!(run(1), run(2));
    }

    #[test]
    fn a_request_to_stop_is_obeyed_from_the_beginning() {
        let features = directions(3, 60, 0.1);
        let asked = foretask_train::Interrupt::new();
        assert_eq!(asked.obeyed(|| begin(&features, 3, &mut Key::new(0).rng())).unwrap().len(), 3);
        asked.request();
        assert!(asked.obeyed(|| begin(&features, 3, &mut Key::new(0).rng())).is_err());
        assert!(asked.obeyed(|| spherical_kmeans(&features, 3, Key::new(0))).is_err());
    }

    #[test]
    fn equal_rows_and_few_rows_are_no_trouble() {
        let features = Features { data: [1.0, 0.0].repeat(5), dim: 2, rows: (0..5).collect() };
        assert_eq!(spherical_kmeans(&features, 3, Key::new(0)).unwrap().len(), 5);
        let zeros = Features { data: vec![0.0; 8], dim: 2, rows: (0..4).collect() };
        assert!(spherical_kmeans(&zeros, 2, Key::new(0)).unwrap().iter().all(|&cluster| cluster < 2));
    }
}
