//! Tests only: numbers that other tools can make as well, and gradients by finite differences.

use burn::tensor::{Device, Tensor, TensorData};

/// flex without a gradient graph.
pub(crate) fn plain() -> Device {
    Device::flex()
}

/// sin(0.7 i + seed) cos(0.3 i + 2 seed) for i = 0, 1, …, as f32; the Python that made the expected values does the
/// same.
pub(crate) fn numbers(count: usize, seed: f64) -> Vec<f32> {
    let wave = |i: f64| ((i * 0.7 + seed).sin() * (i * 0.3 + 2.0 * seed).cos()) as f32;
    (0..count).map(|i| wave(i as f64)).collect()
}

pub(crate) fn number(tensor: Tensor<1>) -> f64 {
    f64::from(tensor.into_scalar::<f32>())
}

/// Compares the gradient of `loss` at `at` with central differences. Those are taken of an f32 function, so the step is
/// chosen large and the tolerance is relative to the largest entry.
pub(crate) fn assert_gradient(at: &[f32], shape: [usize; 2], loss: impl Fn(Tensor<2>) -> Tensor<1>) {
    const STEP: f32 = 1e-2;
    let tensor = |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, shape), &plain());
    let x = tensor(at.to_vec()).autodiff().require_grad();
    let ours = x.grad(&loss(x.clone()).backward()).unwrap().try_into_vec_as::<f32>().unwrap();
    let value = |i: usize, by: f32| {
        let mut moved = at.to_vec();
        moved[i] += by;
        number(loss(tensor(moved)))
    };
    // Richardson: the errors of two step sizes cancel up to the fourth order.
    let slope = |i: usize, h: f32| (value(i, h) - value(i, -h)) / (2.0 * f64::from(h));
    let expected: Vec<f64> = (0..at.len()).map(|i| (4.0 * slope(i, STEP) - slope(i, 2.0 * STEP)) / 3.0).collect();
    let largest = expected.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
    for (i, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
        assert!((f64::from(*ours) - expected).abs() < 2e-3 * largest + 1e-6, "entry {i}: {ours} instead of {expected}");
    }
}
