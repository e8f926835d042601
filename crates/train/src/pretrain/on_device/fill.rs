//! The part of the host: drawing what happens to an image, and handing over its bytes.

use foretask_pretext::{ImageRef, PretextError, Shape, ops};
use foretask_random::Key;

use super::OnDevice;
use super::sources::{Slot, Sources};

impl OnDevice {
    /// Room for `count` images.
    pub(in crate::pretrain) fn sources(&self, count: usize) -> Sources {
        let bytes = match self.whole {
            Some((width, height)) => vec![vec![0; count * width * height * self.shape.channels]],
            None => self.blocks.iter().map(|(shape, per_image)| vec![0; count * per_image * shape.len()]).collect(),
        };
        Sources { bytes, drawn: vec![Vec::new(); count] }
    }

    /// Draws what happens to the image, under the key that the host would use, and takes its bytes.
    pub(in crate::pretrain) fn fill(&self, image: ImageRef<'_>, key: Key, slot: Slot<'_>) -> Result<(), PretextError> {
        let Slot { mut bytes, drawn } = slot;
        *drawn = self.views.draw(image, key, self.shape)?;
        if let (Some((width, height)), [all]) = (self.whole, bytes.as_mut_slice()) {
            let (expected, got) = (all.len(), image.data.len());
            match image.data.bytes() {
                Some(data) if (image.width, image.height) == (width, height) && expected == got => {
                    all.copy_from_slice(data);
                    return Ok(());
                }
                _ => return Err(PretextError::Pixels { width, height, channels: image.channels, expected, got }),
            }
        }
        let mut drawn = drawn.iter_mut();
        for (bytes, &(shape, _)) in bytes.into_iter().zip(&self.blocks) {
            let mut planes = vec![0.0; shape.len()];
            for (bytes, drawn) in bytes.chunks_exact_mut(shape.len().max(1)).zip(&mut drawn) {
                // What is left to the device starts from the view's size.
                match drawn.crop.take() {
                    Some(rect) => ops::crop_resize(image, rect, shape, &mut planes),
                    None => ops::center_view(image, shape, &mut planes),
                }
                interleave(&planes, shape, bytes);
            }
        }
        Ok(())
    }
}

/// Planes of 0..1 to pixels of bytes, rounded to the nearest as Pillow does after resizing.
fn interleave(planes: &[f32], shape: Shape, bytes: &mut [u8]) {
    for (channel, plane) in planes.chunks_exact(shape.plane().max(1)).enumerate() {
        for (pixel, value) in bytes.chunks_exact_mut(shape.channels.max(1)).zip(plane) {
            pixel[channel] = (value * 255.0 + 0.5) as u8;
        }
    }
}
