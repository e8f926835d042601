//! Inpainting: what is missing in the holes.

use foretask_pretext::{Inpainting, PixelLoss};

use super::restoration::Restores;

impl Restores for Inpainting {
    fn decoder_width(&mut self) -> &mut Option<u32> {
        &mut self.decoder_width
    }

    fn loss(&self) -> PixelLoss {
        self.loss
    }
}
