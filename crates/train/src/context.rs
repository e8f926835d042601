//! What a stage needs from its surroundings, and what it tells them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use foretask_backend::Device;
use serde::{Deserialize, Serialize};

use crate::feature_store::FeatureStore;
use crate::health::HealthLine;

/// How often a stage writes its checkpoint unless told otherwise.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);

/// Where a stage runs, where it keeps its files, and who listens.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The device that computes.
    pub device: &'a Device,
    /// This stage's own folder: its checkpoint and `metrics.jsonl`. Made if it is missing. Nothing in it is shared
    /// with another stage.
    pub folder: &'a Path,
    /// Told of every [`Event`], on the training thread; should return quickly.
    pub events: &'a (dyn Fn(Event) + Sync),
    /// Asks the stage to stop after the current step.
    pub interrupt: &'a Interrupt,
    /// Threads that make batches (at least 1). Results do not depend on it.
    pub threads: usize,
    /// Who remembers features of encoders that do not change; none where nobody does.
    pub features: Option<&'a dyn FeatureStore>,
    /// Time between two checkpoints; [`Duration::ZERO`] writes one after every step.
    pub checkpoint_every: Duration,
}

impl Context<'_> {
    /// Tells the listener.
    pub fn emit(&self, event: Event) {
        (self.events)(event);
    }

    /// Tells the listener a sentence for the user.
    pub fn note(&self, text: impl Into<String>) {
        self.emit(Event::Note(text.into()));
    }

    /// Tells the listener of something that is not as it should be.
    pub fn warn(&self, text: impl Into<String>) {
        self.emit(Event::Warning(text.into()));
    }

    /// A listener for work whose course is not the stage's own: nothing but warnings gets through.
    pub fn only_warnings(&self) -> impl Fn(Event) + Sync {
        |event| {
            if matches!(event, Event::Warning(_)) {
                self.emit(event);
            }
        }
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("folder", &self.folder).field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Tells `events` of a further round: its health lines are counted on from the `last` one of the rounds before.
pub fn counting_on(events: &(dyn Fn(Event) + Sync), last: Option<HealthLine>) -> impl Fn(Event) + Sync + use<'_> {
    move |event| {
        events(match event {
            Event::Health(line) => Event::Health(line.after(last.as_ref())),
            other => other,
        });
    }
}

/// A request to stop, shared between the one who asks (a Ctrl-C handler) and the stage that obeys.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Not requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the running stage to finish its step, save and return.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether someone asked.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What happens while a stage trains.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// Training begins, or goes on from a checkpoint.
    Started {
        /// "pretrain", "finetune", …
        stage: String,
        /// What is learned: the pretext task, or the classes.
        name: String,
        /// The step to begin with; above 0 when a checkpoint was found.
        first_step: u64,
        /// Steps in all.
        steps: u64,
        /// Images to learn from.
        images: usize,
    },
    /// A step was done; sent at most about ten times a second.
    Step {
        /// Steps done.
        step: u64,
        /// Steps in all.
        steps: u64,
        /// Passes over the images, with the fraction of the current one.
        epoch: f64,
        /// The newest loss read.
        loss: f64,
        /// Learning rate of this step.
        learning_rate: f64,
        /// Source images (not views) a second since the last such event.
        images_per_second: f64,
        /// Share of the time since the last such event that the step waited for its batch, 0..1.
        data_wait: f64,
        /// Share of it that went into exchanges with other ranks, where there are any, 0..1.
        exchange: Option<f64>,
        /// Expected seconds to the end.
        remaining_seconds: f64,
    },
    /// A line of the stage's `metrics.jsonl`.
    Health(HealthLine),
    /// The checkpoint was written.
    Saved {
        /// Steps it holds.
        step: u64,
    },
    /// A sentence for the user.
    Note(String),
    /// A sentence about something that is not as it should be, such as a damaged checkpoint.
    Warning(String),
    /// Training is done.
    Finished {
        /// Seconds of training, over all sittings.
        seconds: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_reaches_every_clone() {
        let asked = Interrupt::new();
        let seen = asked.clone();
        assert!(!seen.requested());
        asked.request();
        assert!(seen.requested());
    }
}
