//! Interleaved bytes to planes.

use super::simd::for_each_level;

for_each_level! {
    /// Interleaved 8-bit samples to planes of sample / 255 (as torchvision's `ToTensor`). `data.len() == out.len()`.
    pub fn to_planes(data: &[u8], channels: usize, out: &mut [f32]) {
        match channels {
            0 => {}
            1 => {
                for (out, &sample) in out.iter_mut().zip(data) {
                    *out = f32::from(sample) / 255.0;
                }
            }
            3 => {
                let plane = out.len() / 3;
                let (red, rest) = out.split_at_mut(plane);
                let (green, blue) = rest.split_at_mut(plane);
                for (((pixel, red), green), blue) in data.chunks_exact(3).zip(red).zip(green).zip(blue) {
                    *red = f32::from(pixel[0]) / 255.0;
                    *green = f32::from(pixel[1]) / 255.0;
                    *blue = f32::from(pixel[2]) / 255.0;
                }
            }
            _ => {
                let plane = (out.len() / channels).max(1);
                for (channel, out) in out.chunks_exact_mut(plane).enumerate() {
                    for (out, pixel) in out.iter_mut().zip(data.chunks_exact(channels)) {
                        *out = f32::from(pixel[channel]) / 255.0;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_count_is_taken_apart_alike() {
        for channels in [1, 2, 3, 4, 7] {
            let data: Vec<u8> = (0..6 * channels).map(|i| (i * 9) as u8).collect();
            let mut out = vec![-1.0; data.len()];
            to_planes(&data, channels, &mut out);
            for pixel in 0..6 {
                for channel in 0..channels {
                    let expected = f32::from(data[pixel * channels + channel]) / 255.0;
                    assert_eq!(out[channel * 6 + pixel], expected);
                }
            }
        }
    }
}
