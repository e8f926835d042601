//! The images whose features are known.

use foretask_train::{Features, Standardization};
use rayon::prelude::*;

use super::linear::dot;

/// Features of some of the images, compared by direction.
#[derive(Debug)]
pub(crate) struct Pool {
    /// What gave the features, in words.
    pub(crate) encoder: String,
    /// Standardized features of unit length; their rows are those of the dataset.
    pub(crate) unit: Features,
    /// As they came, for probes.
    pub(crate) raw: Features,
    /// Their statistics.
    pub(crate) statistics: Standardization,
    /// For each row of the dataset its place here, or [`NOWHERE`].
    places: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Pool {
    /// Of features whose rows are those of a dataset of so many images. `statistics` bring them to the scale on which they are
    /// compared and learned from.
    pub(crate) fn new(encoder: String, raw: Features, images: usize, statistics: Standardization) -> Self {
        let mut data = statistics.apply(&raw.data);
        data.par_chunks_mut(raw.dim.max(1)).for_each(|row| {
            let length = dot(row, row).sqrt();
            if length > 0.0 {
                for value in row.iter_mut() {
                    *value /= length;
                }
            }
        });
        let unit = Features { data, dim: raw.dim, rows: raw.rows.clone() };
        let mut places = vec![NOWHERE; images];
        for (place, row) in (0_u32..).zip(&raw.rows) {
            places[*row as usize] = place;
        }
        Self { encoder, unit, raw, statistics, places }
    }

    /// Images.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// The place of an image.
    pub(crate) fn place(&self, row: u32) -> Option<u32> {
        self.places.get(row as usize).copied().filter(|place| *place != NOWHERE)
    }

    /// The image at a place.
    pub(crate) fn row(&self, place: u32) -> u32 {
        self.raw.rows[place as usize] as u32
    }

    /// The `count` images most similar to one of them, itself left out, the most similar first, with their cosine similarity.
    pub(crate) fn like(&self, row: u32, count: usize) -> Vec<(u32, f32)> {
        let Some(own) = self.place(row) else { return Vec::new() };
        let own_features = self.unit.row(own as usize);
        let mut found: Vec<(u32, f32)> = (0..self.len() as u32)
            .into_par_iter()
            .with_min_len(1024)
            .filter(|place| *place != own)
            .map(|place| (self.row(place), dot(own_features, self.unit.row(place as usize))))
            .collect();
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if found.len() > count && count > 0 {
            found.select_nth_unstable_by(count - 1, order);
            found.truncate(count);
        }
        found.sort_by(order);
        found
    }
}

/// Every number below `count` once, so that any beginning of them is spread evenly over all.
pub(crate) fn spread_evenly(count: usize) -> impl Iterator<Item = u32> {
    // The golden ratio is hardest to come close to by fractions; a step that shares no divisor meets every number.
    let mut step = ((count as f64 * 0.618_033_988_75) as usize).max(1);
    while count > 1 && shared(step, count) != 1 {
        step += 1;
    }
    (0..count).map(move |turn| (turn as u128 * step as u128 % count.max(1) as u128) as u32)
}

fn shared(a: usize, b: usize) -> usize {
    if b == 0 { a } else { shared(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_spread_evenly_and_nothing_is_missed() {
        for count in [1, 2, 3, 4, 10, 97, 100, 1000] {
            let order: Vec<u32> = spread_evenly(count).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..count as u32).collect::<Vec<_>>());
        }
        let begin: Vec<u32> = spread_evenly(1000).take(20).collect();
        assert!((0..10).all(|part| begin.iter().any(|row| row / 100 == part)), "{begin:?}");
        assert_eq!(spread_evenly(0).count(), 0);
    }

    #[test]
    fn likeness_is_that_of_directions() {
        let data = vec![1.0, 0.0, 0.0, 1.0, 2.0, 0.1, -1.0, 0.0];
        let raw = Features { data, dim: 2, rows: vec![5, 1, 3, 0] };
        let plain = Standardization { mean: vec![0.0; 2], std: vec![1.0; 2] };
        let pool = Pool::new("x".into(), raw, 6, plain);
        let like: Vec<u32> = pool.like(5, 2).into_iter().map(|(row, _)| row).collect();
        assert_eq!(like[0], 3);
        assert_eq!((pool.like(2, 5).len(), pool.like(5, 9).len(), pool.place(1), pool.place(2)), (0, 3, Some(1), None));
    }
}
