//! An augmentation at work: checked, filled, drawn and carried out.

use foretask_random::Key;

use super::options::Augment;
use super::preset::{Preset, Role};
use crate::auto::Auto;
use crate::check::check_out;
use crate::error::Result;
use crate::pixels::{ImageRef, Shape};

const WORD: &str = "augment";

impl Augment {
    /// Checks every value, and what does not suit `shape`.
    ///
    /// # Errors
    /// [`crate::PretextError::Range`], [`crate::PretextError::Unsuitable`] (color operations without three channels,
    /// moves as large as the image) or [`crate::PretextError::Shape`] (no pixels).
    pub fn check(&self, shape: Shape) -> Result<()> {
        self.validate(WORD)?;
        self.suits(WORD, shape)
    }

    /// Fills what was left to the library, with reasons for what depends on the image.
    ///
    /// # Errors
    /// Those of [`Augment::check`].
    pub fn resolve(self, shape: Shape) -> Result<(Self, Vec<Auto>)> {
        self.check(shape)?;
        let filled = self.filled(Preset::Weak, Role::First, shape);
        Ok((filled, self.notes(filled, shape)))
    }

    /// Writes one view of `image` into `out`: `shape.len()` samples, planar, 0..1. The view is a function of the image and
    /// `key` alone.
    ///
    /// # Errors
    /// Those of [`Augment::check`], and for an image or buffer that does not fit `shape`.
    pub fn apply(&self, image: ImageRef<'_>, key: Key, shape: Shape, out: &mut [f32]) -> Result<()> {
        self.check(shape)?;
        image.check_against(shape)?;
        check_out("view", out.len(), shape.len())?;
        self.draw(image, key, shape).run(image, shape, out);
        Ok(())
    }

    /// The random choices of [`Augment::apply`] for the same image, key and shape, in words; `as it is` where nothing
    /// happens.
    ///
    /// # Errors
    /// Those of [`Augment::apply`].
    pub fn words(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<String> {
        self.check(shape)?;
        image.check_against(shape)?;
        Ok(self.draw(image, key, shape).words())
    }
}
