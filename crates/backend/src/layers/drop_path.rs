//! Branches that are left out now and then.

use std::cell::Cell;

use burn::tensor::{Tensor, TensorData};
use foretask_random::Key;

use crate::group::Group;
use crate::precision::as_type_of;

thread_local! {
    /// What names the draws of this forward pass, and how many were made.
    static DRAWS: Cell<Option<(Key, u64)>> = const { Cell::new(None) };
}

/// Runs `forward` with random numbers for [`drop_path`], named by `key`: the same key, network and order of calls drop the same
/// branches, on every device. Without it nothing is dropped.
pub fn with_draws<T>(key: Key, forward: impl FnOnce() -> T) -> T {
    /// Puts back what was, even if `forward` panics.
    struct Before(Option<(Key, u64)>);
    impl Drop for Before {
        fn drop(&mut self) {
            DRAWS.set(self.0);
        }
    }
    let _before = Before(DRAWS.replace(Some((key, 0))));
    forward()
}

/// Stochastic depth (Huang et al. 2016, <https://arxiv.org/abs/1603.09382>): each sample of a residual branch `[b, …]` is 0 with
/// probability `rate`, else divided by `1 - rate`. Only while training (on a device with automatic differentiation, inside
/// [`with_draws`]); otherwise the branch comes back as it is.
pub fn drop_path<const D: usize>(branch: Tensor<D>, rate: f32) -> Tensor<D> {
    if rate <= 0.0 || !branch.is_autodiff() {
        return branch;
    }
    let Some((key, count)) = DRAWS.get() else { return branch };
    DRAWS.set(Some((key, count + 1)));
    let key = key.named("drop path").with(count);
    let samples = branch.dims()[0];
    let kept = 1.0 - rate.min(0.99);
    // Ranks hold one block each of the batch that one process would see.
    let first = Group::current().map_or(0, |group| group.rank() * samples);
    let factor =
        |sample: usize| if key.with((first + sample) as u64).rng().uniform() < kept { 1.0 / kept } else { 0.0 };
    let factors: Vec<f32> = (0..samples).map(factor).collect();
    let mut shape = [1; D];
    shape[0] = samples;
    let factors = Tensor::<D>::from_data(TensorData::new(factors, shape), &branch.device());
    branch.clone() * as_type_of(factors, &branch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(x: Tensor<2>) -> Vec<f32> {
        x.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn samples_are_dropped_whole_and_the_rest_makes_up_for_it() {
        let device = crate::device("flex").unwrap().training();
        let ones = || Tensor::<2>::ones([2000, 3], &device);
        let dropped = with_draws(Key::new(1), || drop_path(ones(), 0.25));
        let found = values(dropped);
        for sample in found.as_chunks::<3>().0 {
            assert!(*sample == [0.0; 3] || *sample == [4.0 / 3.0; 3], "{sample:?}");
        }
        let mean = found.iter().sum::<f32>() / 6000.0;
        assert!((mean - 1.0).abs() < 0.05, "{mean}");
        // Each branch by itself, and the same again under the same key.
        let pair = |key| with_draws(Key::new(key), || [0, 1].map(|_| values(drop_path(ones(), 0.25))));
        let [first, second] = pair(1);
        assert_eq!(first, found);
        assert_ne!(first, second);
        assert_eq!(pair(1), [first.clone(), second]);
        assert_ne!(pair(2)[0], first);
    }

    #[test]
    fn nothing_is_dropped_where_nothing_is_trained() {
        let device = crate::device("flex").unwrap();
        let ones = Tensor::<2>::ones([50, 1], &device.plain());
        assert_eq!(values(with_draws(Key::new(1), || drop_path(ones.clone(), 0.5))), [1.0; 50]);
        let trained = Tensor::<2>::ones([50, 1], &device.training());
        assert_eq!(values(drop_path(trained.clone(), 0.5)), [1.0; 50]);
        assert_eq!(values(with_draws(Key::new(1), || drop_path(trained.clone(), 0.0))), [1.0; 50]);
        let panicked = std::panic::catch_unwind(|| with_draws(Key::new(1), || panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(values(drop_path(trained, 0.5)), [1.0; 50]);
    }
}
