//! Batch norms over the rows of all ranks of a group (synchronized batch norm), by the kernels that norm a rank's own.
//!
//! Every rank has equally many rows. Forward, ranks exchange mean and variance; backward, the sums of the gradient and of its
//! product with the normalized input, which are the gradients of shift and scale. Those two are left as this rank's part: the
//! gradients of all parameters are summed over ranks later.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{Shape, TensorData};

use super::{Activation, Epilogue, Kernels, NormGradients, NormOptions, NormState};
use crate::group::Group;
use crate::optional::Optional;

/// [`Kernels::norm_forward`] over all ranks' rows where this thread computes in a group.
pub(super) fn norm_forward<B: Kernels>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    shortcut: Option<FloatTensor<B>>,
    options: NormOptions,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let Some(group) = Group::current() else { return B::norm_forward(x, scale, shift, shortcut, options) };
    let plain = NormOptions { activation: Activation::None, ..options };
    let (_, mean, variance) = B::norm_forward(x.clone(), scale.clone(), shift.clone(), None, plain);
    let own = [host::<B>(mean), host::<B>(variance)];
    let [mean, variance] = joined(&group, own);
    let scale_values = host::<B>(scale.clone());
    let shift_values = host::<B>(shift);
    let factor: Vec<f32> = scale_values.iter().zip(&variance).map(|(s, v)| s * inverse(*v, options)).collect();
    let offset = shift_values.iter().zip(&mean).zip(&factor).map(|((shift, mean), factor)| shift - mean * factor);
    let offset = vector::<B>(offset.collect(), &scale);
    let shortcut = shortcut.map_or(Optional::Absent, Optional::Present);
    let epilogue =
        Epilogue { scale: vector::<B>(factor, &scale), shift: offset, shortcut, activation: options.activation };
    (B::affine_forward(x, epilogue), vector::<B>(mean, &scale), vector::<B>(variance, &scale))
}

/// [`Kernels::norm_backward`] of a norm over all ranks' rows.
pub(super) fn norm_backward<B: Kernels>(state: NormState<B>, grad: FloatTensor<B>, shortcut: bool) -> NormGradients<B> {
    let Some(group) = Group::current() else { return B::norm_backward(state, grad, shortcut) };
    let (x, like, options) = (state.x.clone(), state.scale.clone(), state.options);
    let [scale, mean, variance] = [&state.scale, &state.mean, &state.variance].map(|t| host::<B>(t.clone()));
    let own = B::norm_backward(state, grad, shortcut);
    let channels = scale.len();
    let mut sums = [host::<B>(own.shift.clone()), host::<B>(own.scale.clone())].concat();
    let before = sums.clone();
    // What fails here is heard of where gradients are summed.
    let _ = group.all_reduce(&mut sums);
    let rows = x.shape().num_elements() / channels.max(1);
    let (own_count, count) = (rows as f32, (rows * group.ranks()) as f32);
    // What the kernel took off by the means of this rank's rows is put back, and the means of all are taken off.
    let rest: Vec<f32> = before.iter().zip(&sums).map(|(own, all)| own / own_count - all / count).collect();
    let (of_shift, of_scale) = rest.split_at(channels);
    let mut factor = Vec::with_capacity(channels);
    let mut offset = Vec::with_capacity(channels);
    for channel in 0..channels {
        let inverse = inverse(variance[channel], options);
        let slope = scale[channel] * inverse * inverse * of_scale[channel];
        factor.push(slope);
        offset.push(scale[channel] * inverse * of_shift[channel] - slope * mean[channel]);
    }
    let epilogue = Epilogue {
        scale: vector::<B>(factor, &like),
        shift: vector::<B>(offset, &like),
        shortcut: Optional::Present(own.x),
        activation: Activation::None,
    };
    NormGradients { x: B::affine_forward(x, epilogue), ..own }
}

fn inverse(variance: f32, options: NormOptions) -> f32 {
    (1.0 / (f64::from(variance) + options.epsilon).sqrt()) as f32
}

/// Mean and variance of all ranks' rows, from those of each rank's.
fn joined(group: &Group, [mean, variance]: [Vec<f32>; 2]) -> [Vec<f32>; 2] {
    let channels = mean.len();
    let own = [mean, variance].concat();
    // What fails here is heard of where gradients are summed.
    let all = group.all_gather(&own).unwrap_or(own);
    let parts: Vec<&[f32]> = all.chunks_exact((2 * channels).max(1)).collect();
    let average = |of: &dyn Fn(&[f32]) -> f64| parts.iter().map(|part| of(part)).sum::<f64>() / parts.len() as f64;
    let means: Vec<f64> = (0..channels).map(|channel| average(&|part| f64::from(part[channel]))).collect();
    let of_variance = |(channel, mean): (usize, &f64)| {
        average(&|part| f64::from(part[channels + channel]) + (f64::from(part[channel]) - mean).powi(2)) as f32
    };
    let variances = means.iter().enumerate().map(of_variance).collect();
    [means.into_iter().map(|mean| mean as f32).collect(), variances]
}

fn host<B: Backend>(values: FloatTensor<B>) -> Vec<f32> {
    let data = burn::tensor::try_read_sync(B::float_into_data(values)).and_then(Result::ok);
    data.and_then(|data| data.convert::<f32>().try_into_vec().ok()).unwrap_or_default()
}

fn vector<B: Backend>(values: Vec<f32>, like: &FloatTensor<B>) -> FloatTensor<B> {
    let shape = Shape::new([values.len()]);
    B::float_from_data(TensorData::new(values, shape), &like.device())
}
