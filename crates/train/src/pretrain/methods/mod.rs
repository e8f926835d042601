//! How each pretext task is learned, a file each: which head stands on the encoder, what the loss is, and what is remembered
//! from one step to the next. What several share: `answer`, `classes`, `masked`, `restoration`, `teacher`, `vectors`, `views`.

mod answer;
mod autoencoding;
mod barlow_twins;
mod byol;
mod classes;
mod colorization;
mod counting;
mod custom;
mod deepcluster;
mod denoising;
mod dino;
mod distill;
mod exemplar;
mod inpainting;
mod jigsaw;
mod learnable;
mod lejepa;
mod mae;
mod masked;
mod masked_pixels;
mod moco;
mod nnclr;
mod objective;
mod relative_position;
mod restoration;
mod rotation;
mod simclr;
mod simmim;
mod simsiam;
mod supcon;
mod super_resolution;
mod swav;
mod teacher;
mod vectors;
mod vicreg;
mod views;

use foretask_pretext::Task;

pub(super) use answer::{Answer, Question, answer};
pub(super) use learnable::{Beside, HeadContext, Learnable, ObjectiveContext};
pub(super) use objective::TaskObjective;
pub(super) use views::Views;

/// Every task, without an arm for the rest: the compiler names what is missing.
macro_rules! each_task {
    ($task:expr) => {
        match $task {
            Task::SuperResolution(task) => task,
            Task::Denoising(task) => task,
            Task::Inpainting(task) => task,
            Task::Colorization(task) => task,
            Task::Autoencoding(task) => task,
            Task::Rotation(task) => task,
            Task::Jigsaw(task) => task,
            Task::RelativePosition(task) => task,
            Task::Exemplar(task) => task,
            Task::Counting(task) => task,
            Task::SimClr(task) => task,
            Task::MoCo(task) => task,
            Task::NnClr(task) => task,
            Task::Byol(task) => task,
            Task::SimSiam(task) => task,
            Task::BarlowTwins(task) => task,
            Task::VicReg(task) => task,
            Task::SwAv(task) => task,
            Task::Dino(task) => task,
            Task::DeepCluster(task) => task,
            Task::LeJepa(task) => task,
            Task::SupCon(task) => task,
            Task::Distill(task) => task,
            Task::MaskedPixels(task) => task,
            Task::Mae(task) => task,
            Task::SimMim(task) => task,
            Task::Custom(task) => task,
        }
    };
}

/// How the task is learned.
pub(super) fn learnable(task: &Task) -> &dyn Learnable {
    each_task!(task)
}

/// The same, where its open options are filled.
pub(super) fn learnable_mut(task: &mut Task) -> &mut dyn Learnable {
    each_task!(task)
}
