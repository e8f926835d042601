//! A training batch in one allocation, and the places in it that one image fills.

use crate::error::{PretextError, Result};
use crate::pixels::Shape;
use crate::task::{TargetKind, Task};

/// Inputs and targets of `count` source images. Image-major: image 0 input 0, image 0 input 1, …, image 1 input 0, …
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[count * inputs_per_image, channels, height, width]`, 0..1.
    pub inputs: Vec<f32>,
    /// What the network shall answer.
    pub targets: Targets,
    /// Shape of one input.
    pub shape: Shape,
    /// Source images.
    pub count: usize,
    /// Inputs made of each image.
    pub inputs_per_image: usize,
}

/// Targets of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// A made-up class for each input.
    Classes(Vec<u32>),
    /// A picture for each input: `[inputs, channels, height, width]`, 0..1.
    Images(Vec<f32>),
    /// Inputs of the same image belong together.
    Views,
}

/// Where the targets of one image go.
#[derive(Debug)]
pub enum TargetMut<'a> {
    /// One class for each input.
    Classes(&'a mut [u32]),
    /// One picture for each input.
    Images(&'a mut [f32]),
    /// Nothing to write.
    Views,
}

/// The part of a batch that belongs to one image; parts can be filled on any thread, in any order.
#[derive(Debug)]
pub struct Slot<'a> {
    /// `[inputs_per_image, channels, height, width]`.
    pub inputs: &'a mut [f32],
    /// The targets.
    pub target: TargetMut<'a>,
}

impl Batch {
    /// Room for `count` images.
    pub fn new(task: &Task, shape: Shape, count: usize) -> Self {
        let inputs_per_image = task.inputs_per_image();
        let inputs = count * inputs_per_image;
        let targets = match task.target(shape) {
            TargetKind::Classes { .. } => Targets::Classes(vec![0; inputs]),
            TargetKind::Image(target) => Targets::Images(vec![0.0; inputs * target.len()]),
            TargetKind::Views { .. } => Targets::Views,
        };
        Self { inputs: vec![0.0; inputs * shape.len()], targets, shape, count, inputs_per_image }
    }

    /// One slot an image, in order.
    pub fn slots(&mut self) -> Vec<Slot<'_>> {
        let per_image = (self.inputs.len() / self.count.max(1)).max(1);
        let inputs = self.inputs.chunks_exact_mut(per_image);
        let slot = |(inputs, target)| Slot { inputs, target };
        match &mut self.targets {
            Targets::Classes(classes) => {
                let classes = classes.chunks_exact_mut(self.inputs_per_image.max(1));
                inputs.zip(classes.map(TargetMut::Classes)).map(slot).collect()
            }
            Targets::Images(images) => {
                let per_image = (images.len() / self.count.max(1)).max(1);
                let images = images.chunks_exact_mut(per_image);
                inputs.zip(images.map(TargetMut::Images)).map(slot).collect()
            }
            Targets::Views => inputs.map(|inputs| slot((inputs, TargetMut::Views))).collect(),
        }
    }
}

impl<'a> TargetMut<'a> {
    /// The places of a class for each of `count` inputs.
    pub(crate) fn classes(self, count: usize) -> Result<&'a mut [u32]> {
        match self {
            Self::Classes(classes) if classes.len() == count => Ok(classes),
            other => Err(other.mismatch(format!("{count} classes"))),
        }
    }

    /// The place of pictures with `len` samples in all.
    pub(crate) fn images(self, len: usize) -> Result<&'a mut [f32]> {
        match self {
            Self::Images(images) if images.len() == len => Ok(images),
            other => Err(other.mismatch(format!("a picture of {len} samples"))),
        }
    }

    /// Nothing but agreement.
    pub(crate) fn views(self) -> Result<()> {
        match self {
            Self::Views => Ok(()),
            other => Err(other.mismatch("nothing (views)".to_owned())),
        }
    }

    fn mismatch(&self, expected: String) -> PretextError {
        let got = match self {
            Self::Classes(classes) => format!("{} classes", classes.len()),
            Self::Images(images) => format!("a picture of {} samples", images.len()),
            Self::Views => "nothing (views)".to_owned(),
        };
        PretextError::Buffer { what: "targets", expected, got }
    }
}
