//! What planning needs to know of images, from the decoded ones or from their files' headers.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::load::decoded_bytes;
use super::{BadImage, Images, LoadOptions, accepted, agree::agreed, ahead_cache::windows_of, in_pool};
use crate::{
    decode::{self, Depth, Outline},
    error::Result,
    order::Windows,
    reading::{Channels, Range},
    samples::Samples,
    source::Source,
};

/// One image in so many has a shorter side than [`Survey::low_side`].
const FEW: usize = 10;

/// Number, channels and sizes of images: the same whether they have been decoded or only looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// How many.
    pub count: usize,
    /// Channels of all of them.
    pub channels: usize,
    /// (width, height) where all have the same.
    pub size: Option<(usize, usize)>,
    /// The shortest side of all of them.
    pub smallest_side: usize,
    /// What nine of ten have at least as their shorter side: a few small images among large ones do not set it.
    pub low_side: usize,
    /// How they are shuffled where they do not fit into memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
}

impl Survey {
    fn of(sizes: &[(usize, usize)], channels: usize, windows: Option<Windows>) -> Self {
        let mut sides: Vec<usize> = sizes.iter().map(|&(width, height)| width.min(height)).collect();
        sides.sort_unstable();
        let side = |rank: usize| sides.get(rank).copied().unwrap_or(0);
        Self {
            count: sizes.len(),
            channels,
            size: sizes.first().copied().filter(|first| sizes.iter().all(|size| size == first)),
            smallest_side: side(0),
            low_side: side(sides.len() / FEW),
            windows,
        }
    }
}

impl Images {
    /// What planning needs to know of them.
    pub fn survey(&self) -> Survey {
        let sizes: Vec<(usize, usize)> = (0..self.len()).map(|i| self.size(i)).collect();
        Survey::of(&sizes, self.channels(), self.windows())
    }
}

/// What [`Images::survey`] will say once the images are loaded, and the images that will be left out, without decoding any: files
/// are read, and of each its header is believed. An image that is damaged beyond its header is only found by loading.
///
/// # Errors
/// As [`Images::load`].
pub fn survey(samples: &Samples, options: &LoadOptions) -> Result<(Survey, Vec<BadImage>)> {
    options.check()?;
    let look = |source: &Source| outline(source, &options.channels);
    let mut seen: Vec<_> = in_pool(options.threads, || samples.sources.par_iter().map(look).collect())?;
    let channels = agreed(&options.channels, &mut seen, |outline| outline.channels);
    let mut bad = Vec::new();
    let mut found = Vec::with_capacity(seen.len());
    for (i, seen) in seen.into_iter().enumerate() {
        let source = &samples.sources[i];
        match seen {
            Ok(outline) => found.push((source, outline)),
            Err(reason) => bad.push(BadImage { row: samples.rows[i], path: source.name().map(str::to_owned), reason }),
        }
    }
    let bad = accepted(bad, samples.len(), options.on_bad_image, options.max_bad_fraction)?;
    let depth = found.iter().map(|(_, outline)| mapped(outline.depth, &options.range)).max().unwrap_or_default();
    let bytes = |outline: &Outline| decoded_bytes(outline.width, outline.height, channels, depth);
    let total: u64 = found.iter().map(|(_, outline)| bytes(outline)).sum();
    let windows = if total > options.cache_bytes {
        windows_of(found.iter().map(|(source, _)| *source), options.cache_bytes)
    } else {
        None
    };
    let sizes: Vec<_> = found.iter().map(|(_, outline)| (outline.width as usize, outline.height as usize)).collect();
    Ok((Survey::of(&sizes, channels, windows), bad))
}

/// Bytes of another range than their own need more room.
fn mapped(depth: Depth, range: &Range) -> Depth {
    let own = match range {
        Range::Auto | Range::Whites(_) => true,
        Range::Percentile => false,
        Range::Between(pairs) => pairs.iter().all(|pair| *pair == [0.0, 255.0]),
    };
    if depth == Depth::Bytes && !own { Depth::Words } else { depth }
}

fn outline(source: &Source, channels: &Channels) -> Result<Outline, String> {
    match source {
        Source::Packed { look: Some(look), .. } if matches!(channels, Channels::Auto | Channels::Count(1 | 3)) => {
            let channels = channels.count().unwrap_or(look.channels);
            Ok(Outline { width: look.width, height: look.height, channels, depth: Depth::Bytes })
        }
        source => decode::outline(&source.read()?, channels),
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};

    use super::*;

    fn source(image: &DynamicImage, format: ImageFormat) -> Source {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        Source::Bytes { bytes: bytes.into_inner().as_slice().into(), name: None }
    }

    fn samples(sources: Vec<Source>) -> Samples {
        let count = sources.len();
        Samples { rows: (0..count as u64).collect(), labels: vec![None; count], classes: [].into(), sources }
    }

    #[test]
    fn headers_say_what_decoding_says() {
        let gray = |width, height| DynamicImage::from(GrayImage::new(width, height));
        let color = |width, height| DynamicImage::from(RgbImage::new(width, height));
        let cut = |source: &Source, length: usize| {
            let bytes = source.read().unwrap();
            Source::Bytes { bytes: bytes[..length.min(bytes.len())].into(), name: Some("cut".into()) }
        };
        let jpeg = source(&color(40, 30), ImageFormat::Jpeg);
        let mut mixed = vec![cut(&jpeg, 200), Source::Missing, jpeg];
        mixed.extend((0..30).map(|i| source(&gray(50 + i, 60), ImageFormat::Png)));
        mixed.push(source(&color(9, 200), ImageFormat::WebP));
        mixed.push(source(&DynamicImage::new_rgba16(70, 80), ImageFormat::Png));
        let alike = (0..5).map(|_| source(&gray(8, 6), ImageFormat::Bmp)).collect();
        for sources in [mixed, alike] {
            let samples = samples(sources);
            for channels in [Channels::Auto, Channels::Count(1), Channels::Count(3)] {
                let options = LoadOptions { channels, max_bad_fraction: 1.0, ..LoadOptions::default() };
                let images = Images::load(&samples, &options).unwrap();
                let (survey, bad) = survey(&samples, &options).unwrap();
                assert_eq!(survey, images.survey());
                assert_eq!(bad, images.bad());
            }
        }
    }

    #[test]
    fn a_few_small_images_do_not_set_the_low_side() {
        let mut sizes = vec![(500, 371); 202];
        sizes.insert(100, (68, 90));
        let found = Survey::of(&sizes, 3, None);
        assert_eq!((found.smallest_side, found.low_side, found.size), (68, 371, None));
        // Of ten images the smallest counts, of nine as well.
        for count in [9, 10] {
            let sizes: Vec<_> = (0..count).map(|i| (100 + i, 300)).collect();
            assert_eq!(Survey::of(&sizes, 1, None).low_side, if count == 9 { 100 } else { 101 });
        }
        assert_eq!(Survey::of(&[], 1, None).low_side, 0);
    }
}
