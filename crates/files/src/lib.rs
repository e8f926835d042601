#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod lock;
mod open;

pub use lock::{Held, Lock};
pub use open::{open, read, read_text, special};
