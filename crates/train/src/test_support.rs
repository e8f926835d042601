//! Tiny images and surroundings for tests.

use std::sync::Arc;
use std::time::Duration;

use foretask_backend::Device;
use foretask_data::{Images, LoadOptions, Samples, Source};
use foretask_random::Key;

use crate::context::{Context, Event, Interrupt};

/// `count` grey images of 12x12 pixels; class c has noisy stripes of a direction and width of its own. Classes take turns.
pub(crate) fn stripes(count: usize, classes: usize) -> Images {
    let source = |i: usize| {
        let mut rng = Key::new(11).with(i as u64).rng();
        let class = i % classes;
        let pixels = (0..144).map(|at| {
            let (x, y) = (at % 12, at / 12);
            let along = if class.is_multiple_of(2) { x } else { y };
            let bright = (along / (2 + class / 2)).is_multiple_of(2);
            (if bright { 170 } else { 30 }) + rng.below(60) as u8
        });
        let mut bytes = b"P5\n12 12\n255\n".to_vec();
        bytes.extend(pixels);
        Source::Bytes { bytes: bytes.as_slice().into(), name: None }
    };
    let samples = Samples {
        rows: (0..count as u64).collect(),
        labels: (0..count).map(|i| Some((i % classes) as u32)).collect(),
        classes: (0..classes).map(|c| format!("class {c}")).collect::<Vec<_>>().into(),
        sources: (0..count).map(source).collect(),
    };
    Images::load(&samples, &LoadOptions { threads: 1, ..LoadOptions::default() }).unwrap()
}

/// A folder, a device and an interrupt that tests hold in hand.
pub(crate) struct Surroundings {
    folder: Arc<tempfile::TempDir>,
    device: Device,
    pub(crate) interrupt: Interrupt,
    events: Box<dyn Fn(Event) + Sync>,
}

impl Surroundings {
    pub(crate) fn new() -> Self {
        Self::within(Arc::new(tempfile::tempdir().unwrap()), false)
    }

    /// The same folder, entered anew, to be stopped as soon as a checkpoint has been written.
    pub(crate) fn until_saved(&self) -> Self {
        Self::within(self.folder.clone(), true)
    }

    fn within(folder: Arc<tempfile::TempDir>, stop: bool) -> Self {
        let interrupt = Interrupt::new();
        let asked = interrupt.clone();
        let events = Box::new(move |event: Event| {
            if stop && matches!(event, Event::Saved { .. }) {
                asked.request();
            }
        });
        Self { folder, device: foretask_backend::device("flex").unwrap(), interrupt, events }
    }

    pub(crate) fn context(&self, threads: usize) -> Context<'_> {
        Context {
            device: &self.device,
            folder: self.folder.path(),
            events: &*self.events,
            interrupt: &self.interrupt,
            threads,
            features: None,
            checkpoint_every: Duration::ZERO,
        }
    }
}
