//! Autoencoding: the image itself, through few numbers.

use foretask_pretext::{Autoencoding, PixelLoss};

use super::restoration::Restores;

impl Restores for Autoencoding {
    fn decoder_width(&mut self) -> &mut Option<u32> {
        &mut self.decoder_width
    }

    fn loss(&self) -> PixelLoss {
        self.loss
    }
}
