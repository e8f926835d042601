#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod asked;
mod cache;
mod client;
mod download;
mod error;
mod fetch;
mod settings;
#[cfg(test)]
mod tests;

pub use asked::{Asked, Progress};
pub use error::HubError;
pub use settings::Hub;
