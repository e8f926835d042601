//! What end-to-end tests share: a folder to work in, and the `foretask` binary to run in it.
//!
//! Panics are how a test says what went wrong, so helpers panic with what they saw.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

mod place;
mod process;
mod python;

pub use place::{Place, json, timeless, weights};
pub use process::{Done, Running, binary};
pub use python::python_with;

/// The repository's root.
pub fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_path_buf()
}

/// A file or folder of `tests/fixtures`.
pub fn fixture(name: &str) -> std::path::PathBuf {
    root().join("tests/fixtures").join(name)
}
