//! Losses and gradient norms that still lie on the device.

use burn::tensor::Tensor;
use foretask_backend::host_tensor;

/// Read together, so that a step does not wait for the device; also the most steps that run on after a NaN.
const READ_EVERY: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Readings(Vec<(u64, Tensor<1>)>);

impl Readings {
    /// `reading` is `[loss, gradient norm]` of `step`.
    pub(super) fn push(&mut self, step: u64, reading: Tensor<1>) {
        self.0.push((step, reading));
    }

    pub(super) fn due(&self) -> bool {
        self.0.len() >= READ_EVERY
    }

    /// (step, loss, norm) of all unread steps, in one read.
    pub(super) fn take(&mut self) -> Vec<(u64, f64, f64)> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let (steps, readings): (Vec<u64>, Vec<Tensor<1>>) = self.0.drain(..).unzip();
        let numbers = host_tensor(Tensor::cat(readings, 0)).data;
        steps.into_iter().zip(numbers.chunks_exact(2)).map(|(s, n)| (s, f64::from(n[0]), f64::from(n[1]))).collect()
    }
}
