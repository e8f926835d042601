#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod checkpoint;
mod context;
mod error;
mod health;
pub mod loader;
pub mod optim;
mod schedule;
pub mod step;
pub mod training;

pub use context::{CHECKPOINT_EVERY, Context, Event, Interrupt};
pub use error::TrainError;
pub use health::{Gauges, HealthLine, Metric, Reference};
pub use schedule::{Decay, Schedule};
