//! What tasks that hide patches from a vision transformer have in common: which patches those are, and what is restored.

use burn::tensor::Tensor;
use foretask_backend::upload;
use foretask_models::{Backbone, Head, PatchGrid, Places, Vit};

use super::objective::no_fit;
use crate::error::TrainError;
use crate::pretrain::learner::TaskView;

/// Restored images `[b, c, h, w]`, and the features `[b, d]` of what the encoder saw.
pub(super) struct Restored {
    pub(super) features: Tensor<2>,
    pub(super) images: Tensor<4>,
}

/// What the head restores of images `[b, c, h, w]` of which these places are hidden (1 in `[b, 1, h, w]`); `None` where it is of
/// another kind.
pub(super) fn restored(
    view: &TaskView<'_>,
    x: &Tensor<4>,
    hidden: Option<&[f32]>,
    word: &'static str,
) -> Result<Option<Restored>, TrainError> {
    let flags = |image: PatchGrid| {
        hidden.map(|hidden| hidden_patches(hidden, image)).ok_or_else(|| no_fit(word, "places that are hidden"))
    };
    let device = &view.normalizer.device;
    Ok(match view.head {
        Head::Restorer(head) => {
            let (net, image) = (transformer(view, word)?, head.image());
            let places = Places::new(&flags(image)?, image.count(), device)?;
            let tokens = net.forward_seen(x.clone(), &places);
            let features = net.summed_up(tokens.clone());
            Some(Restored { features, images: head.forward(tokens, &places) })
        }
        Head::Pixels(head) => {
            let (net, image) = (transformer(view, word)?, head.image());
            let flags: Vec<f32> = flags(image)?.into_iter().map(|hidden| f32::from(u8::from(hidden))).collect();
            let hidden = upload(flags, [x.dims()[0], image.count(), 1], device);
            let tokens = net.forward_hidden(x.clone(), hidden, head.mask_token.val());
            let features = net.summed_up(tokens.clone());
            Some(Restored { features, images: head.forward(tokens) })
        }
        _ => None,
    })
}

/// Planning lets no other network get here.
fn transformer<'a>(view: &TaskView<'a>, word: &'static str) -> Result<&'a Vit, TrainError> {
    match view.encoder {
        Backbone::Vit(net) => Ok(net),
        _ => Err(no_fit(word, "a vision transformer")),
    }
}

/// Whether each patch of each image is hidden; patches are hidden whole, so that their first pixel says it.
fn hidden_patches(hidden: &[f32], image: PatchGrid) -> Vec<bool> {
    let PatchGrid { patch, grid: [rows, columns], .. } = image;
    let width = columns * patch;
    let of_image = |hidden: &[f32]| -> Vec<bool> {
        let first = |place: usize| (place / columns * width + place % columns) * patch;
        (0..rows * columns).map(|place| hidden.get(first(place)).is_some_and(|hidden| *hidden > 0.5)).collect()
    };
    hidden.chunks_exact((rows * patch * width).max(1)).flat_map(of_image).collect()
}

#[cfg(test)]
mod tests;
