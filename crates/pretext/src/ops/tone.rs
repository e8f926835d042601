//! Changes of single values: solarize and posterize.

use super::simd::for_each_level;

for_each_level! {
    /// Inverts what is `threshold` or more (torchvision's `solarize` on floats; 0.5 is its and Pillow's 128 of 255).
    pub fn solarize(data: &mut [f32], threshold: f32) {
        for value in data {
            *value = if *value >= threshold { 1.0 - *value } else { *value };
        }
    }
}

/// Keeps the upper `bits` bits of values in 0..1, 1 to 8 of them (torchvision's `posterize` on floats).
pub fn posterize(data: &mut [f32], bits: u32) {
    levels(data, (1_u32 << bits.clamp(1, 8)) as f32);
}

for_each_level! {
    fn levels(data: &mut [f32], levels: f32) {
        let (last, step) = (levels - 1.0, 1.0 / levels);
        for value in data {
            // Rounding towards zero is rounding down here, and has an instruction everywhere.
            let level = (*value * levels) as i32 as f32;
            *value = if level < last { level } else { last } * step;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::color::tests::assert_close;
    use crate::ops::rotate::tests::image;

    // References: torchvision 0.24 (`solarize`, v2 `posterize`) on floats.

    #[test]
    fn solarize_is_torchvisions() {
        let mut data = image();
        solarize(&mut data, 0.5);
        let reference = [
            0.000_000, 0.145_098, 0.290_196, 0.435_294, 0.419_608, 0.274_510, 0.239_216, 0.435_294, 0.368_627,
            0.172_549, 0.019_608, 0.215_686, 0.478_431, 0.274_510, 0.027_451, 0.215_686, 0.462_745, 0.290_196,
            0.282_353, 0.011_765, 0.309_804, 0.392_157, 0.094_118, 0.200_000, 0.043_137, 0.301_961, 0.349_020,
            0.000_000, 0.345_098, 0.305_882,
        ];
        assert_close(&data, &reference);
    }

    #[test]
    fn posterize_is_torchvisions() {
        let mut data = image();
        posterize(&mut data, 1);
        assert!(data.iter().all(|&value| value == 0.0 || value == 0.5), "{data:?}");
        let mut data = image();
        posterize(&mut data, 4);
        let reference = [
            0.0000, 0.1250, 0.2500, 0.3750, 0.5625, 0.6875, 0.1875, 0.3750, 0.6250, 0.8125, 0.0000, 0.1875, 0.4375,
            0.6875, 0.9375, 0.1875, 0.4375, 0.6875, 0.6875, 0.0000, 0.2500, 0.5625, 0.8750, 0.1875, 0.9375, 0.2500,
            0.6250, 0.9375, 0.3125, 0.6875,
        ];
        assert_eq!(data, reference);
    }
}
