//! One image with what a task makes of it, for people to look at.

use crate::pixels::Planes;

/// A task's input and target, shown on one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The evaluation view of the image.
    pub original: Planes,
    /// What the network sees, block by block.
    pub inputs: Vec<Planes>,
    /// Inputs that belong side by side.
    pub tiled: Option<Tiled>,
    /// What it is to answer.
    pub target: ExampleTarget,
    /// How much each place of a picture counts, from 0 to 1, in one channel.
    pub weights: Option<Planes>,
    /// The random choices in words.
    pub notes: Vec<String>,
    /// What a trained network answered, where somebody asked one; shown beside the target.
    pub answer: Option<ExampleTarget>,
}

/// A run of inputs that belong side by side in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiled {
    /// The first of them.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// How many stand in a row.
    pub columns: usize,
}

/// A target as a person reads it.
#[derive(Clone, Debug, PartialEq)]
pub enum ExampleTarget {
    /// Classes in words: of each input, or of all inputs together where there is only one.
    Classes(Vec<String>),
    /// A picture.
    Image(Planes),
    /// Numbers.
    Vector(Vec<f32>),
    /// The inputs belong together.
    Views,
}
