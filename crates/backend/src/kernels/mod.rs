//! Convolution, batch norm and pooling on plain `f32` slices, channels last (`[n, h, w, c]`).
//!
//! Written for the flex backend, whose own operations are composed and laid out channels first; libtorch's memory on a
//! CPU will do as well. Nothing here knows tensors. Every kernel is one body compiled for several instruction sets, chosen
//! when the program runs. Sums whose order matters are cut into parts by sizes alone, never by the number of threads, so
//! results do not depend on it.

// A body must dissolve in the function that carries its instruction set, or it is compiled without it; and loops over
// register tiles and lanes are written by index so that the compiler unrolls all arrays alike.
#![allow(clippy::inline_always, clippy::needless_range_loop)]

pub(crate) mod add;
pub(crate) mod conv;
pub(crate) mod conv_weight;
pub(crate) mod depthwise;
pub(crate) mod gelu;
pub(crate) mod geometry;
pub(crate) mod layer_norm;
pub(crate) mod layout;
pub(crate) mod norm;
pub(crate) mod pool;
pub(crate) mod relu;
pub(crate) mod share;
pub(crate) mod simd;
mod sums;
pub(crate) mod thread_team;
pub(crate) mod update;

#[cfg(test)]
mod tests;

pub(crate) use geometry::Geometry;
