//! Values that depend on how many images a run has, how many it takes at once, and how long it is.

use std::ops::RangeInclusive;

use crate::auto::{Auto, choose};
use crate::error::{PretextError, Result};

/// The sizes of a run that decide options which were left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSizes {
    /// Images in the pool.
    pub pool: usize,
    /// Images in a batch.
    pub batch: usize,
    /// Length of the encoder's features.
    pub features: usize,
    /// Height and width of the encoder's last map.
    pub map: [usize; 2],
    /// Side of the network's patches in pixels, where it is one that sees patches as tokens.
    pub patch: Option<usize>,
    /// Steps of the run, where known.
    pub steps: Option<u64>,
}

/// A task's word and the sizes of its run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    word: &'static str,
    sizes: RunSizes,
}

impl Run {
    /// Every method compares the images of a batch, if only in its batch norm.
    pub(crate) fn new(word: &'static str, sizes: &RunSizes) -> Result<Self> {
        if sizes.batch < 2 {
            return Err(PretextError::Unsuitable {
                word,
                option: "batch_size",
                value: sizes.batch.to_string(),
                problem: "views of a single image have nothing to be compared with".to_owned(),
                way_out: "take a batch_size of at least 2; 64 or more work well".to_owned(),
            });
        }
        Ok(Self { word, sizes: *sizes })
    }

    /// Steps of one epoch.
    fn epoch(&self) -> u64 {
        (self.sizes.pool / self.sizes.batch).max(1) as u64
    }

    /// A hidden width of `times` the features, kept `within` a range.
    pub(crate) fn width(
        &self,
        width: &mut Option<u32>,
        name: &'static str,
        times: usize,
        within: RangeInclusive<usize>,
        notes: &mut Vec<Auto>,
    ) {
        let (low, high) = within.into_inner();
        let auto = (times * self.sizes.features).clamp(low, high) as u32;
        let reason = match times {
            1 => format!("as wide as the features, from {low} to {high}"),
            _ => format!("{times} times the features, from {low} to {high}"),
        };
        choose(width, name, auto, reason, notes);
    }

    /// How much of itself a momentum teacher keeps each step.
    pub(crate) fn momentum(&self, momentum: &mut Option<f64>, usual: f64, notes: &mut Vec<Auto>) {
        // It must have seen most of what it remembers long before the end: at most a twentieth of the run.
        let most = self.sizes.steps.map_or(1.0, |steps| 1.0 - 20.0 / steps.max(1) as f64).max(0.9);
        if most < usual {
            let value = (most * 1e3).round() / 1e3;
            let reason = format!("of {} steps the teacher remembers a twentieth", self.sizes.steps.unwrap_or(0));
            choose(momentum, "momentum", value, reason, notes);
        } else {
            let reason = format!("as usual for {} images", about(self.sizes.pool));
            choose(momentum, "momentum", usual, reason, notes);
        }
    }

    /// A queue of embeddings: as large as makes sense, a multiple of the batch, never the whole pool, or images would
    /// meet themselves.
    pub(crate) fn queue(&self, queue: &mut Option<u32>, notes: &mut Vec<Auto>) -> Result<()> {
        let room = (self.sizes.pool / 2).min(65_536);
        let auto = (room / self.sizes.batch).max(1) * self.sizes.batch;
        let reason = "a multiple of the batch, at most half the pool, or images would meet themselves";
        choose(queue, "queue", auto as u32, reason, notes);
        self.check_queue(*queue)
    }

    pub(crate) fn check_queue(&self, queue: Option<u32>) -> Result<()> {
        let (queue, batch) = (queue.unwrap_or(0) as usize, self.sizes.batch);
        if queue > self.sizes.pool && queue > batch {
            return Err(PretextError::Unsuitable {
                word: self.word,
                option: "queue",
                value: queue.to_string(),
                problem: format!("there are only {} images, which would meet themselves in it", self.sizes.pool),
                way_out: format!("choose at most {}, or \"auto\"", (self.sizes.pool / 2 / batch).max(1) * batch),
            });
        }
        if queue.is_multiple_of(batch) {
            return Ok(());
        }
        let (below, above) = (queue / batch * batch, queue.div_ceil(batch) * batch);
        let nearest = if below == 0 || above - queue < queue - below { above } else { below };
        Err(PretextError::Unsuitable {
            word: self.word,
            option: "queue",
            value: queue.to_string(),
            problem: format!("a batch of {batch} does not fit into it a whole number of times"),
            way_out: format!("choose {nearest}"),
        })
    }

    /// Prototypes: as many as leave some images for each.
    pub(crate) fn prototypes(
        &self,
        prototypes: &mut Option<u32>,
        name: &'static str,
        notes: &mut Vec<Auto>,
    ) -> Result<()> {
        let auto = (self.sizes.pool / 16).clamp(16, 3000).min(self.sizes.pool.max(2));
        let reason = format!("one for some 16 of {} images, at most 3000", self.sizes.pool);
        choose(prototypes, name, auto as u32, reason, notes);
        let given = prototypes.unwrap_or(0) as usize;
        if given <= self.sizes.pool {
            return Ok(());
        }
        Err(PretextError::Unsuitable {
            word: self.word,
            option: name,
            value: given.to_string(),
            problem: format!("there are only {} images, so some would stay empty", self.sizes.pool),
            way_out: format!("choose at most {}; {auto} is what \"auto\" takes", self.sizes.pool),
        })
    }

    /// Steps during which something stays as it is: one epoch, but at most a tenth of the run.
    pub(crate) fn freeze(&self, freeze: &mut Option<u64>, what: &str, notes: &mut Vec<Auto>) -> Result<()> {
        let auto = self.sizes.steps.map_or(self.epoch(), |steps| self.epoch().min(steps / 10));
        choose(freeze, "freeze", auto, format!("{what} during the first epoch, at most a tenth of the run"), notes);
        self.within(*freeze, "freeze", &format!("{what} to the very end"))
    }

    /// Refuses a number of steps that the run does not outlast, for `then` is what would happen.
    pub(crate) fn within(&self, given: Option<u64>, option: &'static str, then: &str) -> Result<()> {
        match (given, self.sizes.steps) {
            (Some(given), Some(steps)) if given > 0 && given >= steps => Err(PretextError::Unsuitable {
                word: self.word,
                option,
                value: given.to_string(),
                problem: format!("the run has {steps} steps, so {then}"),
                way_out: format!("choose less than {steps}, or \"auto\""),
            }),
            _ => Ok(()),
        }
    }

    /// Steps of a warm-up: ten epochs, but at most a tenth of the run.
    pub(crate) fn warmup(&self, warmup: &mut Option<u64>, notes: &mut Vec<Auto>) -> Result<()> {
        let ten = 10 * self.epoch();
        let auto = self.sizes.steps.map_or(ten, |steps| ten.min(steps / 10));
        choose(warmup, "warmup", auto, "ten epochs, at most a tenth of the run", notes);
        self.within(*warmup, "warmup", "it never gets warm")
    }

    /// Where the pool lies between 20 000 and 1 000 000 images, from 0 to 1 by its logarithm: between these, values made for
    /// small sets give way to the published ones.
    pub(crate) fn largeness(&self) -> f64 {
        let (low, high) = (20e3_f64.ln(), 1e6_f64.ln());
        ((self.sizes.pool.max(1) as f64).ln() - low).clamp(0.0, high - low) / (high - low)
    }
}

/// A count as people say it.
pub(crate) fn about(count: usize) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{} thousand", count / 1000),
        _ => format!("{} million", count / 1_000_000),
    }
}
