//! The patches that a vision transformer sees, which tasks hide whole.

use super::run::RunSizes;
use crate::error::{PretextError, Result};
use crate::pixels::Shape;

/// Side of a patch on images of this size as `vit` chooses it: 4 pixels up to images of 40, 8 up to 96, then 16, or what fills
/// the image.
pub(super) fn auto_patch(shape: Shape) -> usize {
    let order: &[usize] = match shape.height.max(shape.width) {
        ..=40 => &[4, 2, 7, 5, 3, 8],
        41..=96 => &[8, 6, 7, 4, 5, 10],
        _ => &[16, 14, 8, 12, 10, 20],
    };
    let fills = |patch: &&usize| shape.height.is_multiple_of(**patch) && shape.width.is_multiple_of(**patch);
    order.iter().find(fills).or(order.first()).copied().unwrap_or(4)
}

/// The patches of the network that is to be trained.
///
/// # Errors
/// A network without any.
pub(super) fn of_network(word: &'static str, sizes: &RunSizes) -> Result<usize> {
    sizes.patch.ok_or(PretextError::Network {
        word,
        problem: "it hides patches from a vision transformer, and this is none",
        way_out: "take a net of `vit(…)`, or `masked_pixels` for this one",
    })
}

/// Longest side of the images that count as small.
const SMALL: usize = 64;

/// Width of a light decoder of transformer blocks, and why: `features` are the encoder's.
pub(super) fn decoder_width(side: usize, features: usize) -> (u32, &'static str) {
    if side <= SMALL {
        return (128, "images of up to 64 pixels hold little detail: 128, whatever the encoder");
    }
    let wide = (2 * features / 3 / 64 * 64).clamp(128, 512);
    (wide as u32, "two thirds of the encoder's width, from 128 to 512: MAE has 512 for `base`")
}

/// Depth of such a decoder, and why.
pub(super) fn decoder_depth(side: usize, features: usize) -> (u32, &'static str) {
    match (side, features) {
        (..=SMALL, _) => (2, "two blocks suffice for images of up to 64 pixels, and the encoder is to do the work"),
        (_, ..768) => (4, "half of MAE's eight for encoders smaller than `base`"),
        _ => (8, "as in MAE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoders_are_those_of_the_paper_for_large_images_and_light_for_small_ones() {
        let both = |side, features| (decoder_width(side, features).0, decoder_depth(side, features).0);
        assert_eq!(both(224, 768), (512, 8));
        assert_eq!(both(224, 1024), (512, 8));
        assert_eq!(both(224, 384), (256, 4));
        assert_eq!(both(224, 192), (128, 4));
        assert_eq!(both(32, 192), (128, 2));
        assert_eq!(both(64, 768), (128, 2));
    }
}
