//! How long a step takes, to turn a time budget into a number of steps.

use std::time::{Duration, Instant};

use burn::module::Module;
use foretask_backend::host_tensor;

use super::objective::Objective;
use super::run::TrainingRun;
use crate::context::Context;
use crate::error::TrainError;
use crate::loader::{BatchSource, Request, Workers, with_batches};
use crate::ranks;

/// The first steps are slower (allocations, cold caches) and not counted.
const WARM_UP: u64 = 2;
const LEAST: u64 = 3;
const MOST: u64 = 40;

/// Mean seconds of a step of this run, measured for about `time` on a model and an objective that are thrown away: what is
/// returned is all that a calibration leaves behind.
///
/// # Errors
/// What `source` and `objective` return; [`TrainError::Interrupted`] (at step 0) on request.
pub fn seconds_per_step<M: Module, S: BatchSource>(
    mut run: TrainingRun<'_, M>,
    source: &S,
    objective: &mut impl Objective<M, S::Batch>,
    time: Duration,
    cx: &Context<'_>,
) -> Result<f64, TrainError> {
    let plan = run.plan;
    let make = |request: &Request, workers: &Workers| source.make(request, workers);
    let range = 0..(WARM_UP + MOST) * plan.accumulate;
    with_batches(&plan.sampling, range, cx.threads, &make, |batches| {
        let begin = Instant::now();
        let mut counted = (begin, 0);
        for done in 0..WARM_UP + MOST {
            if done == WARM_UP {
                counted.0 = Instant::now();
            }
            // A learning rate of zero: the numbers stay in a healthy range however long this takes.
            let info = plan.step_info(done, false);
            let (next, told) = run.one_step(0.0, batches, objective, info)?;
            run = next;
            // Waits for the device.
            host_tensor(told.reading);
            if ranks::any(cx.interrupt.requested())? {
                return Err(TrainError::Interrupted { step: 0, steps: plan.steps, folder: cx.folder.to_owned() });
            }
            counted.1 = (done + 1).saturating_sub(WARM_UP);
            let over = counted.1 >= LEAST && begin.elapsed() >= time;
            // The clock of the first rank counts.
            if ranks::of_first(u64::from(over))? > 0 {
                break;
            }
        }
        Ok(counted.0.elapsed().as_secs_f64() / counted.1.max(1) as f64)
    })
}
