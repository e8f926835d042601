//! Batches of a pretext task.

use foretask_data::Images;
use foretask_pretext::{Batch, ImageRef, Resolved};
use foretask_random::Key;

use crate::error::TrainError;
use crate::loader::{Request, Workers};

/// What the task makes of the images of a request. Random choices follow from (seed, epoch, row, view, operation).
pub(super) fn make(
    task: &Resolved,
    images: &Images,
    seed: u64,
    request: &Request,
    workers: &Workers,
) -> Result<Batch, TrainError> {
    let mut batch = Batch::new(&task.task, task.shape, request.indices.len());
    let epoch = Key::new(seed).with(request.epoch);
    let work = batch.slots().into_iter().zip(&request.indices).collect();
    workers.each(work, |(slot, &index)| {
        let index = index as usize;
        let pixels = images.get(index)?;
        let (width, height, channels) = (pixels.width, pixels.height, pixels.channels);
        let image = ImageRef { data: &pixels.data, width, height, channels };
        task.task.generate(image, epoch.with(images.row(index)), task.shape, slot.inputs, slot.target)?;
        Ok(())
    })?;
    Ok(batch)
}
