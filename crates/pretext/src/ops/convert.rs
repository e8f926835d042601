//! Interleaved values to planes.

use super::simd::for_each_level;
use super::weigh::Sample;
use crate::values::ValuesRef;

/// Interleaved values to planes of 0..1 (of bytes as torchvision's `ToTensor`). `data.len() == out.len()`.
pub fn to_planes<'a>(data: impl Into<ValuesRef<'a>>, channels: usize, out: &mut [f32]) {
    match data.into() {
        ValuesRef::Bytes(data) => bytes_to_planes(data, channels, out),
        ValuesRef::Words(data) => words_to_planes(data, channels, out),
        ValuesRef::Floats(data) => floats_to_planes(data, channels, out),
    }
}

for_each_level! {
    fn bytes_to_planes(data: &[u8], channels: usize, out: &mut [f32]) {
        planes(data, channels, out);
    }
}

for_each_level! {
    fn words_to_planes(data: &[u16], channels: usize, out: &mut [f32]) {
        planes(data, channels, out);
    }
}

for_each_level! {
    fn floats_to_planes(data: &[f32], channels: usize, out: &mut [f32]) {
        planes(data, channels, out);
    }
}

#[allow(clippy::inline_always)] // Compiled for the instruction set of whoever calls.
#[inline(always)]
fn planes<T: Sample>(data: &[T], channels: usize, out: &mut [f32]) {
    match channels {
        0 => {}
        1 => {
            for (out, &sample) in out.iter_mut().zip(data) {
                *out = sample.value() / T::WHITE;
            }
        }
        3 => {
            let plane = out.len() / 3;
            let (red, rest) = out.split_at_mut(plane);
            let (green, blue) = rest.split_at_mut(plane);
            for (((pixel, red), green), blue) in data.chunks_exact(3).zip(red).zip(green).zip(blue) {
                *red = pixel[0].value() / T::WHITE;
                *green = pixel[1].value() / T::WHITE;
                *blue = pixel[2].value() / T::WHITE;
            }
        }
        _ => {
            let plane = (out.len() / channels).max(1);
            for (channel, out) in out.chunks_exact_mut(plane).enumerate() {
                for (out, pixel) in out.iter_mut().zip(data.chunks_exact(channels)) {
                    *out = pixel[channel].value() / T::WHITE;
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

    #[test]
    fn white_is_that_of_the_type() {
        let mut out = [0.0; 2];
        to_planes([65535_u16, 13107].as_slice(), 1, &mut out);
        assert_eq!(out, [1.0, 0.2]);
        to_planes([1.0_f32, 0.25].as_slice(), 2, &mut out);
        assert_eq!(out, [1.0, 0.25]);
    }
}
