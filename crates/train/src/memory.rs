//! Whether work fits into memory. On flex a failed allocation ends the process, so the question comes first.

use foretask_backend::{Device, available_memory_bytes};

use crate::error::TrainError;

/// Refuses training that does not fit into the free memory of this machine. Devices with memory of their own report a failed
/// allocation themselves.
///
/// # Errors
/// [`TrainError::Memory`].
pub fn require_memory(needed_bytes: u64, batch_size: usize, device: &Device) -> Result<(), TrainError> {
    if device.is_gpu() {
        return Ok(());
    }
    require(needed_bytes, || format!("use a smaller `batch_size` (now {batch_size}), `image_size` or `width`"))
}

/// As [`require_memory`], for answers of a network to images of this size.
///
/// # Errors
/// [`TrainError::Memory`].
pub(crate) fn require_to_evaluate(
    needed_bytes: u64,
    (width, height): (usize, usize),
    device: &Device,
) -> Result<(), TrainError> {
    if device.is_gpu() {
        return Ok(());
    }
    require(needed_bytes, || {
        format!("the network takes images of {width}x{height} pixels: choose one of a smaller `image_size` or `width`")
    })
}

/// As [`require_memory`], for the first weights of a network, which are drawn on the host whatever the device.
///
/// # Errors
/// [`TrainError::Memory`].
pub(crate) fn require_for_weights(parameters: u64) -> Result<(), TrainError> {
    // As they are drawn, on the device and as plain data.
    require(parameters.saturating_mul(3 * 4), || "use a smaller network or a smaller `width`".to_owned())
}

fn require(needed_bytes: u64, way_out: impl FnOnce() -> String) -> Result<(), TrainError> {
    match available_memory_bytes() {
        Some(available) if needed_bytes > available => Err(TrainError::Memory {
            needed_mib: needed_bytes.div_ceil(1 << 20),
            available_mib: available >> 20,
            way_out: way_out(),
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
        assert!(require_for_weights(u64::MAX).unwrap_err().to_string().contains("`width`"));
        let text = require_to_evaluate(u64::MAX, (8000, 6000), &device).unwrap_err().to_string();
        assert!(text.contains("8000x6000") && text.contains("image_size"), "{text}");
    }
}
