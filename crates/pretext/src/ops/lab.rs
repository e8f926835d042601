//! CIE Lab for the white of daylight (D65), from sRGB (IEC 61966-2-1): lightness apart from color.

/// Linear sRGB to XYZ, ITU-R BT.709 primaries under D65.
const TO_XYZ: [[f32; 3]; 3] =
    [[0.412_453, 0.357_580, 0.180_423], [0.212_671, 0.715_160, 0.072_169], [0.019_334, 0.119_193, 0.950_227]];

/// The inverse of [`TO_XYZ`].
const FROM_XYZ: [[f32; 3]; 3] = [
    [3.240_481_3, -1.537_151_5, -0.498_536_3],
    [-0.969_255, 1.875_99, 0.041_555_927],
    [0.055_646_64, -0.204_041_34, 1.057_311],
];

/// White: D65, 2 degrees.
const WHITE: [f32; 3] = [0.950_47, 1.0, 1.088_83];

/// (6/29)^3: below, the cube root is replaced by a line.
const KNEE: f32 = 216.0 / 24389.0;

/// L (0 to 100), a and b (about -110 to 110) of red, green and blue in 0..1.
pub fn lab_of_rgb(rgb: [f32; 3]) -> [f32; 3] {
    let linear = rgb.map(linear);
    let [x, y, z] = [0, 1, 2].map(|i| bend(dot(TO_XYZ[i], linear) / WHITE[i]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// L alone, 0 to 100.
pub fn lightness_of_rgb(rgb: [f32; 3]) -> f32 {
    116.0 * bend(dot(TO_XYZ[1], rgb.map(linear))) - 16.0
}

/// Red, green and blue of a Lab color, cut to 0..1 where the screen has no such color.
pub fn rgb_of_lab([l, a, b]: [f32; 3]) -> [f32; 3] {
    let y = (l + 16.0) / 116.0;
    let bent = [y + a / 500.0, y, y - b / 200.0];
    let xyz = [0, 1, 2].map(|i| unbend(bent[i]) * WHITE[i]);
    FROM_XYZ.map(|row| dot(row, xyz)).map(gamma).map(|value| value.clamp(0.0, 1.0))
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn linear(value: f32) -> f32 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn gamma(value: f32) -> f32 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

fn bend(t: f32) -> f32 {
    if t > KNEE { t.cbrt() } else { t * (841.0 / 108.0) + 4.0 / 29.0 }
}

fn unbend(t: f32) -> f32 {
    if t > 6.0 / 29.0 { t * t * t } else { (t - 4.0 / 29.0) * (108.0 / 841.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn primaries_have_the_published_values() {
        // Lindbloom's calculator and skimage.color.rgb2lab (D65), to two digits.
        for (rgb, lab) in [
            ([1.0, 0.0, 0.0], [53.24, 80.09, 67.20]),
            ([0.0, 1.0, 0.0], [87.73, -86.18, 83.18]),
            ([0.0, 0.0, 1.0], [32.30, 79.19, -107.86]),
            ([1.0, 1.0, 0.0], [97.14, -21.55, 94.48]),
            ([0.0, 1.0, 1.0], [91.11, -48.09, -14.13]),
            ([1.0, 0.0, 1.0], [60.32, 98.23, -60.82]),
            ([1.0, 1.0, 1.0], [100.0, 0.0, 0.0]),
            ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
            ([0.5, 0.5, 0.5], [53.39, 0.0, 0.0]),
        ] {
            let ours = lab_of_rgb(rgb);
            for (ours, published) in ours.iter().zip(lab) {
                assert!((ours - published).abs() < 0.02, "{rgb:?}: {ours} {published}");
            }
            assert!((lightness_of_rgb(rgb) - ours[0]).abs() < 1e-4);
        }
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_color(r in 0.0..=1.0_f32, g in 0.0..=1.0_f32, b in 0.0..=1.0_f32) {
            let back = rgb_of_lab(lab_of_rgb([r, g, b]));
            for (back, value) in back.iter().zip([r, g, b]) {
                prop_assert!((back - value).abs() < 2e-4, "{back} {value}");
            }
        }
    }
}
