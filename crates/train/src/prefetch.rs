//! Reading the windows of a shuffle before the batches that need them.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use foretask_data::{Images, ReadAhead};

use crate::loader::{Request, Sampling};

/// Which window of which epoch.
type Name = (u64, usize);

/// Keeps the window of the current batch in memory, and reads the one after it meanwhile. Does nothing where images need
/// no windows.
pub(crate) struct WindowPrefetcher<'a> {
    images: &'a Images,
    sampling: Sampling,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The epoch that the ends belong to.
    epoch: Option<u64>,
    /// Where each window ends in the epoch's order.
    ends: Vec<usize>,
    windows: Vec<(Name, Window)>,
}

enum Window {
    Read(#[allow(dead_code)] ReadAhead), // Held for what is in memory as long as it lives.
    Reading(JoinHandle<ReadAhead>),
}

impl<'a> WindowPrefetcher<'a> {
    pub(crate) fn new(images: &'a Images, sampling: &Sampling) -> Self {
        Self { images, sampling: *sampling, held: Mutex::default() }
    }

    /// To be called before the images of a batch are looked at; batches ascend.
    pub(crate) fn prepare(&self, request: &Request) {
        if self.sampling.windows.is_none() || request.indices.is_empty() {
            return;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.epoch != Some(request.epoch) {
            held.ends = self.ends(request.epoch);
            held.epoch = Some(request.epoch);
        }
        let places = self.sampling.places(request.batch);
        let at = |place: usize| held.ends.partition_point(|&end| end <= place);
        let (first, last) = (at(places.start), at(places.end - 1));
        let next = if last + 1 < held.ends.len() { (request.epoch, last + 1) } else { (request.epoch + 1, 0) };
        let needed: Vec<Name> = (first..=last).map(|window| (request.epoch, window)).collect();
        held.windows.retain(|(name, _)| needed.contains(name) || *name == next);
        for name in needed {
            let known = held.windows.iter().position(|(known, _)| *known == name);
            let window = match known.map(|at| held.windows.swap_remove(at).1) {
                Some(Window::Read(read)) => read,
                // A reader that panicked is as good as none: images are then read one by one.
                Some(Window::Reading(reader)) => match reader.join() {
                    Ok(read) => read,
                    Err(_) => continue,
                },
                None => self.read(name),
            };
            held.windows.push((name, Window::Read(window)));
        }
        if !held.windows.iter().any(|(name, _)| *name == next) {
            let (images, sampling) = (self.images.clone(), self.sampling);
            let reader = std::thread::Builder::new().name("read-ahead".to_owned()).spawn(move || {
                let (epoch, window) = next;
                read(&images, &sampling, epoch, window)
            });
            if let Ok(reader) = reader {
                held.windows.push((next, Window::Reading(reader)));
            }
        }
    }

    fn ends(&self, epoch: u64) -> Vec<usize> {
        let windows = self.sampling.windows.map(|w| w.of_epoch(self.sampling.seed, epoch, self.sampling.images));
        let sizes =
            windows.unwrap_or_default().into_iter().map(|window| window.iter().map(ExactSizeIterator::len).sum());
        let ends = sizes.scan(0, |end, size: usize| {
            *end += size;
            Some(*end)
        });
        ends.collect()
    }

    fn read(&self, (epoch, window): Name) -> ReadAhead {
        read(self.images, &self.sampling, epoch, window)
    }
}

fn read(images: &Images, sampling: &Sampling, epoch: u64, window: usize) -> ReadAhead {
    let windows = sampling.windows.map(|windows| windows.of_epoch(sampling.seed, epoch, sampling.images));
    images.read_ahead(windows.unwrap_or_default().get(window).map_or(&[], Vec::as_slice))
}

#[cfg(test)]
mod tests {
    use foretask_data::{ImportOptions, LoadOptions, Manifest, PackOptions, Windows, pack};

    use super::*;
    use crate::loader::{Workers, with_batches};

    fn held(prefetcher: &WindowPrefetcher<'_>) -> usize {
        prefetcher.held.lock().unwrap().windows.len()
    }

    #[test]
    fn batches_see_the_same_images_from_windows_as_from_memory_and_two_windows_are_held() {
        let folder = tempfile::tempdir().unwrap();
        let packed = folder.path().join("packed");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/fashion-mini");
        let import = ImportOptions { per_class: Some("test=40".parse().unwrap()), ..Default::default() };
        let options = PackOptions { import, ..PackOptions::default() };
        pack(source.as_ref(), &packed, &options, &mut |_, _| ()).unwrap();
        let samples = Manifest::open(&packed).unwrap().split("test").unwrap().samples().unwrap();
        let load =
            |cache_bytes| Images::load(&samples, &LoadOptions { cache_bytes, ..LoadOptions::default() }).unwrap();
        let (memory, disk) = (load(1 << 30), load(100_000));
        assert!(disk.windows().is_some() && memory.windows().is_none());

        let windows = Some(Windows { block: 20, blocks: 3 });
        let sampling = Sampling { images: disk.len(), batch_size: 32, seed: 5, drop_last: true, windows };
        let collect = |images: &Images, start: u64| {
            let prefetcher = WindowPrefetcher::new(images, &sampling);
            let make = |request: &Request, _: &Workers| {
                prefetcher.prepare(request);
                assert!(held(&prefetcher) <= 3, "{}", held(&prefetcher));
                Ok(request.indices.iter().map(|&i| images.get(i as usize).unwrap().into_owned()).collect::<Vec<_>>())
            };
            let end = 3 * sampling.batches_per_epoch();
            with_batches(&sampling, start..end, 1, &make, |batches| {
                (start..end).map(|_| batches.take().unwrap()).collect::<Vec<_>>()
            })
        };
        let expected = collect(&memory, 0);
        assert_eq!(collect(&disk, 0), expected);
        assert_eq!(collect(&disk, 17), expected[17..]);
    }
}
