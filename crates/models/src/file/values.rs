//! Values on their way out of a file: single precision, finite, and no more than fit into memory.

use std::path::Path;

use burn::tensor::{DType, TensorData};
use foretask_backend::{HostTensor, StateDict, available_memory_bytes};

use crate::{ModelError, Result};

/// A network is on the host, on a device, and for a moment in a third place.
const COPIES: u64 = 3;
/// So many tensors are named in an error.
const NAMED: usize = 4;

/// Refuses so many numbers where the machine has no room for them.
pub(super) fn require_memory(path: &Path, numbers: u64) -> Result<()> {
    let needed = numbers.saturating_mul(4 * COPIES);
    match available_memory_bytes() {
        Some(free) if needed > free => Err(ModelError::Memory {
            path: path.into(),
            needed_mib: needed.div_ceil(1 << 20),
            available_mib: free >> 20,
        }),
        _ => Ok(()),
    }
}

/// Tensors as they are read, and those of them that nothing can be computed with.
#[derive(Default)]
pub(super) struct Values {
    state: StateDict,
    not_finite: Vec<String>,
    negative: Vec<String>,
}

impl Values {
    /// Values of any floating type; `bytes` are those of `shape`.
    pub(super) fn add(&mut self, name: String, bytes: Vec<u8>, shape: &[usize], dtype: DType) {
        let data = TensorData::from_bytes_vec(bytes, shape.to_vec(), dtype).convert::<f32>();
        let data = data.try_into_vec::<f32>().unwrap_or_default();
        // What is finite in double precision need not be so here.
        if data.iter().any(|value| !value.is_finite()) {
            self.not_finite.push(name.clone());
        } else if name.ends_with("running_var") && data.iter().any(|value| *value < 0.0) {
            self.negative.push(name.clone());
        }
        self.state.insert(name, HostTensor { shape: shape.to_vec(), data });
    }

    /// The tensors, all of them numbers to compute with.
    ///
    /// # Errors
    /// [`ModelError::NotFinite`] with the names of those that are not.
    pub(super) fn finish(self, path: &Path) -> Result<StateDict> {
        let refused =
            |what, names: &[String]| Err(ModelError::NotFinite { path: path.into(), what, names: list(names) });
        if !self.not_finite.is_empty() {
            return refused("values that are not finite (NaN or infinity)", &self.not_finite);
        }
        if !self.negative.is_empty() {
            return refused("negative variances", &self.negative);
        }
        Ok(self.state)
    }
}

fn list(names: &[String]) -> String {
    let some = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => some,
        more => format!("{some} and {more} more tensors"),
    }
}
