//! Running statistics for the images to come.
//!
//! Where a task shows the network blurred, gray or holed images, its batch norms remember what those are like. On ordinary images
//! the features would then be off, and a classifier on them would begin far from where it should: their statistics are measured
//! once, at the end, with the final weights.

use foretask_backend::catch;
use foretask_backend::layers::measuring_statistics;
use foretask_data::Images;
use foretask_models::{Backbone, InputSpec};

use super::methods::learnable;
use super::plan::PretrainPlan;
use crate::context::Context;
use crate::error::TrainError;
use crate::features::batch_size;
use crate::loader::Workers;
use crate::views::{EvaluationViews, ViewSource as _};

/// Images that are looked at: enough for means and variances of small images; of large ones each has many places.
const MOST: usize = 4096;
const FEWEST: usize = 256;
const PIXELS: usize = 1 << 22;

impl PretrainPlan {
    /// Whether the encoder's statistics are measured anew at the end, on images as they are.
    #[must_use]
    pub fn measures_statistics(&self) -> bool {
        self.config.has_statistics() && self.tasks.iter().any(|task| learnable(&task.task.task).alters_images())
    }
}

/// Measures the running statistics of an encoder without graph on images spread evenly over the pool.
pub(super) fn measure(
    encoder: &Backbone,
    input: &InputSpec,
    images: &Images,
    cx: &Context<'_>,
) -> Result<(), TrainError> {
    let pixels = input.height.saturating_mul(input.width).max(1);
    let count = (PIXELS / pixels).clamp(FEWEST, MOST).min(images.len());
    let chosen: Vec<u32> = (0..count).map(|i| (i * images.len() / count) as u32).collect();
    let views = EvaluationViews::of(input, images, false, cx.device);
    let workers = Workers::new(cx.threads);
    // A last batch of few would count as much as the others.
    let batches = count.div_ceil(batch_size(input)).max(1);
    for (number, part) in chosen.chunks(count.div_ceil(batches).max(1)).enumerate() {
        let made = views.make(images, part, &workers)?;
        catch("measuring the norms", || measuring_statistics(number, || encoder.forward(views.arrive(made))))?;
        if cx.interrupt.requested() {
            return Err(TrainError::Stopped);
        }
    }
    Ok(())
}
