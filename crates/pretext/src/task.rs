//! A pretext task: how labels are made out of an image.

use foretask_random::Key;
use serde::{Deserialize, Deserializer, Serialize};

use crate::augment::check_out;
use crate::auto::Auto;
use crate::batch::{Batch, TargetMut};
use crate::error::{PretextError, Result};
use crate::example::Example;
use crate::info::{TASKS, TaskInfo, task_info};
use crate::pixels::{ImageRef, Planes, Shape};
use crate::tasks::{Rotation, SimClr, SuperResolution};

/// A pretext task with its options. Written as a map that names the task: `{"task": "rotation", "flip": 0.5, …}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Task {
    /// Restore an image from a coarser one.
    SuperResolution(SuperResolution),
    /// Tell by how much an image was turned.
    Rotation(Rotation),
    /// Recognize two views of one image among those of others.
    #[serde(rename = "simclr")]
    SimClr(SimClr),
}

/// What a task asks the network for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// One of these classes for each input.
    Classes {
        /// The classes in words, by number.
        names: Vec<String>,
    },
    /// A picture for each input.
    Image(Shape),
    /// Features that agree across the inputs of an image.
    Views {
        /// Inputs of an image.
        count: usize,
    },
}

/// A task whose every option has a value, for one input shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// The task.
    pub task: Task,
    /// The input shape; [`Task::resolve`] may have changed what was asked for (a note says so).
    pub shape: Shape,
    /// What was chosen for the user, and why.
    pub notes: Vec<Auto>,
}

impl Task {
    /// The task of this name with options read from `options`.
    ///
    /// # Errors
    /// [`PretextError::UnknownTask`], [`PretextError::Options`] for an unknown key or a wrong type,
    /// [`PretextError::Range`] for a value out of range.
    pub fn from_options<'de, D: Deserializer<'de>>(name: &str, options: D) -> Result<Self> {
        let unread = |word, error: D::Error| PretextError::Options { word, message: error.to_string() };
        let task = match name {
            "super_resolution" => Self::SuperResolution(
                SuperResolution::deserialize(options).map_err(|error| unread("super_resolution", error))?,
            ),
            "rotation" => Self::Rotation(Rotation::deserialize(options).map_err(|error| unread("rotation", error))?),
            "simclr" => Self::SimClr(SimClr::deserialize(options).map_err(|error| unread("simclr", error))?),
            _ => return Err(unknown(name)),
        };
        task.validate()?;
        Ok(task)
    }

    /// The task of this name with default options.
    ///
    /// # Errors
    /// [`PretextError::UnknownTask`].
    pub fn by_name(name: &str) -> Result<Self> {
        match name {
            "super_resolution" => Ok(Self::SuperResolution(SuperResolution::default())),
            "rotation" => Ok(Self::Rotation(Rotation::default())),
            "simclr" => Ok(Self::SimClr(SimClr::default())),
            _ => Err(unknown(name)),
        }
    }

    /// The word in scripts.
    pub const fn name(&self) -> &'static str {
        self.info().name
    }

    /// What the reference says about it.
    pub const fn info(&self) -> &'static TaskInfo {
        match self {
            Self::SuperResolution(_) => &crate::tasks::super_resolution::INFO,
            Self::Rotation(_) => &crate::tasks::rotation::INFO,
            Self::SimClr(_) => &crate::tasks::simclr::INFO,
        }
    }

    /// Checks every option's range, whatever the images.
    ///
    /// # Errors
    /// [`PretextError::Range`] with the option, its value and its range.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::SuperResolution(task) => task.validate(),
            Self::Rotation(task) => task.validate(),
            Self::SimClr(task) => task.validate(),
        }
    }

    /// Gives every open option a value for inputs of `shape` and refuses what cannot work on them. The shape of the
    /// result is the one to train with: tasks that need a square take the square within.
    ///
    /// # Errors
    /// [`PretextError::Range`], [`PretextError::Shape`], [`PretextError::Unsuitable`], each with the way out.
    pub fn resolve(&self, shape: Shape) -> Result<Resolved> {
        self.validate()?;
        let mut notes = Vec::new();
        let shape = match self {
            Self::Rotation(_) if shape.width != shape.height => {
                let side = shape.short_side();
                notes.push(Auto::new("image_size", side, "turned by a quarter, only a square keeps its shape"));
                Shape::new(shape.channels, side, side)
            }
            _ => shape,
        };
        let task = match self {
            Self::SuperResolution(task) => Self::SuperResolution(task.resolve(shape)?),
            Self::Rotation(task) => Self::Rotation(task.resolve(shape, &mut notes)?),
            Self::SimClr(task) => Self::SimClr(task.resolve(shape, &mut notes)?),
        };
        Ok(Resolved { task, shape, notes })
    }

    /// Inputs made of each image.
    pub const fn inputs_per_image(&self) -> usize {
        match self {
            Self::SuperResolution(_) => 1,
            Self::Rotation(_) => crate::tasks::rotation::TURNS,
            Self::SimClr(_) => 2,
        }
    }

    /// What the network is asked for, given inputs of `shape`.
    pub fn target(&self, shape: Shape) -> TargetKind {
        match self {
            Self::SuperResolution(_) => TargetKind::Image(shape),
            Self::Rotation(_) => TargetKind::Classes { names: crate::tasks::rotation::class_names() },
            Self::SimClr(_) => TargetKind::Views { count: 2 },
        }
    }

    /// Makes inputs and targets of one image: a pure function of (options, image, key, shape), without allocation once
    /// a thread is warm. `inputs` holds `inputs_per_image * shape.len()` samples and `target` fits
    /// [`Task::target`]; [`Batch::slots`] hands out both.
    ///
    /// # Errors
    /// As [`Task::resolve`], and for an image or a buffer that does not fit.
    pub fn generate(
        &self,
        image: ImageRef<'_>,
        key: Key,
        shape: Shape,
        inputs: &mut [f32],
        target: TargetMut<'_>,
    ) -> Result<()> {
        self.validate()?;
        image.check_against(shape)?;
        check_out("inputs", inputs.len(), self.inputs_per_image() * shape.len())?;
        match self {
            Self::SuperResolution(task) => task.generate(image, key, shape, inputs, target.images(shape.len())?),
            Self::Rotation(task) => {
                task.generate(image, key, shape, inputs, target.classes(crate::tasks::rotation::TURNS)?)
            }
            Self::SimClr(task) => {
                target.views()?;
                task.generate(image, key, shape, inputs)
            }
        }
    }

    /// What [`Task::generate`] makes of the same image, key and shape, to be looked at: with the random choices in words.
    ///
    /// # Errors
    /// Those of [`Task::generate`].
    pub fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<Example> {
        let mut batch = Batch::new(self, shape, 1);
        for slot in batch.slots() {
            self.generate(image, key, shape, slot.inputs, slot.target)?;
        }
        let mut original = Planes::black(shape);
        crate::ops::center_view(image, shape, &mut original.data);
        let planes = |data: &[f32]| Planes { data: data.to_vec(), shape };
        let (target, notes) = match self {
            Self::SuperResolution(task) => task.explain(image, key, shape, &batch),
            Self::Rotation(task) => task.explain(image, key, shape, &batch),
            Self::SimClr(task) => task.explain(image, key, shape),
        };
        let inputs = batch.inputs.chunks_exact(shape.len()).map(planes).collect();
        Ok(Example { original, inputs, target, notes, answer: None })
    }
}

fn unknown(name: &str) -> PretextError {
    let known = TASKS.iter().map(|info| format!("`{}`", info.name)).collect::<Vec<_>>().join(", ");
    debug_assert!(task_info(name).is_none());
    PretextError::UnknownTask { name: name.to_owned(), known }
}
