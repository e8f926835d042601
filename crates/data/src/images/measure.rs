//! What is black and white in a dataset, found out from its images.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{LoadOptions, threads::in_pool};
use crate::{
    decode::{self, Depth, HEAD, Values},
    error::Result,
    reading::{Channels, Range, Whites},
    samples::Samples,
    source::Source,
};

/// Images whose first bytes are looked at for more than 8 bits.
const GLANCED: usize = 256;
/// Images that are measured, evenly spread.
const MEASURED: usize = 1000;
/// Values of a channel that percentiles are taken of, evenly spread over those images.
const SAMPLED: usize = 1 << 20;
/// More channels than a photograph's are measurements, of which nobody knows black and white.
const FEW: usize = 3;

/// The range of `options` with nothing left open: what stands open is found out from at most a thousand of the images, evenly
/// spread. Images of 8 bits with the usual range cost a look at a few headers.
///
/// # Errors
/// Options that are out of range.
pub fn settle_range(samples: &Samples, options: &LoadOptions) -> Result<Range> {
    options.check()?;
    settled(samples, options)
}

pub(super) fn settled(samples: &Samples, options: &LoadOptions) -> Result<Range> {
    if options.range.is_settled() {
        return Ok(options.range.clone());
    }
    let percentile = options.range == Range::Percentile;
    if !percentile && !any_deep(&samples.sources, options.threads)? {
        return Ok(Range::Whites(Whites::default()));
    }
    let chosen: Vec<&Source> = spread(&samples.sources, MEASURED).collect();
    let a_channel = (SAMPLED / chosen.len().max(1)).max(16);
    let measure = |source: &&Source| measured(source, &options.channels, a_channel);
    let found: Vec<Measured> = in_pool(options.threads, || chosen.par_iter().filter_map(measure).collect())?;
    let many = found.iter().any(|one| one.deep && one.channels.len() > FEW);
    if percentile || many {
        return Ok(between(&found).map_or_else(|| Range::Whites(Whites::default()), Range::Between));
    }
    let mut whites = Whites::default();
    for (full, white) in found.iter().filter_map(|one| one.word_white) {
        let known = whites.words.entry(full).or_insert(white);
        *known = white.max(*known);
    }
    whites.floats = found.iter().filter_map(|one| one.float_white).reduce(f32::max);
    if whites.is_empty() {
        // What all files say of themselves holds for such as say nothing, and tells that there are more than 8 bits.
        for (full, white) in found.iter().filter_map(|one| one.told) {
            let known = whites.words.entry(full).or_insert(white);
            *known = white.max(*known);
        }
    }
    Ok(Range::Whites(whites))
}

/// At most `most` of all, evenly spread.
fn spread<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let count = all.len().min(most);
    (0..count).filter_map(move |i| all.get(i * all.len() / count.max(1)))
}

/// Whether any of some images has more than 8 bits.
fn any_deep(sources: &[Source], threads: usize) -> Result<bool> {
    let chosen: Vec<&Source> = spread(sources, GLANCED).collect();
    let deep = |source: &&Source| {
        let is_plain = |head: Vec<u8>| !decode::may_be_deep(&head);
        if source.head(HEAD).is_ok_and(is_plain) {
            return false;
        }
        let outline = source.read().and_then(|bytes| decode::outline(&bytes, &Channels::Auto));
        outline.is_ok_and(|outline| outline.depth != Depth::Bytes)
    };
    in_pool(threads, || chosen.par_iter().any(deep))
}

/// What one image says.
struct Measured {
    deep: bool,
    /// White by the largest value of the type, as its values tell.
    word_white: Option<(u32, u32)>,
    /// The same as the file itself says it; windows make values of all 16 bits.
    told: Option<(u32, u32)>,
    float_white: Option<f32>,
    /// Some values of each channel.
    channels: Vec<Vec<f32>>,
}

fn measured(source: &Source, channels: &Channels, a_channel: usize) -> Option<Measured> {
    let bytes = source.read().ok()?;
    let raw = decode::read(&bytes, channels).and_then(|raw| raw.pick(channels)).ok()?;
    let of_words = raw.white.filter(|_| raw.values.depth() == Depth::Words).map(|white| (raw.full, white));
    let told = if raw.window.is_some() { Some((65535, 65535)) } else { of_words };
    let (word_white, float_white) = match &raw.values {
        Values::Bytes(_) => (None, None),
        // Where the file says what is white, it says nothing of the others.
        _ if told.is_some() => (None, None),
        Values::Words(values) => {
            let largest = values.iter().copied().max().map_or(0, u32::from);
            (Some((raw.full, decode::white_of_words(largest, raw.full).0)), None)
        }
        Values::Floats(values) => (None, decode::white_of_floats(values).ok().map(|(white, _)| white)),
    };
    let deep = raw.values.depth() != Depth::Bytes && raw.window.is_none();
    Some(Measured { deep, told, word_white, float_white, channels: decode::some_values(&raw, a_channel) })
}

/// The percentiles of each channel over images of the same number of channels, that of most of them.
fn between(found: &[Measured]) -> Option<Vec<[f32; 2]>> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for one in found {
        *counts.entry(one.channels.len()).or_default() += 1;
    }
    let (channels, _) = counts.into_iter().max_by_key(|&(channels, count)| (count, channels))?;
    let pair = |channel: usize| {
        let alike = found.iter().filter(|one| one.channels.len() == channels);
        decode::black_and_white(alike.flat_map(|one| one.channels[channel].iter().copied()).collect())
    };
    Some((0..channels).map(pair).collect())
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageBuffer, ImageFormat, Luma};

    use super::*;
    use crate::{
        Images,
        test_images::{encode, png},
    };

    fn samples(files: Vec<Vec<u8>>) -> Samples {
        let count = files.len();
        let source = |bytes: Vec<u8>| Source::Bytes { bytes: bytes.as_slice().into(), name: None };
        let sources = files.into_iter().map(source).collect();
        Samples { rows: (0..count as u64).collect(), labels: vec![None; count], classes: [].into(), sources }
    }

    /// Values that count up to `largest`.
    fn deep(largest: u16) -> Vec<u8> {
        let image = ImageBuffer::from_fn(10, 10, |x, y| Luma([largest / 99 * (x + 10 * y) as u16]));
        encode(DynamicImage::ImageLuma16(image), ImageFormat::Png)
    }

    fn settle(files: Vec<Vec<u8>>, range: Range) -> Range {
        settle_range(&samples(files), &LoadOptions { range, ..LoadOptions::default() }).unwrap()
    }

    #[test]
    fn white_is_that_of_all_images_together() {
        let whites =
            |words: &[(u32, u32)]| Range::Whites(Whites { words: words.iter().copied().collect(), floats: None });
        assert_eq!(settle(vec![png(1), png(2)], Range::Auto), whites(&[]));
        assert_eq!(settle(vec![deep(200), deep(3000), png(1)], Range::Auto), whites(&[(65535, 4095)]));
        // A dark image among brighter ones is dark.
        let images = Images::load(&samples(vec![deep(200), deep(3000)]), &LoadOptions::default()).unwrap();
        let largest = |i: usize| match images.get(i).unwrap().data {
            Values::Words(words) => words.iter().copied().max().unwrap_or(0),
            _ => 0,
        };
        // 198 and 2970 of 4095.
        assert_eq!((largest(0), largest(1)), (3169, 47531));
        assert_eq!(images.reading().unwrap().range, whites(&[(65535, 4095)]));
    }

    #[test]
    fn percentiles_leave_out_a_half_percent_at_each_end() {
        // 0 to 9999, each once: the 50 smallest and the 50 largest are cut off.
        let image = ImageBuffer::from_fn(100, 100, |x, y| Luma([(x + 100 * y) as u16]));
        let found = settle(vec![encode(DynamicImage::ImageLuma16(image), ImageFormat::Png)], Range::Percentile);
        assert_eq!(found, Range::Between(vec![[50.0, 9949.0]]));
        // The same of bytes.
        assert!(matches!(settle(vec![png(1)], Range::Percentile), Range::Between(pairs) if pairs.len() == 1));
        let even = settle(vec![deep(0)], Range::Percentile);
        assert_eq!(even, Range::Between(vec![[0.0, 1.0]]));
    }
}
