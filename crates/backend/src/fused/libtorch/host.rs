//! The operations on libtorch's memory on a CPU, by this crate's own kernels and on libtorch's own threads.
//!
//! A norm and what follows it is one pass over the activations here and three in libtorch, and convolutions of few channels
//! cost libtorch more in preparation than in products.

use std::ops::Deref;

use burn::backend::LibTorch;
use burn::backend::libtorch::TchTensor;
use tch::{Device, Kind, Tensor};

use super::super::{Epilogue, NormGradients, NormOptions, NormState, Step};
use crate::kernels::norm::{After, Backward};
use crate::kernels::relu::Relu;
use crate::kernels::share::{Buffer, Share};
use crate::kernels::simd::Level;
use crate::kernels::thread_team::ThreadTeam;
use crate::kernels::{Geometry, conv, conv_weight, norm};
use crate::libtorch::openmp;

/// Channels up to which this crate's convolutions win: twice as fast in the smallest maps, equal in the largest.
const MOST: i64 = 128;

/// Whether the kernels can take these tensors, and are compiled for more than any processor has.
pub(super) fn fits(tensors: &[&TchTensor]) -> bool {
    let here = |x: &&TchTensor| x.tensor.kind() == Kind::Float && x.tensor.device() == Device::Cpu;
    Level::best() != Level::Portable && tensors.iter().all(here)
}

/// Whether a convolution of these is as fast here as in libtorch or faster.
pub(super) fn wins(x: &TchTensor, weight: &TchTensor, step: Step) -> bool {
    !step.depthwise && fits(&[x, weight]) && weight.tensor.size()[..2].iter().all(|&channels| channels <= MOST)
}

fn team() -> ThreadTeam {
    ThreadTeam::on(openmp::each)
}

/// A tensor's values in the order in which they lie in memory.
struct Values(Tensor);

impl Values {
    /// Channels last, copied only where they lie otherwise.
    fn channels_last(x: &TchTensor) -> Self {
        Self(super::channels_last(&x.tensor))
    }

    /// In PyTorch's usual order, copied only where they lie otherwise.
    fn usual(x: &TchTensor) -> Self {
        Self(x.tensor.contiguous())
    }
}

impl Deref for Values {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a dense tensor of `f32` on the CPU, which lives as long as this borrow; nobody writes to a tensor that
        // somebody else holds.
        unsafe { std::slice::from_raw_parts(self.0.data_ptr().cast::<f32>(), self.0.numel()) }
    }
}

/// A kernel's result in libtorch's memory.
struct HostResult(Tensor);

impl Buffer for HostResult {
    unsafe fn filled(len: usize, fill: impl FnOnce(Share)) -> Self {
        let buffer = Tensor::empty([len as i64], (Kind::Float, Device::Cpu));
        fill(Share::new(buffer.data_ptr().cast()));
        Self(buffer)
    }
}

impl HostResult {
    /// Values that lie channels last, as a tensor of this `[n, c, …]` shape.
    fn channels_last(self, shape: &[i64]) -> TchTensor {
        TchTensor::new(match *shape {
            [n, c, h, w] => self.0.view([n, h, w, c]).permute([0, 3, 1, 2]),
            _ => self.0.view(shape),
        })
    }

    /// Values in PyTorch's usual order.
    fn usual(self, shape: &[i64]) -> TchTensor {
        TchTensor::new(self.0.view(shape))
    }
}

fn column(values: &[f32]) -> TchTensor {
    TchTensor::new(Tensor::from_slice(values))
}

fn sizes(x: &TchTensor) -> [usize; 4] {
    let sizes = x.tensor.size();
    std::array::from_fn(|axis| sizes[axis] as usize)
}

fn geometry(x: &TchTensor, weight: &TchTensor, step: Step) -> Geometry {
    Geometry::new(sizes(x), sizes(weight), step.stride, step.padding)
}

fn result_shape(g: &Geometry) -> [i64; 4] {
    [g.images, g.output, g.out_height(), g.out_width()].map(|size| size as i64)
}

pub(super) fn conv2d(x: &TchTensor, weight: &TchTensor, step: Step) -> TchTensor {
    let g = geometry(x, weight, step);
    let y: HostResult = conv::forward(&Values::channels_last(x), &Values::usual(weight), &g, team());
    y.channels_last(&result_shape(&g))
}

pub(super) fn conv2d_backward(
    x: &TchTensor,
    weight: &TchTensor,
    grad: &TchTensor,
    step: Step,
    wanted: [bool; 2],
) -> [Option<TchTensor>; 2] {
    let g = geometry(x, weight, step);
    let grad = Values::channels_last(grad);
    let of_x = wanted[0].then(|| {
        let made: HostResult = conv::input_gradient(&grad, &Values::usual(weight), &g, team());
        made.channels_last(&x.tensor.size())
    });
    let of_weight = wanted[1].then(|| {
        let made: HostResult = conv_weight::weight_gradient(&Values::channels_last(x), &grad, &g, team());
        made.usual(&weight.tensor.size())
    });
    [of_x, of_weight]
}

pub(super) fn conv2d_affine(x: &TchTensor, weight: &TchTensor, epilogue: Epilogue<LibTorch>, step: Step) -> TchTensor {
    let g = geometry(x, weight, step);
    let shortcut = epilogue.shortcut.into_option();
    let shortcut = shortcut.as_ref().map(Values::channels_last);
    let after = After { shortcut: shortcut.as_deref(), activation: epilogue.activation };
    let (scale, shift) = (&*Values::usual(&epilogue.scale), &*Values::usual(&epilogue.shift));
    let affine = conv::Affine { scale, shift, after };
    let y: HostResult = conv::forward_affine(&Values::channels_last(x), &Values::usual(weight), affine, &g, team());
    y.channels_last(&result_shape(&g))
}

pub(super) fn norm(
    x: &TchTensor,
    [scale, shift]: [&TchTensor; 2],
    shortcut: Option<&TchTensor>,
    options: NormOptions,
) -> (TchTensor, TchTensor, TchTensor) {
    let shortcut = shortcut.map(Values::channels_last);
    let after = After { shortcut: shortcut.as_deref(), activation: options.activation };
    let affine = [&*Values::usual(scale), &*Values::usual(shift)];
    let (y, mean, variance): (HostResult, _, _) =
        norm::forward(&Values::channels_last(x), affine, options.epsilon, after, team());
    (y.channels_last(&x.tensor.size()), column(&mean), column(&variance))
}

/// A norm's factor and offset a channel.
fn line(state: &NormState<LibTorch>) -> (Vec<f32>, Vec<f32>) {
    let [scale, shift, mean, variance] = [&state.scale, &state.shift, &state.mean, &state.variance].map(Values::usual);
    norm::line([&scale, &shift], [&mean, &variance], state.options.epsilon)
}

pub(super) fn norm_again(state: &NormState<LibTorch>) -> TchTensor {
    let (factor, offset) = line(state);
    let after = After { shortcut: None, activation: state.options.activation };
    let y: HostResult = norm::scale_shift(&Values::channels_last(&state.x), &factor, &offset, after, team());
    y.channels_last(&state.x.tensor.size())
}

pub(super) fn norm_backward(state: &NormState<LibTorch>, grad: &TchTensor, shortcut: bool) -> NormGradients<LibTorch> {
    let shape = state.x.tensor.size();
    let result = state.result.as_ref().map(Values::channels_last);
    let (factor, offset) = line(state);
    let relu = Relu::of(state.options.activation, result.as_deref(), [&factor, &offset]);
    let pass = Backward {
        x: &Values::channels_last(&state.x),
        grad: &Values::channels_last(grad),
        scale: &Values::usual(&state.scale),
        mean: &Values::usual(&state.mean),
        variance: &Values::usual(&state.variance),
        epsilon: state.options.epsilon,
        relu,
        shortcut,
    };
    let made: norm::Gradients<HostResult> = norm::backward(&pass, team());
    NormGradients {
        x: made.x.channels_last(&shape),
        scale: column(&made.scale),
        shift: column(&made.shift),
        shortcut: made.shortcut.map(|made| made.channels_last(&shape)),
    }
}

pub(super) fn affine(x: &TchTensor, epilogue: Epilogue<LibTorch>) -> TchTensor {
    let shortcut = epilogue.shortcut.into_option();
    let shortcut = shortcut.as_ref().map(Values::channels_last);
    let after = After { shortcut: shortcut.as_deref(), activation: epilogue.activation };
    let (scale, shift) = (Values::usual(&epilogue.scale), Values::usual(&epilogue.shift));
    let y: HostResult = norm::scale_shift(&Values::channels_last(x), &scale, &shift, after, team());
    y.channels_last(&x.tensor.size())
}
