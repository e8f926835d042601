//! The features that images are compared by.

use foretask_data::Images;
use foretask_models::Encoder;
use foretask_train::{Context, Features, Standardization, extract_mirrored_features};

use crate::EvalError;

/// Features to compare images by, standardized with the statistics of the pool. `plain` holds the frozen features of all
/// `images`, the pool's last; with `mirror` those of the mirror images are added, so that left and right make no difference.
pub(crate) fn compared(
    encoder: &Encoder,
    images: &[&Images],
    plain: Features,
    mirror: bool,
    cx: &Context<'_>,
) -> Result<Features, EvalError> {
    let known = plain.len() - images.last().map_or(0, |pool| pool.len());
    let mut compared = plain;
    if mirror {
        let mut mirrored = Vec::new();
        for some in images {
            mirrored.extend(extract_mirrored_features(encoder, some, cx)?.data);
        }
        compared.data.iter_mut().zip(&mirrored).for_each(|(value, mirrored)| *value += mirrored);
    }
    let of_pool = Standardization::of(&compared.data[known * compared.dim..], compared.dim);
    compared.data = of_pool.apply(&compared.data);
    Ok(compared)
}
