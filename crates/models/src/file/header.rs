//! A safetensors file whose header has been read and held against the file's length, and whose tensors have not.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use burn::tensor::DType;
use foretask_backend::StateDict;
use safetensors::tensor::{Dtype, Metadata as Header};

use super::description::{self, Metadata};
use super::shapes::Shapes;
use super::values::{Values, require_memory};
use crate::{ModelError, Result};

/// The safetensors metadata key. One key only: a map of several would be written in random order.
pub(super) const KEY: &str = "foretask";

/// See the module.
pub(crate) struct Tensors {
    path: PathBuf,
    file: File,
    /// Where the first tensor's bytes are.
    start: u64,
    header: Header,
    /// What this program wrote beside the tensors; none in files of other programs.
    pub(crate) metadata: Option<Metadata>,
}

impl Tensors {
    pub(super) fn open(path: &Path, mut file: File, length: u64) -> Result<Self> {
        let failed = |source| ModelError::File { action: "read", path: path.into(), source };
        let wrong = |reason: String| ModelError::Format { path: path.into(), reason };
        let mut size = [0; 8];
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_exact(&mut size)).map_err(failed)?;
        let size = u64::from_le_bytes(size);
        let start = size.saturating_add(8);
        if start > length {
            return Err(wrong(format!("its header has {size} bytes, the whole file {length}")));
        }
        let mut text = Vec::new();
        (&mut file).take(size).read_to_end(&mut text).map_err(failed)?;
        // Whether the tensors' sizes fit their places is checked as this is read.
        let header: Header = serde_json::from_slice(&text).map_err(|error| wrong(format!("its header: {error}")))?;
        let expected = start.saturating_add(header.data_len() as u64);
        if expected != length {
            return Err(wrong(format!("its header speaks of {expected} bytes, and the file has {length}")));
        }
        let metadata = header.metadata().as_ref().and_then(|map| map.get(KEY));
        let metadata = metadata.map(|text| description::read(path, text)).transpose()?;
        Ok(Self { path: path.into(), file, start, header, metadata })
    }

    /// Sizes of the tensors of floating-point numbers; integers are batch counters.
    pub(crate) fn shapes(&self) -> Shapes {
        let infos = self.header.tensors().into_iter();
        infos.filter(|(_, info)| float(info.dtype).is_some()).map(|(name, info)| (name, info.shape.clone())).collect()
    }

    /// The values of the tensors that `wanted` accepts, as `f32`.
    pub(crate) fn read(mut self, wanted: impl Fn(&str) -> bool) -> Result<StateDict> {
        let mut infos: Vec<_> = self.header.tensors().into_iter().filter(|(name, _)| wanted(name)).collect();
        infos.sort_by_key(|(_, info)| info.data_offsets);
        let numbers = infos.iter().map(|(_, info)| info.shape.iter().product::<usize>() as u64).sum();
        require_memory(&self.path, numbers)?;
        let mut values = Values::default();
        for (name, info) in infos {
            let Some(dtype) = float(info.dtype) else { continue };
            let (begin, end) = info.data_offsets;
            let mut bytes = vec![0; end - begin];
            let read = self.file.seek(SeekFrom::Start(self.start + begin as u64));
            let read = read.and_then(|_| self.file.read_exact(&mut bytes));
            read.map_err(|source| ModelError::File { action: "read", path: self.path.clone(), source })?;
            values.add(name, bytes, &info.shape, dtype);
        }
        values.finish(&self.path)
    }
}

fn float(dtype: Dtype) -> Option<DType> {
    match dtype {
        Dtype::F64 => Some(DType::F64),
        Dtype::F32 => Some(DType::F32),
        Dtype::F16 => Some(DType::F16),
        Dtype::BF16 => Some(DType::BF16),
        _ => None,
    }
}
