//! k-means on the sphere.

use burn::tensor::{Device, Tensor, TensorData};
use foretask_backend::HostTensor;
use foretask_random::Key;

use super::check_prototypes;
use crate::Result;

/// Rows whose similarities are computed at once: bounds the memory, whatever the number of rows.
const CHUNK: usize = 4096;

/// Options of [`spherical_kmeans`].
#[derive(Clone, Copy, Debug)]
pub struct KMeans {
    /// Clusters.
    pub k: usize,
    /// How often centroids move.
    pub iterations: usize,
    /// Draws the first centroids.
    pub key: Key,
}

/// What [`spherical_kmeans`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// `[k, d]`, rows at length 1.
    pub centroids: HostTensor,
    /// The nearest centroid of each row.
    pub assignments: Vec<u32>,
}

/// k-means by cosine (Dhillon and Modha 2001, "Concept decompositions for large sparse text data using clustering").
///
/// `rows` holds rows of `d` numbers at length 1. Some of them, drawn by the key, are the first centroids; then, as often as
/// `options` say, each row goes to the nearest centroid and each centroid to the normalized mean of its rows. A centroid that is
/// left without rows moves to the row that lies farthest from its own (the authors of `DeepCluster` v2 leave it where it
/// is, for good). Sums are in f64 in the order of the rows, so the result does not depend on threads; similarities are
/// computed on `device`.
///
/// # Errors
/// [`ObjectiveError::Prototypes`](crate::ObjectiveError::Prototypes) for more centroids than rows, or none.
pub fn spherical_kmeans(rows: &[f32], d: usize, options: KMeans, device: &Device) -> Result<Clusters> {
    let KMeans { k, iterations, key } = options;
    let n = rows.len() / d.max(1);
    check_prototypes(k, n)?;
    let device = device.clone().without_autodiff();
    let first = key.rng().permutation(n as u32);
    let mut centroids: Vec<f32> =
        first[..k].iter().flat_map(|&i| rows[i as usize * d..(i as usize + 1) * d].to_vec()).collect();
    for _ in 0..iterations {
        let (assignments, similarities) = nearest(rows, d, &centroids, &device);
        move_centroids(&mut centroids, rows, d, &assignments, &similarities);
    }
    let (assignments, _) = nearest(rows, d, &centroids, &device);
    Ok(Clusters { centroids: HostTensor { shape: vec![k, d], data: centroids }, assignments })
}

/// The nearest centroid of each row, and how near it is.
fn nearest(rows: &[f32], d: usize, centroids: &[f32], device: &Device) -> (Vec<u32>, Vec<f32>) {
    let matrix =
        |values: &[f32]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [values.len() / d, d]), device);
    let centroids = matrix(centroids).transpose();
    let (mut assignments, mut similarities) = (Vec::new(), Vec::new());
    for chunk in rows.chunks(CHUNK * d) {
        let (similarity, index) = matrix(chunk).matmul(centroids.clone()).max_dim_with_indices(1);
        assignments.extend(index.into_data().iter::<i64>().map(|i| i as u32));
        similarities.extend(similarity.into_data().iter::<f32>());
    }
    (assignments, similarities)
}

fn move_centroids(centroids: &mut [f32], rows: &[f32], d: usize, assignments: &[u32], similarities: &[f32]) {
    let mut sums = vec![0.0_f64; centroids.len()];
    let mut counts = vec![0_usize; centroids.len() / d];
    for (row, &cluster) in rows.chunks_exact(d).zip(assignments) {
        let cluster = cluster as usize;
        counts[cluster] += 1;
        sums[cluster * d..(cluster + 1) * d].iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    let mut farthest: Vec<usize> = (0..assignments.len()).collect();
    if counts.contains(&0) {
        farthest.sort_by(|&a, &b| similarities[a].total_cmp(&similarities[b]).then(a.cmp(&b)));
    }
    let mut farthest = farthest.into_iter();
    let mut left = counts.clone();
    for (cluster, centroid) in centroids.chunks_exact_mut(d).enumerate() {
        if counts[cluster] == 0 {
            // Not the only row of another cluster, which would be empty then.
            let Some(row) = farthest.by_ref().find(|&row| left[assignments[row] as usize] > 1) else { continue };
            left[assignments[row] as usize] -= 1;
            centroid.copy_from_slice(&rows[row * d..(row + 1) * d]);
            continue;
        }
        let sum = &sums[cluster * d..(cluster + 1) * d];
        let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length > 0.0 {
            centroid.iter_mut().zip(sum).for_each(|(c, x)| *c = (x / length) as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::l2_normalize;
    use crate::reference::{plain, wave};

    /// Three bundles of directions around the axes, 20 rows each, in turn.
    fn bundles() -> Vec<f32> {
        let mut rows = wave::<2>([60, 3], 0.3, 0.2).try_into_vec_as::<f32>().unwrap();
        (0..60).for_each(|i| rows[3 * i + i % 3] += 1.0);
        let rows = Tensor::<2>::from_data(TensorData::new(rows, [60, 3]), &plain());
        l2_normalize(rows).try_into_vec_as::<f32>().unwrap()
    }

    #[test]
    fn bundles_are_found_and_centroids_are_the_directions_of_their_rows() {
        let rows = bundles();
        let mut found_all = 0;
        for seed in 0..10 {
            let found =
                spherical_kmeans(&rows, 3, KMeans { k: 3, iterations: 30, key: Key::new(seed) }, &plain()).unwrap();
            for (cluster, centroid) in found.centroids.data.chunks_exact(3).enumerate() {
                let mut mean = [0.0_f64; 3];
                for (row, _) in rows.chunks_exact(3).zip(&found.assignments).filter(|(_, own)| **own == cluster as u32)
                {
                    mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
                }
                let length = mean.iter().map(|x| x * x).sum::<f64>().sqrt();
                assert!(centroid.iter().zip(mean).all(|(c, m)| (f64::from(*c) - m / length).abs() < 1e-6));
            }
            let ids = &found.assignments;
            let apart = ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2];
            found_all += usize::from(apart && (0..60).all(|i| ids[i] == ids[i % 3]));
        }
        // From rows drawn at random not every start leads there.
        assert!(found_all >= 5, "{found_all} of 10");
    }

    #[test]
    fn an_empty_cluster_takes_the_row_farthest_from_its_own() {
        // Two equal first centroids: the second gets no row, and moves to the outlier.
        let rows = [1.0, 0.0, 1.0, 0.0, 0.96, 0.28, 0.0, 1.0];
        let mut centroids = [1.0, 0.0, 1.0, 0.0];
        let (assignments, similarities) = nearest(&rows, 2, &centroids, &plain());
        assert_eq!(assignments, [0; 4]);
        move_centroids(&mut centroids, &rows, 2, &assignments, &similarities);
        assert_eq!(centroids[2..], [0.0, 1.0]);
        let (assignments, _) = nearest(&rows, 2, &centroids, &plain());
        assert_eq!(assignments, [0, 0, 0, 1]);
    }

    fn into(k: usize, iterations: usize) -> KMeans {
        KMeans { k, iterations, key: Key::new(1) }
    }

    #[test]
    fn all_rows_equal_is_no_trouble() {
        let found = spherical_kmeans(&[0.6, 0.8].repeat(5), 2, into(3, 4), &plain()).unwrap();
        assert!(found.centroids.data.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn more_prototypes_than_samples_are_refused() {
        let error = spherical_kmeans(&bundles(), 3, into(61, 4), &plain()).unwrap_err().to_string();
        assert!(error.starts_with("61 prototypes cannot be found among 60 samples"), "{error}");
        assert!(spherical_kmeans(&bundles(), 3, into(0, 4), &plain()).is_err());
        let all = spherical_kmeans(&bundles(), 3, into(60, 0), &plain()).unwrap();
        assert_eq!(all.assignments.len(), 60);
    }
}
