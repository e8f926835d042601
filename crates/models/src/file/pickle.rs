//! PyTorch's own files. Nothing in them is run: tensors are found by reading the pickle as data.

use std::path::{Path, PathBuf};

use burn::store::pytorch_reader::{DType as Stored, PytorchReader};
use burn::tensor::DType;
use foretask_backend::{StateDict, catch};

use super::shapes::Shapes;
use super::values::{Values, require_memory};
use crate::{ModelError, Result};

/// A file whose tensors are known, but not yet read.
pub(crate) struct Pickle {
    path: PathBuf,
    reader: PytorchReader,
}

impl Pickle {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let wrong = |reason: String| ModelError::Format { path: path.into(), reason };
        // The reader is made for hostile files; should it give up on one all the same, that is this file's fault.
        let reader =
            catch("reading the pickle", || PytorchReader::new(path)).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { path: path.into(), reader: reader.map_err(|error| wrong(first_line(&error.to_string())))? })
    }

    pub(crate) fn shapes(&self) -> Shapes {
        let tensors = self.reader.tensors().iter().filter(|(_, tensor)| float(tensor.dtype()).is_some());
        tensors.map(|(name, tensor)| (name.clone(), tensor.shape().to_vec())).collect()
    }

    /// The values of the tensors that `wanted` accepts, as `f32`.
    pub(crate) fn read(self, wanted: impl Fn(&str) -> bool) -> Result<StateDict> {
        let tensors = self.reader.into_tensors().into_iter();
        let mut tensors: Vec<_> = tensors.filter(|(name, _)| wanted(name)).collect();
        tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
        // A view may have more elements than the file has bytes.
        let numbers = tensors.iter().map(|(_, tensor)| tensor.num_elements() as u64).fold(0, u64::saturating_add);
        require_memory(&self.path, numbers)?;
        let wrong = |reason: String| ModelError::Format { path: self.path.clone(), reason };
        let mut values = Values::default();
        for (name, tensor) in tensors {
            let Some(dtype) = float(tensor.dtype()) else { continue };
            let bytes = catch("reading a tensor", || tensor.read()).map_err(|error| wrong(error.to_string()))?;
            let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
            if bytes.len() != tensor.byte_len() {
                return Err(wrong(format!("{name} has {} bytes, not {}", bytes.len(), tensor.byte_len())));
            }
            values.add(name, bytes, tensor.shape(), dtype);
        }
        values.finish(&self.path)
    }
}

fn float(dtype: Stored) -> Option<DType> {
    match dtype {
        Stored::F64 => Some(DType::F64),
        Stored::F32 => Some(DType::F32),
        Stored::F16 => Some(DType::F16),
        Stored::BF16 => Some(DType::BF16),
        _ => None,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
