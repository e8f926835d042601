//! Batches of pretext tasks.

use burn::tensor::Tensor;
use foretask_backend::catch;
use foretask_data::Images;
use foretask_pretext::{Batch, ImageRef, Resolved, Slot, Targets};
use foretask_random::Key;

use super::learner::Normalizer;
use crate::error::TrainError;
use crate::loader::{Request, Workers};

/// A task's batch with its inputs on the device: the loader's thread brings them there while the step before is computed.
#[derive(Debug)]
pub(super) struct Ready {
    /// One block for every input shape.
    pub(super) inputs: Vec<Block>,
    /// What the network shall answer.
    pub(super) targets: Targets,
    /// Positions of the source images in the pool.
    pub(super) images: Vec<u32>,
}

/// All inputs of one shape, image-major.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// `[count * per_image, channels, height, width]`, normalized, in the precision that the network is to compute in.
    pub(super) x: Tensor<4>,
    /// Inputs of this shape made of each image.
    pub(super) per_image: usize,
}

/// What each task makes of the images of a request. Random choices follow from (seed, task, epoch, row, view, operation).
pub(super) fn make<'a>(
    tasks: impl Iterator<Item = &'a Resolved>,
    images: &Images,
    normalizer: &Normalizer,
    seed: u64,
    request: &Request,
    workers: &Workers,
) -> Result<Vec<Ready>, TrainError> {
    // The first task draws what it would draw alone.
    let key = |number: usize| match number {
        0 => Key::new(seed),
        _ => Key::new(seed).named("task").with(number as u64),
    };
    let tasks: Vec<(&Resolved, Key)> = tasks.zip(0..).map(|(task, n)| (task, key(n).with(request.epoch))).collect();
    let count = request.indices.len();
    let mut made: Vec<Batch> = tasks.iter().map(|(task, _)| Batch::new(&task.task, task.shape, count)).collect();
    let mut slots: Vec<Vec<Slot<'_>>> = (0..count).map(|_| Vec::with_capacity(tasks.len())).collect();
    for batch in &mut made {
        batch.images.clone_from(&request.indices);
        slots.iter_mut().zip(batch.slots()).for_each(|(slots, slot)| slots.push(slot));
    }
    let work = slots.into_iter().zip(&request.indices).collect();
    workers.each(work, |(slots, &index): (Vec<Slot<'_>>, &u32)| {
        // Looked at once, however many tasks there are: large images are decoded each time.
        let pixels = images.get(index as usize)?;
        let (width, height, channels) = (pixels.width, pixels.height, pixels.channels);
        let image = ImageRef { data: &pixels.data, width, height, channels };
        let row = images.row(index as usize);
        slots.into_iter().zip(&tasks).try_for_each(|(slot, (task, key))| {
            task.task.generate(image, key.with(row), task.shape, slot).map_err(|source| TrainError::Image {
                name: images.name(index as usize),
                row,
                source: Box::new(source),
            })
        })
    })?;
    let ready = |Batch { inputs, targets, images, .. }: Batch| {
        let blocks = || inputs.into_iter().map(|block| normalizer.block(block)).collect();
        Ok(Ready { inputs: catch("bringing a batch to the device", blocks)?, targets, images })
    };
    made.into_iter().map(ready).collect()
}
