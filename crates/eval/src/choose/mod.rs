//! Which images to label next.

mod kmeans;
mod options;
mod uncertain;

use std::collections::BTreeSet;

use foretask_data::Images;
use foretask_models::Encoder;
use foretask_random::Key;
use foretask_train::{Context, Features, extract_features, labels_of};

pub use options::ChooseOptions;
pub use uncertain::{Chooser, Doubt, Situation};

use crate::spread::{compared, together};
use crate::{EvalError, nearest};

/// Positions in `pool` of the `n` images to label next, the most valuable first. The labels of the pool, if it has any, are not
/// looked at.
///
/// Without `few` there is no label yet: see [`densest`]. With labeled images `few`, the answer is the images that a probe on those is
/// most in doubt of and that no label reaches yet, that stand for many others and are not alike (see [`Chooser::choose`]); an image
/// whose pixels are among the few is never asked for.
///
/// # Errors
/// Options out of range; more images asked for than there are; images that the encoder cannot take.
pub fn label_next(
    encoder: &Encoder,
    few: Option<&Images>,
    pool: &Images,
    options: &ChooseOptions,
    cx: &Context<'_>,
) -> Result<Vec<u32>, EvalError> {
    options.check(pool.len())?;
    // Evenly over all where there are too many.
    let count = pool.len();
    let looked_at = count.min(options.most);
    let places: Vec<u32> = (0..looked_at).map(|i| (i * count / looked_at) as u32).collect();
    let pool = pool.select(&places);
    let features = extract_features(encoder, &pool, cx)?;
    let chosen = match few {
        None => densest(&compared(encoder, &[&pool], features, options.mirror, cx)?, options)?,
        Some(few) => {
            let labels = labels_of(few)?;
            let known: BTreeSet<u64> = (0..few.len()).map(|i| few.content_hash(i)).collect();
            let blocked = (0..pool.len()).map(|i| known.contains(&pool.content_hash(i)));
            let blocked: Vec<bool> = std::iter::repeat_n(true, few.len()).chain(blocked).collect();
            let open = blocked.iter().filter(|blocked| !**blocked).count();
            if options.n > open {
                let expected = format!("at most the {open} images of the pool that have no label yet");
                return Err(EvalError::option("n", options.n, &expected));
            }
            let all = together(&extract_features(encoder, few, cx)?, &features);
            let all = compared(encoder, &[few, &pool], all, options.mirror, cx)?;
            let labels: Vec<Option<u32>> =
                labels.into_iter().map(Some).chain(std::iter::repeat_n(None, pool.len())).collect();
            let classes = few.classes().len();
            let found = uncertain::uncertain(&all, &labels, classes, &blocked, options)?;
            found.into_iter().map(|row| row - few.len() as u32).collect()
        }
    };
    Ok(chosen.into_iter().map(|at| places[at as usize]).collect())
}

/// The densest member of each of `n` clusters (spherical k-means), those of the largest clusters first: images that together
/// stand for all. Dense is what is most similar to its nearest neighbors, so that no oddity is asked for. Of more than
/// [`EXACT_ROWS`](crate::EXACT_ROWS) images neighbors are found as [`nearest`] says, and clusters among so many that are drawn.
///
/// # Errors
/// Options out of range, more clusters than rows.
pub fn densest(features: &Features, options: &ChooseOptions) -> Result<Vec<u32>, EvalError> {
    Ok(densest_with_members(features, options)?.into_iter().map(|(row, _)| row).collect())
}

/// As [`densest`], each with the number of images in its cluster.
///
/// # Errors
/// As [`densest`].
pub fn densest_with_members(features: &Features, options: &ChooseOptions) -> Result<Vec<(u32, usize)>, EvalError> {
    options.check(features.len())?;
    let density: Vec<f64> = nearest(features, features, options.neighbors + 1)?
        .iter()
        .enumerate()
        .map(|(row, found)| {
            let others = || found.iter().filter(|found| found.index as usize != row).take(options.neighbors);
            others().map(|found| f64::from(found.similarity)).sum::<f64>() / others().count().max(1) as f64
        })
        .collect();
    let clusters = kmeans::spherical_kmeans(features, options.n, Key::new(options.seed).named("label_next"))?;
    let denser = |a: u32, b: u32| density[a as usize] > density[b as usize];
    let mut best: Vec<Option<u32>> = vec![None; options.n];
    let mut members = vec![0_usize; options.n];
    for (row, &cluster) in (0_u32..).zip(&clusters) {
        members[cluster as usize] += 1;
        let best = &mut best[cluster as usize];
        if best.is_none_or(|best| denser(row, best)) {
            *best = Some(row);
        }
    }
    let mut order: Vec<usize> = (0..options.n).collect();
    order.sort_by_key(|&cluster| std::cmp::Reverse(members[cluster]));
    let mut chosen: Vec<(u32, usize)> =
        order.into_iter().filter_map(|cluster| Some((best[cluster]?, members[cluster]))).collect();
    if chosen.len() < options.n {
        // Fewer different images than asked for: the densest of the others fill up.
        let taken: BTreeSet<u32> = chosen.iter().map(|(row, _)| *row).collect();
        let mut rest: Vec<u32> = (0..features.len() as u32).filter(|row| !taken.contains(row)).collect();
        rest.sort_by(|&a, &b| density[b as usize].total_cmp(&density[a as usize]).then(a.cmp(&b)));
        let missing = options.n - chosen.len();
        chosen.extend(rest.into_iter().take(missing).map(|row| (row, 1)));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(rows: usize, groups: usize) -> Features {
        let mut rng = Key::new(6).rng();
        let dim = groups + 2;
        let data = (0..rows * dim).map(|at| {
            let (row, axis) = (at / dim, at % dim);
            // The spread within a group grows with the row: the first rows of a group are its dense part.
            let noise = 0.02 + 0.25 * row as f32 / rows as f32;
            f32::from(u8::from(axis == row % groups)) + noise * rng.normal()
        });
        Features { data: data.collect(), dim, rows: (0..rows as u64).collect() }
    }

    #[test]
    fn every_group_is_asked_once_in_its_dense_part() {
        let features = features(400, 8);
        let options = ChooseOptions { n: 8, ..ChooseOptions::default() };
        let chosen = densest(&features, &options).unwrap();
        let groups: BTreeSet<u32> = chosen.iter().map(|row| row % 8).collect();
        assert_eq!(groups.len(), 8, "{chosen:?}");
        assert!(chosen.iter().all(|&row| row < 200), "oddities were asked for: {chosen:?}");
    }

    #[test]
    fn threads_do_not_matter_and_the_seed_does() {
        let features = features(300, 5);
        let run = |threads: usize, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| densest(&features, &ChooseOptions { n: 20, seed, ..ChooseOptions::default() }).unwrap())
        };
        assert_eq!(run(1, 0), run(3, 0));
        assert_ne!(run(1, 0), run(1, 1));
    }

    #[test]
    fn the_edges_are_exact() {
        let features = features(12, 3);
        let n = |n| densest(&features, &ChooseOptions { n, ..ChooseOptions::default() });
        let mut all = n(12).unwrap();
        all.sort_unstable();
        assert_eq!(all, (0..12).collect::<Vec<_>>());
        assert_eq!(n(1).unwrap().len(), 1);
        assert!(n(0).unwrap_err().to_string().contains("from 1"));
        assert!(n(13).unwrap_err().to_string().contains("at most the 12 images"));
        // Four different pictures, each thrice.
        let twins =
            Features { data: [1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0].repeat(3), dim: 2, rows: (0..12).collect() };
        let chosen = densest(&twins, &ChooseOptions { n: 7, neighbors: 2, ..ChooseOptions::default() }).unwrap();
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 7);
        assert_eq!(chosen[..4].iter().map(|row| row % 4).collect::<BTreeSet<_>>().len(), 4, "{chosen:?}");
    }
}
