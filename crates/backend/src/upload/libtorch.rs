//! On libtorch: one copy on CPUs, pinned memory on the way to a GPU.

use burn::backend::LibTorch;
use burn::backend::libtorch::TchTensor;
use burn::tensor::Shape;
use tch::{Device, Kind, Tensor};

use super::Uploads;
use crate::libtorch::shim;

impl Uploads for LibTorch {
    fn floats(values: Vec<f32>, shape: Shape, place: TchTensor) -> TchTensor {
        sent(&values, &shape, Kind::Float, place.tensor.device())
    }

    fn bytes(values: Vec<u8>, shape: Shape, place: TchTensor) -> TchTensor {
        sent(&values, &shape, Kind::Uint8, place.tensor.device())
    }
}

/// `values`, of the type that `kind` says, as `f32` on `device`.
fn sent<T>(values: &[T], shape: &Shape, kind: Kind, device: Device) -> TchTensor {
    let sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    // SAFETY: `values` holds as many numbers of this kind as the shape says (checked by whoever calls), and outlives this
    // tensor: every way out of here copies.
    let here = unsafe { Tensor::from_blob(values.as_ptr().cast(), &sizes, &[], kind, Device::Cpu) };
    TchTensor::new(match device {
        Device::Cuda(index) => shim::pinned_to_gpu(&here, index).to_kind(Kind::Float),
        _ if kind == Kind::Float => {
            let mut copy = here.empty_like();
            copy.copy_(&here);
            copy
        }
        _ => here.to_kind(Kind::Float),
    })
}
