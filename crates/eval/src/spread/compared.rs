//! The features that images are compared by.

use foretask_data::Images;
use foretask_models::Encoder;
use foretask_train::{Context, Features, Standardization, extract_mirrored_features};

use crate::EvalError;

/// Features to compare images by: `few`'s rows, then `pool`'s, standardized with the statistics of the pool. `plain` holds the
/// frozen features of both; with `mirror` those of the mirror images are added, so that left and right make no difference.
pub(crate) fn compared(
    encoder: &Encoder,
    few: Option<&Images>,
    pool: &Images,
    plain: Features,
    mirror: bool,
    cx: &Context<'_>,
) -> Result<Features, EvalError> {
    let known = plain.len() - pool.len();
    let mut compared = plain;
    if mirror {
        let mut mirrored = match few {
            Some(few) => extract_mirrored_features(encoder, few, cx)?.data,
            None => Vec::new(),
        };
        mirrored.extend(extract_mirrored_features(encoder, pool, cx)?.data);
        compared.data.iter_mut().zip(&mirrored).for_each(|(value, mirrored)| *value += mirrored);
    }
    let of_pool = Standardization::of(&compared.data[known * compared.dim..], compared.dim);
    compared.data = of_pool.apply(&compared.data);
    Ok(compared)
}
