//! A task made outside this crate: a function that turns an image into an input and a label.

use std::fmt;
use std::sync::Arc;

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::check;
use crate::error::{PretextError, Result};
use crate::info::{Family, TaskInfo, option};
use crate::pixels::{ImageRef, Planes, Shape};
use crate::recipe::Recipe;

const WORD: &str = "custom_task";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Own,
    summary: "whatever label a function of your own makes out of an image",
    use_when: "you know something about your images that the tasks here do not use: a scale bar, a known symmetry, pairs \
               of channels, an order of things",
    avoid_when: "a task here does the same: it is faster and its shortcuts are known. Look at `foretask preview` first: a \
                 label that a trace of your own editing gives away teaches nothing",
    paper: "your own; Gidaris et al. 2018, arXiv 1803.07728, is a good example of how to reason about one",
    options: &[
        option("name", "a word", "\"\"", "what reports call it"),
        option("identity", "text", "\"\"", "says whether two tasks are the same: a hash of the function"),
        option("target", "classes, image, vectors or views", "null", "what the function makes"),
    ],
};

/// A label generator from outside. Two are equal if their name, identity and target are: the function itself cannot be
/// compared, nor written to a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// What reports call it.
    pub name: String,
    /// Says whether two tasks are the same; a hash of all that decides what the function makes.
    pub identity: String,
    /// What the function makes. Image targets have the shape said here, whatever the input's.
    pub target: TargetKind,
    /// The function; `None` after reading the task from a file: it can be described, but not used.
    #[serde(skip)]
    pub generator: Option<Arc<dyn Generator>>,
}

/// Makes an input and a label out of an image. Called on many threads at once; whatever it draws at random must come
/// from the key, or runs cannot be repeated.
pub trait Generator: Send + Sync {
    /// One input of `shape` and its target.
    ///
    /// # Errors
    /// Whatever the function has to say, with its place in the user's script.
    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<GeneratedPair, Refusal>;

    /// Line and column of the function in the user's script, from 1: shown where what it makes does not fit.
    fn place(&self) -> Option<(usize, usize)> {
        None
    }
}

/// What a [`Generator`] makes of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneratedPair {
    /// Of the shape asked for; finite numbers, 0..1 where they are colors.
    pub input: Planes,
    /// Of the kind that the `target` of [`Custom`] says.
    pub target: GeneratedTarget,
    /// What was chosen, in words, for the contact sheet.
    pub note: Option<String>,
}

/// The target a [`Generator`] makes.
#[derive(Clone, Debug, PartialEq)]
pub enum GeneratedTarget {
    /// A class by its number.
    Class(u32),
    /// A picture.
    Image(Planes),
    /// Numbers.
    Vector(Vec<f32>),
}

/// Why a [`Generator`] made nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In a sentence.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// Line and column in the user's script, from 1.
    pub place: Option<(usize, usize)>,
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self { message, help: None, place: None }
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, identity, target, generator } = self;
        f.debug_struct("Custom")
            .field("name", name)
            .field("identity", identity)
            .field("target", target)
            .field("generator", &generator.is_some())
            .finish()
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.identity == other.identity && self.target == other.target
    }
}

impl Custom {
    fn make(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<GeneratedPair> {
        let Some(generator) = &self.generator else {
            return Err(self.refused(Refusal {
                message: "its function is not part of the file it was read from".to_owned(),
                help: Some("run the script that defines it".to_owned()),
                place: None,
            }));
        };
        let made = generator.generate(image, key, shape).map_err(|refusal| self.refused(refusal))?;
        self.check_planes("input", &made.input, shape)?;
        match (&made.target, &self.target) {
            (GeneratedTarget::Class(class), TargetKind::Classes { names, .. }) => {
                if *class as usize >= names.len() {
                    let message =
                        format!("its label is {class}, but there are {} classes, counted from 0", names.len());
                    return Err(self.refused(message));
                }
            }
            (GeneratedTarget::Image(planes), TargetKind::Image { shape, .. }) => {
                self.check_planes("target", planes, *shape)?;
            }
            (GeneratedTarget::Vector(values), TargetKind::Vectors { length }) => {
                if values.len() != *length {
                    let message = format!("its target has {} numbers instead of {length}", values.len());
                    return Err(self.refused(message));
                }
                self.check_finite("target", values)?;
            }
            (made, expected) => {
                let message = format!("its target is {}, but it was announced as {}", made.words(), words(expected));
                return Err(self.refused(message));
            }
        }
        Ok(made)
    }

    fn check_planes(&self, what: &str, planes: &Planes, shape: Shape) -> Result<()> {
        let words =
            |shape: Shape| format!("{}x{} pixels with {} channel(s)", shape.width, shape.height, shape.channels);
        if planes.shape != shape {
            let message = format!("its {what} has {} instead of {}", words(planes.shape), words(shape));
            return Err(self.refused(message));
        }
        if planes.data.len() != shape.len() {
            let message = format!("its {what} holds {} samples instead of {}", planes.data.len(), shape.len());
            return Err(self.refused(message));
        }
        self.check_finite(what, &planes.data)
    }

    fn check_finite(&self, what: &str, values: &[f32]) -> Result<()> {
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(self.refused(format!("its {what} holds {} at position {at}", values[at]))),
            None => Ok(()),
        }
    }

    fn refused(&self, refusal: impl Into<Refusal>) -> PretextError {
        let Refusal { message, help, place } = refusal.into();
        let place = place.or_else(|| self.generator.as_ref().and_then(|generator| generator.place()));
        PretextError::Custom { name: self.name.clone(), message, help, place }
    }
}

impl GeneratedTarget {
    fn words(&self) -> &'static str {
        match self {
            Self::Class(_) => "a class",
            Self::Image(_) => "an image",
            Self::Vector(_) => "numbers",
        }
    }
}

fn words(target: &TargetKind) -> &'static str {
    match target {
        TargetKind::Classes { .. } => "a class",
        TargetKind::Image { .. } => "an image",
        TargetKind::Vectors { .. } => "numbers",
        TargetKind::Views => "nothing",
    }
}

impl Recipe for Custom {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        let range = "at least two classes, an image that holds something, or at least one number";
        let ok = match &self.target {
            TargetKind::Classes { names, per_image } => names.len() >= 2 && *per_image == 1,
            TargetKind::Image { shape, weighted } => !shape.is_empty() && !weighted,
            TargetKind::Vectors { length } => *length > 0,
            TargetKind::Views => false,
        };
        check::require(ok, WORD, "target", &self.target, range)
    }

    fn resolve(&self, shape: Shape, _notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        if shape.is_empty() {
            return Err(PretextError::Shape {
                word: WORD,
                channels: shape.channels,
                width: shape.width,
                height: shape.height,
                problem: "there are no pixels",
                way_out: "use images of at least 1x1 pixels",
            });
        }
        Ok((self.clone(), shape))
    }

    fn target(&self, _shape: Shape) -> TargetKind {
        self.target.clone()
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        let made = self.make(image, key, shape)?;
        let (input, target) = slot.one()?;
        input.copy_from_slice(&made.input.data);
        match made.target {
            GeneratedTarget::Class(class) => target.classes(1)?.fill(class),
            GeneratedTarget::Image(planes) => target.image(planes.shape)?.copy_from_slice(&planes.data),
            GeneratedTarget::Vector(values) => target.vector(values.len())?.copy_from_slice(&values),
        }
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        // Asked only after `generate` made the same without an error.
        self.make(image, key, shape).ok().and_then(|made| made.note).into_iter().collect()
    }
}
