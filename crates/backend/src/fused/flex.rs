//! The operations on flex, by this crate's own kernels.
//!
//! Tensors keep their `[n, c, h, w]` shape; in memory the results lie channels last. What other operations hand in
//! channels first is rearranged. Types other than `f32` go through burn's operations.

use std::borrow::Cow;

use burn::backend::Flex;
use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Bytes, DType, Shape};

use super::{Epilogue, Kernels, NormGradients, NormOptions, NormState, Step, composed};
use crate::kernels::layout::{Strided, to_channels_last};
use crate::kernels::norm::After;
use crate::kernels::pool::Enlarge;
use crate::kernels::relu::Relu;
use crate::kernels::thread_team::ThreadTeam;
use crate::kernels::{Geometry, add, conv, conv_weight, depthwise, norm, pool};
use crate::optional::Optional;

/// A tensor's place in memory as `[n, c, h, w]`; ranks 2 and 3 lack the last axes.
fn strided(tensor: &FlexTensor) -> Strided {
    let layout = tensor.layout();
    let (dims, strides) = (layout.shape().to_vec(), layout.strides());
    let mut view = Strided { shape: [1; 4], strides: [1; 4], offset: layout.start_offset() };
    view.shape[..dims.len()].copy_from_slice(&dims);
    view.strides[..dims.len()].copy_from_slice(strides);
    view
}

/// A tensor's values in `[n, h, w, c]` order, copied only where they lie otherwise.
fn channels_last(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    let view = strided(tensor);
    let storage = tensor.storage::<f32>();
    if view.is_channels_last() {
        Cow::Borrowed(&storage[view.offset..view.offset + view.len()])
    } else {
        Cow::Owned(to_channels_last(storage, &view))
    }
}

/// A tensor of values in `[n, h, w, c]` order.
fn tensor(values: Vec<f32>, dims: &[usize]) -> FlexTensor {
    let mut shape = [1; 4];
    shape[..dims.len()].copy_from_slice(dims);
    let strides = Strided::channels_last_strides(shape)[..dims.len()].to_vec();
    FlexTensor::new(Bytes::from_elems(values), Layout::new(Shape::from(dims.to_vec()), strides, 0), DType::F32)
}

fn dims(tensor: &FlexTensor) -> Vec<usize> {
    tensor.layout().shape().to_vec()
}

/// Whether the kernels can take these tensors.
fn fits(tensors: &[&FlexTensor]) -> bool {
    tensors.iter().all(|tensor| tensor.dtype() == DType::F32 && tensor.layout().num_dims() <= 4)
}

fn geometry(x: &FlexTensor, weight: &FlexTensor, step: Step) -> Geometry {
    let (x, weight) = (x.layout().shape().dims(), weight.layout().shape().dims());
    let of = if step.depthwise { Geometry::depthwise } else { Geometry::new };
    of(x, weight, step.stride, step.padding)
}

/// Weights in PyTorch's order.
fn dense(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    match tensor.as_slice::<f32>() {
        Some(values) => Cow::Borrowed(values),
        None => Cow::Owned(tensor.to_contiguous().storage::<f32>().to_vec()),
    }
}

/// A norm's factor and offset a channel.
fn line(state: &NormState<Flex>) -> (Vec<f32>, Vec<f32>) {
    let affine = [&*dense(&state.scale), &*dense(&state.shift)];
    norm::line(affine, [&dense(&state.mean), &dense(&state.variance)], state.options.epsilon)
}

impl Kernels for Flex {
    fn conv2d_forward(x: FlexTensor, weight: FlexTensor, step: Step) -> FlexTensor {
        if !fits(&[&x, &weight]) {
            return composed::conv2d::<Self>(x, weight, step);
        }
        let g = geometry(&x, &weight, step);
        let forward = if step.depthwise { depthwise::forward } else { conv::forward };
        let y = forward(&channels_last(&x), &dense(&weight), &g, ThreadTeam::rayon());
        tensor(y, &[g.images, g.output, g.out_height(), g.out_width()])
    }

    fn conv2d_backward(
        x: FlexTensor,
        weight: FlexTensor,
        grad: FlexTensor,
        step: Step,
        wanted: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        if !fits(&[&x, &weight, &grad]) {
            return composed::conv2d_backward::<Self>(x, weight, grad, step, wanted);
        }
        let g = geometry(&x, &weight, step);
        let grad = channels_last(&grad);
        let team = ThreadTeam::rayon();
        let of_x = wanted[0].then(|| {
            let gradient = if step.depthwise { depthwise::input_gradient } else { conv::input_gradient };
            let values = gradient(&grad, &dense(&weight), &g, team);
            tensor(values, &[g.images, g.input, g.height, g.width])
        });
        let of_weight = wanted[1].then(|| {
            let gradient = if step.depthwise { depthwise::weight_gradient } else { conv_weight::weight_gradient };
            let values = gradient(&channels_last(&x), &grad, &g, team);
            let shape = Shape::from(dims(&weight));
            FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(shape), DType::F32)
        });
        [of_x, of_weight]
    }

    fn norm_forward(
        x: FlexTensor,
        scale: FlexTensor,
        shift: FlexTensor,
        shortcut: Option<FlexTensor>,
        options: NormOptions,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        if !fits(&[&x, &scale, &shift]) {
            return composed::norm::<Self>(x, scale, shift, shortcut, options);
        }
        let shape = dims(&x);
        let values = channels_last(&x);
        let shortcut = shortcut.as_ref().map(channels_last);
        let after = After { shortcut: shortcut.as_deref(), activation: options.activation };
        let affine = [&*dense(&scale), &*dense(&shift)];
        let (y, mean, variance) = norm::forward(&values, affine, options.epsilon, after, ThreadTeam::rayon());
        let channels = [shape[1]];
        (tensor(y, &shape), tensor(mean, &channels), tensor(variance, &channels))
    }

    fn norm_again(state: NormState<Self>) -> FlexTensor {
        if !fits(&[&state.x, &state.scale]) {
            return composed::norm_again::<Self>(state);
        }
        let (factor, offset) = line(&state);
        let after = After { shortcut: None, activation: state.options.activation };
        let values = norm::scale_shift(&channels_last(&state.x), &factor, &offset, after, ThreadTeam::rayon());
        tensor(values, &dims(&state.x))
    }

    fn norm_backward(state: NormState<Self>, grad: FlexTensor, shortcut: bool) -> NormGradients<Self> {
        if !fits(&[&state.x, &state.scale, &grad]) {
            return composed::norm_backward::<Self>(state, grad, shortcut);
        }
        let shape = dims(&state.x);
        let result = state.result.as_ref().map(channels_last);
        let (factor, offset) = line(&state);
        let relu = Relu::of(state.options.activation, result.as_deref(), [&factor, &offset]);
        let gradients = norm::backward(
            &norm::Backward {
                x: &channels_last(&state.x),
                grad: &channels_last(&grad),
                scale: &dense(&state.scale),
                mean: &dense(&state.mean),
                variance: &dense(&state.variance),
                epsilon: state.options.epsilon,
                relu,
                shortcut,
            },
            ThreadTeam::rayon(),
        );
        let channels = [shape[1]];
        NormGradients {
            x: tensor(gradients.x, &shape),
            scale: tensor(gradients.scale, &channels),
            shift: tensor(gradients.shift, &channels),
            shortcut: gradients.shortcut.map(|values| tensor(values, &shape)),
        }
    }

    fn affine_forward(x: FlexTensor, epilogue: Epilogue<Self>) -> FlexTensor {
        if !fits(&[&x, &epilogue.scale, &epilogue.shift]) {
            return composed::affine::<Self>(x, epilogue);
        }
        let Epilogue { scale, shift, shortcut, activation } = epilogue;
        let shortcut = shortcut.into_option();
        let shortcut = shortcut.as_ref().map(channels_last);
        let after = After { shortcut: shortcut.as_deref(), activation };
        let values = norm::scale_shift(&channels_last(&x), &dense(&scale), &dense(&shift), after, ThreadTeam::rayon());
        tensor(values, &dims(&x))
    }

    fn conv2d_affine_forward(x: FlexTensor, weight: FlexTensor, epilogue: Epilogue<Self>, step: Step) -> FlexTensor {
        let added_fits = match &epilogue.shortcut {
            Optional::Absent => true,
            Optional::Present(shortcut) => !step.depthwise && fits(&[shortcut]),
        };
        if !added_fits || !fits(&[&x, &weight, &epilogue.scale, &epilogue.shift]) {
            return composed::affine::<Self>(Self::conv2d_forward(x, weight, step), epilogue);
        }
        let Epilogue { scale, shift, shortcut, activation } = epilogue;
        let g = geometry(&x, &weight, step);
        let shortcut = shortcut.into_option();
        let shortcut = shortcut.as_ref().map(channels_last);
        let after = After { shortcut: shortcut.as_deref(), activation };
        let (scale, shift) = (&*dense(&scale), &*dense(&shift));
        if step.depthwise {
            let (x, weight) = (channels_last(&x), dense(&weight));
            let end = depthwise::End { scale, shift, activation };
            let y = depthwise::forward_affine(&x, &weight, &end, &g, ThreadTeam::rayon());
            return tensor(y, &[g.images, g.output, g.out_height(), g.out_width()]);
        }
        let affine = conv::Affine { scale, shift, after };
        let y = conv::forward_affine(&channels_last(&x), &dense(&weight), affine, &g, ThreadTeam::rayon());
        tensor(y, &[g.images, g.output, g.out_height(), g.out_width()])
    }

    fn gradient_sum(first: FlexTensor, second: FlexTensor) -> FlexTensor {
        let view = strided(&first);
        let alike = fits(&[&first, &second]) && dims(&first) == dims(&second) && view == strided(&second);
        let whole = view.is_channels_last() && view.offset == 0 && alike && first.storage::<f32>().len() == view.len();
        if !whole {
            return composed::sum::<Self>(first, second);
        }
        let (mut sum, other) = if first.is_unique() { (first, second) } else { (second, first) };
        add::add_into(sum.storage_mut::<f32>(), other.storage::<f32>());
        sum
    }

    fn mean_forward(x: FlexTensor) -> FlexTensor {
        if !fits(&[&x]) {
            return composed::mean::<Self>(x);
        }
        let [n, c, ..]: [usize; 4] = x.layout().shape().dims();
        tensor(pool::mean(&channels_last(&x), n, c), &[n, c])
    }

    fn mean_backward(grad: FlexTensor, [h, w]: [usize; 2], dtype: DType) -> FlexTensor {
        if !fits(&[&grad]) || dtype != DType::F32 {
            return composed::mean_backward::<Self>(grad, [h, w], dtype);
        }
        let [n, c]: [usize; 2] = grad.layout().shape().dims();
        tensor(pool::mean_gradient(&channels_last(&grad), c, h * w), &[n, c, h, w])
    }

    fn enlarge_forward(x: FlexTensor, size: [usize; 2]) -> FlexTensor {
        if !fits(&[&x]) {
            return composed::enlarge::<Self>(x, size);
        }
        let [images, channels, h, w]: [usize; 4] = x.layout().shape().dims();
        let values = pool::enlarge(&channels_last(&x), &Enlarge { images, channels, from: [h, w], to: size });
        tensor(values, &[images, channels, size[0], size[1]])
    }

    fn enlarge_backward(x: FlexTensor, grad: FlexTensor, size: [usize; 2]) -> FlexTensor {
        if !fits(&[&x, &grad]) {
            return composed::enlarge_backward::<Self>(x, grad, size);
        }
        let [images, channels, h, w]: [usize; 4] = x.layout().shape().dims();
        let sizes = Enlarge { images, channels, from: [h, w], to: size };
        tensor(pool::enlarge_gradient(&channels_last(&grad), &sizes), &[images, channels, h, w])
    }
}
