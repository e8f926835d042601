//! Batches from the host's memory to a device.
//!
//! On a CPU that is at most one copy. To a GPU numbers travel from memory that the system may not move ("pinned"): the copy
//! runs beside what the GPU computes, in the order in which it was asked for, and nobody waits for it. Bytes travel as
//! bytes, a quarter of the way's width, and become `f32` there.
// Naming libtorch is declared deprecated by burn.
#![allow(deprecated)]

mod flex;
#[cfg(feature = "libtorch")]
mod libtorch;
#[cfg(test)]
mod tests;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Device, Shape, Tensor};

/// The ways as burn's dispatch sees them. `place` is any tensor of the device.
#[backend_extension(Flex, LibTorch: cfg(feature = "libtorch"))]
pub(crate) trait Uploads: Backend {
    /// The same values.
    fn floats(values: Vec<f32>, shape: Shape, place: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The same values, 0 to 255, as `f32`.
    fn bytes(values: Vec<u8>, shape: Shape, place: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// These values on the device, without gradient graph.
///
/// # Panics
/// Where there are not as many as the shape says.
pub fn upload<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    check(values.len(), &shape);
    Tensor::from_dispatch(Dispatch::floats(values, Shape::new(shape), place(device).into_dispatch()))
}

/// The same for bytes, which become `f32` from 0 to 255 on the device.
///
/// # Panics
/// As [`upload`].
pub fn upload_bytes<const D: usize>(values: Vec<u8>, shape: [usize; D], device: &Device) -> Tensor<D> {
    check(values.len(), &shape);
    Tensor::from_dispatch(Dispatch::bytes(values, Shape::new(shape), place(device).into_dispatch()))
}

fn check(count: usize, shape: &[usize]) {
    assert_eq!(count, shape.iter().product::<usize>(), "{count} values do not fill the shape {shape:?}");
}

fn place(device: &Device) -> Tensor<1> {
    Tensor::empty([1], &device.clone().without_autodiff())
}
