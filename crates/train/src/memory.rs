//! Whether training fits into memory. On flex a failed allocation ends the process, so the question comes first.

use foretask_backend::{Device, available_memory_bytes};

use crate::error::TrainError;

/// Refuses what does not fit into the free memory of this machine. Devices with memory of their own report a failed
/// allocation themselves.
///
/// # Errors
/// [`TrainError::Memory`].
pub fn require_memory(needed_bytes: u64, batch_size: usize, device: &Device) -> Result<(), TrainError> {
    if device.is_gpu() {
        return Ok(());
    }
    match available_memory_bytes() {
        Some(available) if needed_bytes > available => Err(TrainError::Memory {
            needed_mib: needed_bytes.div_ceil(1 << 20),
            available_mib: available >> 20,
            batch_size,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_no_machine_has_is_refused_in_words() {
        let device = foretask_backend::device("flex").unwrap();
        assert!(require_memory(1 << 20, 256, &device).is_ok());
        let text = require_memory(1 << 60, 256, &device).unwrap_err().to_string();
        assert!(text.contains("1099511627776 MiB") && text.contains("batch_size") && text.contains("256"), "{text}");
    }
}
