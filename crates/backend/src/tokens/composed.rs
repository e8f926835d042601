//! The operations out of burn's own: right on every backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::Shape;

use super::{Attended, RowNorm};
use crate::fused::of_type;

/// Rows in the parameters' type.
pub(super) fn layer_norm<B: Backend>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    epsilon: f64,
) -> [FloatTensor<B>; 3] {
    let given = x.dtype();
    let x = of_type::<B>(x, scale.dtype());
    let [rows, width] = x.shape().dims();
    let row = |tensor| B::float_reshape(tensor, Shape::new([1, width]));
    let mean = B::float_mean_dim(x.clone(), 1);
    let distance = B::float_sub(x, mean.clone());
    let variance = B::float_mean_dim(B::float_mul(distance.clone(), distance.clone()), 1);
    let inverse = B::float_recip(B::float_sqrt(B::float_add_scalar(variance, epsilon.into())));
    let y = B::float_mul(B::float_mul(distance, inverse.clone()), row(scale));
    let y = of_type::<B>(B::float_add(y, row(shift)), given);
    let flat = |tensor| B::float_reshape(tensor, Shape::new([rows]));
    [y, flat(mean), flat(inverse)]
}

pub(super) fn layer_norm_backward<B: Backend>(state: RowNorm<B>, grad: FloatTensor<B>) -> [FloatTensor<B>; 3] {
    let (given, exact) = (state.x.dtype(), state.scale.dtype());
    let (x, grad) = (of_type::<B>(state.x, exact), of_type::<B>(grad, exact));
    let [rows, width] = x.shape().dims();
    let column = |tensor| B::float_reshape(tensor, Shape::new([rows, 1]));
    let over_rows = |tensor| B::float_reshape(B::float_sum_dim(tensor, 0), Shape::new([width]));
    let inverse = column(state.inverse);
    let normalized = B::float_mul(B::float_sub(x, column(state.mean)), inverse.clone());
    let of_scale = over_rows(B::float_mul(grad.clone(), normalized.clone()));
    let of_shift = over_rows(grad.clone());
    let scaled = B::float_mul(grad, B::float_reshape(state.scale, Shape::new([1, width])));
    let along = B::float_mean_dim(B::float_mul(scaled.clone(), normalized.clone()), 1);
    let rest = B::float_sub(scaled.clone(), B::float_mean_dim(scaled, 1));
    let of_x = B::float_mul(B::float_sub(rest, B::float_mul(normalized, along)), inverse);
    [of_type::<B>(of_x, given), of_scale, of_shift]
}

/// The result, and logarithms of the sums of exponentials, `[b, heads, n, 1]`.
pub(super) fn attention<B: Backend>(
    [queries, keys, values]: &[FloatTensor<B>; 3],
    scale: f64,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let scores = scores::<B>(queries, keys, scale);
    let highest = B::float_max_dim(scores.clone(), 3);
    let shares = B::float_exp(B::float_sub(scores, highest.clone()));
    let sums = B::float_sum_dim(shares.clone(), 3);
    let result = B::float_div(B::float_matmul(shares, values.clone()), sums.clone());
    (result, B::float_add(B::float_log(sums), highest))
}

fn scores<B: Backend>(queries: &FloatTensor<B>, keys: &FloatTensor<B>, scale: f64) -> FloatTensor<B> {
    B::float_matmul(B::float_mul_scalar(queries.clone(), scale.into()), B::float_swap_dims(keys.clone(), 2, 3))
}

/// With P the shares: dv = P^T g; ds = P (g v^T - sum(g y)); dq = ds k and dk = ds^T q by the scale.
pub(super) fn attention_backward<B: Backend>(state: Attended<B>, grad: FloatTensor<B>) -> [FloatTensor<B>; 3] {
    let [queries, keys, values] = state.inputs;
    let shares = B::float_exp(B::float_sub(scores::<B>(&queries, &keys, state.scale), state.sums));
    let of_values = B::float_matmul(B::float_swap_dims(shares.clone(), 2, 3), grad.clone());
    let along = B::float_sum_dim(B::float_mul(grad.clone(), state.result), 3);
    let of_shares = B::float_matmul(grad, B::float_swap_dims(values, 2, 3));
    let of_scores = B::float_mul(shares, B::float_sub(of_shares, along));
    let of_scores = B::float_mul_scalar(of_scores, state.scale.into());
    let of_queries = B::float_matmul(of_scores.clone(), keys);
    let of_keys = B::float_matmul(B::float_swap_dims(of_scores, 2, 3), queries);
    [of_queries, of_keys, of_values]
}
