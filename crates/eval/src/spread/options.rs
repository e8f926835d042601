//! How labels spread.

use serde::{Deserialize, Serialize};

use crate::EvalError;

/// How labels spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpreadOptions {
    /// Neighbors of each image in the graph; 5 to 30 gave the same within a point.
    pub neighbors: usize,
    /// Share of an image's label that comes from its neighbors at each turn, above 0 and below 1.
    pub alpha: f64,
    /// Turns.
    pub iterations: usize,
    /// Whether the images are taken to hold every class alike often: the spread labels are then evened out to it (Sinkhorn
    /// and Knopp 1967). `None` (auto): if the labels spread without it come near to it.
    #[serde(with = "foretask_pretext::auto_option")]
    pub balanced: Option<bool>,
    /// Whether a probe of the labeled images is heard besides: its probabilities times what arrives along the graph. `None` (auto):
    /// if a classifier that learned with it tells more of the labels that were hidden from it.
    #[serde(with = "foretask_pretext::auto_option")]
    pub probe: Option<bool>,
    /// Whether an image is compared by the sum of its features and those of its mirror image.
    pub mirror: bool,
    /// Share of the images, the most confident ones, that a classifier learns from, above 0, at most 1.
    pub confident: f64,
    /// Penalty on the weights of that classifier, from 0.
    pub strength: f64,
    /// Most unlabeled images in the graph, evenly chosen; all of their features are held at once.
    pub most: usize,
}

impl Default for SpreadOptions {
    fn default() -> Self {
        Self {
            neighbors: 15,
            alpha: 0.95,
            iterations: 60,
            balanced: None,
            probe: None,
            mirror: true,
            confident: 0.7,
            strength: 1e-3,
            most: 20_000,
        }
    }
}

impl SpreadOptions {
    /// Whether every value can work.
    ///
    /// # Errors
    /// [`EvalError::Option`] naming the option and its range.
    pub fn check(&self) -> Result<(), EvalError> {
        if self.neighbors == 0 {
            return Err(EvalError::option("neighbors", self.neighbors, "a whole number from 1"));
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(EvalError::option("alpha", self.alpha, "a number above 0 and below 1"));
        }
        if self.iterations == 0 {
            return Err(EvalError::option("iterations", self.iterations, "a whole number from 1"));
        }
        if !(self.confident > 0.0 && self.confident <= 1.0) {
            return Err(EvalError::option("confident", self.confident, "a number above 0, at most 1"));
        }
        if !(self.strength >= 0.0 && self.strength.is_finite()) {
            return Err(EvalError::option("strength", self.strength, "a number from 0, usually 0.001"));
        }
        if self.most < 2 {
            return Err(EvalError::option("most", self.most, "a whole number from 2"));
        }
        Ok(())
    }
}
