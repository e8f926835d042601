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

/// [`numbers`] as a tensor, times `scale`.
pub(crate) fn wave<const D: usize>(shape: [usize; D], seed: f64, scale: f32) -> Tensor<D> {
    let values = numbers(shape.iter().product(), seed).into_iter().map(|x| x * scale).collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(values, shape), &plain())
}

/// A gradient as another program gave it: its L2 norm, its first three numbers, its last.
pub(crate) type Slope = [f64; 5];

/// Holds a loss and its gradient by every input against what another program gave for the same numbers.
pub(crate) fn assert_matches<const D: usize>(
    inputs: &[Tensor<D>],
    loss: impl Fn(&[Tensor<D>]) -> Tensor<1>,
    expected: f64,
    slopes: &[Slope],
) {
    let tracked: Vec<Tensor<D>> = inputs.iter().map(|x| x.clone().autodiff().require_grad()).collect();
    let value = loss(&tracked);
    assert_near(number(value.clone()), expected, "loss");
    let gradients = value.backward();
    assert_eq!(slopes.len(), inputs.len(), "a slope for each input");
    for (i, (x, slope)) in tracked.iter().zip(slopes).enumerate() {
        let gradient = x.grad(&gradients).unwrap().try_into_vec_as::<f32>().unwrap();
        let norm = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let found =
            [norm, gradient[0].into(), gradient[1].into(), gradient[2].into(), gradient[gradient.len() - 1].into()];
        for (k, (ours, expected)) in found.into_iter().zip(slope).enumerate() {
            assert_near(ours, *expected, &format!("input {i}, number {k} of the slope"));
        }
    }
}

/// Equal to 1e-5, relative to numbers above 1.
pub(crate) fn assert_near(ours: f64, expected: f64, what: &str) {
    assert!((ours - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{what}: {ours} instead of {expected}");
}

/// Whether a loss sends any gradient to `x`.
pub(crate) fn receives_gradient<const D: usize>(x: &Tensor<D>, loss: &Tensor<1>) -> bool {
    let gradient = x.grad(&loss.backward());
    gradient.is_some_and(|g| g.try_into_vec_as::<f32>().unwrap().iter().any(|g| *g != 0.0))
}

/// A leaf of the gradient graph.
pub(crate) fn leaf<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.autodiff().require_grad()
}
