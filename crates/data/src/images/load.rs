//! The first look at every image.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rayon::prelude::*;

use super::{
    About, BadImage, ImageSummary, Images, LoadOptions, OnBadImage, Remarks, Store, Stored, agree::agreed,
    ahead_cache::ReadAheadCache, measure::settled, pile::Pile, threads::in_pool,
};
use crate::{
    decode::{self, Depth, Notes, Pixels, Values},
    error::{DataError, Result},
    reading::{Channels, Range, Reading},
    samples::Samples,
    source::Source,
};

/// What the first look at an image gives.
struct Seen {
    look: ImageSummary,
    depth: Depth,
    /// What was assumed to make pixels of it.
    notes: Notes,
    /// The pixels, unless there is no room to keep them.
    kept: Option<Values<'static>>,
}

impl Images {
    /// Decodes every image once, in parallel, keeping the order; see [`LoadOptions`].
    ///
    /// # Errors
    /// [`DataError::BadImages`] where more images are bad than allowed, or all are.
    pub fn load(samples: &Samples, options: &LoadOptions) -> Result<Self> {
        load(samples, options)
    }
}

fn load(samples: &Samples, options: &LoadOptions) -> Result<Images> {
    options.check()?;
    let range = settled(samples, options)?;
    let room = AtomicU64::new(options.cache_bytes);
    let mut seen: Vec<Result<Seen, String>> = match known(samples, options, &range) {
        Some(looks) => {
            let seen = |look| Ok(Seen { look, depth: Depth::Bytes, notes: Notes::default(), kept: None });
            looks.into_iter().map(seen).collect()
        }
        None => in_pool(options.threads, || {
            samples.sources.par_iter().map(|source| look(source, &options.channels, &range, &room)).collect()
        })?,
    };
    let channels = agreed(&options.channels, &mut seen, |seen| seen.look.channels);

    let bad: Vec<BadImage> = (seen.iter().enumerate())
        .filter_map(|(i, seen)| {
            let reason = seen.as_ref().err()?.clone();
            Some(BadImage { row: samples.rows[i], path: samples.sources[i].name().map(str::to_owned), reason })
        })
        .collect();
    let bad = accepted(bad, samples.len(), options.on_bad_image, options.max_bad_fraction)?;

    let mut remarks = Remarks::default();
    seen.iter().flatten().for_each(|seen| remarks.add(seen.notes));
    let depth = seen.iter().flatten().map(|seen| seen.depth).max().unwrap_or_default();
    let bytes = |seen: &Seen| decoded_bytes(seen.look.width, seen.look.height, channels, depth);
    let total: u64 = seen.iter().flatten().map(bytes).sum();
    let fits = total <= options.cache_bytes && seen.iter().flatten().all(|seen| seen.kept.is_some());

    let mut about = Vec::with_capacity(seen.len());
    let mut labels = Vec::with_capacity(seen.len());
    let mut data = Pile::new(depth, if fits { total as usize / depth.size() } else { 0 });
    let mut starts = vec![0];
    let mut sources = Vec::new();
    for (i, seen) in seen.into_iter().enumerate() {
        let Ok(mut seen) = seen else { continue };
        if let Some(data_of_image) = seen.kept.take().filter(|_| fits) {
            // Gray files among colored ones become RGB here, and shallow ones among deep ones deep.
            let (width, height) = (seen.look.width as usize, seen.look.height as usize);
            let pixels = Pixels { width, height, channels: seen.look.channels, data: data_of_image };
            data.push(pixels.with_channels(channels).at_depth(depth).data);
            starts.push(data.len());
        } else {
            sources.push(samples.sources[i].clone());
        }
        about.push(About {
            row: samples.rows[i],
            name: samples.sources[i].name().map(Into::into),
            width: seen.look.width,
            height: seen.look.height,
            hash: seen.look.hash,
            sums: seen.look.sums.with_channels(channels),
        });
        labels.push(samples.labels[i]);
    }
    let pixels = if fits {
        Stored::Memory { data, starts }
    } else {
        let reading = Reading { channels: options.channels.clone(), range: range.clone() };
        Stored::Encoded { sources, reading, memory: options.cache_bytes, ahead: ReadAheadCache::default() }
    };
    let index = (0..about.len() as u32).collect();
    let store = Store {
        channels,
        depth,
        reading: telling(&options.channels, channels, range, depth),
        classes: samples.classes.clone(),
        pixels,
        about,
        bad,
        remarks: remarks.in_words(),
    };
    Ok(Images { store: Arc::new(store), index, labels: labels.into(), fingerprint: Arc::default() })
}

/// The reading where it is not that of photographs, whose channels are gray or color and whose bytes go from 0 to 255.
fn telling(asked: &Channels, channels: usize, range: Range, depth: Depth) -> Option<Reading> {
    let plain_channels = matches!(asked, Channels::Auto | Channels::Count(_)) && matches!(channels, 1 | 3);
    let plain_range = depth == Depth::Bytes && matches!(range, Range::Whites(_));
    let asked = if asked.is_auto() { Channels::Count(channels) } else { asked.clone() };
    (!plain_channels || !plain_range).then_some(Reading { channels: asked, range })
}

/// What a pack knows of all its images, where they are too many to keep decoded: then they need not be decoded now.
fn known(samples: &Samples, options: &LoadOptions, range: &Range) -> Option<Vec<ImageSummary>> {
    let plain = matches!(range, Range::Whites(whites) if whites.is_empty());
    if !plain || !matches!(options.channels, Channels::Auto | Channels::Count(1 | 3)) {
        return None;
    }
    let look = |source: &Source| match source {
        Source::Packed { look: Some(look), .. } => match options.channels.count() {
            Some(channels) => look.with_channels(channels),
            None => Some((**look).clone()),
        },
        _ => None,
    };
    let looks: Vec<ImageSummary> = samples.sources.iter().map(look).collect::<Option<_>>()?;
    let channels = if looks.iter().any(|look| look.channels == 3) { 3 } else { 1 };
    let total: u64 = looks.iter().map(|look| decoded_bytes(look.width, look.height, channels, Depth::Bytes)).sum();
    (total > options.cache_bytes).then_some(looks)
}

pub(super) fn decoded_bytes(width: u32, height: u32, channels: usize, depth: Depth) -> u64 {
    u64::from(width) * u64::from(height) * (channels * depth.size()) as u64
}

fn look(source: &Source, channels: &Channels, range: &Range, room: &AtomicU64) -> Result<Seen, String> {
    let raw = decode::read(&source.read()?, channels)?;
    // The content is that of the file, the statistics those of what is learned from.
    let hash = raw.content_hash();
    let (pixels, notes) = decode::pixels(raw.pick(channels)?, range)?;
    let look = ImageSummary::of(&pixels, hash);
    let depth = pixels.data.depth();
    let size = (pixels.data.len() * depth.size()) as u64;
    let fits = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(size)).is_ok();
    Ok(Seen { look, depth, notes, kept: fits.then_some(pixels.data) })
}

impl LoadOptions {
    /// What is wrong with them, whatever the images.
    pub(super) fn check(&self) -> Result<()> {
        let refused = |name, value: String, expected| Err(DataError::Argument { name, value, expected });
        if let Err(reason) = self.channels.check() {
            return refused("channels", self.channels.to_string(), reason);
        }
        if let Err(reason) = self.range.check() {
            return refused("range", self.range.to_string(), reason);
        }
        if !(0.0..=1.0).contains(&self.max_bad_fraction) {
            return refused(
                "max_bad_fraction",
                self.max_bad_fraction.to_string(),
                "a share between 0 and 1".to_owned(),
            );
        }
        Ok(())
    }
}

/// Accepts the list of bad images or refuses the dataset.
pub(crate) fn accepted(bad: Vec<BadImage>, total: usize, rule: OnBadImage, max_fraction: f64) -> Result<Vec<BadImage>> {
    if bad.is_empty() {
        return Ok(bad);
    }
    let (policy, way_out) = if bad.len() == total {
        ("none is left".to_owned(), "repair them, or give others".to_owned())
    } else if rule == OnBadImage::Error {
        ("on_bad_image is \"error\"".to_owned(), "on_bad_image \"skip\" leaves them out".to_owned())
    } else if bad.len() as f64 > max_fraction * total as f64 {
        // So that it may be copied: rounded up to a hundredth.
        let needed = (bad.len() as f64 / total as f64 * 100.0).ceil() / 100.0;
        let way_out = format!("repair them, drop their rows, or leave them out by max_bad_fraction = {needed}");
        (format!("more than max_bad_fraction = {max_fraction} allows"), way_out)
    } else {
        return Ok(bad);
    };
    Err(DataError::BadImages { bad, total, policy, way_out })
}
