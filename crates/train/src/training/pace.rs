//! How fast a training goes.

use std::time::{Duration, Instant};

use super::plan::TrainingPlan;
use super::progress::Progress;
use crate::context::Event;
use crate::ranks;

/// Least time between two [`Event::Step`].
const EVENT_EVERY: Duration = Duration::from_millis(100);

/// Speed since the last event.
pub(super) struct Pace {
    since: Instant,
    start: Instant,
    first_step: u64,
    step: u64,
    waited: Duration,
    exchanged: Option<Duration>,
}

impl Pace {
    pub(super) fn new(step: u64) -> Self {
        let now = Instant::now();
        Self { since: now, start: now, first_step: step, step, waited: Duration::ZERO, exchanged: ranks::exchanging() }
    }

    pub(super) fn due(&self) -> bool {
        self.since.elapsed() >= EVENT_EVERY
    }

    /// What is told of the time since the last one.
    pub(super) fn event(
        &mut self,
        progress: &Progress,
        plan: &TrainingPlan,
        learning_rate: f64,
        waited: Duration,
    ) -> Event {
        let now = Instant::now();
        let span = (now - self.since).as_secs_f64().max(1e-9);
        let images = plan.images_after(progress.step) - plan.images_after(self.step);
        let per_step = (now - self.start).as_secs_f64() / (progress.step - self.first_step).max(1) as f64;
        let share = |now: Duration, before: Duration| (now.saturating_sub(before).as_secs_f64() / span).min(1.0);
        let exchanged = ranks::exchanging();
        let event = Event::Step {
            step: progress.step,
            steps: plan.steps,
            epoch: plan.epochs_after(progress.step),
            loss: progress.last_loss,
            learning_rate,
            images_per_second: images as f64 / span,
            data_wait: share(waited, self.waited),
            exchange: exchanged.map(|now| share(now, self.exchanged.unwrap_or_default())),
            remaining_seconds: per_step * (plan.steps - progress.step) as f64,
        };
        self.since = now;
        self.step = progress.step;
        self.waited = waited;
        self.exchanged = exchanged;
        event
    }
}
