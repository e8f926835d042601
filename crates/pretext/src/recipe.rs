//! What every pretext task must be able to do: the one interface behind [`Task`](crate::Task).

use foretask_random::Key;

use crate::augment::Views;
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::error::Result;
use crate::example::{Example, Tiled};
use crate::info::TaskInfo;
use crate::pixels::{ImageRef, Planes, Shape};

/// The options of a task are its recipe. Whoever calls has validated them and checked the image and the input buffers.
pub(crate) trait Recipe {
    /// What the reference says.
    fn info(&self) -> &'static TaskInfo;

    /// Checks every option's range, whatever the images.
    fn validate(&self) -> Result<()>;

    /// Gives every open option a value for images of `shape`, and says with which shape to go on.
    fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)>
    where
        Self: Sized;

    /// Shape of the inputs, and how many of each are made of an image: one entry for every block of the batch.
    fn inputs(&self, shape: Shape) -> Vec<(Shape, usize)> {
        vec![(shape, 1)]
    }

    /// The views that its inputs are, with every option filled; for tasks whose inputs are nothing else.
    fn views(&self, _shape: Shape) -> Option<Views> {
        None
    }

    /// After how many epochs the same inputs come again.
    fn repeats(&self) -> Option<u64> {
        None
    }

    /// What the network is asked for.
    fn target(&self, shape: Shape) -> TargetKind;

    /// Makes inputs and target of one image: a pure function of (options, image, key, shape).
    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()>;

    /// The random choices of [`Recipe::generate`] in words, a line each.
    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String>;

    /// Which inputs belong side by side in a picture.
    fn tiled(&self, _shape: Shape) -> Option<Tiled> {
        None
    }

    /// A target picture as a person sees it; `inputs` are those that [`Recipe::generate`] made with it.
    fn shown_target(
        &self,
        _image: ImageRef<'_>,
        _key: Key,
        _shape: Shape,
        _inputs: &[Planes],
        target: Planes,
    ) -> Planes {
        clamped(target)
    }

    /// A network's answer to the only input of `example` as a person sees it.
    fn shown_answer(&self, _example: &Example, answer: Planes) -> Planes {
        clamped(answer)
    }
}

/// Colors within 0..1.
pub(crate) fn clamped(mut planes: Planes) -> Planes {
    for value in &mut planes.data {
        *value = value.clamp(0.0, 1.0);
    }
    planes
}
