//! Weights files: tensors by name, and what they belong to. Others' bytes are read here and nowhere else: nothing of a file is
//! believed before it has been held against the file's length and this machine's memory, and every error names the file.

mod description;
mod header;
mod pickle;
mod shapes;
mod sort;
#[cfg(test)]
mod tests;
mod values;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use foretask_backend::{HostTensor, StateDict};
use safetensors::tensor::{Dtype, View, serialize};

pub(crate) use self::description::{FAMILIAR_VERSION, FIT_VERSION, FORMAT_VERSION, Metadata, PLAIN_VERSION};
use self::header::KEY;
pub(crate) use self::header::Tensors;
use self::pickle::Pickle;
pub(crate) use self::shapes::{Shapes, numbers};
use self::sort::Format;
use crate::{ModelError, Result};

/// A file of weights that has been looked at, but whose tensors have not been read.
#[allow(clippy::large_enum_variant)] // There is one at a time.
pub(crate) enum Opened {
    Safetensors(Tensors),
    Torch(Pickle),
}

/// Looks at a file of weights.
///
/// # Errors
/// What is no file of weights, damaged, or described in a way that cannot be.
pub(crate) fn open(path: &Path) -> Result<Opened> {
    let (file, length, format) = sort::open(path)?;
    match format {
        Format::Safetensors => Tensors::open(path, file, length).map(Opened::Safetensors),
        Format::Torch => Pickle::open(path).map(Opened::Torch),
    }
}

impl Opened {
    /// Description and tensors, where this program has written them; else the file as it was.
    #[allow(clippy::result_large_err)] // The file as it was is no error.
    pub(crate) fn ours(self) -> std::result::Result<(Metadata, Tensors), Self> {
        match self {
            Self::Safetensors(mut tensors) => match tensors.metadata.take() {
                Some(metadata) => Ok((metadata, tensors)),
                None => Err(Self::Safetensors(tensors)),
            },
            torch @ Self::Torch(_) => Err(torch),
        }
    }

    /// Sizes of the tensors of floating-point numbers.
    pub(crate) fn shapes(&self) -> Shapes {
        match self {
            Self::Safetensors(tensors) => tensors.shapes(),
            Self::Torch(pickle) => pickle.shapes(),
        }
    }

    /// The values of the tensors that `wanted` accepts, as `f32`.
    pub(crate) fn read(self, wanted: impl Fn(&str) -> bool) -> Result<StateDict> {
        match self {
            Self::Safetensors(tensors) => tensors.read(wanted),
            Self::Torch(pickle) => pickle.read(wanted),
        }
    }
}

/// One tensor on its way to a file.
enum Written<'a> {
    Floats(&'a HostTensor),
    /// PyTorch's count of the batches a norm has seen: an `i64` scalar, which strict loading wants to find.
    Counter,
}

impl View for Written<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Self::Floats(_) => Dtype::F32,
            Self::Counter => Dtype::I64,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Self::Floats(tensor) => &tensor.shape,
            Self::Counter => &[],
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Floats(tensor) => {
                tensor.data.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()
            }
            Self::Counter => 0_i64.to_le_bytes().to_vec().into(),
        }
    }

    fn data_len(&self) -> usize {
        match self {
            Self::Floats(tensor) => 4 * tensor.data.len(),
            Self::Counter => 8,
        }
    }
}

/// Writes a safetensors file whole or not at all; the same contents give the same bytes.
pub(crate) fn write_safetensors(path: &Path, tensors: &StateDict, metadata: &Metadata) -> Result<()> {
    let wrong = |reason: String| ModelError::Format { path: path.into(), reason };
    let counters = tensors.keys().filter_map(|name| name.strip_suffix("running_var"));
    let counters = counters.map(|norm| (format!("{norm}num_batches_tracked"), Written::Counter));
    let floats = tensors.iter().map(|(name, tensor)| (name.clone(), Written::Floats(tensor)));
    let description = serde_json::to_string(metadata).map_err(|error| wrong(error.to_string()))?;
    let header = HashMap::from([(KEY.to_owned(), description)]);
    let bytes = serialize(floats.chain(counters), Some(header)).map_err(|error| wrong(error.to_string()))?;
    foretask_files::write(path, &bytes).map_err(|source| ModelError::File {
        action: "write",
        path: path.into(),
        source,
    })
}
