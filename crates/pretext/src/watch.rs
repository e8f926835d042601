//! Shortcut watch: data that make a task trivial or meaningless, found by looking at a sample of images.
//!
//! Nothing here is certain: each finding says what was seen, why it matters and what to do instead.

mod borders;
mod contents;
mod turns;

use crate::ops;
use crate::pixels::{ImageRef, Planes, Shape};
use crate::task::Task;

/// Something about the images that spoils a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// What was seen, with figures.
    pub what: String,
    /// Why it spoils the task.
    pub why: String,
    /// What to do instead.
    pub instead: String,
}

/// Fewer images say nothing about a collection.
const LEAST: usize = 8;

/// What a sample of `images` lets suspect of `task` on inputs of `shape` (as [`Task::resolve`] gave them). Some hundred
/// images suffice; images with other channels than the inputs are passed over. Empty with fewer than eight images.
pub fn suspicions<'a>(images: impl IntoIterator<Item = ImageRef<'a>>, task: &Task, shape: Shape) -> Vec<Suspicion> {
    let images: Vec<ImageRef<'_>> = images.into_iter().filter(|image| image.check_against(shape).is_ok()).collect();
    if images.len() < LEAST || shape.is_empty() {
        return Vec::new();
    }
    let view = |image: &ImageRef<'_>| {
        let mut planes = Planes::black(shape);
        ops::center_view(*image, shape, &mut planes.data);
        planes
    };
    let views: Vec<Planes> = images.iter().map(view).collect();
    let found = match task {
        Task::Rotation(_) => {
            let mut found = vec![borders::bars(&views), borders::marks(&views)];
            // A mark that turns with the image would make it look anything but symmetric.
            if found.iter().all(Option::is_none) {
                found.extend([turns::symmetric(&views), turns::unoriented(&views)]);
            }
            found
        }
        Task::Colorization(_) => vec![contents::pale(&views)],
        Task::Jigsaw(_) | Task::RelativePosition(_) | Task::Counting(_) => {
            vec![contents::empty_tiles(&views, task, shape), contents::enlarged(&images, shape)]
        }
        Task::SuperResolution(_) => vec![contents::enlarged(&images, shape), contents::blurred(&views)],
        Task::Inpainting(_) | Task::MaskedPixels(_) | Task::Mae(_) | Task::SimMim(_) => vec![contents::even(&views)],
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// The mean over channels, one plane.
fn gray(view: &Planes) -> Vec<f32> {
    let plane = view.shape.plane();
    let mut gray = vec![0.0; plane];
    for channel in view.data.chunks_exact(plane.max(1)) {
        for (sum, value) in gray.iter_mut().zip(channel) {
            *sum += value / view.shape.channels as f32;
        }
    }
    gray
}

fn percent(part: usize, whole: usize) -> usize {
    (100 * part + whole / 2) / whole.max(1)
}
