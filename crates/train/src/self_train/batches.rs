//! Batches of a round: a weak and a strong view of images of the pool, and labeled images.

use burn::tensor::{Device, Tensor};
use foretask_backend::catch;
use foretask_data::Images;
use foretask_models::InputSpec;
use foretask_pretext::Augment;
use foretask_random::Key;

use super::options::ConsistencyOptions;
use crate::error::TrainError;
use crate::loader::{BatchSource, Request, Sampling, Workers};
use crate::prefetch::WindowPrefetcher;
use crate::views::{ViewSpec, on_device, views};

/// One batch; all views normalized and on the device.
pub(super) struct Batch {
    /// Number of the update, from 0.
    pub(super) step: u64,
    /// The pool's images, by their position.
    pub(super) rows: Vec<u32>,
    /// What the teacher sees of them.
    pub(super) weak: Tensor<4>,
    /// What the student sees: the same images, strongly changed, and labeled ones, slightly changed.
    pub(super) changed: Tensor<4>,
    /// Labels of the latter.
    pub(super) labels: Vec<u32>,
}

/// What batches are made of.
pub(super) struct Batches<'a> {
    pub(super) pool: &'a Images,
    pub(super) few: &'a Images,
    pub(super) labels: &'a [u32],
    pub(super) input: &'a InputSpec,
    pub(super) strong: Augment,
    pub(super) options: &'a ConsistencyOptions,
    pub(super) key: Key,
    /// Without gradient graph: inputs have none.
    pub(super) device: Device,
    pub(super) prefetcher: WindowPrefetcher<'a>,
}

impl BatchSource for Batches<'_> {
    type Batch = Batch;

    fn make(&self, request: &Request, workers: &Workers) -> Result<Batch, TrainError> {
        self.prefetcher.prepare(request);
        let rows = request.indices.clone();
        let epoch = |name: &str| self.key.named(name).with(request.epoch);
        let (weak, strong) = (epoch("weak"), epoch("strong"));
        let gentle = ViewSpec { input: self.input, augment: &Augment::default() };
        let strongly = ViewSpec { augment: &self.strong, ..gentle };
        let row = |i: u32| self.pool.row(i as usize);
        let weak = views(self.pool, &rows, gentle, |i| weak.with(row(i)), workers)?;
        let mut changed = views(self.pool, &rows, strongly, |i| strong.with(row(i)), workers)?;
        for (image, &i) in changed.chunks_exact_mut(self.input.len().max(1)).zip(&rows) {
            erase(image, self.input, self.options.erase, strong.with(row(i)).named("erase"));
        }

        let order = Sampling {
            images: self.few.len(),
            batch_size: self.options.labeled.min(self.few.len()),
            seed: self.key.named("labelled order").value(), // typos: ignore
            drop_last: true,
            windows: None,
        };
        let chosen = order.request(request.batch);
        let key = self.key.named("labelled").with(chosen.epoch); // typos: ignore
        let of_row = |i: u32| key.with(self.few.row(i as usize));
        changed.extend(views(self.few, &chosen.indices, gentle, of_row, workers)?);
        let labels = chosen.indices.iter().map(|&i| self.labels[i as usize]).collect();
        let arrive = |data| on_device(data, self.input, &self.device);
        let (weak, changed) = catch("bringing a batch to the device", || (arrive(weak), arrive(changed)))?;
        Ok(Batch { step: request.batch, rows, weak, changed, labels })
    }

    fn row(&self, index: u32) -> u64 {
        self.pool.row(index as usize)
    }
}

/// Blanks a square of two to four seventh parts of the shorter side, somewhere, with probability `p` (`Cutout`, `DeVries`
/// and Taylor 2017, arXiv 1708.04552). In normalized images 0 is the mean.
fn erase(image: &mut [f32], input: &InputSpec, p: f64, key: Key) {
    let mut rng = key.rng();
    if rng.uniform_f64() >= p {
        return;
    }
    let (height, width) = (input.height, input.width);
    let shorter = height.min(width);
    let (least, most) = (2 * shorter / 7, shorter / 2);
    let side = least + rng.below((most - least + 1) as u64) as usize;
    let top = rng.below((height - side + 1) as u64) as usize;
    let left = rng.below((width - side + 1) as u64) as usize;
    for plane in image.chunks_exact_mut(height * width) {
        for line in plane.chunks_exact_mut(width).skip(top).take(side) {
            line[left..left + side].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erased_square_lies_within_and_is_seldom_or_often_as_asked() {
        let input = InputSpec::centered(2, 28, 20);
        let (mut hit, mut sides) = (0, std::collections::BTreeSet::new());
        for i in 0..400 {
            let mut image = vec![1.0; input.len()];
            erase(&mut image, &input, 0.25, Key::new(3).with(i));
            let blank = image.iter().filter(|v| **v == 0.0).count();
            if blank > 0 {
                hit += 1;
                // The same square in both planes.
                let side = ((blank / 2) as f64).sqrt().round() as usize;
                assert_eq!(side * side * 2, blank);
                sides.insert(side);
            }
        }
        assert!((70..130).contains(&hit), "{hit}");
        assert_eq!(sides.into_iter().collect::<Vec<_>>(), [5, 6, 7, 8, 9, 10]);
    }
}
