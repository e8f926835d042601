//! Masked pixels: the hidden squares of an image.

use foretask_pretext::{MaskedPixels, PixelLoss};

use super::restoration::Restores;

impl Restores for MaskedPixels {
    fn decoder_width(&mut self) -> &mut Option<u32> {
        &mut self.decoder_width
    }

    fn loss(&self) -> PixelLoss {
        self.loss
    }

    // Normalized squares are no picture.
    fn is_picture(&self) -> bool {
        !self.normalize
    }
}
