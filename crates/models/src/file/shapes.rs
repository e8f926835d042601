//! Sizes of tensors.

use std::collections::BTreeMap;

/// Sizes of a file's tensors by name.
pub(crate) type Shapes = BTreeMap<String, Vec<usize>>;

/// How many values a tensor of this size has.
pub(crate) fn numbers(shape: &[usize]) -> u64 {
    shape.iter().map(|&size| size as u64).fold(1, u64::saturating_mul)
}
