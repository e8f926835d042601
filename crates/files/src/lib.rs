#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod aside;
mod lock;
mod open;
mod replace;
mod sweep;

pub use aside::{is_aside, set_aside};
pub use lock::{Held, LOCK, Lock};
pub use open::{open, read, read_text, special};
pub use replace::{replace, write};
pub use sweep::{is_temporary, sweep};
