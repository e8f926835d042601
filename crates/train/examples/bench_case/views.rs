//! The data path alone: batches are made and dropped.

use std::error::Error;
use std::path::PathBuf;

use foretask_data::{Pixels, decode_file};
use foretask_pretext::{Batch, Shape, Task};
use foretask_random::Key;
use foretask_train::TrainError;
use foretask_train::loader::{Request, Sampling, Workers, with_batches};

use crate::arguments::Arguments;
use crate::inputs;
use crate::measuring::{Measured, Window};

/// Images in memory, a usual number.
const IMAGES: usize = 10_000;
/// What photographs are brought to.
const PHOTO_VIEW: Shape = Shape { channels: 3, height: 224, width: 224 };

/// Two views of images in memory.
pub(crate) fn of_images(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let images = inputs::images(IMAGES, arguments.shape)?;
    run(arguments, arguments.shape, images.len(), |index| Ok(images.get(index as usize)?))
}

/// Decoding, and two views.
pub(crate) fn of_photos(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let mut files = Vec::new();
    find(arguments.photos()?.into(), &mut files)?;
    files.sort();
    if files.len() < arguments.batch {
        return Err(format!("there are {} JPEG files, fewer than a batch of {}", files.len(), arguments.batch).into());
    }
    run(arguments, PHOTO_VIEW, files.len(), |index| Ok(decode_file(&files[index as usize], Some(3))?))
}

fn find(folder: PathBuf, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase).unwrap_or_default();
        if path.is_dir() {
            find(path, files)?;
        } else if ending == "jpg" || ending == "jpeg" {
            files.push(path);
        }
    }
    Ok(())
}

/// Batches as pretraining makes them, from whatever `get` finds.
fn run<'a>(
    arguments: &Arguments,
    shape: Shape,
    images: usize,
    get: impl Fn(u32) -> Result<Pixels<'a>, TrainError> + Sync,
) -> Result<Measured, Box<dyn Error>> {
    let task = Task::by_name("simclr")?.resolve(shape)?.task;
    let sampling = Sampling { images, batch_size: arguments.batch, seed: 1, drop_last: true, windows: None };
    let make = |request: &Request, workers: &Workers| {
        let mut batch = Batch::new(&task.layout(shape), request.indices.len());
        let epoch = Key::new(1).with(request.epoch);
        let work = batch.slots().into_iter().zip(&request.indices).collect();
        workers.each(work, |(slot, &index)| {
            let pixels = get(index)?;
            let image = foretask_train::image_ref(&pixels)?;
            Ok(task.generate(image, epoch.with(u64::from(index)), shape, slot)?)
        })?;
        Ok(batch)
    };
    let mut window = Window::new(arguments.seconds);
    with_batches(&sampling, 0..u64::MAX, arguments.loader, &make, |batches| {
        let mut done = 0;
        loop {
            done += batches.take()?.count as u64;
            if window.report(done) {
                return Ok::<_, TrainError>(());
            }
        }
    })?;
    Ok(window.measured()?)
}
