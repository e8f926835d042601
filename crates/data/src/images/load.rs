//! The first look at every image.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rayon::prelude::*;

use super::{
    About, BadImage, ImageSummary, Images, LoadOptions, OnBadImage, Remarks, Store, Stored, ahead_cache::ReadAheadCache,
};
use crate::{
    decode::{self, Notes, Pixels},
    error::{DataError, Result},
    samples::Samples,
    source::Source,
};

/// What the first look at an image gives.
struct Seen {
    look: ImageSummary,
    /// What was assumed to make pixels of it.
    notes: Notes,
    /// The pixels, unless there is no room to keep them.
    kept: Option<Vec<u8>>,
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
    decode::check_channels(options.channels)?;
    if !(0.0..=1.0).contains(&options.max_bad_fraction) {
        return Err(DataError::Argument {
            name: "max_bad_fraction",
            value: options.max_bad_fraction.to_string(),
            expected: "a share between 0 and 1".to_owned(),
        });
    }
    let room = AtomicU64::new(options.cache_bytes);
    let seen: Vec<Result<Seen, String>> = match known(samples, options) {
        Some(looks) => looks.into_iter().map(|look| Ok(Seen { look, notes: Notes::default(), kept: None })).collect(),
        None => in_pool(options.threads, || {
            samples.sources.par_iter().map(|source| look(source, options.channels, &room)).collect()
        })?,
    };

    let bad: Vec<BadImage> = (seen.iter().enumerate())
        .filter_map(|(i, seen)| {
            let reason = seen.as_ref().err()?.clone();
            Some(BadImage { row: samples.rows[i], path: samples.sources[i].name().map(str::to_owned), reason })
        })
        .collect();
    let bad = accepted(bad, samples.len(), options.on_bad_image, options.max_bad_fraction)?;

    let mut remarks = Remarks::default();
    seen.iter().flatten().for_each(|seen| remarks.add(seen.notes));
    let color = seen.iter().flatten().any(|seen| seen.look.channels == 3);
    let channels = options.channels.unwrap_or(if color { 3 } else { 1 });
    let total: u64 = seen.iter().flatten().map(|seen| decoded_bytes(seen.look.width, seen.look.height, channels)).sum();
    let fits = total <= options.cache_bytes && seen.iter().flatten().all(|seen| seen.kept.is_some());

    let mut about = Vec::with_capacity(seen.len());
    let mut labels = Vec::with_capacity(seen.len());
    let mut data = Vec::with_capacity(if fits { total as usize } else { 0 });
    let mut starts = vec![0];
    let mut sources = Vec::new();
    for (i, seen) in seen.into_iter().enumerate() {
        let Ok(mut seen) = seen else { continue };
        if fits {
            // Grey files among colored ones become RGB here.
            let kept = seen.kept.take().unwrap_or_default();
            let (width, height) = (seen.look.width as usize, seen.look.height as usize);
            let pixels = Pixels { width, height, channels: usize::from(seen.look.channels), data: kept.into() };
            data.extend_from_slice(&pixels.with_channels(channels).data);
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
        Stored::Encoded { sources, memory: options.cache_bytes, ahead: ReadAheadCache::default() }
    };
    let index = (0..about.len() as u32).collect();
    let store = Store { channels, classes: samples.classes.clone(), pixels, about, bad, remarks: remarks.in_words() };
    Ok(Images { store: Arc::new(store), index, labels: labels.into(), fingerprint: Arc::default() })
}

/// What a pack knows of all its images, where they are too many to keep decoded: then they need not be decoded now.
fn known(samples: &Samples, options: &LoadOptions) -> Option<Vec<ImageSummary>> {
    let look = |source: &Source| match source {
        Source::Packed { look: Some(look), .. } => match options.channels {
            Some(channels) => look.with_channels(channels),
            None => Some(**look),
        },
        _ => None,
    };
    let looks: Vec<ImageSummary> = samples.sources.iter().map(look).collect::<Option<_>>()?;
    let channels = if looks.iter().any(|look| look.channels == 3) { 3 } else { 1 };
    let total: u64 = looks.iter().map(|look| decoded_bytes(look.width, look.height, channels)).sum();
    (total > options.cache_bytes).then_some(looks)
}

pub(super) fn decoded_bytes(width: u32, height: u32, channels: u8) -> u64 {
    u64::from(width) * u64::from(height) * u64::from(channels)
}

fn look(source: &Source, channels: Option<u8>, room: &AtomicU64) -> Result<Seen, String> {
    let bytes = source.read()?;
    let (pixels, notes) = decode::decode_noted(&bytes)?;
    let mut look = ImageSummary::of(&pixels);
    let pixels = match channels {
        Some(channels) if usize::from(channels) != pixels.channels => {
            let pixels = pixels.with_channels(channels);
            // The content is that of the file, the statistics those of what is learned from.
            look = ImageSummary { hash: look.hash, ..ImageSummary::of(&pixels) };
            pixels
        }
        _ => pixels,
    };
    let size = pixels.data.len() as u64;
    let fits = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(size)).is_ok();
    Ok(Seen { look, notes, kept: fits.then(|| pixels.data.into_owned()) })
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

/// Runs `work` with this many threads; 0 = as many as compute, one per core unless told otherwise.
pub(crate) fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    let threads = if threads == 0 { rayon::current_num_threads() } else { threads };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| DataError::Argument {
        name: "threads",
        value: threads.to_string(),
        expected: error.to_string(),
    })?;
    Ok(pool.install(work))
}
