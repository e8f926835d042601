//! Weights files: tensors by name, and what they belong to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use burn::tensor::{DType, TensorData};
use foretask_backend::{HostTensor, StateDict};
use safetensors::tensor::{Dtype, SafeTensors, View, serialize};
use serde::{Deserialize, Serialize};

use crate::familiar::FamiliarNames;
use crate::{BackboneConfig, InputSpec, ModelError, Result};

/// The newest version of the metadata that this program writes and reads: 2 is a classifier with [`Familiar`](crate::Familiar).
pub(crate) const FORMAT_VERSION: u32 = 2;
/// What everything else is written as, so that older programs read it.
pub(crate) const PLAIN_VERSION: u32 = 1;
/// The safetensors metadata key. One key only: a map of several would be written in random order.
const KEY: &str = "foretask";

/// What stands beside the tensors in a file of this program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) format_version: u32,
    pub(crate) config: BackboneConfig,
    pub(crate) input: InputSpec,
    pub(crate) origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) classes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) familiar: Option<FamiliarNames>,
}

/// The contents of a weights file.
pub(crate) struct Contents {
    pub(crate) tensors: StateDict,
    pub(crate) metadata: Option<Metadata>,
}

/// Reads a safetensors file; integers (batch counters) are left out.
pub(crate) fn read_safetensors(path: &Path) -> Result<Contents> {
    let bytes = fs::read(path).map_err(|source| ModelError::File { action: "read", path: path.into(), source })?;
    let wrong = |reason: String| ModelError::Format { path: path.into(), reason };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| wrong(error.to_string()))?;
    let metadata = header.metadata().as_ref().and_then(|map| map.get(KEY));
    let metadata = metadata.map(|text| parse_metadata(path, text)).transpose()?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| wrong(error.to_string()))?;
    let mut tensors = StateDict::new();
    for (name, view) in file.iter() {
        let dtype = match view.dtype() {
            Dtype::F64 => DType::F64,
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            _ => continue,
        };
        tensors.insert(name.to_owned(), to_f32(view.data().to_vec(), view.shape(), dtype));
    }
    Ok(Contents { tensors, metadata })
}

fn parse_metadata(path: &Path, text: &str) -> Result<Metadata> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let wrong = |error: serde_json::Error| ModelError::Format {
        path: path.into(),
        reason: format!("its description: {error}"),
    };
    let Version { format_version: found } = serde_json::from_str(text).map_err(wrong)?;
    if found > FORMAT_VERSION {
        return Err(ModelError::Version { path: path.into(), found: found.to_string(), known: FORMAT_VERSION });
    }
    serde_json::from_str(text).map_err(wrong)
}

/// Values of any floating type as `f32`.
pub(crate) fn to_f32(bytes: Vec<u8>, shape: &[usize], dtype: DType) -> HostTensor {
    let data = TensorData::from_bytes_vec(bytes, shape.to_vec(), dtype).convert::<f32>();
    HostTensor { shape: shape.to_vec(), data: data.try_into_vec::<f32>().unwrap_or_default() }
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
    write_whole(path, &bytes).map_err(|source| ModelError::File { action: "write", path: path.into(), source })
}

/// Temporary name, sync, rename.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private; weights are not.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
