//! Half precision where the device has it.

use foretask_backend::{Device, Precision};

use crate::error::TrainError;

/// Refuses a precision that the device does not have.
///
/// # Errors
/// [`TrainError::Option`] with the way out.
pub fn check_precision(device: &Device, precision: Precision) -> Result<(), TrainError> {
    let refused =
        |error: foretask_backend::BackendError| TrainError::Option { option: "precision", reason: error.to_string() };
    device.require(precision).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_named_with_the_way_out() {
        let flex = foretask_backend::device("flex").unwrap();
        check_precision(&flex, Precision::F32).unwrap();
        let error = check_precision(&flex, Precision::Bf16).unwrap_err().to_string();
        assert!(error.starts_with("option `precision`") && error.contains("`precision` at \"f32\""), "{error}");
    }
}
