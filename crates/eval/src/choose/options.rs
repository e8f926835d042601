//! What to choose, and by what.

use serde::{Deserialize, Serialize};

use crate::EvalError;

/// How images are chosen for labeling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChooseOptions {
    /// Images to choose.
    pub n: usize,
    /// Neighbors that say how densely an image is surrounded, and along which doubt flows.
    pub neighbors: usize,
    /// Whether an image is compared by the sum of its features and those of its mirror image.
    pub mirror: bool,
    /// Most images of the pool that are looked at, evenly chosen; all of their features are held at once.
    pub most: usize,
    /// Decides where the clusters begin.
    pub seed: u64,
}

impl Default for ChooseOptions {
    fn default() -> Self {
        Self { n: 50, neighbors: 15, mirror: true, most: 20_000, seed: 0 }
    }
}

impl ChooseOptions {
    /// Whether every value can work, for a pool of so many images.
    ///
    /// # Errors
    /// [`EvalError::Option`] naming the option and its range.
    pub fn check(&self, pool: usize) -> Result<(), EvalError> {
        if self.n == 0 {
            return Err(EvalError::option("n", self.n, "a whole number from 1"));
        }
        if self.neighbors == 0 {
            return Err(EvalError::option("neighbors", self.neighbors, "a whole number from 1"));
        }
        if self.most < 2 {
            return Err(EvalError::option("most", self.most, "a whole number from 2"));
        }
        if self.n > pool {
            return Err(EvalError::option("n", self.n, &format!("at most the {pool} images there are to choose from")));
        }
        if self.n > self.most {
            let expected = format!("at most the {} images that `most` lets it look at", self.most);
            return Err(EvalError::option("n", self.n, &expected));
        }
        Ok(())
    }
}
