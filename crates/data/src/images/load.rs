//! The first look at every image.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rayon::prelude::*;

use super::{About, BadImage, Images, LoadOptions, OnBadImage, Store, Stored, stats::Sums};
use crate::{
    decode::{self, Pixels},
    error::{DataError, Result},
    samples::{Samples, Source},
};

/// What the first look at an image gives.
struct Seen {
    width: u32,
    height: u32,
    channels: u8,
    hash: u64,
    sums: Sums,
    /// The pixels, unless there is no room to keep them.
    kept: Option<Vec<u8>>,
}

pub(super) fn load(samples: &Samples, options: &LoadOptions) -> Result<Images> {
    decode::check_channels(options.channels)?;
    if !(0.0..=1.0).contains(&options.max_bad_fraction) {
        return Err(DataError::Argument {
            name: "max_bad_fraction",
            value: options.max_bad_fraction.to_string(),
            expected: "a share between 0 and 1".to_owned(),
        });
    }
    let room = AtomicU64::new(options.cache_bytes);
    let seen: Vec<Result<Seen, String>> = in_pool(options.threads, || {
        samples.sources.par_iter().map(|source| look(source, options.channels, &room)).collect()
    })?;

    let bad: Vec<BadImage> = (seen.iter().enumerate())
        .filter_map(|(i, seen)| {
            let reason = seen.as_ref().err()?.clone();
            Some(BadImage { row: samples.rows[i], path: samples.sources[i].name().map(str::to_owned), reason })
        })
        .collect();
    let bad = judge(bad, samples.len(), options.on_bad_image, options.max_bad_fraction)?;

    let colour = seen.iter().flatten().any(|seen| seen.channels == 3);
    let channels = options.channels.unwrap_or(if colour { 3 } else { 1 });
    let bytes = |seen: &Seen| u64::from(seen.width) * u64::from(seen.height) * u64::from(channels);
    let total: u64 = seen.iter().flatten().map(bytes).sum();
    let fits = total <= options.cache_bytes && seen.iter().flatten().all(|seen| seen.kept.is_some());

    let mut about = Vec::with_capacity(seen.len());
    let mut labels = Vec::with_capacity(seen.len());
    let mut data = Vec::with_capacity(if fits { total as usize } else { 0 });
    let mut starts = vec![0];
    let mut sources = Vec::new();
    for (i, seen) in seen.into_iter().enumerate() {
        let Ok(mut seen) = seen else { continue };
        if fits {
            // Grey files among coloured ones become RGB here.
            let kept = seen.kept.take().unwrap_or_default();
            let (width, height) = (seen.width as usize, seen.height as usize);
            let pixels = Pixels { width, height, channels: usize::from(seen.channels), data: kept.into() };
            data.extend_from_slice(&pixels.with_channels(channels).data);
            starts.push(data.len());
        } else {
            sources.push(samples.sources[i].clone());
        }
        about.push(About {
            row: samples.rows[i],
            name: samples.sources[i].name().map(Into::into),
            width: seen.width,
            height: seen.height,
            hash: seen.hash,
            sums: seen.sums.with_channels(channels),
        });
        labels.push(samples.labels[i]);
    }
    let pixels = if fits { Stored::Memory { data, starts } } else { Stored::Encoded(sources) };
    let index = (0..about.len() as u32).collect();
    let store = Store { channels, classes: samples.classes.clone(), pixels, about, bad };
    Ok(Images { store: Arc::new(store), index, labels: labels.into(), fingerprint: Arc::default() })
}

fn look(source: &Source, channels: Option<u8>, room: &AtomicU64) -> Result<Seen, String> {
    let bytes = source.read()?;
    let pixels = decode::decode(&bytes, None)?;
    let hash = content_hash(&pixels);
    let pixels = match channels {
        Some(channels) => pixels.with_channels(channels),
        None => pixels,
    };
    let size = pixels.data.len() as u64;
    let fits = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(size)).is_ok();
    Ok(Seen {
        width: pixels.width as u32,
        height: pixels.height as u32,
        channels: pixels.channels as u8,
        hash,
        sums: Sums::of(&pixels),
        kept: fits.then(|| pixels.data.into_owned()),
    })
}

/// Size and values, where a picture whose every pixel is grey counts as grey, however it is stored.
fn content_hash(pixels: &Pixels<'_>) -> u64 {
    let grey = pixels.channels == 3 && pixels.data.as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b);
    let mut hash = blake3::Hasher::new();
    hash.update(&(pixels.width as u64).to_le_bytes());
    hash.update(&(pixels.height as u64).to_le_bytes());
    if grey {
        let grey: Vec<u8> = pixels.data.iter().step_by(3).copied().collect();
        hash.update(&grey);
    } else {
        hash.update(&pixels.data);
    }
    let digest = hash.finalize();
    digest.as_bytes().iter().take(8).fold(0, |hash, &byte| hash << 8 | u64::from(byte))
}

/// Accepts the list of bad images or refuses the dataset.
pub(crate) fn judge(bad: Vec<BadImage>, total: usize, rule: OnBadImage, max_fraction: f64) -> Result<Vec<BadImage>> {
    if bad.is_empty() {
        return Ok(bad);
    }
    let policy = if bad.len() == total {
        "none is left".to_owned()
    } else if rule == OnBadImage::Error {
        "on_bad_image is \"error\"; \"skip\" leaves them out".to_owned()
    } else if bad.len() as f64 > max_fraction * total as f64 {
        format!("more than max_bad_fraction = {max_fraction}; repair them, drop their rows, or raise max_bad_fraction")
    } else {
        return Ok(bad);
    };
    Err(DataError::BadImages { bad, total, policy })
}

/// Runs `work` with this many threads; 0 = one per core.
pub(crate) fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| DataError::Argument {
        name: "threads",
        value: threads.to_string(),
        expected: error.to_string(),
    })?;
    Ok(pool.install(work))
}
