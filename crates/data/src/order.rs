//! The order in which an epoch visits the images.

use std::ops::Range;

use foretask_random::Key;
use serde::{Deserialize, Serialize};

/// A random order of `0..n`, the same for the same (seed, epoch, n) on every machine and thread count.
///
/// `n` counts images of one store, which are numbered with 32 bits.
pub fn epoch_order(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    Key::new(seed).with(epoch).named("epoch order").rng().permutation(n as u32)
}

/// A shuffle of images that can be read in long runs: neighbors form blocks, blocks are shuffled, and so are the images of
/// as many blocks as make up a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// Images of a block; at least 1.
    pub block: u32,
    /// Blocks of a window; at least 1.
    pub blocks: u32,
}

impl Windows {
    /// The windows of an epoch over `n` images: the blocks of each, ascending. The same for the same (seed, epoch, n).
    pub fn of_epoch(self, seed: u64, epoch: u64, n: usize) -> Vec<Vec<Range<u32>>> {
        let (n, block) = (n as u32, self.block.max(1));
        let blocks = Key::new(seed).with(epoch).named("block order").rng().permutation(n.div_ceil(block));
        let windows = blocks.chunks(self.blocks.max(1) as usize).map(|blocks| {
            let mut blocks = blocks.to_vec();
            blocks.sort_unstable();
            blocks.into_iter().map(|at| at * block..at.saturating_add(1).saturating_mul(block).min(n)).collect()
        });
        windows.collect()
    }

    /// The order of `0..n` that visits window after window.
    pub fn order(self, seed: u64, epoch: u64, n: usize) -> Vec<u32> {
        let key = Key::new(seed).with(epoch).named("window order");
        let mut order = Vec::with_capacity(n);
        for (window, number) in self.of_epoch(seed, epoch, n).into_iter().zip(0..) {
            let images: Vec<u32> = window.into_iter().flatten().collect();
            let places = key.with(number).rng().permutation(images.len() as u32);
            order.extend(places.into_iter().map(|place| images[place as usize]));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_image_once_and_another_order_each_epoch() {
        let (first, second) = (epoch_order(1, 0, 100), epoch_order(1, 1, 100));
        assert_ne!(first, second);
        assert_ne!(first, epoch_order(2, 0, 100));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<u32>>());
        assert!(epoch_order(1, 0, 0).is_empty());
    }

    #[test]
    fn the_order_never_changes_between_versions() {
        // Runs are resumed by it: these numbers may never change.
        assert_eq!(epoch_order(1, 0, 8), [1, 4, 3, 2, 6, 5, 7, 0]);
    }

    #[test]
    fn windows_of_many_blocks_mix_well() {
        // 100 blocks of 100, ten to a window: the first thousand images come from ten places of the whole, and the place of
        // an image in the epoch says little about its number: the correlation of 10,000 pairs drawn at random has sd 0.01,
        // that of 100 blocks 0.1.
        let order = Windows { block: 100, blocks: 10 }.order(3, 0, 10_000);
        let blocks: std::collections::BTreeSet<u32> = order[..1000].iter().map(|image| image / 100).collect();
        assert_eq!(blocks.len(), 10);
        let mean = 9999.0 / 2.0;
        let covariance: f64 = order.iter().zip(0..).map(|(&a, b)| (f64::from(a) - mean) * (f64::from(b) - mean)).sum();
        let variance: f64 = (0..10_000).map(|a| (f64::from(a) - mean).powi(2)).sum();
        assert!((covariance / variance).abs() < 0.3, "{}", covariance / variance);
        // Within a window, neighbors in the order are no neighbors on disk.
        let close = order.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
        assert!(close < 60, "{close}");
    }

    proptest! {
        #[test]
        fn windows_hold_every_image_once(n in 0_usize..300, block in 1_u32..40, blocks in 1_u32..6, seed: u64, epoch in 0_u64..3) {
            let windows = Windows { block, blocks };
            let order = windows.order(seed, epoch, n);
            let mut at = 0;
            for window in windows.of_epoch(seed, epoch, n) {
                prop_assert!(window.len() <= blocks as usize);
                let images: Vec<u32> = window.into_iter().flatten().collect();
                let mut visited = order[at..at + images.len()].to_vec();
                visited.sort_unstable();
                prop_assert_eq!(&visited, &images);
                at += images.len();
            }
            let mut all = order;
            all.sort_unstable();
            prop_assert_eq!(all, (0..n as u32).collect::<Vec<_>>());
        }
    }
}
