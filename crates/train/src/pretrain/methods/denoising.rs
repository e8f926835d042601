//! Denoising: the original from a noisy copy.

use foretask_pretext::{Denoising, PixelLoss};

use super::restoration::Restores;

impl Restores for Denoising {
    fn decoder_width(&mut self) -> &mut Option<u32> {
        &mut self.decoder_width
    }

    fn loss(&self) -> PixelLoss {
        self.loss
    }
}
