//! Batch normalization as PyTorch does it.

use std::cell::Cell;

use burn::module::{Flag, Module, Param};
use burn::tensor::Tensor;

use super::{Conv2d, Statistic};
use crate::fused::{self, Activation, NormOptions};
use crate::group::Group;
use crate::{Init, Scope};

/// Added to the variance, as in PyTorch.
const EPSILON: f64 = 1e-5;
/// The weight of the newest batch in the running statistics, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// Batch normalization (Ioffe and Szegedy 2015, <https://arxiv.org/abs/1502.03167>) over every axis but the second.
///
/// While training, a batch is normalized by its own mean and *biased* variance, and the running statistics take in its
/// mean and *unbiased* variance, as in PyTorch (burn's own layer stores the biased one). "While training" means that the
/// layer is on a device with automatic differentiation and has not been frozen or turned into a `valid()` copy;
/// otherwise the running statistics are used and nothing is updated. Clones have statistics of their own. Inside
/// [`Group::together`] the batch is that of all ranks.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Scale, `[c]`.
    pub weight: Param<Tensor<1>>,
    /// Shift, `[c]`.
    pub bias: Param<Tensor<1>>,
    /// Moving mean of the batches, `[c]`.
    pub running_mean: Statistic,
    /// Moving unbiased variance of the batches, `[c]`.
    pub running_var: Statistic,
    /// Off in frozen layers and in `valid()` copies.
    pub training: Param<Flag>,
    /// Added to the variance.
    pub epsilon: f64,
}

/// By what batch norms normalize that do not train.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Statistics {
    /// By the running statistics.
    Running,
    /// By those of the batch.
    Batch,
    /// By those of the batch, which have this share in the running statistics from then on.
    Measured(f64),
}

thread_local! {
    static STATISTICS: Cell<Statistics> = const { Cell::new(Statistics::Running) };
}

fn with_statistics<T>(statistics: Statistics, forward: impl FnOnce() -> T) -> T {
    /// Puts back what was, even if `forward` panics.
    struct Before(Statistics);
    impl Drop for Before {
        fn drop(&mut self) {
            STATISTICS.set(self.0);
        }
    }
    let _before = Before(STATISTICS.replace(statistics));
    forward()
}

/// Runs `forward` with every batch norm that does not train normalizing by the statistics of its batch, as momentum
/// teachers of published recipes do: their running statistics lag behind weights that change quickly. Nothing is updated.
pub fn with_batch_statistics<T>(forward: impl FnOnce() -> T) -> T {
    with_statistics(Statistics::Batch, forward)
}

/// Runs `forward` so on one of several batches, `before` of which came earlier: afterwards the running statistics of every batch
/// norm that does not train are the mean of those of the batches, as if it had never seen anything else (Wu and Johnson 2021,
/// *Rethinking "Batch" in `BatchNorm`*, <https://arxiv.org/abs/2105.07576>, section 3).
pub fn measuring_statistics<T>(before: usize, forward: impl FnOnce() -> T) -> T {
    with_statistics(Statistics::Measured(1.0 / (before + 1) as f64), forward)
}

impl BatchNorm {
    /// Scale 1, shift 0, running mean 0, running variance 1.
    pub fn new(scope: &Scope, channels: usize) -> Self {
        Self::with_scale(scope, channels, Init::Ones)
    }

    /// Scale 0: a residual branch that starts as nothing (Goyal et al. 2017, <https://arxiv.org/abs/1706.02677>).
    pub fn zero(scope: &Scope, channels: usize) -> Self {
        Self::with_scale(scope, channels, Init::Zeros)
    }

    fn with_scale(scope: &Scope, channels: usize, scale: Init) -> Self {
        Self {
            weight: scope.param("weight", [channels], scale),
            bias: scope.param("bias", [channels], Init::Zeros),
            running_mean: Statistic::new(scope.tensor("running_mean", [channels], Init::Zeros)),
            running_var: Statistic::new(scope.tensor("running_var", [channels], Init::Ones)),
            training: Param::from_bool(true),
            epsilon: EPSILON,
        }
    }

    /// The same with another number added to the variance: 1e-3 in networks that come from TensorFlow.
    #[must_use]
    pub fn with_epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// `[b, c, …]` to the same shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.normalize(x, None, Activation::None)
    }

    /// [`BatchNorm::forward`], then `max(·, 0)`.
    pub fn forward_relu<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.normalize(x, None, Activation::Relu)
    }

    /// [`BatchNorm::forward`], then `max(· + shortcut, 0)`: the end of a residual block.
    pub fn forward_add_relu<const D: usize>(&self, x: Tensor<D>, shortcut: Tensor<D>) -> Tensor<D> {
        self.normalize(x, Some(shortcut), Activation::Relu)
    }

    /// A convolution, this norm, `+ shortcut`, then the activation. Where nothing is trained the norm is folded into the
    /// convolution's weights, and all is one pass over the activations.
    pub fn forward_after(
        &self,
        conv: &Conv2d,
        x: Tensor<4>,
        shortcut: Option<Tensor<4>>,
        activation: Activation,
    ) -> Tensor<4> {
        let tensors_train = x.is_autodiff() || self.weight.val().is_autodiff() || conv.weight.val().is_autodiff();
        if tensors_train || STATISTICS.get() != Statistics::Running || conv.bias.is_some() {
            return self.normalize(conv.forward(x), shortcut, activation);
        }
        let epilogue = fused::epilogue(self.affine(), shortcut, activation);
        fused::conv2d_affine(x, conv.weight.val(), epilogue, conv.step())
    }

    /// Scale and shift by the running statistics.
    fn affine(&self) -> [Tensor<1>; 2] {
        let scale = self.weight.val() / (self.running_var.value() + self.epsilon).sqrt();
        let shift = self.bias.val() - self.running_mean.value() * scale.clone();
        [scale, shift]
    }

    fn normalize<const D: usize>(
        &self,
        x: Tensor<D>,
        shortcut: Option<Tensor<D>>,
        activation: Activation,
    ) -> Tensor<D> {
        let options = NormOptions { epsilon: self.epsilon, activation };
        let scale = self.weight.val();
        let trains = self.training.is_enabled() && (x.is_autodiff() || scale.is_autodiff());
        let share = match STATISTICS.get() {
            _ if trains => Some(MOMENTUM),
            Statistics::Measured(share) => Some(share),
            Statistics::Batch => None,
            Statistics::Running => {
                let [scale, shift] = self.affine();
                return fused::affine(x, scale, shift, shortcut, activation);
            }
        };
        let dims = x.dims();
        let ranks = Group::current().map_or(1, |group| group.ranks());
        let count = ranks * dims.iter().product::<usize>() / dims[1].max(1);
        let (y, mean, variance) = fused::norm(x, scale, self.bias.val(), shortcut, options);
        if let Some(share) = share {
            self.update_running(mean, variance, count, share);
        }
        y
    }

    /// Takes in a batch's mean and biased variance over `count` values a channel with this share.
    fn update_running(&self, mean: Tensor<1>, variance: Tensor<1>, count: usize, share: f64) {
        let unbiased = share * count as f64 / count.saturating_sub(1).max(1) as f64;
        self.running_mean.update(|old| old * (1.0 - share) + mean.detach() * share);
        self.running_var.update(|old| old * (1.0 - share) + variance.detach() * unbiased);
    }
}

#[cfg(test)]
mod tests {
    use burn::module::ParamGroup;

    use super::*;
    use crate::state_dict;

    fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_to_vec().unwrap()
    }

    fn layer() -> (BatchNorm, Tensor<2>) {
        let device = crate::device("flex").unwrap().training();
        let norm = BatchNorm::new(&Scope::new(1, &device), 2);
        (norm, Tensor::from_floats([[1.0, 10.0], [2.0, 20.0], [3.0, 20.0], [6.0, 30.0]], &device))
    }

    #[test]
    fn a_batch_is_normalized_as_worked_by_hand() {
        // Channel 0: mean 3, biased variance (4 + 1 + 0 + 9) / 4 = 3.5; channel 1: mean 20, biased variance 50.
        let (norm, x) = layer();
        let y = values(norm.forward(x));
        for (i, (value, mean, variance)) in
            [(1.0, 3.0, 3.5), (10.0, 20.0, 50.0), (2.0, 3.0, 3.5), (20.0, 20.0, 50.0)].into_iter().enumerate()
        {
            let expected: f64 = (value - mean) / f64::sqrt(variance + 1e-5);
            assert!((f64::from(y[i]) - expected).abs() < 1e-6, "{i}: {} {expected}", y[i]);
        }
    }

    #[test]
    fn a_copy_without_graph_can_normalize_by_the_batch_and_remembers_nothing_of_it() {
        let (norm, x) = layer();
        let trained = values(norm.forward_relu(x.clone()));
        let (copy, x) = (norm.valid(), x.inner());
        let before = state_dict(&copy);
        let by_batch = values(with_batch_statistics(|| copy.forward_relu(x.clone())));
        assert_eq!(by_batch, trained);
        assert_eq!(state_dict(&copy), before);
        // Only inside, even where something goes wrong there.
        let panicked = std::panic::catch_unwind(|| with_batch_statistics(|| panic!("on purpose")));
        assert!(panicked.is_err());
        assert_ne!(values(copy.forward_relu(x)), trained);
    }

    #[test]
    fn measured_statistics_are_the_mean_of_those_of_the_batches() {
        let (norm, x) = layer();
        // What training left behind does not count any more.
        norm.running_mean.update(|mean| mean + 5.0);
        let (copy, x) = (norm.valid(), x.inner());
        let by_batch = values(with_batch_statistics(|| copy.forward_relu(x.clone())));
        assert_eq!(values(measuring_statistics(0, || copy.forward_relu(x.clone()))), by_batch);
        // Means 3 and 20, unbiased variances 14/3 and 200/3; then everything doubled: 6 and 40, 56/3 and 800/3.
        assert_eq!(values(copy.running_mean.value()), [3.0, 20.0]);
        measuring_statistics(1, || copy.forward(x.clone() * 2.0));
        assert_eq!(values(copy.running_mean.value()), [4.5, 30.0]);
        let variance = values(copy.running_var.value());
        assert!((variance[0] - 35.0 / 3.0).abs() < 1e-5 && (variance[1] - 500.0 / 3.0).abs() < 1e-4, "{variance:?}");
        // Only inside.
        let before = state_dict(&copy);
        copy.forward(x);
        assert_eq!(state_dict(&copy), before);
    }

    #[test]
    fn running_statistics_take_the_unbiased_variance() {
        // PyTorch: 0.9 * 0 + 0.1 * mean; 0.9 * 1 + 0.1 * variance * 4/3, which is 14/3 and 200/3.
        let (norm, x) = layer();
        norm.forward(x.clone());
        assert_eq!(values(norm.running_mean.value()), [0.3, 2.0]);
        let var = values(norm.running_var.value());
        assert!((var[0] - (0.9 + 1.4 / 3.0)).abs() < 1e-6 && (var[1] - (0.9 + 20.0 / 3.0)).abs() < 1e-5, "{var:?}");
        // What is saved is the newest, not the one before.
        assert_eq!(state_dict(&norm)["running_mean"].data, [0.3, 2.0]);
        norm.forward(x);
        assert!((state_dict(&norm)["running_mean"].data[0] - 0.57).abs() < 1e-6);
    }

    #[test]
    fn clones_and_copies_have_statistics_of_their_own() {
        let (norm, x) = layer();
        let (clone, valid) = (norm.clone(), norm.valid());
        norm.forward(x);
        assert_eq!(values(clone.running_mean.value()), [0.0, 0.0]);
        assert_eq!(values(valid.running_mean.value()), [0.0, 0.0]);
        assert_eq!(values(norm.running_mean.value()), [0.3, 2.0]);
        assert_eq!(values(norm.valid().running_mean.value()), [0.3, 2.0]);
        assert_eq!(values(norm.valid().train().running_mean.value()), [0.3, 2.0]);
    }

    #[test]
    fn inference_uses_the_running_statistics_and_leaves_them() {
        let (norm, x) = layer();
        norm.running_mean.update(|mean| mean + 1.0);
        norm.running_var.update(|var| var * 4.0);
        for frozen in [norm.valid(), norm.clone().freeze(), norm.clone().freeze_group(ParamGroup::all())] {
            let y = values(frozen.forward(x.clone().inner()));
            assert!((y[0] - 0.0).abs() < 1e-6 && (y[6] - 5.0 / 4.000_01_f32.sqrt()).abs() < 1e-6, "{y:?}");
            assert_eq!(values(frozen.running_mean.value()), [1.0, 1.0]);
        }
    }

    #[test]
    fn a_convolution_and_its_norm_are_one_where_nothing_is_trained() {
        let device = crate::device("flex").unwrap().training();
        let scope = Scope::new(1, &device);
        let conv = Conv2d::new(&scope.at("conv"), [2, 5], 3, 1, 1);
        let norm = BatchNorm::new(&scope.at("norm"), 5);
        norm.running_mean.update(|mean| mean + 0.3);
        norm.running_var.update(|var| var * 2.5);
        let numbers = |count: usize| (0..count).map(|i| (i * 37 % 19) as f32 / 9.0 - 1.0).collect::<Vec<_>>();
        let x = Tensor::<1>::from_floats(numbers(72).as_slice(), &device).reshape([1, 2, 6, 6]);
        let shortcut = Tensor::<1>::from_floats(numbers(180).as_slice(), &device).reshape([1, 5, 6, 6]);
        let (plain_conv, plain_norm) = (conv.valid(), norm.valid());
        let (x, shortcut) = (x.inner(), shortcut.inner());
        let parts = plain_norm.forward_add_relu(plain_conv.forward(x.clone()), shortcut.clone());
        let whole = plain_norm.forward_after(&plain_conv, x.clone(), Some(shortcut), Activation::Relu);
        for (whole, parts) in values(whole).into_iter().zip(values(parts)) {
            assert!((whole - parts).abs() < 1e-5, "{whole} {parts}");
        }
        // While training, the batch's own statistics count, and are taken in.
        let x = Tensor::from_inner(x);
        let (a, b) = (norm.clone(), norm.clone());
        assert_eq!(
            values(a.forward_after(&conv, x.clone(), None, Activation::Relu)),
            values(b.forward_relu(conv.forward(x)))
        );
        assert_eq!(values(a.running_mean.value()), values(b.running_mean.value()));
        assert_ne!(values(a.running_mean.value()), values(norm.running_mean.value()));
    }

    #[test]
    fn the_fused_forms_equal_their_parts() {
        let (norm, x) = layer();
        let (a, b) = (norm.clone(), norm.clone());
        let shortcut = x.clone() * 0.1 - 1.0;
        let plain = norm.forward(x.clone());
        assert_eq!(values(a.forward_relu(x.clone())), values(plain.clone().clamp_min(0.0)));
        assert_eq!(values(b.forward_add_relu(x, shortcut.clone())), values((plain + shortcut).clamp_min(0.0)));
        assert_eq!(values(a.running_var.value()), values(norm.running_var.value()));
    }
}
