//! Batches of pretext tasks.

use foretask_data::Images;
use foretask_pretext::{Batch, ImageRef, Resolved};
use foretask_random::Key;

use crate::error::TrainError;
use crate::loader::{Request, Workers};

/// What each task makes of the images of a request. Random choices follow from (seed, task, epoch, row, view, operation).
pub(super) fn make<'a>(
    tasks: impl Iterator<Item = &'a Resolved>,
    images: &Images,
    seed: u64,
    request: &Request,
    workers: &Workers,
) -> Result<Vec<Batch>, TrainError> {
    let made = tasks.enumerate().map(|(number, task)| {
        // The first task draws what it would draw alone.
        let key = if number == 0 { Key::new(seed) } else { Key::new(seed).named("task").with(number as u64) };
        one(task, images, key.with(request.epoch), request, workers)
    });
    made.collect()
}

fn one(
    task: &Resolved,
    images: &Images,
    epoch: Key,
    request: &Request,
    workers: &Workers,
) -> Result<Batch, TrainError> {
    let mut batch = Batch::new(&task.task, task.shape, request.indices.len());
    batch.images.clone_from(&request.indices);
    let work = batch.slots().into_iter().zip(&request.indices).collect();
    workers.each(work, |(slot, &index)| {
        let pixels = images.get(index as usize)?;
        let (width, height, channels) = (pixels.width, pixels.height, pixels.channels);
        let image = ImageRef { data: &pixels.data, width, height, channels };
        let row = images.row(index as usize);
        task.task.generate(image, epoch.with(row), task.shape, slot).map_err(|source| TrainError::Image {
            name: images.name(index as usize),
            row,
            source: Box::new(source),
        })
    })?;
    Ok(batch)
}
