//! Super-resolution: the original from a coarser copy.

use foretask_pretext::{PixelLoss, SuperResolution};

use super::restoration::Restores;

impl Restores for SuperResolution {
    fn decoder_width(&mut self) -> &mut Option<u32> {
        &mut self.decoder_width
    }

    fn loss(&self) -> PixelLoss {
        self.loss
    }
}
