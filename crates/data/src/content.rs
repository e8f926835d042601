//! What files hold, without reading them all: size, time of change, and a sample of their bytes.
//!
//! Size and time alone miss a picture that was changed in place by a program that puts the time back, or copied over another
//! of the same size with its time. A small file is read whole; of a large one beginning, end and some blocks between are, which
//! tells compressed pictures apart (a change early in them changes what follows, and a PNG's checksum stands at its end). Of
//! more files than [`MOST_FILES`] an evenly chosen part is read.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rayon::prelude::*;

use crate::{shard::first_word, source::Source};

/// As many are read in a second or two, once they are in the system's cache.
const MOST_FILES: usize = 1 << 16;
/// Read whole up to this many bytes: what a disk reads at once anyway.
const WHOLE: u64 = 64 << 10;
/// Of larger ones: so many blocks of so many bytes, the first at the beginning, the last at the end.
const BLOCKS: u64 = 6;
const BLOCK: u64 = 8 << 10;
/// More than any file system's clock takes for a step.
const TICK: Duration = Duration::from_secs(3);

/// What is known of the bytes of one image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    size: u64,
    time: u128,
    bytes: u64,
}

impl Content {
    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.time.to_le_bytes());
        bytes[24..].copy_from_slice(&self.bytes.to_le_bytes());
        bytes
    }
}

/// What each image's file holds; nothing for images that are known by their bytes or a checksum.
pub(crate) fn sampled(sources: &[Source]) -> Vec<Content> {
    let read = |at: usize| at * MOST_FILES / sources.len().max(1) != (at + 1) * MOST_FILES / sources.len().max(1);
    let all = sources.len() <= MOST_FILES;
    let one = |(at, source): (usize, &Source)| match source {
        Source::File { folder, name } => of_file(&folder.join(name), None, all || read(at)),
        Source::Packed { place, .. } if place.checksum.is_none() => {
            of_file(place.shard.path(), Some((place.offset, u64::from(place.len))), all || read(at))
        }
        Source::Bytes { .. } | Source::Packed { .. } | Source::Missing => Content::default(),
    };
    sources.par_iter().enumerate().map(one).collect()
}

/// A file, or a part of it, and when its entry last changed in any way, which no program puts back.
type Part = (PathBuf, Option<(u64, u64)>, i128);

fn of_file(path: &Path, part: Option<(u64, u64)>, read: bool) -> Content {
    /// What was read before: every view of a dataset asks for the same files.
    static KNOWN: LazyLock<Mutex<HashMap<Part, Content>>> = LazyLock::new(Mutex::default);
    let Ok(about) = fs::metadata(path) else { return Content { size: u64::MAX, ..Content::default() } };
    let time = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let content = Content { size: about.len(), time: time.map_or(0, |time| time.as_nanos()), bytes: 0 };
    // Reading from a pipe would wait for ever.
    if !read || !about.is_file() {
        return content;
    }
    let key = (path.to_owned(), part, changed(&about));
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
    if let Some(known) = known.filter(|known| (known.size, known.time) == (content.size, content.time)) {
        return known;
    }
    // A file that cannot be read is the business of those who look at its picture.
    let bytes = sample(path, part.unwrap_or((0, about.len()))).unwrap_or_default();
    let content = Content { bytes, ..content };
    // A clock ticks only so often: two changes within a tick look like one.
    if settled(key.2) {
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(key, content);
    }
    content
}

#[cfg(unix)]
fn changed(about: &Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt;
    i128::from(about.ctime()) * 1_000_000_000 + i128::from(about.ctime_nsec())
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> i128 {
    0
}

/// Whether a change lies back so far that a later one would show.
fn settled(changed: i128) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as i128);
    now - changed > TICK.as_nanos() as i128
}

/// A hash of some of the bytes of a part of a file.
fn sample(path: &Path, (offset, len): (u64, u64)) -> io::Result<u64> {
    let mut file = foretask_files::open(path)?;
    let mut hash = blake3::Hasher::new();
    let mut take = |from: u64, count: u64| -> io::Result<()> {
        file.seek(SeekFrom::Start(offset.saturating_add(from)))?;
        hash.update_reader((&mut file).take(count)).map(drop)
    };
    if len <= WHOLE {
        take(0, len)?;
    } else {
        for block in 0..BLOCKS {
            take((len - BLOCK) / (BLOCKS - 1) * block, BLOCK)?;
        }
        take(len - BLOCK, BLOCK)?;
    }
    Ok(first_word(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn source(folder: &Path, name: &str) -> Source {
        Source::File { folder: folder.into(), name: name.into() }
    }

    #[test]
    fn other_bytes_under_the_same_size_and_time_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bmp");
        for (size, places) in
            [(3000, vec![0, 1500, 2999]), (10 << 20, vec![0, 5000, (10 << 20) - 1, (10 << 20) - 5000])]
        {
            let mut bytes: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            fs::write(&path, &bytes).unwrap();
            let time = fs::metadata(&path).unwrap().modified().unwrap();
            let look = || sampled(&[source(folder.path(), "a.bmp")])[0];
            let before = look();
            assert_eq!((before, before.size), (look(), size as u64));
            for place in places {
                bytes[place] ^= 1;
                fs::write(&path, &bytes).unwrap();
                File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
                let after = look();
                assert_eq!((after.size, after.time), (before.size, before.time));
                assert_ne!(after.bytes, before.bytes, "byte {place} of {size}");
                bytes[place] ^= 1;
            }
        }
    }

    #[test]
    fn the_same_bytes_and_time_elsewhere_are_the_same() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &two] {
            let path = folder.path().join("a.png");
            fs::write(&path, "picture").unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
        }
        let look = |folder: &Path| sampled(&[source(folder, "a.png"), source(folder, "gone.png"), Source::Missing]);
        assert_eq!(look(one.path()), look(two.path()));
        assert_eq!(look(one.path())[1].size, u64::MAX);
    }
}
