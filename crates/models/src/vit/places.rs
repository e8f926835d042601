//! Which patches of each image are seen, for encoders that do not see all of them.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::error::{ModelError, Result};

/// The patches of a batch of images, of each the same number seen and the others hidden; see the module.
#[derive(Clone, Debug)]
pub struct Places {
    images: usize,
    patches: usize,
    seen: usize,
    /// Of every image its seen patches, as rows of `[images * patches]`.
    rows: Tensor<1, Int>,
    /// For every patch its row, where each image has its seen patches first and the hidden ones behind.
    back: Tensor<1, Int>,
}

impl Places {
    /// `hidden` says of each patch of each image whether it is hidden, image by image, row by row; `patches` an image.
    ///
    /// # Errors
    /// [`ModelError::Option`] where an image has no patch that is seen, or another number of them than the first.
    pub fn new(hidden: &[bool], patches: usize, device: &Device) -> Result<Self> {
        let patches = patches.max(1);
        let images = hidden.len() / patches;
        let seen = hidden.iter().take(patches).filter(|hidden| !**hidden).count();
        let (mut rows, mut back) = (Vec::with_capacity(images * seen), Vec::with_capacity(hidden.len()));
        for (image, hidden) in hidden.chunks_exact(patches).enumerate() {
            let start = image * patches;
            let (mut before, mut behind) = (0, seen);
            for (place, hidden) in hidden.iter().enumerate() {
                let rank = if *hidden { &mut behind } else { &mut before };
                back.push((start + *rank) as i64);
                *rank += 1;
                if !hidden {
                    rows.push((start + place) as i64);
                }
            }
            if before != seen || seen == 0 {
                return Err(ModelError::Option {
                    option: "hidden",
                    value: format!("{} of {patches} patches", behind - seen),
                    reason: format!(
                        "every image needs as many seen patches as the first, which has {seen}, and one at least"
                    ),
                });
            }
        }
        let tensor = |rows: Vec<i64>| {
            let count = rows.len();
            Tensor::from_data(TensorData::new(rows, [count]), device)
        };
        Ok(Self { images, patches, seen, rows: tensor(rows), back: tensor(back) })
    }

    /// Images.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Seen patches of each image.
    pub fn count(&self) -> usize {
        self.seen
    }

    /// Of tokens `[images, patches, d]` those that are seen, `[images, seen, d]`.
    pub(crate) fn seen(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [b, n, d] = tokens.dims();
        tokens.reshape([b * n, d]).select(0, self.rows.clone()).reshape([self.images, self.seen, d])
    }

    /// All tokens `[images, patches, d]` in their places: those that were seen, `[images, seen, d]`, and `token` (`[1, 1, d]`) at the
    /// others.
    pub(crate) fn filled(&self, seen: Tensor<3>, token: Tensor<3>) -> Tensor<3> {
        let [b, v, d] = seen.dims();
        let hidden = token.expand([b, self.patches - v, d]);
        let all = if self.patches == v { seen } else { Tensor::cat(vec![seen, hidden], 1) };
        all.reshape([b * self.patches, d]).select(0, self.back.clone()).reshape([b, self.patches, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Device {
        foretask_backend::device("flex").unwrap().plain()
    }

    #[test]
    fn what_is_seen_comes_back_to_its_place_and_a_token_stands_elsewhere() {
        // Two images of four patches; seen are 1 and 3, then 0 and 1.
        let hidden = [true, false, true, false, false, false, true, true];
        let places = Places::new(&hidden, 4, &device()).unwrap();
        assert_eq!((places.images(), places.count()), (2, 2));
        let tokens = Tensor::<1>::from_floats([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &device()).reshape([2, 4, 1]);
        let values = |x: Tensor<3>| x.into_data().try_to_vec::<f32>().unwrap();
        let seen = places.seen(tokens);
        assert_eq!(values(seen.clone()), [1.0, 3.0, 4.0, 5.0]);
        let token = Tensor::<1>::from_floats([9.0], &device()).reshape([1, 1, 1]);
        assert_eq!(values(places.filled(seen, token)), [9.0, 1.0, 9.0, 3.0, 4.0, 5.0, 9.0, 9.0]);
    }

    #[test]
    fn images_of_which_nothing_or_another_share_is_seen_are_refused() {
        let refused = |hidden: &[bool]| Places::new(hidden, 2, &device()).unwrap_err().to_string();
        assert!(refused(&[true, true]).contains("one at least"), "{}", refused(&[true, true]));
        assert!(refused(&[true, false, true, true]).contains("2 of 2 patches"));
        assert!(refused(&[true, false, false, false]).contains("0 of 2 patches"));
        let all = Places::new(&[false, false], 2, &device()).unwrap();
        assert_eq!(all.count(), 2);
    }
}
