#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
#![doc = include_str!("../README.md")]

mod augment;
mod auto;
mod batch;
mod check;
mod error;
mod example;
mod info;
pub mod ops;
mod pixels;
mod reuse;
mod sheet;
mod task;
mod tasks;

/// For `#[serde(with = "foretask_pretext::auto_option")]`: `None` is written `"auto"`.
pub mod auto_option {
    pub use crate::auto::{deserialize, serialize};
}

pub use augment::{Augment, PRESETS};
pub use auto::Auto;
pub use batch::{Batch, Slot, TargetMut, Targets};
pub use error::{PretextError, Result};
pub use example::{Example, ExampleTarget};
pub use info::{Family, OptionInfo, TASKS, TaskInfo, task_info};
pub use ops::{Fill, Kernel};
pub use pixels::{ImageRef, Planes, Shape};
pub use sheet::{Picture, SheetStyle, contact_sheet};
pub use task::{Resolved, TargetKind, Task};
pub use tasks::{PixelLoss, Projector, Rotation, SimClr, SuperResolution};
