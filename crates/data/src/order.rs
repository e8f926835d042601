//! The order in which an epoch visits the images.

use foretask_random::Key;

/// A random order of `0..n`, the same for the same (seed, epoch, n) on every machine and thread count.
///
/// `n` counts images of one store, which are numbered with 32 bits.
pub fn epoch_order(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    Key::new(seed).with(epoch).named("epoch order").rng().permutation(n as u32)
}

#[cfg(test)]
mod tests {
    use super::epoch_order;

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
}
