//! Images to work on: made by number, equal on every machine. What they show matters little to speed.

use std::error::Error;
use std::path::Path;

use foretask_data::{Images, LoadOptions, Samples, Source};
use foretask_pretext::Shape;
use foretask_random::Key;

/// Classes that labels take turns in.
const CLASSES: usize = 10;
/// Of images in memory, at most.
const POOL_BYTES: usize = 64 << 20;
/// Photographs made.
const PHOTOS: usize = 64;
const PHOTO_SIZE: [u32; 2] = [500, 375];

/// `count` labeled images in memory, or as many as fit into 64 MiB.
pub(crate) fn images(count: usize, shape: Shape) -> Result<Images, Box<dyn Error>> {
    let count = count.min(POOL_BYTES / (shape.height * shape.width * shape.channels));
    let kind = if shape.channels == 1 { 5 } else { 6 };
    let header = format!("P{kind}\n{} {}\n255\n", shape.width, shape.height);
    let source = |i: usize| {
        let mut bytes = header.clone().into_bytes();
        bytes.extend(scene(i as u64, [shape.width as u32, shape.height as u32], shape.channels));
        Source::Bytes { bytes: bytes.as_slice().into(), name: None }
    };
    let samples = Samples {
        rows: (0..count as u64).collect(),
        labels: (0..count).map(|i| Some((i % CLASSES) as u32)).collect(),
        classes: (0..CLASSES).map(|class| format!("class {class}")).collect::<Vec<_>>().into(),
        sources: (0..count).map(source).collect(),
    };
    Ok(Images::load(&samples, &LoadOptions::default())?)
}

/// Writes JPEG files of a usual size, about 100 kB each.
pub(crate) fn make_photos(folder: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let [width, height] = PHOTO_SIZE;
    for i in 0..PHOTOS {
        let mut jpeg = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 92);
        let pixels = scene(i as u64, PHOTO_SIZE, 3);
        image::ImageEncoder::write_image(encoder, &pixels, width, height, image::ExtendedColorType::Rgb8)?;
        foretask_data::write_atomically(folder.join(format!("{i:03}.jpg")), jpeg)?;
    }
    Ok(())
}

/// Waves of a few lengths and directions with some noise: edges, flat places and grain, as photographs have them.
fn scene(number: u64, [width, height]: [u32; 2], channels: usize) -> Vec<u8> {
    let mut rng = Key::new(7).with(number).rng();
    let waves: Vec<[f32; 4]> = (0..3 * channels)
        .map(|_| [rng.range(-0.3, 0.3), rng.range(-0.3, 0.3), rng.range(0.0, 6.0), rng.range(10.0, 45.0)])
        .collect();
    let mut pixels = Vec::with_capacity((width * height) as usize * channels);
    for y in 0..height {
        for x in 0..width {
            for waves in waves.chunks_exact(3) {
                let waves = waves.iter().map(|[a, b, c, size]| size * (a * x as f32 + b * y as f32 + c).sin());
                pixels.push((128.0 + waves.sum::<f32>() + rng.range(-12.0, 12.0)) as u8);
            }
        }
    }
    pixels
}
