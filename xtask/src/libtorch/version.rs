//! The version of libtorch.

/// The version that torch-sys 0.22 wants; both change together.
pub(super) const VERSION: &str = "2.9.0";
