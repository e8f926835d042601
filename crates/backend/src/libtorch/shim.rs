//! What libtorch has and tch lacks, through the C++ beside this file. A refusal is a panic with libtorch's words, as
//! tch's own.

use std::ffi::{CStr, c_char, c_double, c_int};
use std::ptr::{null, null_mut};

use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn foretask_torch_message() -> *const c_char;
    fn foretask_torch_tune_memory();
    fn foretask_torch_channels_last(x: *const C_tensor, found: *mut *mut C_tensor) -> c_int;
    fn foretask_torch_pinned_to_gpu(x: *const C_tensor, index: i64, found: *mut *mut C_tensor) -> c_int;
    fn foretask_torch_convolution_backward(
        grad: *const C_tensor,
        x: *const C_tensor,
        weight: *const C_tensor,
        stride: i64,
        padding_height: i64,
        padding_width: i64,
        groups: i64,
        of_x: bool,
        of_weight: bool,
        found: *mut *mut C_tensor,
    ) -> c_int;
    fn foretask_torch_batch_norm_backward(
        grad: *const C_tensor,
        x: *const C_tensor,
        scale: *const C_tensor,
        mean: *const C_tensor,
        inverse: *const C_tensor,
        epsilon: c_double,
        found: *mut *mut C_tensor,
    ) -> c_int;
    fn foretask_torch_layer_norm_backward(
        grad: *const C_tensor,
        x: *const C_tensor,
        mean: *const C_tensor,
        inverse: *const C_tensor,
        scale: *const C_tensor,
        shift: *const C_tensor,
        found: *mut *mut C_tensor,
    ) -> c_int;
    fn foretask_torch_adamw(
        value: *mut C_tensor,
        grad: *mut C_tensor,
        first: *mut C_tensor,
        second: *mut C_tensor,
        count: c_double,
        rate: c_double,
        beta1: c_double,
        beta2: c_double,
        decay: c_double,
        epsilon: c_double,
        divisor: *const C_tensor,
    ) -> c_int;
    fn foretask_torch_sgd(
        value: *mut C_tensor,
        grad: *const C_tensor,
        buffer: *mut C_tensor,
        decay: c_double,
        momentum: c_double,
        rate: c_double,
        nesterov: bool,
    ) -> c_int;
}

/// Runs a function of the shim that fills in `N` results.
fn results<const N: usize>(call: impl FnOnce(*mut *mut C_tensor) -> c_int) -> [Option<Tensor>; N] {
    let mut found = [null_mut::<C_tensor>(); N];
    expect(call(found.as_mut_ptr()));
    // SAFETY: new tensors as tch holds them, one owner each.
    found.map(|pointer| (!pointer.is_null()).then(|| unsafe { Tensor::from_ptr(pointer) }))
}

fn expect(failed: c_int) {
    if failed != 0 {
        // SAFETY: a string of this thread that lives until its next refusal.
        let message = unsafe { CStr::from_ptr(foretask_torch_message()) }.to_string_lossy();
        panic!("libtorch: {}", message.lines().next().unwrap_or_default());
    }
}

/// All of the results, which were all asked for.
fn all<const N: usize>(found: [Option<Tensor>; N]) -> [Tensor; N] {
    found.map(|tensor| tensor.unwrap_or_else(Tensor::new))
}

fn pointer(tensor: Option<&Tensor>) -> *const C_tensor {
    tensor.map_or(null(), Tensor::as_ptr)
}

/// From now on freed memory of tensors on the CPU serves the next request of the same size.
pub(crate) fn tune_memory() {
    // SAFETY: takes nothing; tensors made before know how to free themselves.
    unsafe { foretask_torch_tune_memory() };
}

/// The same values with channels last in memory, copied only where they lie otherwise. `[n, c, h, w]`.
pub(crate) fn channels_last(x: &Tensor) -> Tensor {
    // SAFETY: the tensor lives through the call, one result.
    let [y] = all(results(|found| unsafe { foretask_torch_channels_last(x.as_ptr(), found) }));
    y
}

/// The same values on a GPU, through pinned memory: the copy is under way when this returns, and `x` is not needed any
/// more.
pub(crate) fn pinned_to_gpu(x: &Tensor, index: usize) -> Tensor {
    // SAFETY: the tensor lives through the call, one result.
    let [y] = all(results(|found| unsafe { foretask_torch_pinned_to_gpu(x.as_ptr(), index as i64, found) }));
    y
}

/// Numbers of a convolution, as libtorch takes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) stride: i64,
    /// Zeros on either side of height and width.
    pub(crate) padding: [i64; 2],
    pub(crate) groups: i64,
}

/// The gradients of input and weight, as wanted, of a convolution with a square stride.
pub(crate) fn convolution_backward(
    [grad, x, weight]: [&Tensor; 3],
    sizes: Sizes,
    wanted: [bool; 2],
) -> [Option<Tensor>; 2] {
    // SAFETY: the tensors live through the call, two results.
    results(|found| unsafe {
        foretask_torch_convolution_backward(
            grad.as_ptr(),
            x.as_ptr(),
            weight.as_ptr(),
            sizes.stride,
            sizes.padding[0],
            sizes.padding[1],
            sizes.groups,
            wanted[0],
            wanted[1],
            found,
        )
    })
}

/// The gradients of input, scale and shift of a batch norm by the batch's own `mean` and `inverse` standard deviation.
pub(crate) fn batch_norm_backward(
    [grad, x, scale]: [&Tensor; 3],
    [mean, inverse]: [&Tensor; 2],
    epsilon: f64,
) -> [Tensor; 3] {
    // SAFETY: the tensors live through the call, three results.
    all(results(|found| unsafe {
        foretask_torch_batch_norm_backward(
            grad.as_ptr(),
            x.as_ptr(),
            scale.as_ptr(),
            mean.as_ptr(),
            inverse.as_ptr(),
            epsilon,
            found,
        )
    }))
}

/// The gradients of input, scale and shift of a layer norm over the last axis.
pub(crate) fn layer_norm_backward(
    [grad, x]: [&Tensor; 2],
    [mean, inverse]: [&Tensor; 2],
    [scale, shift]: [&Tensor; 2],
) -> [Tensor; 3] {
    // SAFETY: the tensors live through the call, three results.
    all(results(|found| unsafe {
        foretask_torch_layer_norm_backward(
            grad.as_ptr(),
            x.as_ptr(),
            mean.as_ptr(),
            inverse.as_ptr(),
            scale.as_ptr(),
            shift.as_ptr(),
            found,
        )
    }))
}

/// Numbers of one update by AdamW, as libtorch takes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamW {
    pub(crate) count: f64,
    pub(crate) rate: f64,
    pub(crate) betas: [f64; 2],
    pub(crate) decay: f64,
    pub(crate) epsilon: f64,
}

/// Changes value and moments in place; and the gradient, which is divided by `divisor` (one number) where there is one.
pub(crate) fn adamw([value, grad, first, second]: [&mut Tensor; 4], divisor: Option<&Tensor>, numbers: AdamW) {
    let AdamW { count, rate, betas: [beta1, beta2], decay, epsilon } = numbers;
    // SAFETY: the tensors live through the call and nobody else has their memory.
    expect(unsafe {
        foretask_torch_adamw(
            value.as_mut_ptr(),
            grad.as_mut_ptr(),
            first.as_mut_ptr(),
            second.as_mut_ptr(),
            count,
            rate,
            beta1,
            beta2,
            decay,
            epsilon,
            pointer(divisor),
        )
    });
}

/// Changes value and momentum in place.
pub(crate) fn sgd([value, buffer]: [&mut Tensor; 2], grad: &Tensor, [decay, momentum, rate]: [f64; 3], nesterov: bool) {
    // SAFETY: as above.
    expect(unsafe {
        foretask_torch_sgd(value.as_mut_ptr(), grad.as_ptr(), buffer.as_mut_ptr(), decay, momentum, rate, nesterov)
    });
}
