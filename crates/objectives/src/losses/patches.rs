//! Targets normalized patch by patch.

use burn::tensor::Tensor;

use super::in_f32;
use crate::{ObjectiveError, Result};

/// Added to the variance, as in the authors' code.
const EPSILON: f64 = 1e-6;

/// Images whose patches each have mean 0 and variance 1, over all pixels and channels of the patch: a target that asks for
/// structure instead of brightness (He et al. 2022, "Masked autoencoders are scalable vision learners",
/// <https://arxiv.org/abs/2111.06377>, `norm_pix_loss`; variance over one less, as in the authors' code).
///
/// `images` is `[n, c, h, w]`; so is what is returned, without graph. A patch of one value becomes 0.
///
/// # Errors
/// [`ObjectiveError::Patches`] where `patch` does not divide both sides.
pub fn patch_normalized(images: Tensor<4>, patch: usize) -> Result<Tensor<4>> {
    let [n, c, h, w] = images.dims();
    if patch == 0 || h % patch != 0 || w % patch != 0 {
        return Err(ObjectiveError::Patches { height: h, width: w, patch });
    }
    let (rows, columns, size) = (h / patch, w / patch, c * patch * patch);
    let patches = in_f32(images.inner())
        .reshape([n, c, rows, patch, columns, patch])
        .permute([0, 2, 4, 1, 3, 5])
        .reshape([n * rows * columns, size]);
    let centered = patches.clone().sub(patches.mean_dim(1));
    let free = size.saturating_sub(1).max(1) as f64;
    let variance = centered.clone().mul(centered.clone()).sum_dim(1).div_scalar(free);
    let normalized = centered.div(variance.add_scalar(EPSILON).sqrt());
    let normalized = normalized.reshape([n, rows, columns, c, patch, patch]).permute([0, 3, 1, 4, 2, 5]);
    Ok(normalized.reshape([n, c, h, w]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_near, leaf, plain, wave};

    #[test]
    fn values_are_those_of_the_authors_code() {
        // patchify, (target - mean) / (var + 1e-6)**.5 with torch.var, unpatchify; f64.
        let ours = patch_normalized(wave([2, 3, 4, 4], 0.1, 1.0), 2).unwrap().try_into_vec_as::<f32>().unwrap();
        let first = [-0.445_921_46, 0.812_376_66, 1.023_181_16, -0.047_767_85, -0.581_239_55, -0.542_541_79];
        ours.iter().zip(first).for_each(|(ours, expected)| assert_near((*ours).into(), expected, "a pixel"));
        assert_near(ours[95].into(), 1.911_037_07, "the last pixel");
    }

    #[test]
    fn flat_patches_become_zero_and_odd_sizes_are_refused() {
        let flat = patch_normalized(leaf(Tensor::full([1, 1, 4, 6], 0.7, &plain())), 2).unwrap();
        assert!(!flat.is_autodiff());
        assert!(flat.try_into_vec_as::<f32>().unwrap().iter().all(|x| x.abs() < 1e-3));
        let error = patch_normalized(wave([1, 1, 28, 30], 0.1, 1.0), 7).unwrap_err().to_string();
        assert!(error.starts_with("images of 30x28"), "{error}");
        let single = patch_normalized(wave([1, 1, 2, 2], 0.1, 1.0), 1).unwrap();
        assert_eq!(single.try_into_vec_as::<f32>().unwrap(), [0.0; 4]);
    }
}
