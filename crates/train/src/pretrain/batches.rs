//! Batches of pretext tasks.

use foretask_backend::catch;
use foretask_data::Images;
use foretask_pretext::{Batch, ImageRef, PretextError, Resolved, Slot, Targets, Task};
use foretask_random::Key;

use super::normalizer::Normalizer;
use super::on_device::{self, OnDevice, Sources};
use super::ready::Ready;
use crate::error::TrainError;
use crate::loader::{BatchSource, Request, Workers};
use crate::prefetch::WindowPrefetcher;
use crate::reading::image_ref;

/// A task, its key in this epoch, and how the device makes its views, where it does.
struct Maker<'a> {
    task: &'a Resolved,
    key: Key,
    on_device: Option<&'a OnDevice>,
}

/// What the loader's threads make of a batch for one task.
enum TaskBatch {
    /// Its inputs.
    Inputs(Batch),
    /// What the device makes inputs of.
    Sources(Sources),
}

/// The part of it that belongs to one image.
enum ImageSlot<'a> {
    Inputs(Slot<'a>),
    Sources(on_device::Slot<'a>),
}

/// What each task makes of images. Random choices follow from (seed, task, epoch, row, view, operation).
pub(super) struct PretextBatches<'a> {
    /// The tasks, and how the device makes their views, where it does.
    pub(super) tasks: Vec<(&'a Resolved, Option<&'a OnDevice>)>,
    pub(super) images: &'a Images,
    pub(super) normalizer: &'a Normalizer,
    pub(super) prefetcher: WindowPrefetcher<'a>,
    pub(super) seed: u64,
}

impl PretextBatches<'_> {
    /// Whether the device makes the views of some task.
    pub(super) fn views_on_device(&self) -> bool {
        self.tasks.iter().any(|(_, on_device)| on_device.is_some())
    }

    fn makers(&self, epoch: u64) -> Vec<Maker<'_>> {
        let maker =
            |(&(task, on_device), n)| Maker { task, key: epoch_key(self.seed, n, &task.task, epoch), on_device };
        self.tasks.iter().zip(0..).map(maker).collect()
    }
}

/// What a task draws from in an epoch; the row of each image comes below it. The first task of several draws what it would draw
/// alone, and one whose inputs come again draws what it drew before.
pub(super) fn epoch_key(seed: u64, number: usize, task: &Task, epoch: u64) -> Key {
    let key = match number {
        0 => Key::new(seed),
        _ => Key::new(seed).named("task").with(number as u64),
    };
    key.with(task.repeats().map_or(epoch, |views| epoch % views))
}

impl BatchSource for PretextBatches<'_> {
    type Batch = Vec<Ready>;

    fn make(&self, request: &Request, workers: &Workers) -> Result<Vec<Ready>, TrainError> {
        self.prefetcher.prepare(request);
        let images = self.images;
        let makers = self.makers(request.epoch);
        let count = request.indices.len();
        let mut made: Vec<TaskBatch> = makers.iter().map(|maker| maker.room(count)).collect();
        let mut places: Vec<Vec<ImageSlot<'_>>> = (0..count).map(|_| Vec::with_capacity(makers.len())).collect();
        for made in &mut made {
            places.iter_mut().zip(made.places()).for_each(|(places, place)| places.push(place));
        }
        let work = places.into_iter().zip(&request.indices).collect();
        workers.each(work, |(places, &index): (Vec<ImageSlot<'_>>, &u32)| {
            // Looked at once, however many tasks there are: large images are decoded each time.
            let pixels = images.get(index as usize)?;
            let image = image_ref(&pixels)?;
            let row = images.row(index as usize);
            places.into_iter().zip(&makers).try_for_each(|(place, maker)| {
                maker.fill(image, row, place).map_err(|source| TrainError::Image {
                    name: images.name(index as usize),
                    row,
                    source: Box::new(source),
                })
            })
        })?;
        let ready = |(made, maker): (TaskBatch, &Maker<'_>)| {
            let finish = || maker.finish(made, request, self.normalizer);
            Ok(catch("bringing a batch to the device", finish)?)
        };
        made.into_iter().zip(&makers).map(ready).collect()
    }

    fn row(&self, index: u32) -> u64 {
        self.images.row(index as usize)
    }
}

impl Maker<'_> {
    fn room(&self, count: usize) -> TaskBatch {
        match self.on_device {
            Some(on_device) => TaskBatch::Sources(on_device.sources(count)),
            None => TaskBatch::Inputs(Batch::new(&self.task.task.layout(self.task.shape), count)),
        }
    }

    fn fill(&self, image: ImageRef<'_>, row: u64, place: ImageSlot<'_>) -> Result<(), PretextError> {
        let key = self.key.with(row);
        match (place, self.on_device) {
            (ImageSlot::Sources(slot), Some(on_device)) => on_device.fill(image, key, slot),
            (ImageSlot::Inputs(slot), _) => self.task.task.generate(image, key, self.task.shape, slot),
            // There are sources only where the device makes views.
            (ImageSlot::Sources(_), None) => Ok(()),
        }
    }

    fn finish(&self, made: TaskBatch, request: &Request, normalizer: &Normalizer) -> Ready {
        let (inputs, targets) = match (made, self.on_device) {
            (TaskBatch::Inputs(Batch { inputs, targets, .. }), _) => {
                (inputs.into_iter().map(|block| normalizer.block(block)).collect(), targets)
            }
            (TaskBatch::Sources(sources), on_device) => {
                let views = on_device.map(|on_device| on_device.make(sources, &normalizer.device)).unwrap_or_default();
                let block = |(x, per_image)| normalizer.normalized(x, per_image);
                (views.into_iter().map(block).collect(), Targets::Views)
            }
        };
        Ready { inputs, targets, images: request.whole.clone(), epoch: request.epoch }
    }
}

impl TaskBatch {
    /// One an image, in order.
    fn places(&mut self) -> Vec<ImageSlot<'_>> {
        match self {
            Self::Inputs(batch) => batch.slots().into_iter().map(ImageSlot::Inputs).collect(),
            Self::Sources(sources) => sources.slots().into_iter().map(ImageSlot::Sources).collect(),
        }
    }
}
