//! Flex tensors as slices of numbers that lie in a row.

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{Bytes, DType, Shape};

/// Whether these are what this crate's kernels take.
pub(crate) fn all_f32(tensors: &[&FlexTensor]) -> bool {
    tensors.iter().all(|tensor| tensor.dtype() == DType::F32)
}

/// The same values in a row, copied only where they lie otherwise.
pub(crate) fn dense(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// The values of a [`dense`] tensor.
pub(crate) fn slice(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + len(tensor)]
}

/// The same values in a row, in memory that nobody else holds and that holds nothing else.
pub(crate) fn owned(tensor: FlexTensor) -> FlexTensor {
    let tensor = dense(tensor);
    if tensor.is_unique() && tensor.storage::<f32>().len() == len(&tensor) {
        return tensor;
    }
    made(slice(&tensor).to_vec(), tensor.layout().shape().clone())
}

/// A tensor of values in a row.
pub(crate) fn made(values: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(shape), DType::F32)
}

fn len(tensor: &FlexTensor) -> usize {
    tensor.layout().shape().num_elements()
}
