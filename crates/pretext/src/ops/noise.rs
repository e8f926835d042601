//! Noise on planes.

use std::f32::consts::TAU;

use foretask_random::Rng;

/// Adds Gaussian noise of this standard deviation and cuts to 0..1.
pub fn gaussian_noise(data: &mut [f32], sigma: f32, rng: &mut Rng) {
    if sigma.is_nan() || sigma <= 0.0 {
        return;
    }
    // Box and Muller 1958, both branches: half the logarithms.
    for pair in data.chunks_mut(2) {
        let radius = sigma * (-2.0 * (1.0 - rng.uniform()).ln()).sqrt();
        let (sin, cos) = (TAU * rng.uniform()).sin_cos();
        for (value, noise) in pair.iter_mut().zip([radius * cos, radius * sin]) {
            *value = (*value + noise).clamp(0.0, 1.0);
        }
    }
}

/// Turns this share of the pixels black or white, all channels of a pixel alike. `plane` is the number of pixels.
pub fn salt_and_pepper(data: &mut [f32], plane: usize, share: f32, rng: &mut Rng) {
    strike(data, plane, share, rng, |rng| if rng.chance(0.5) { 1.0 } else { 0.0 });
}

/// Turns this share of the pixels black, all channels of a pixel alike.
pub fn drop_pixels(data: &mut [f32], plane: usize, share: f32, rng: &mut Rng) {
    strike(data, plane, share, rng, |_| 0.0);
}

fn strike(data: &mut [f32], plane: usize, share: f32, rng: &mut Rng, value: impl Fn(&mut Rng) -> f32) {
    for pixel in 0..plane {
        if rng.chance(share) {
            let value = value(rng);
            for place in data.iter_mut().skip(pixel).step_by(plane) {
                *place = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;

    #[test]
    fn gaussian_noise_has_the_sigma_asked_for() {
        let mut data = vec![0.5; 100_001];
        gaussian_noise(&mut data, 0.1, &mut Key::new(1).rng());
        let n = data.len() as f64;
        let noise: Vec<f64> = data.iter().map(|v| f64::from(*v) - 0.5).collect();
        let (mean, square) = (noise.iter().sum::<f64>() / n, noise.iter().map(|x| x * x).sum::<f64>() / n);
        // Standard errors 0.0003 and 0.00022; neighbors of a pair are uncorrelated.
        assert!(mean.abs() < 0.0015 && (square.sqrt() - 0.1).abs() < 0.0012, "{mean} {square}");
        let pairs = noise.chunks_exact(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / n * 2.0;
        assert!(pairs.abs() < 0.0003, "{pairs}");
        let beyond = noise.iter().filter(|x| x.abs() > 0.196).count() as f64 / n;
        assert!((beyond - 0.05).abs() < 0.004, "{beyond}");
        let before = data.clone();
        gaussian_noise(&mut data, 0.0, &mut Key::new(1).rng());
        assert_eq!(data, before);
    }

    #[test]
    fn a_struck_pixel_is_struck_in_all_channels() {
        let mut data = vec![0.5; 3 * 10_000];
        salt_and_pepper(&mut data, 10_000, 0.3, &mut Key::new(2).rng());
        let count = |value: f32| data[..10_000].iter().filter(|v| **v == value).count();
        // 1500 each; five standard deviations are 179.
        assert!(count(0.0).abs_diff(1500) < 179 && count(1.0).abs_diff(1500) < 179);
        assert_eq!(data[..10_000], data[10_000..20_000]);
        assert_eq!(data[..10_000], data[20_000..]);
        let mut data = vec![0.5; 10_000];
        drop_pixels(&mut data, 10_000, 1.0, &mut Key::new(2).rng());
        assert!(data.iter().all(|v| *v == 0.0));
    }
}
