//! A pretext task: how labels are made out of an image.

use foretask_random::Key;
use serde::{Deserialize, Deserializer, Serialize};

use crate::augment::Views;
use crate::auto::Auto;
use crate::batch::{Batch, Layout, Slot, TargetKind, Targets};
use crate::error::{PretextError, Result};
use crate::example::{Example, ExampleTarget};
use crate::info::TaskInfo;
use crate::pixels::{ImageRef, Planes, Shape};
use crate::recipe::Recipe;
use crate::tasks::{self, Custom};

/// Makes everything that must know all tasks from one list. A task is a file in `tasks/` with its options, a `Recipe`
/// for them and an `INFO`, and a line here: its module, its options, its word.
macro_rules! tasks {
    ($($(#[$doc:meta])* $module:ident :: $options:ident = $word:literal),+ $(,)?) => {
        /// A pretext task with its options. Written as a map that names the task: `{"task": "rotation", "flip": 0.5,
        /// …}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "task")]
        pub enum Task {
            $(
                $(#[$doc])*
                #[serde(rename = $word)]
                $options(tasks::$options),
            )+
            /// Whatever a function from outside makes.
            #[serde(rename = "custom_task")]
            Custom(Custom),
        }

        /// All tasks that have a word of their own.
        pub static TASKS: &[TaskInfo] = &[$(tasks::$module::INFO),+];

        impl Task {
            fn recipe(&self) -> &dyn Recipe {
                match self {
                    $(Self::$options(task) => task,)+
                    Self::Custom(task) => task,
                }
            }

            fn resolved(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
                match self {
                    $(Self::$options(task) => task.resolve(shape, notes).map(|(task, shape)| (Self::$options(task), shape)),)+
                    Self::Custom(task) => task.resolve(shape, notes).map(|(task, shape)| (Self::Custom(task), shape)),
                }
            }

            fn read<'de, D: Deserializer<'de>>(name: &str, options: D) -> Result<Self> {
                match name {
                    $($word => tasks::$options::deserialize(options)
                        .map(Self::$options)
                        .map_err(|error| PretextError::Options { word: $word, message: error.to_string() }),)+
                    _ => Err(unknown(name)),
                }
            }

            /// The task of this name with default options.
            ///
            /// # Errors
            /// [`PretextError::UnknownTask`].
            pub fn by_name(name: &str) -> Result<Self> {
                match name {
                    $($word => Ok(Self::$options(tasks::$options::default())),)+
                    _ => Err(unknown(name)),
                }
            }
        }
    };
}

tasks! {
    /// Restore an image from a coarser one.
    super_resolution::SuperResolution = "super_resolution",
    /// Restore an image from a noisy copy.
    denoising::Denoising = "denoising",
    /// Paint what is missing.
    inpainting::Inpainting = "inpainting",
    /// Tell the colors of a gray picture.
    colorization::Colorization = "colorization",
    /// Give an image back after it was compressed.
    autoencoding::Autoencoding = "autoencoding",
    /// Tell by how much an image was turned.
    rotation::Rotation = "rotation",
    /// Tell in which order the tiles of an image lie.
    jigsaw::Jigsaw = "jigsaw",
    /// Tell where a tile lies as seen from another.
    relative_position::RelativePosition = "relative_position",
    /// Tell copies of one image from those of others.
    exemplar::Exemplar = "exemplar",
    /// Make the features of tiles add up to those of the whole.
    counting::Counting = "counting",
    /// Recognize two views of one image among those of others.
    simclr::SimClr = "simclr",
    /// Recognize a view among earlier images, with a momentum teacher.
    moco::MoCo = "moco",
    /// Recognize a view by its other view's nearest neighbor.
    nnclr::NnClr = "nnclr",
    /// Predict a momentum teacher's embedding.
    byol::Byol = "byol",
    /// Predict the other view's embedding.
    simsiam::SimSiam = "simsiam",
    /// Agree number by number, without redundancy.
    barlow_twins::BarlowTwins = "barlow_twins",
    /// Agree, with variance and without covariance.
    vicreg::VicReg = "vicreg",
    /// Tell the group of the other views.
    swav::SwAv = "swav",
    /// Tell the momentum teacher's soft class.
    dino::Dino = "dino",
    /// Tell the cluster of the image.
    deepcluster::DeepCluster = "deepcluster",
    /// Agree, spread like a normal distribution.
    lejepa::LeJepa = "lejepa",
    /// Agree with all images of the same label.
    supcon::SupCon = "supcon",
    /// Be like a larger network.
    distill::Distill = "distill",
    /// Restore the hidden squares of an image.
    masked_pixels::MaskedPixels = "masked_pixels",
    /// Restore hidden patches from the few that are seen.
    mae::Mae = "mae",
    /// Restore hidden patches, whose places the network sees.
    simmim::SimMim = "simmim",
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
        let task = Self::read(name, options)?;
        task.validate()?;
        Ok(task)
    }

    /// The word in scripts.
    pub fn name(&self) -> &'static str {
        self.info().name
    }

    /// What the reference says about it.
    pub fn info(&self) -> &'static TaskInfo {
        self.recipe().info()
    }

    /// Checks every option's range, whatever the images.
    ///
    /// # Errors
    /// [`PretextError::Range`] with the option, its value and its range.
    pub fn validate(&self) -> Result<()> {
        self.recipe().validate()
    }

    /// Gives every open option a value for inputs of `shape` and refuses what cannot work on them. The shape of the
    /// result is the one to train with: tasks that need a square take the square within.
    ///
    /// # Errors
    /// [`PretextError::Range`], [`PretextError::Shape`], [`PretextError::Unsuitable`], each with the way out.
    pub fn resolve(&self, shape: Shape) -> Result<Resolved> {
        self.validate()?;
        let mut notes = Vec::new();
        let (task, shape) = self.resolved(shape, &mut notes)?;
        Ok(Resolved { task, shape, notes })
    }

    /// Inputs and target of each image, given images of `shape`.
    pub fn layout(&self, shape: Shape) -> Layout {
        Layout { inputs: self.recipe().inputs(shape), target: self.recipe().target(shape) }
    }

    /// The views that the inputs are, given images of `shape`, with every option filled: for the tasks whose inputs are
    /// nothing else, those that compare views. [`Task::generate`] makes of (image, key, shape) what these make of it.
    pub fn views(&self, shape: Shape) -> Option<Views> {
        self.recipe().views(shape)
    }

    /// After how many epochs the same inputs come again; `None` where they never do.
    pub fn repeats(&self) -> Option<u64> {
        self.recipe().repeats()
    }

    /// What the network is asked for, given images of `shape`.
    pub fn target(&self, shape: Shape) -> TargetKind {
        self.recipe().target(shape)
    }

    /// Makes inputs and targets of one image: a pure function of (options, image, key, shape). [`Batch::slots`] hands
    /// out slots that fit.
    ///
    /// # Errors
    /// As [`Task::resolve`], and for an image or a buffer that does not fit.
    pub fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        self.validate()?;
        image.check_against(shape)?;
        slot.check(&self.recipe().inputs(shape))?;
        self.recipe().generate(image, key, shape, slot)
    }

    /// What [`Task::generate`] makes of the same image, key and shape, to be looked at: with the random choices in
    /// words.
    ///
    /// # Errors
    /// Those of [`Task::generate`].
    pub fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<Example> {
        let recipe = self.recipe();
        let mut batch = Batch::new(&self.layout(shape), 1);
        for slot in batch.slots() {
            self.generate(image, key, shape, slot)?;
        }
        let mut original = Planes::black(shape);
        crate::ops::center_view(image, shape, &mut original.data);
        let planes = |data: &[f32], shape: Shape| Planes { data: data.to_vec(), shape };
        let each = |block: &crate::Inputs| -> Vec<Planes> {
            block.data.chunks_exact(block.shape.len().max(1)).map(|data| planes(data, block.shape)).collect()
        };
        let inputs: Vec<Planes> = batch.inputs.iter().flat_map(each).collect();
        let mut weights = None;
        let target = match batch.targets {
            Targets::Classes { classes, .. } => {
                let names = match recipe.target(shape) {
                    TargetKind::Classes { names, .. } => names,
                    _ => Vec::new(),
                };
                let name = |class: &u32| names.get(*class as usize).cloned().unwrap_or_else(|| class.to_string());
                ExampleTarget::Classes(classes.iter().map(name).collect())
            }
            Targets::Images { pixels, shape: target, weights: counts } => {
                weights = counts.map(|data| Planes { data, shape: Shape::new(1, target.height, target.width) });
                let raw = Planes { data: pixels, shape: target };
                ExampleTarget::Image(recipe.shown_target(image, key, shape, &inputs, raw))
            }
            Targets::Vectors { values, .. } => ExampleTarget::Vector(values),
            Targets::Views => ExampleTarget::Views,
        };
        let (notes, tiled) = (recipe.explain(image, key, shape), recipe.tiled(shape));
        Ok(Example { original, inputs, tiled, target, weights, notes, answer: None })
    }

    /// The same for a network that sees patches of this side in pixels, where the task has to suit them and its options leave
    /// it open.
    #[must_use]
    pub fn for_patches(&self, patch: usize, shape: Shape) -> Self {
        match self {
            Self::Mae(task) => Self::Mae(task.for_patches(patch)),
            Self::SimMim(task) => Self::SimMim(task.for_patches(patch, shape.short_side())),
            other => other.clone(),
        }
    }

    /// A network's picture in answer to the inputs of `example`, as a person sees it: within 0..1, in color, with what
    /// the network was not asked for taken from the input.
    pub fn shown_answer(&self, example: &Example, answer: Planes) -> Planes {
        self.recipe().shown_answer(example, answer)
    }
}

/// One task by its word.
pub fn task_info(name: &str) -> Option<&'static TaskInfo> {
    TASKS.iter().find(|info| info.name == name)
}

fn unknown(name: &str) -> PretextError {
    let known = TASKS.iter().map(|info| format!("`{}`", info.name)).collect::<Vec<_>>().join(", ");
    PretextError::UnknownTask { name: name.to_owned(), known }
}
