#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
#![doc = include_str!("../README.md")]

mod ab_bins;
mod augment;
mod auto;
mod batch;
mod check;
mod error;
mod example;
mod holes;
mod info;
pub mod ops;
mod permutations;
mod pixels;
mod recipe;
mod reuse;
mod sheet;
mod task;
mod tasks;
mod tiles;
mod values;
mod watch;

/// For `#[serde(with = "foretask_pretext::auto_option")]`: `None` is written `"auto"`.
pub mod auto_option {
    pub use crate::auto::{deserialize, serialize};
}

pub use ab_bins::AbBins;
pub use augment::{Augment, Drawn, PRESETS, Preset, Views};
pub use auto::Auto;
pub use batch::{Batch, Inputs, Layout, Slot, TargetKind, TargetMut, Targets};
pub use error::{PretextError, Result};
pub use example::{Example, ExampleTarget, Tiled};
pub use info::{Family, OptionInfo, TaskInfo};
pub use ops::{Fill, Kernel};
pub use pixels::{ImageRef, Planes, Shape};
pub use sheet::{GridCell, Picture, SheetStyle, contact_sheet, picture_grid};
pub use task::{Resolved, TASKS, Task, task_info};
pub use tasks::{
    Autoencoding, BarlowTwins, Byol, ColorTarget, Colorization, Counting, Custom, Decoupled, DeepCluster, Denoising,
    Dino, Distill, Exemplar, ExemplarMode, Factor, GeneratedPair, GeneratedTarget, Generator, Hole, Imitation,
    Inpainting, Jigsaw, LeJepa, Mae, MaskedPixels, MoCo, NnClr, Noise, PixelLoss, Projector, Refusal, RelativePosition,
    Rotation, RunSizes, SimClr, SimMim, SimSiam, SupCon, SuperResolution, SwAv, TeacherInfo, VicReg,
};
pub use values::ValuesRef;
pub use watch::{Suspicion, suspicions};
