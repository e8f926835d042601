//! Labels as training wants them.

use foretask_data::Images;

use crate::error::TrainError;

/// The label of every image.
///
/// # Errors
/// [`TrainError::Labels`] where there is no image, or one without a label.
pub fn labels_of(images: &Images) -> Result<Vec<u32>, TrainError> {
    if images.is_empty() {
        return Err(TrainError::Labels(
            "there is no labeled image to learn from; label a few, or look at the manifest with describe".into(),
        ));
    }
    let label = |i: usize| {
        images.label(i).ok_or_else(|| {
            TrainError::Labels(format!("{} has no label; choose the labeled images with .labeled()", images.name(i)))
        })
    };
    (0..images.len()).map(label).collect()
}

/// The position of the largest number, the first among equals; 0 where there is none.
pub fn largest(row: &[f32]) -> usize {
    let mut best = 0;
    for (i, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = i;
        }
    }
    best
}
