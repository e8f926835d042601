//! Views made by the device that trains. The loader's threads hand over bytes and draw what happens to them; all views of a
//! batch are then made at once, by operations on tensors. What happens to which image is drawn by foretask-pretext from the
//! same keys as on the host, so the views are the same up to rounding.
//!
//! Meant for GPUs, which otherwise wait for the host: a core makes some thousand views of photographs a second, and bytes
//! take a quarter of the way that `f32` take. On CPUs the host's own operations do the same in a fraction of the time.

mod blur;
mod color;
mod fill;
mod geometry;
mod sources;
mod table;
#[cfg(test)]
mod tests;

use burn::tensor::{Device as ImageSlot, Tensor};
use foretask_backend::{Device, upload_bytes};
use foretask_data::{Depth, Images};
use foretask_pretext::{Augment, Resolved, Shape, Views};

use super::augment_on::AugmentOn;
use crate::error::TrainError;
use blur::Blur;
pub(super) use sources::{Slot, Sources};
use table::Table;

/// Refuses what no task of these can do.
pub(super) fn check<'a>(on: AugmentOn, mut tasks: impl Iterator<Item = &'a Resolved>) -> Result<(), TrainError> {
    if on != AugmentOn::Device || tasks.any(|task| views_of(task).is_some()) {
        return Ok(());
    }
    let reason = "is \"device\", but that is for tasks that compare views (as `simclr` does) whose `views` neither \
                  `rotate` nor `equalize`, on images of one or three channels; leave it out, and the host makes the inputs"
        .to_owned();
    Err(TrainError::Option { option: "augment_on", reason })
}

/// For each task how the device makes its views, where it is asked to and can: of images that travel as bytes.
pub(super) fn choose<'a>(
    on: AugmentOn,
    tasks: impl Iterator<Item = &'a Resolved>,
    images: &Images,
    device: &Device,
) -> Vec<Option<OnDevice>> {
    let wanted = on == AugmentOn::Device || (on == AugmentOn::Auto && device.is_gpu());
    let wanted = wanted && images.depth() == Depth::Bytes;
    tasks.map(|task| wanted.then(|| OnDevice::new(task, images.uniform_size())).flatten()).collect()
}

/// The task's views, where a device can make them.
fn views_of(task: &Resolved) -> Option<Views> {
    let views = task.task.views(task.shape)?;
    // Other channels are changed one by one.
    let plain = matches!(task.shape.channels, 1 | 3);
    let can = |view: &Augment| {
        let none = |p: Option<f64>| p.unwrap_or(0.0) == 0.0;
        plain && none(view.rotate) && none(view.equalize) && none(view.channel_drop)
    };
    let local = views.local.unwrap_or(0) == 0 || can(&views.local_view);
    (can(&views.first) && can(&views.second) && local).then_some(views)
}

/// Images are sent whole where they have at most so many times the pixels of their views together: beyond, the host cuts
/// out what each view shows, since resizing by matrices costs as many multiplications as there are pixels.
const LARGEST_WHOLE: usize = 4;

/// The views of one task, as a device makes them.
#[derive(Debug)]
pub(super) struct OnDevice {
    views: Views,
    shape: Shape,
    /// Shapes of the views, and how many there are of each.
    blocks: Vec<(Shape, usize)>,
    /// (width, height) of images that are sent whole. Else the host sends what each view shows, in the view's size.
    whole: Option<(usize, usize)>,
    blur: Blur,
}

impl OnDevice {
    /// `None` where a device cannot make the task's views.
    pub(super) fn new(task: &Resolved, size: Option<(usize, usize)>) -> Option<Self> {
        let views = views_of(task)?;
        let blocks = views.blocks(task.shape);
        let pixels: usize = blocks.iter().map(|(shape, count)| shape.plane() * count).sum();
        let whole = size.filter(|(width, height)| width * height <= LARGEST_WHOLE * pixels);
        Some(Self { views, shape: task.shape, blocks, whole, blur: Blur::default() })
    }

    /// All views of a batch in 0..1, `[count * per_image, channels, height, width]` for each block, and how many there are of
    /// each image.
    pub(super) fn make(&self, sources: Sources, device: &ImageSlot) -> Vec<(Tensor<4>, usize)> {
        let Sources { bytes, drawn } = sources;
        let (count, channels) = (drawn.len(), self.shape.channels);
        let arrive = |bytes: Vec<u8>, images: usize, (width, height): (usize, usize)| {
            upload_bytes(bytes, [images, height, width * channels], device).div_scalar(255.0)
        };
        let mut bytes = bytes.into_iter();
        let whole = self.whole.map(|size| (arrive(bytes.next().unwrap_or_default(), count, size), size));
        let mut first = 0;
        let mut made = Vec::new();
        for &(shape, per_image) in &self.blocks {
            let views = first..first + per_image;
            first += per_image;
            let drawn: Vec<_> = drawn.iter().flat_map(|drawn| drawn[views.clone()].iter().copied()).collect();
            let (x, size) = whole.clone().unwrap_or_else(|| {
                let size = (shape.width, shape.height);
                (arrive(bytes.next().unwrap_or_default(), count * per_image, size), size)
            });
            let table = Table::new(&drawn, size, shape, device);
            let x = geometry::show(x, &table, size, shape);
            let x = color::change(x, &table, shape.is_color());
            let x = self.blur.apply(x, &drawn, device);
            let x = color::solarize(x, &table);
            made.push((geometry::cut_out(x, &drawn, device), per_image));
        }
        made
    }
}
