//! What all joint-embedding tasks share: views of each image, the options that are changed most often, sizes of heads, and
//! values that depend on how many images there are.

use crate::auto::{Auto, choose};
use crate::error::{PretextError, Result};
use crate::info::{OptionInfo, option};

/// The options before a method's own, in order.
pub(crate) const VIEWS: OptionInfo =
    option("views", "preset, map, augmentation or \"auto\"", DEFAULT_VIEWS, VIEWS_ABOUT);
pub(crate) const CROP: OptionInfo =
    option("crop", "[low, high], shares of the area, 0 < low <= high <= 1, or \"auto\"", "\"auto\"", CROP_ABOUT);
pub(crate) const JITTER: OptionInfo =
    option("jitter", "strength from 0 to 1.25, or \"auto\"", "\"auto\"", JITTER_ABOUT);
pub(crate) const FLIP: OptionInfo = option(
    "flip",
    "probability, or \"auto\"",
    "\"auto\"",
    "mirror a view; auto 0.5; set it to 0 for letters and digits",
);
pub(crate) const BLUR: OptionInfo = option(
    "blur",
    "probability, or \"auto\"",
    "\"auto\"",
    "how often a view is blurred; auto 0 for small color images",
);

const DEFAULT_VIEWS: &str = "\"auto\"";
const VIEWS_ABOUT: &str = "how the views of an image are made: a preset (simclr, moco, simsiam, byol, dino), changes to it \
                           by key, `second` for the other view, `local` for small further ones";
const CROP_ABOUT: &str =
    "random crop of each large view; smaller crops make the task harder and usually the features better";
const JITTER_ABOUT: &str = "overall strength of light and color changes; auto by image size and channels";

pub(crate) const COUNT: &str = "a whole number, or \"auto\"";
pub(crate) const WIDTH: &str = "8 to 8192, or \"auto\"";
pub(crate) const WIDTH_ABOUT: &str = "hidden width of the projection head; auto by the encoder's features";
pub(crate) const OUT_ABOUT: &str = "length of the vectors that are compared";

/// The struct of a joint-embedding task and all that is the same for each. Its module has an `INFO`, a `METHOD`, and for the
/// struct `check` (ranges of its own options) and, where images decide some of these, a function that fills them.
macro_rules! joint_embedding {
    ($(#[$doc:meta])* $name:ident $(resolved by $open:ident)? { $($(#[$attr:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// The views of each image.
            #[serde(with = "crate::tasks::joint::views")]
            pub views: $crate::augment::Views,
            /// Share of the area that a large view's random crop keeps; goes before that in `views`.
            #[serde(with = "crate::auto")]
            pub crop: Option<[f64; 2]>,
            /// Overall strength of light and color changes; goes before that in `views`.
            #[serde(with = "crate::auto")]
            pub jitter: Option<f64>,
            /// Probability of a mirror image; goes before that in `views`.
            #[serde(with = "crate::auto")]
            pub flip: Option<f64>,
            /// Probability of a Gaussian blur; goes before that in `views`.
            #[serde(with = "crate::auto")]
            pub blur: Option<f64>,
            $($(#[$attr])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                let views = $crate::augment::Views::default();
                Self { views, crop: None, jitter: None, flip: None, blur: None, $($field: $default,)* }
            }
        }

        impl $name {
            /// The views with every option filled for images of `shape`.
            pub fn views_of(&self, shape: $crate::pixels::Shape) -> $crate::augment::Views {
                self.given().filled(&METHOD, shape)
            }

            fn given(&self) -> $crate::augment::Views {
                let $name { crop, jitter, flip, blur, .. } = *self;
                self.views.with($crate::augment::Shorthand { crop, jitter, flip, blur })
            }
        }

        impl $crate::recipe::Recipe for $name {
            fn info(&self) -> &'static $crate::info::TaskInfo {
                &INFO
            }

            fn validate(&self) -> $crate::error::Result<()> {
                self.given().validate(METHOD.word)?;
                self.check()
            }

            fn resolve(
                &self,
                shape: $crate::pixels::Shape,
                notes: &mut Vec<$crate::auto::Auto>,
            ) -> $crate::error::Result<(Self, $crate::pixels::Shape)> {
                let views = self.given().resolve_for(&METHOD, shape, notes)?;
                #[allow(unused_mut)] // Most have nothing else that the images decide.
                let mut task = Self { views, crop: None, jitter: None, flip: None, blur: None, ..*self };
                $(task.$open(shape, notes);)?
                Ok((task, shape))
            }

            fn inputs(&self, shape: $crate::pixels::Shape) -> Vec<($crate::pixels::Shape, usize)> {
                self.views_of(shape).blocks(shape)
            }

            fn views(&self, shape: $crate::pixels::Shape) -> Option<$crate::augment::Views> {
                Some(self.views_of(shape))
            }

            fn target(&self, _shape: $crate::pixels::Shape) -> $crate::batch::TargetKind {
                $crate::batch::TargetKind::Views
            }

            fn generate(
                &self,
                image: $crate::pixels::ImageRef<'_>,
                key: foretask_random::Key,
                shape: $crate::pixels::Shape,
                mut slot: $crate::batch::Slot<'_>,
            ) -> $crate::error::Result<()> {
                slot.target.views()?;
                let views = self.given();
                views.suits(METHOD.word, shape)?;
                views.filled(&METHOD, shape).run(image, key, shape, &mut slot.inputs);
                Ok(())
            }

            fn explain(
                &self,
                image: $crate::pixels::ImageRef<'_>,
                key: foretask_random::Key,
                shape: $crate::pixels::Shape,
            ) -> Vec<String> {
                self.views_of(shape).lines(image, key, shape)
            }
        }
    };
}
pub(crate) use joint_embedding;

/// Views of which nothing is given are written `"auto"`.
pub(crate) mod views {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::augment::Views;

    pub(crate) fn serialize<S: Serializer>(views: &Views, serializer: S) -> Result<S::Ok, S::Error> {
        if *views == Views::default() { serializer.serialize_str("auto") } else { views.serialize(serializer) }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Views, D::Error> {
        Views::deserialize(deserializer)
    }
}

/// What a run is like, as far as it decides options.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) word: &'static str,
    /// Images in the pool.
    pub(crate) pool: usize,
    /// Images in a batch.
    pub(crate) batch: usize,
    /// Length of the encoder's features.
    pub(crate) features: usize,
    /// Steps of the run, where known.
    pub(crate) steps: Option<u64>,
}

impl Run {
    /// Every method compares the images of a batch, if only in its batch norm.
    pub(crate) fn new(
        word: &'static str,
        pool: usize,
        batch: usize,
        features: usize,
        steps: Option<u64>,
    ) -> Result<Self> {
        if batch < 2 {
            return Err(PretextError::Unsuitable {
                word,
                option: "batch_size",
                value: batch.to_string(),
                problem: "views of a single image have nothing to be compared with".to_owned(),
                way_out: "take a batch_size of at least 2; 64 or more work well".to_owned(),
            });
        }
        Ok(Self { word, pool, batch, features, steps })
    }

    /// Steps of one epoch.
    fn epoch(&self) -> u64 {
        (self.pool / self.batch).max(1) as u64
    }

    /// A hidden width of `times` the features.
    pub(crate) fn width(
        &self,
        width: &mut Option<u32>,
        name: &'static str,
        times: usize,
        low: usize,
        high: usize,
        notes: &mut Vec<Auto>,
    ) {
        let auto = (times * self.features).clamp(low, high) as u32;
        let reason = match times {
            1 => format!("as wide as the features, from {low} to {high}"),
            _ => format!("{times} times the features, from {low} to {high}"),
        };
        choose(width, name, auto, reason, notes);
    }

    /// How much of itself a momentum teacher keeps each step.
    pub(crate) fn momentum(&self, momentum: &mut Option<f64>, usual: f64, notes: &mut Vec<Auto>) {
        // It must have seen most of what it remembers long before the end: at most a twentieth of the run.
        let most = self.steps.map_or(1.0, |steps| 1.0 - 20.0 / steps.max(1) as f64).max(0.9);
        if most < usual {
            let value = (most * 1e3).round() / 1e3;
            let reason = format!("of {} steps the teacher remembers a twentieth", self.steps.unwrap_or(0));
            choose(momentum, "momentum", value, reason, notes);
        } else {
            let reason = format!("as usual for {} images", about(self.pool));
            choose(momentum, "momentum", usual, reason, notes);
        }
    }

    /// A queue of embeddings: as large as makes sense, a multiple of the batch, never the whole pool, or images would
    /// meet themselves.
    pub(crate) fn queue(&self, queue: &mut Option<u32>, notes: &mut Vec<Auto>) -> Result<()> {
        let room = (self.pool / 2).min(65_536);
        let auto = (room / self.batch).max(1) * self.batch;
        let reason = "a multiple of the batch, at most half the pool, or images would meet themselves";
        choose(queue, "queue", auto as u32, reason, notes);
        self.check_queue(*queue)
    }

    pub(crate) fn check_queue(&self, queue: Option<u32>) -> Result<()> {
        let (queue, batch) = (queue.unwrap_or(0) as usize, self.batch);
        if queue > self.pool && queue > batch {
            return Err(PretextError::Unsuitable {
                word: self.word,
                option: "queue",
                value: queue.to_string(),
                problem: format!("there are only {} images, which would meet themselves in it", self.pool),
                way_out: format!("choose at most {}, or \"auto\"", (self.pool / 2 / batch).max(1) * batch),
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
        let auto = (self.pool / 16).clamp(16, 3000).min(self.pool.max(2));
        let reason = format!("one for some 16 of {} images, at most 3000", self.pool);
        choose(prototypes, name, auto as u32, reason, notes);
        let given = prototypes.unwrap_or(0) as usize;
        if given <= self.pool {
            return Ok(());
        }
        Err(PretextError::Unsuitable {
            word: self.word,
            option: name,
            value: given.to_string(),
            problem: format!("there are only {} images, so some would stay empty", self.pool),
            way_out: format!("choose at most {}; {auto} is what \"auto\" takes", self.pool),
        })
    }

    /// Steps during which something stays as it is: one epoch, but at most a tenth of the run.
    pub(crate) fn freeze(&self, freeze: &mut Option<u64>, what: &str, notes: &mut Vec<Auto>) -> Result<()> {
        let auto = self.steps.map_or(self.epoch(), |steps| self.epoch().min(steps / 10));
        choose(freeze, "freeze", auto, format!("{what} during the first epoch, at most a tenth of the run"), notes);
        self.within(*freeze, "freeze", &format!("{what} to the very end"))
    }

    /// Refuses a number of steps that the run does not outlast, for `then` is what would happen.
    pub(crate) fn within(&self, given: Option<u64>, option: &'static str, then: &str) -> Result<()> {
        match (given, self.steps) {
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
        let auto = self.steps.map_or(ten, |steps| ten.min(steps / 10));
        choose(warmup, "warmup", auto, "ten epochs, at most a tenth of the run", notes);
        self.within(*warmup, "warmup", "it never gets warm")
    }

    /// Where the pool lies between 20 000 and 1 000 000 images, from 0 to 1 by its logarithm: between these, values made for
    /// small sets give way to the published ones.
    pub(crate) fn largeness(&self) -> f64 {
        let (low, high) = (20e3_f64.ln(), 1e6_f64.ln());
        ((self.pool.max(1) as f64).ln() - low).clamp(0.0, high - low) / (high - low)
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
