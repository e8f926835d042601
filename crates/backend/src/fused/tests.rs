//! The fused operations against burn's own, values and gradients.

use burn::tensor::module as plain;
use burn::tensor::ops::{ConvOptions, InterpolateMode, InterpolateOptions};
use burn::tensor::{Tensor, TensorData};
use foretask_random::Key;

use super::*;

/// Normal numbers, named.
fn random<const D: usize>(name: &str, shape: [usize; D], device: &burn::tensor::Device) -> Tensor<D> {
    let mut rng = Key::new(5).named(name).rng();
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.normal()).collect();
    leaf(Tensor::from_data(TensorData::new(values, shape), device))
}

/// A tensor of its own, tracked where there is a graph.
fn leaf<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let device = tensor.device();
    let tensor = Tensor::from_data(tensor.into_data(), &device);
    if device.is_autodiff() { tensor.require_grad() } else { tensor }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().unwrap()
}

#[track_caller]
fn near(found: &[f32], wanted: &[f32], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let largest = wanted.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() <= 1e-5 * largest.max(1e-3), "{what}[{i}]: {found} instead of {wanted}");
    }
}

/// The devices of this build.
fn devices() -> Vec<burn::tensor::Device> {
    let names: &[&str] = if cfg!(feature = "libtorch") { &["flex", "libtorch"] } else { &["flex"] };
    names.iter().map(|name| crate::device(name).unwrap().training()).collect()
}

/// By burn's operations.
fn activated(x: Tensor<4>, activation: Activation) -> Tensor<4> {
    match activation {
        Activation::None => x,
        Activation::Relu => burn::tensor::activation::relu(x),
        Activation::Relu6 => x.clamp(0.0, 6.0),
    }
}

#[test]
fn depthwise_convolutions_and_their_gradients_equal_burns() {
    for device in devices() {
        for (channels, kernel, stride, padding, size) in [
            (32, 3, 1, Padding::Zeros(1), [3, 9, 7]),
            (40, 7, 1, Padding::Zeros(3), [2, 8, 8]),
            (5, 3, 2, Padding::Zeros(1), [4, 6, 5]),
            (20, 5, 2, Padding::Same, [9, 8, 7]),
            (16, 3, 2, Padding::Same, [2, 7, 12]),
            (48, 5, 1, Padding::Same, [2, 2, 3]),
            (3, 3, 2, Padding::Same, [1, 1, 1]),
        ] {
            let what = format!("{channels} {kernel}x{kernel}/{stride} {padding:?} on {size:?}");
            let x = random("x", [size[0], channels, size[1], size[2]], &device);
            let weight = random("w", [channels, 1, kernel, kernel], &device);
            let step = Step { stride, padding, depthwise: true };
            let [height, width] = step.around(x.dims(), weight.dims()).map(|[before, behind]| (before, behind));
            let padded = x.clone().pad([(0, 0), (0, 0), height, width], 0.0);
            let options = ConvOptions::new([stride; 2], [0; 2], [1, 1], channels);
            let burns = plain::conv2d(padded, weight.clone(), None, options);
            let ours = conv2d(x.clone(), weight.clone(), step);
            near(&values(ours.clone()), &values(burns.clone()), &what);
            let (scale, shift) = (random("s", [channels], &device), random("b", [channels], &device));
            let wide = |tensor: &Tensor<1>| tensor.clone().inner().reshape([1, channels, 1, 1]);
            let folded = activated(burns.clone().inner() * wide(&scale) + wide(&shift), Activation::Relu6);
            let end = epilogue::<4>([scale.inner(), shift.inner()], None, Activation::Relu6);
            let found = conv2d_affine(x.clone().inner(), weight.clone().inner(), end, step);
            near(&values(found), &values(folded), &format!("with a norm {what}"));
            let pull = random("g", ours.dims(), &device).detach();
            let (ours, burns) = ((ours * pull.clone()).sum().backward(), (burns * pull).sum().backward());
            near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), &format!("dx {what}"));
            near(&values(weight.grad(&ours).unwrap()), &values(weight.grad(&burns).unwrap()), &format!("dw {what}"));
        }
    }
}

#[test]
fn padding_with_the_odd_zero_behind_equals_burns() {
    for device in devices() {
        for size in [[2, 8, 8], [3, 7, 6], [1, 5, 5]] {
            let x = random("x", [size[0], 3, size[1], size[2]], &device);
            let weight = random("w", [8, 3, 3, 3], &device);
            let step = Step { stride: 2, padding: Padding::Same, depthwise: false };
            let ours = conv2d(x.clone(), weight.clone(), step);
            assert_eq!(ours.dims(), [size[0], 8, size[1].div_ceil(2), size[2].div_ceil(2)]);
            // By hand: 0 and 1 zeros around an even side, 1 and 1 around an odd one.
            let zeros = |side: usize| if side.is_multiple_of(2) { (0, 1) } else { (1, 1) };
            let padded = x.clone().pad([(0, 0), (0, 0), zeros(size[1]), zeros(size[2])], 0.0);
            let burns = plain::conv2d(padded, weight.clone(), None, ConvOptions::new([2; 2], [0; 2], [1, 1], 1));
            near(&values(ours.clone()), &values(burns.clone()), &format!("{size:?}"));
            let (ours, burns) = (ours.powi_scalar(2).sum().backward(), burns.powi_scalar(2).sum().backward());
            near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), &format!("dx {size:?}"));
            near(&values(weight.grad(&ours).unwrap()), &values(weight.grad(&burns).unwrap()), &format!("dw {size:?}"));
        }
    }
}

#[test]
fn convolutions_and_their_gradients_equal_burns() {
    for device in devices() {
        for (channels, kernel, stride, padding, size) in [
            ([1, 16], 3, 2, 1, [5, 28, 28]),
            ([3, 16], 3, 1, 1, [13, 6, 5]),
            ([16, 16], 3, 1, 1, [26, 7, 7]),
            ([16, 32], 3, 2, 1, [9, 14, 14]),
            ([16, 32], 1, 2, 0, [9, 7, 7]),
            ([64, 20], 3, 1, 1, [14, 2, 2]),
            ([5, 3], 3, 2, 1, [3, 4, 4]),
            ([8, 4], 3, 1, 1, [3, 5, 7]),
            ([3, 8], 7, 2, 3, [2, 17, 16]),
            ([7, 33], 1, 1, 0, [3, 3, 3]),
            ([4, 4], 3, 1, 1, [2, 1, 1]),
        ] {
            let what = format!("{channels:?} {kernel}x{kernel}/{stride} on {size:?}");
            let x = random("x", [size[0], channels[0], size[1], size[2]], &device);
            let weight = random("w", [channels[1], channels[0], kernel, kernel], &device);
            let ours = conv2d(x.clone(), weight.clone(), Step::plain(stride, padding));
            let options = ConvOptions::new([stride; 2], [padding; 2], [1, 1], 1);
            let burns = plain::conv2d(x.clone(), weight.clone(), None, options);
            let pull = random("g", ours.dims(), &device).detach();
            near(&values(ours.clone()), &values(burns.clone()), &what);
            let (ours, burns) = ((ours * pull.clone()).sum().backward(), (burns * pull).sum().backward());
            near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), &format!("dx {what}"));
            near(&values(weight.grad(&ours).unwrap()), &values(weight.grad(&burns).unwrap()), &format!("dw {what}"));
        }
    }
}

#[test]
fn a_norm_folded_into_a_convolution_equals_burns_with_and_without_a_graph() {
    for device in devices() {
        for (add, activation, step) in [
            (false, Activation::Relu, Step::plain(1, 1)),
            (true, Activation::Relu6, Step::plain(1, 1)),
            (false, Activation::None, Step::plain(2, 1)),
        ] {
            let x = random("x", [5, 6, 8, 8], &device);
            let weight = random("w", [20, 6, 3, 3], &device);
            let (scale, shift) = (random("s", [20], &device), random("b", [20], &device));
            let wide = |tensor: &Tensor<1>| tensor.clone().reshape([1, 20, 1, 1]);
            let options = ConvOptions::new([step.stride; 2], [1; 2], [1, 1], 1);
            let mut burns = plain::conv2d(x.clone(), weight.clone(), None, options) * wide(&scale) + wide(&shift);
            let shortcut = random("r", burns.dims(), &device);
            if add {
                burns = burns + shortcut.clone();
            }
            let burns = activated(burns, activation);
            let what = format!("{add} {activation:?} {step:?}");
            let after = |x: Tensor<4>| add.then_some(x);
            let end = epilogue([scale.clone(), shift.clone()], after(shortcut.clone()), activation);
            let ours = conv2d_affine(x.clone(), weight.clone(), end, step);
            near(&values(ours.clone()), &values(burns.clone()), &what);
            let (ours, graph) = (ours.sum().backward(), burns.clone().sum().backward());
            near(&values(weight.grad(&ours).unwrap()), &values(weight.grad(&graph).unwrap()), &format!("dw {what}"));
            let end = epilogue([scale.inner(), shift.inner()], after(shortcut.inner()), activation);
            let ours = conv2d_affine(x.inner(), weight.inner(), end, step);
            near(&values(ours), &values(burns), &format!("{what} without a graph"));
        }
    }
}

#[test]
fn gradients_of_two_uses_are_summed() {
    for device in devices() {
        let x = random("x", [4, 16, 6, 6], &device);
        let weight = random("w", [16, 16, 3, 3], &device);
        let step = Step::plain(1, 1);
        // A residual block: both gradients lie channels last on flex.
        let block = |x: Tensor<4>, other: Tensor<4>| {
            let y = conv2d(x, weight.clone(), step);
            let (scale, shift) = (Tensor::ones([16], &device), Tensor::zeros([16], &device));
            norm(y, scale, shift, Some(other), NormOptions { epsilon: 1e-5, activation: Activation::Relu })
                .0
                .powi_scalar(2)
                .sum()
        };
        let (first, second) = fork(x.clone());
        let ours = block(first, second).backward();
        let burns = block(x.clone(), x.clone()).backward();
        near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), "a block");
        // And channels first, in the other order.
        let (first, second) = fork(x.clone());
        let ours = (second.powi_scalar(3) + first * 2.0).sum().backward();
        let burns = (x.clone().powi_scalar(3) + x.clone() * 2.0).sum().backward();
        near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), "elementwise");
        // Without a graph it is the tensor itself.
        let (first, second) = fork(x.clone().inner());
        assert_eq!((values(first), values(second)), (values(x.clone().inner()), values(x.inner())));
    }
}

#[test]
fn norms_and_their_gradients_equal_burns() {
    for device in devices() {
        for (shape, activation, add) in [
            ([6, 16, 5, 5], Activation::Relu, false),
            ([6, 16, 5, 5], Activation::Relu, true),
            ([6, 16, 5, 5], Activation::Relu6, false),
            ([7, 20, 3, 3], Activation::Relu6, true),
            ([9, 8, 3, 2], Activation::None, false),
            ([70, 48, 4, 4], Activation::Relu, true),
            ([5, 3, 4, 4], Activation::Relu, true),
            ([300, 1, 3, 3], Activation::None, true),
            ([40, 128, 2, 2], Activation::Relu, false),
        ] {
            let what = format!("{shape:?} {activation:?} add {add}");
            // A mean far from 0 beside a small spread.
            let x = leaf(random("x", shape, &device) * 0.5 + 3.0);
            let (scale, shift) = (random("s", [shape[1]], &device), random("b", [shape[1]], &device));
            let shortcut = random("r", shape, &device);
            let options = NormOptions { epsilon: 1e-5, activation };
            let (ours, mean, variance) =
                norm(x.clone(), scale.clone(), shift.clone(), add.then(|| shortcut.clone()), options);
            let result = plain::batch_norm_train(x.clone(), scale.clone(), shift.clone(), 1e-5);
            let mut burns = result.output;
            if add {
                burns = burns + shortcut.clone();
            }
            let burns = activated(burns, activation);
            near(&values(mean), &values(result.mean), &what);
            near(&values(variance), &values(result.variance), &what);
            near(&values(ours.clone()), &values(burns.clone()), &what);
            let pull = random("g", shape, &device).detach();
            let (ours, burns) = ((ours * pull.clone()).sum().backward(), (burns * pull).sum().backward());
            near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), &format!("dx {what}"));
            near(&values(scale.grad(&ours).unwrap()), &values(scale.grad(&burns).unwrap()), &format!("ds {what}"));
            near(&values(shift.grad(&ours).unwrap()), &values(shift.grad(&burns).unwrap()), &format!("db {what}"));
            if add {
                let (ours, burns) = (shortcut.grad(&ours).unwrap(), shortcut.grad(&burns).unwrap());
                near(&values(ours), &values(burns), &format!("dr {what}"));
            }
        }
    }
}

#[test]
fn norms_of_features_equal_burns() {
    for device in devices() {
        let x = random("x", [33, 20], &device);
        let (scale, shift) = (random("s", [20], &device), random("b", [20], &device));
        let (ours, ..) = norm(
            x.clone(),
            scale.clone(),
            shift.clone(),
            None,
            NormOptions { epsilon: 1e-5, activation: Activation::None },
        );
        let burns = plain::batch_norm_train(x.clone(), scale, shift, 1e-5).output;
        near(&values(ours.clone()), &values(burns.clone()), "features");
        let (ours, burns) = (ours.powi_scalar(3).sum().backward(), burns.powi_scalar(3).sum().backward());
        near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), "dx of features");
    }
}

#[test]
fn affine_maps_equal_burns_with_and_without_a_graph() {
    for device in devices() {
        let x = random("x", [3, 20, 3, 5], &device);
        let (scale, shift) = (random("s", [20], &device), random("b", [20], &device));
        let shortcut = random("r", [3, 20, 3, 5], &device);
        let wide = |tensor: &Tensor<1>| tensor.clone().reshape([1, 20, 1, 1]);
        let burns = (x.clone() * wide(&scale) + wide(&shift) + shortcut.clone()).clamp_min(0.0);
        let ours = affine(x.clone(), scale.clone(), shift.clone(), Some(shortcut.clone()), Activation::Relu);
        near(&values(ours.clone()), &values(burns.clone()), "with a graph");
        let (ours, burns_grad) = (ours.sum().backward(), burns.clone().sum().backward());
        near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns_grad).unwrap()), "dx");
        let ours = affine(x.inner(), scale.inner(), shift.inner(), Some(shortcut.inner()), Activation::Relu);
        near(&values(ours), &values(burns), "without a graph");
    }
}

#[test]
fn means_and_enlargements_equal_burns() {
    for device in devices() {
        let x = random("x", [5, 12, 3, 4], &device);
        let (ours, burns) = (mean(x.clone()), x.clone().reshape([5, 12, 12]).mean_dim(2).reshape([5, 12]));
        near(&values(ours.clone()), &values(burns.clone()), "mean");
        let pull = random("g", [5, 12], &device).detach();
        let (ours, burns) = ((ours * pull.clone()).sum().backward(), (burns * pull).sum().backward());
        near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), "dx of mean");

        let options = InterpolateOptions::new(InterpolateMode::Nearest).with_align_corners(false);
        let burns = plain::interpolate(x.clone(), options.with_output_size([7, 8]));
        let ours = enlarge(x.clone(), [7, 8]);
        near(&values(ours.clone()), &values(burns.clone()), "enlargement");
        let pull = random("g", [5, 12, 7, 8], &device).detach();
        let (ours, burns) = ((ours * pull.clone()).sum().backward(), (burns * pull).sum().backward());
        near(&values(x.grad(&ours).unwrap()), &values(x.grad(&burns).unwrap()), "dx of enlargement");
    }
}

#[test]
fn other_layouts_and_types_are_taken() {
    let device = crate::device("flex").unwrap().plain();
    let x = random("x", [4, 6, 8, 3], &device);
    let weight = random("w", [5, 3, 3, 3], &device);
    let step = Step::plain(1, 1);
    // A permuted view, a strided slice, and a result of ours all lie differently.
    let permuted = x.clone().permute([0, 3, 1, 2]);
    let copied = Tensor::<4>::from_data(permuted.to_data(), &device);
    near(
        &values(conv2d(permuted, weight.clone(), step)),
        &values(conv2d(copied.clone(), weight.clone(), step)),
        "view",
    );
    let slice = copied.clone().slice([1..3, 0..3, 2..6, 1..7]);
    let sliced = Tensor::<4>::from_data(slice.to_data(), &device);
    near(&values(conv2d(slice, weight.clone(), step)), &values(conv2d(sliced, weight.clone(), step)), "slice");
    let ours = conv2d(copied.clone(), weight.clone(), step);
    near(&values(ours.clone() + ours.clone()), &values(ours * 2.0), "channels last");
    // Double precision goes through burn's operations.
    let double = conv2d(
        copied.clone().cast(burn::tensor::FloatDType::F64),
        weight.clone().cast(burn::tensor::FloatDType::F64),
        step,
    );
    near(&values(double.cast(burn::tensor::FloatDType::F32)), &values(conv2d(copied, weight, step)), "f64");
}
