//! A training batch in few allocations, and the places in it that one image fills.

use crate::check::check_out;
use crate::error::{PretextError, Result};
use crate::pixels::Shape;

/// What a task makes of each image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Shape of the inputs, and how many of each are made of an image: one entry for every block of the batch.
    pub inputs: Vec<(Shape, usize)>,
    /// What the network is asked for.
    pub target: TargetKind,
}

/// What a task asks the network for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Made-up classes.
    Classes {
        /// The classes in words, by number.
        names: Vec<String>,
        /// Answers asked for of each image.
        per_image: usize,
    },
    /// A picture of each image.
    Image {
        /// Its shape.
        shape: Shape,
        /// Whether some places count more than others.
        weighted: bool,
    },
    /// Numbers about each image.
    Vectors {
        /// How many.
        length: usize,
    },
    /// Nothing but that the inputs of an image belong together.
    Views,
}

/// Inputs and targets of `count` source images.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// One block for every input shape.
    pub inputs: Vec<Inputs>,
    /// What the network is to answer.
    pub targets: Targets,
    /// Source images.
    pub count: usize,
    /// Positions of the source images in the pool, for methods that remember each image. Filled by whoever draws the
    /// images; empty until then.
    pub images: Vec<u32>,
}

/// All inputs of one shape. Image-major: image 0 input 0, image 0 input 1, …, image 1 input 0, …
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// `[count * per_image, channels, height, width]`, 0..1 (standardized tiles leave it).
    pub data: Vec<f32>,
    /// Shape of one input.
    pub shape: Shape,
    /// Inputs of this shape made of each image.
    pub per_image: usize,
}

/// Targets of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Made-up classes.
    Classes {
        /// `[count * per_image]`, image-major.
        classes: Vec<u32>,
        /// Answers asked for of each image.
        per_image: usize,
    },
    /// One picture an image.
    Images {
        /// `[count, channels, height, width]`, 0..1 where the task does not say otherwise.
        pixels: Vec<f32>,
        /// Shape of one picture.
        shape: Shape,
        /// `[count, 1, height, width]`: how much each place counts, from 0 to 1. All alike where there are none.
        weights: Option<Vec<f32>>,
    },
    /// Numbers about each image.
    Vectors {
        /// `[count, length]`.
        values: Vec<f32>,
        /// Numbers an image.
        length: usize,
    },
    /// Inputs of the same image belong together.
    Views,
}

/// Where the targets of one image go.
#[derive(Debug)]
pub enum TargetMut<'a> {
    /// `[per_image]` classes.
    Classes(&'a mut [u32]),
    /// One picture.
    Image {
        /// `[channels, height, width]`.
        pixels: &'a mut [f32],
        /// `[1, height, width]`.
        weights: Option<&'a mut [f32]>,
    },
    /// `[length]` numbers.
    Vector(&'a mut [f32]),
    /// Nothing to write.
    Views,
}

/// The part of a batch that belongs to one image; parts can be filled on any thread, in any order.
#[derive(Debug)]
pub struct Slot<'a> {
    /// A buffer for each block: `[per_image, channels, height, width]`.
    pub inputs: Vec<&'a mut [f32]>,
    /// The targets.
    pub target: TargetMut<'a>,
}

impl Layout {
    /// Inputs made of each image, of all shapes.
    pub fn inputs_per_image(&self) -> usize {
        self.inputs.iter().map(|(_, per_image)| per_image).sum()
    }

    /// Samples of all inputs of an image.
    pub fn input_len(&self) -> usize {
        self.inputs.iter().map(|(shape, per_image)| shape.len() * per_image).sum()
    }
}

impl Batch {
    /// Room for what a task makes of `count` images: [`Task::layout`](crate::Task::layout).
    pub fn new(layout: &Layout, count: usize) -> Self {
        let block = |&(shape, per_image): &(Shape, usize)| Inputs {
            data: vec![0.0; count * per_image * shape.len()],
            shape,
            per_image,
        };
        let targets = match layout.target {
            TargetKind::Classes { per_image, .. } => {
                Targets::Classes { classes: vec![0; count * per_image], per_image }
            }
            TargetKind::Image { shape, weighted } => Targets::Images {
                pixels: vec![0.0; count * shape.len()],
                shape,
                weights: weighted.then(|| vec![0.0; count * shape.plane()]),
            },
            TargetKind::Vectors { length } => Targets::Vectors { values: vec![0.0; count * length], length },
            TargetKind::Views => Targets::Views,
        };
        Self { inputs: layout.inputs.iter().map(block).collect(), targets, count, images: Vec::new() }
    }

    /// One slot an image, in order.
    pub fn slots(&mut self) -> Vec<Slot<'_>> {
        let blocks = self.inputs.len();
        let slot = |target| Slot { inputs: Vec::with_capacity(blocks), target };
        let mut slots: Vec<Slot<'_>> = self.targets.each(self.count).into_iter().map(slot).collect();
        for block in &mut self.inputs {
            for (slot, inputs) in slots.iter_mut().zip(parts(&mut block.data, self.count)) {
                slot.inputs.push(inputs);
            }
        }
        slots
    }
}

/// `count` parts of equal length, empty ones where there is nothing.
fn parts<T>(data: &mut [T], count: usize) -> Vec<&mut [T]> {
    match data.len() / count.max(1) {
        0 => (0..count).map(|_| -> &mut [T] { &mut [] }).collect(),
        len => data.chunks_exact_mut(len).collect(),
    }
}

impl Targets {
    fn each(&mut self, count: usize) -> Vec<TargetMut<'_>> {
        match self {
            Self::Classes { classes, .. } => parts(classes, count).into_iter().map(TargetMut::Classes).collect(),
            Self::Images { pixels, weights, .. } => {
                let mut weights = weights.iter_mut().flat_map(|weights| parts(weights, count));
                let each = parts(pixels, count).into_iter();
                each.map(|pixels| TargetMut::Image { pixels, weights: weights.next() }).collect()
            }
            Self::Vectors { values, .. } => parts(values, count).into_iter().map(TargetMut::Vector).collect(),
            Self::Views => (0..count).map(|_| TargetMut::Views).collect(),
        }
    }
}

impl<'a> Slot<'a> {
    /// The buffer of the only block, and the target.
    pub(crate) fn one(self) -> Result<(&'a mut [f32], TargetMut<'a>)> {
        let blocks = self.inputs.len();
        match <[_; 1]>::try_from(self.inputs) {
            Ok([inputs]) => Ok((inputs, self.target)),
            Err(_) => Err(blocks_error(1, blocks)),
        }
    }

    /// Compares the buffers with what the task writes.
    pub(crate) fn check(&self, inputs: &[(Shape, usize)]) -> Result<()> {
        if self.inputs.len() != inputs.len() {
            return Err(blocks_error(inputs.len(), self.inputs.len()));
        }
        for (buffer, (shape, per_image)) in self.inputs.iter().zip(inputs) {
            check_out("inputs", buffer.len(), per_image * shape.len())?;
        }
        Ok(())
    }
}

fn blocks_error(expected: usize, got: usize) -> PretextError {
    let blocks = |count| format!("inputs of {count} shape(s)");
    PretextError::Buffer { what: "inputs", expected: blocks(expected), got: blocks(got) }
}

impl<'a> TargetMut<'a> {
    /// The places of `count` classes.
    pub(crate) fn classes(self, count: usize) -> Result<&'a mut [u32]> {
        match self {
            Self::Classes(classes) if classes.len() == count => Ok(classes),
            other => Err(other.mismatch(format!("{count} classes"))),
        }
    }

    /// The place of a picture of `shape` that counts everywhere alike.
    pub(crate) fn image(self, shape: Shape) -> Result<&'a mut [f32]> {
        match self {
            Self::Image { pixels, weights: None } if pixels.len() == shape.len() => Ok(pixels),
            other => Err(other.mismatch(format!("a picture of {} samples", shape.len()))),
        }
    }

    /// The places of a picture of `shape` and of its weights.
    pub(crate) fn weighted(self, shape: Shape) -> Result<(&'a mut [f32], &'a mut [f32])> {
        match self {
            Self::Image { pixels, weights: Some(weights) }
                if pixels.len() == shape.len() && weights.len() == shape.plane() =>
            {
                Ok((pixels, weights))
            }
            other => {
                Err(other.mismatch(format!("a picture of {} samples with {} weights", shape.len(), shape.plane())))
            }
        }
    }

    /// The places of `length` numbers.
    pub(crate) fn vector(self, length: usize) -> Result<&'a mut [f32]> {
        match self {
            Self::Vector(values) if values.len() == length => Ok(values),
            other => Err(other.mismatch(format!("{length} numbers"))),
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
            Self::Image { pixels, weights: None } => format!("a picture of {} samples", pixels.len()),
            Self::Image { pixels, weights: Some(weights) } => {
                format!("a picture of {} samples with {} weights", pixels.len(), weights.len())
            }
            Self::Vector(values) => format!("{} numbers", values.len()),
            Self::Views => "nothing (views)".to_owned(),
        };
        PretextError::Buffer { what: "targets", expected, got }
    }
}
