//! Looking at the images of a view.

use rayon::prelude::*;
use serde::Serialize;

use super::{Manifest, TableImages};
use crate::{
    decode::{self, Notes},
    error::Result,
    images::{BadImage, Remarks, in_pool},
    reading::Channels,
    source::Source,
};

/// Images that are decoded at once.
const BATCH: usize = 256;

/// Sizes of images that were decoded.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct ImageSizes {
    /// Images looked at.
    pub sampled: usize,
    /// Images among them that cannot be used.
    pub bad: usize,
    /// Smallest (width, height) by area.
    pub smallest: Option<(u32, u32)>,
    /// Largest (width, height) by area.
    pub largest: Option<(u32, u32)>,
}

/// What was seen.
#[derive(Default)]
pub(super) struct Inspected {
    pub(super) sizes: ImageSizes,
    pub(super) bad: Vec<BadImage>,
    pub(super) remarks: Remarks,
}

impl Manifest {
    /// Images at these rows.
    pub(super) fn inspect_some(&self, rows: &[u64]) -> Result<Inspected> {
        let mut inspected = Inspected::default();
        if !rows.is_empty() {
            let sample = self.selected(rows, String::new()).samples()?;
            inspected.look(&sample.rows, &sample.sources)?;
        }
        Ok(inspected)
    }

    /// All of `count` images, a few in memory at a time where the view is the whole table.
    pub(super) fn inspect_all(&self, count: usize, progress: &mut dyn FnMut(usize, usize)) -> Result<Inspected> {
        let mut inspected = Inspected::default();
        if count == 0 {
            return Ok(inspected);
        }
        if self.narrowing.is_all() {
            let mut images = TableImages::new(self)?;
            for start in (0..count).step_by(BATCH) {
                let rows: Vec<usize> = (start..(start + BATCH).min(count)).collect();
                let sources = images.at(&rows)?;
                let rows: Vec<u64> = rows.into_iter().map(|row| row as u64).collect();
                inspected.look(&rows, &sources)?;
                progress(inspected.sizes.sampled, count);
            }
        } else {
            let samples = self.samples()?;
            for (rows, sources) in samples.rows.chunks(BATCH).zip(samples.sources.chunks(BATCH)) {
                inspected.look(rows, sources)?;
                progress(inspected.sizes.sampled, count);
            }
        }
        Ok(inspected)
    }
}

impl Inspected {
    fn look(&mut self, rows: &[u64], sources: &[Source]) -> Result<()> {
        let one = |source: &Source| -> Result<((u32, u32), Notes), String> {
            let raw = decode::read(&source.read()?, &Channels::Auto)?;
            Ok(((raw.width as u32, raw.height as u32), decode::assumed(&raw)))
        };
        let found: Vec<_> = in_pool(0, || sources.par_iter().map(one).collect())?;
        let area = |size: (u32, u32)| u64::from(size.0) * u64::from(size.1);
        for ((&row, source), found) in rows.iter().zip(sources).zip(found) {
            self.sizes.sampled += 1;
            let (size, notes) = match found {
                Ok(found) => found,
                Err(reason) => {
                    self.sizes.bad += 1;
                    self.bad.push(BadImage { row, path: source.name().map(str::to_owned), reason });
                    continue;
                }
            };
            self.remarks.add(notes);
            if self.sizes.smallest.is_none_or(|smallest| area(size) < area(smallest)) {
                self.sizes.smallest = Some(size);
            }
            if self.sizes.largest.is_none_or(|largest| area(size) > area(largest)) {
                self.sizes.largest = Some(size);
            }
        }
        Ok(())
    }
}
