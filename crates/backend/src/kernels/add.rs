//! Sums of two buffers.

use rayon::prelude::*;

/// Values a part: enough that handing it to a thread does not matter.
const PART: usize = 64 << 10;

/// Adds `from` to `to`, value by value.
pub(crate) fn add_into(to: &mut [f32], from: &[f32]) {
    assert_eq!(to.len(), from.len(), "summands");
    to.par_chunks_mut(PART).zip(from.par_chunks(PART)).for_each(|(to, from)| {
        for (to, from) in to.iter_mut().zip(from) {
            *to += from;
        }
    });
}
