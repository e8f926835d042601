//! Turns of spherical k-means.

use foretask_train::Features;

use super::exact::exact;
use super::neighbor::Neighbor;
use crate::EvalError;

/// Centers that `turns` turns of Lloyd's algorithm by cosine similarity (Dhillon and Modha 2001) lead to from these, and the center
/// of each row before the last change of them; fewer turns where nothing changes any more. `unit` are rows of length 1. The same on
/// any number of threads.
pub(crate) fn lloyd(unit: &Features, mut centers: Features, turns: usize) -> Result<(Features, Vec<u32>), EvalError> {
    let mut clusters = vec![u32::MAX; unit.len()];
    for _ in 0..turns {
        let closest = exact(&centers, unit, 1)?;
        let found: Vec<u32> = closest.iter().map(|found| found.first().map_or(0, |first| first.index)).collect();
        if found == clusters {
            break;
        }
        clusters = found;
        centers.data = sums(unit, &clusters, centers.len(), &closest);
    }
    Ok((centers, clusters))
}

/// The sum of the rows of each cluster, `[k, dim]`: its direction is the cluster's. A cluster that lost all its members begins anew at
/// the rows that are described worst.
fn sums(unit: &Features, clusters: &[u32], k: usize, closest: &[Vec<Neighbor>]) -> Vec<f32> {
    let dim = unit.dim.max(1);
    let mut sums = vec![0.0_f64; k * dim];
    let mut members = vec![0_usize; k];
    for (row, &cluster) in clusters.iter().enumerate() {
        members[cluster as usize] += 1;
        let sum = &mut sums[cluster as usize * dim..][..dim];
        sum.iter_mut().zip(unit.row(row)).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let mut centers: Vec<f32> = sums.iter().map(|&sum| sum as f32).collect();
    let empty: Vec<usize> = (0..k).filter(|&cluster| members[cluster] == 0).collect();
    if !empty.is_empty() {
        let mut worst: Vec<usize> = (0..clusters.len()).collect();
        let similarity = |row: usize| closest[row].first().map_or(0.0, |first| first.similarity);
        worst.sort_by(|&a, &b| similarity(a).total_cmp(&similarity(b)).then(a.cmp(&b)));
        for (cluster, row) in empty.into_iter().zip(worst) {
            centers[cluster * dim..][..dim].copy_from_slice(unit.row(row));
        }
    }
    centers
}
