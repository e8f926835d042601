//! How well an image was restored.

/// Side of the window of [`ssim`], and the width of its Gaussian, as in the paper.
const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;
/// (K1 L)² and (K2 L)² of the paper, for values up to L = 1.
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// Peak signal-to-noise ratio in decibel of values in 0..1: `-10 log10(mean squared difference)`; infinite for equal
/// images.
///
/// # Panics
/// Where the lengths differ.
pub fn psnr(output: &[f32], target: &[f32]) -> f64 {
    assert_eq!(output.len(), target.len(), "psnr needs images of equal size");
    let squares: f64 = output.iter().zip(target).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    -10.0 * (squares / output.len() as f64).log10()
}

/// Structural similarity of two planes with values in 0..1, 1 for equal ones (Wang et al. 2004, "Image quality
/// assessment: from error visibility to structural similarity").
///
/// Gaussian window of 11x11 with sigma 1.5, K1 = 0.01, K2 = 0.03, averaged over all places where the window fits into
/// the image, as the authors do. For an image smaller than the window, the largest odd window that fits is taken, with
/// the same sigma. For color, average the planes.
///
/// # Panics
/// Where a plane does not hold `width * height` numbers, or is empty.
pub fn ssim(output: &[f32], target: &[f32], width: usize, height: usize) -> f64 {
    assert!(output.len() == width * height && target.len() == width * height, "ssim needs planes of {width}x{height}");
    assert!(width > 0 && height > 0, "ssim needs an image");
    let odd = |side: usize| side - (side + 1) % 2;
    let window = gaussian(WINDOW.min(odd(width)).min(odd(height)));
    let mean = |value: &dyn Fn(f64, f64) -> f64| {
        let plane: Vec<f64> = output.iter().zip(target).map(|(&x, &y)| value(f64::from(x), f64::from(y))).collect();
        filtered(&plane, width, &window)
    };
    let (x, y) = (mean(&|x, _| x), mean(&|_, y| y));
    let (xx, yy, xy) = (mean(&|x, _| x * x), mean(&|_, y| y * y), mean(&|x, y| x * y));
    let place = |i: usize| {
        let (mx, my) = (x[i], y[i]);
        let (vx, vy, vxy) = (xx[i] - mx * mx, yy[i] - my * my, xy[i] - mx * my);
        ((2.0 * mx * my + C1) * (2.0 * vxy + C2)) / ((mx * mx + my * my + C1) * (vx + vy + C2))
    };
    (0..x.len()).map(place).sum::<f64>() / x.len() as f64
}

/// A Gaussian of `size` (odd) numbers that sum to 1.
fn gaussian(size: usize) -> Vec<f64> {
    let middle = (size / 2) as f64;
    let raw: Vec<f64> = (0..size).map(|i| (-(i as f64 - middle).powi(2) / (2.0 * SIGMA * SIGMA)).exp()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|x| x / sum).collect()
}

/// Filters rows, then columns, at the places where the window fits.
fn filtered(plane: &[f64], width: usize, window: &[f64]) -> Vec<f64> {
    let columns = width + 1 - window.len();
    let dot = |values: &[f64]| values.iter().zip(window).map(|(a, b)| a * b).sum::<f64>();
    let rows: Vec<Vec<f64>> =
        plane.chunks_exact(width).map(|row| row.windows(window.len()).map(dot).collect()).collect();
    let stacked = rows.windows(window.len());
    stacked
        .flat_map(|rows| (0..columns).map(|j| rows.iter().zip(window).map(|(row, w)| row[j] * w).sum::<f64>()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::numbers;

    fn images() -> (Vec<f32>, Vec<f32>) {
        let image: Vec<f32> = numbers(560, 0.3).iter().map(|x| x.abs()).collect();
        let noisy = image.iter().zip(numbers(560, 0.9)).map(|(x, n)| (x + 0.2 * n).clamp(0.0, 1.0)).collect();
        (image, noisy)
    }

    #[test]
    fn both_equal_scikit_image() {
        let (image, noisy) = images();
        // structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1).
        assert!((ssim(&image, &noisy, 20, 28) - 0.942_794_524_0).abs() < 1e-5);
        assert!((psnr(&noisy, &image) - 20.527_001_583_3).abs() < 1e-4);
    }

    #[test]
    fn equal_images_are_perfect_and_an_inverted_one_is_not() {
        let (image, _) = images();
        assert!((ssim(&image, &image, 20, 28) - 1.0).abs() < 1e-12);
        assert_eq!(psnr(&image, &image), f64::INFINITY);
        let inverted: Vec<f32> = image.iter().map(|x| 1.0 - x).collect();
        assert!(ssim(&image, &inverted, 20, 28) < 0.0);
        assert!((psnr(&[0.0; 4], &[0.1; 4]) - 20.0).abs() < 1e-5);
    }

    #[test]
    fn small_images_have_a_smaller_window() {
        for (width, height) in [(1, 1), (4, 9), (10, 30), (11, 11)] {
            let image: Vec<f32> = numbers(width * height, 0.3).iter().map(|x| x.abs()).collect();
            assert!((ssim(&image, &image, width, height) - 1.0).abs() < 1e-12);
        }
        assert_eq!(gaussian(1), [1.0]);
    }
}
