//! The operations on flex: layer norm and GELU by this crate's own kernels, attention by burn's matrix products.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::backend::ops::ActivationOps;
use burn::tensor::Shape;

use super::{RowNorm, TokenKernels, composed};
use crate::flex::{all_f32 as fits, dense, made, slice};
use crate::kernels::simd::Level;
use crate::kernels::{gelu, layer_norm};

impl TokenKernels for Flex {
    fn layer_norm_forward(x: FlexTensor, scale: FlexTensor, shift: FlexTensor, epsilon: f64) -> [FlexTensor; 3] {
        if !fits(&[&x, &scale, &shift]) {
            return composed::layer_norm::<Self>(x, scale, shift, epsilon);
        }
        let shape = x.layout().shape().clone();
        let rows = Shape::new([shape[0]]);
        let (x, scale, shift) = (dense(x), dense(scale), dense(shift));
        let [y, mean, inverse] = layer_norm::forward(slice(&x), slice(&scale), slice(&shift), epsilon, Level::best());
        [made(y, shape), made(mean, rows.clone()), made(inverse, rows)]
    }

    fn layer_norm_backward(state: RowNorm<Self>, grad: FlexTensor) -> [FlexTensor; 3] {
        if !fits(&[&state.x, &state.scale, &grad]) {
            return composed::layer_norm_backward::<Self>(state, grad);
        }
        let (of_x, of_scale) = (state.x.layout().shape().clone(), state.scale.layout().shape().clone());
        let [x, grad, scale] = [state.x, grad, state.scale].map(dense);
        let pass = layer_norm::Backward {
            x: slice(&x),
            grad: slice(&grad),
            mean: slice(&state.mean),
            inverse: slice(&state.inverse),
            scale: slice(&scale),
        };
        let [x, scale, shift] = layer_norm::backward(&pass, Level::best());
        [made(x, of_x), made(scale, of_scale.clone()), made(shift, of_scale)]
    }

    fn gelu_forward(x: FlexTensor) -> FlexTensor {
        if !fits(&[&x]) {
            return <Self as ActivationOps<Self>>::gelu(x);
        }
        let shape = x.layout().shape().clone();
        made(gelu::forward(slice(&dense(x)), Level::best()), shape)
    }

    fn gelu_gradient(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        if !fits(&[&x, &grad]) {
            return <Self as ActivationOps<Self>>::gelu_backward(x, grad);
        }
        let shape = x.layout().shape().clone();
        made(gelu::backward(slice(&dense(x)), slice(&dense(grad)), Level::best()), shape)
    }
}
