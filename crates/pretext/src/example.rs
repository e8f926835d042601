//! One image with what a task makes of it, for people to look at.

use crate::pixels::Planes;

/// A task's input and target, shown on one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The evaluation view of the image.
    pub original: Planes,
    /// What the network sees.
    pub inputs: Vec<Planes>,
    /// What it shall answer.
    pub target: ExampleTarget,
    /// The random choices in words.
    pub notes: Vec<String>,
    /// What a trained network answered, where somebody asked one; shown beside the target.
    pub answer: Option<ExampleTarget>,
}

/// A target as a person reads it.
#[derive(Clone, Debug, PartialEq)]
pub enum ExampleTarget {
    /// The class of each input, in words.
    Classes(Vec<String>),
    /// A picture.
    Image(Planes),
    /// The inputs belong together.
    Views,
}
