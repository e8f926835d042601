//! `DINO`: each view is to tell the soft class that a slowly moving copy of the network gives to the large views (Caron,
//! Touvron, Misra, Jegou, Mairal, Bojanowski, Joulin 2021, arXiv 2104.14294).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{BLUR, CROP, FLIP, JITTER, JointEmbedding, VIEWS, WIDTH, WIDTH_ABOUT, joint_options};
use crate::tasks::run::{Run, RunSizes, about};

const WORD: &str = "dino";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "tell from each view, also from small parts, the soft class that a slowly moving copy of the network \
              gives to the whole",
    use_when: "images are photographs of some size and there are many: parts of an image learn to stand for the \
               whole, and features suit nearest neighbors at once",
    avoid_when: "there are below some ten thousand images or little time: it needs long runs; take `simclr` or \
                 `lejepa`",
    paper: "Caron, Touvron, Misra, Jegou, Mairal, Bojanowski, Joulin 2021, Emerging properties in self-supervised \
            vision transformers, arXiv 2104.14294",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option(
            "outputs",
            "2 to 262144, or \"auto\"",
            "\"auto\"",
            "soft classes; auto 1024 for small pools to 65536 for more than half a million images",
        ),
        option("student_temperature", "0.01 to 2", "0.1", "of the student's classes"),
        option(
            "teacher_temperature",
            "0.01 to 2, or \"auto\"",
            "\"auto\"",
            "of the teacher's classes after the warm-up; lower if all images get the same even answer",
        ),
        option("warmup_temperature", "0.01 to 2, or \"auto\"", "\"auto\"", "the same at the start"),
        option("warmup", "steps", "\"auto\"", "how long the teacher's temperature rises"),
        option(
            "center_momentum",
            "0 to 1, or \"auto\"",
            "\"auto\"",
            "how slowly the mean answer, which is subtracted, follows; auto 0.9, in short runs 0: the last batch's",
        ),
        option(
            "momentum",
            "0 to 1, or \"auto\"",
            "\"auto\"",
            "how much of itself the teacher keeps each step, at the start; auto by the length of the run and the pool",
        ),
        option("momentum_end", "0 to 1", "1.0", "the same at the end, reached along a cosine"),
        option("freeze", "steps", "\"auto\"", "how long the last layer stays as it is at the start"),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("bottleneck", WIDTH, "\"auto\"", "length of the vectors before the last layer"),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::Dino,
    own: |shape| {
        if shape.short_side() <= 64 {
            return (Views { local: Some(0), ..Views::open() }, "a part of so small an image shows too little");
        }
        (Views { local: Some(8), ..Views::open() }, "eight, as in the paper")
    },
};

joint_options! {
    /// Options of `dino`; `None` is `"auto"`.
    Dino {
        /// Soft classes.
        #[serde(with = "crate::auto")]
        outputs: Option<u32> = None,
        /// Temperature of the student.
        student_temperature: f64 = 0.1,
        /// Temperature of the teacher after the warm-up.
        #[serde(with = "crate::auto")]
        teacher_temperature: Option<f64> = None,
        /// Temperature of the teacher at the start.
        #[serde(with = "crate::auto")]
        warmup_temperature: Option<f64> = None,
        /// Steps over which the teacher's temperature rises.
        #[serde(with = "crate::auto")]
        warmup: Option<u64> = None,
        /// How slowly the center follows the mean answer.
        #[serde(with = "crate::auto")]
        center_momentum: Option<f64> = None,
        /// How much of itself the teacher keeps each step, at the start.
        #[serde(with = "crate::auto")]
        momentum: Option<f64> = None,
        /// The same at the end, reached along a cosine.
        momentum_end: f64 = 1.0,
        /// Steps during which the last layer stays as it is.
        #[serde(with = "crate::auto")]
        freeze: Option<u64> = None,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Length of the vectors before the last layer.
        #[serde(with = "crate::auto")]
        bottleneck: Option<u32> = None,
    }
}

/// Steps of a run that is long enough for a center with memory.
const SHORT: u64 = 10_000;

impl JointEmbedding for Dino {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        let outputs = self.outputs.unwrap_or(2);
        check::require(
            (2..=262_144).contains(&outputs),
            WORD,
            "outputs",
            outputs,
            "a whole number from 2 to 262144, or \"auto\"",
        )?;
        check::temperature(WORD, "student_temperature", Some(self.student_temperature))?;
        check::temperature(WORD, "teacher_temperature", self.teacher_temperature)?;
        check::temperature(WORD, "warmup_temperature", self.warmup_temperature)?;
        check::share(WORD, "center_momentum", self.center_momentum)?;
        check::share(WORD, "momentum", self.momentum)?;
        check::share(WORD, "momentum_end", Some(self.momentum_end))?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "bottleneck", self.bottleneck)?;
        Ok(())
    }
}

impl Dino {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let RunSizes { pool, steps, .. } = *sizes;
        let (mut task, mut notes) = (*self, Vec::new());
        // LightlyTrain's table: below the published sizes, the published values make all answers alike.
        let outputs = match pool {
            0..20_000 => 1024,
            20_000..50_000 => 2048,
            50_000..100_000 => 4096,
            100_000..200_000 => 8192,
            200_000..500_000 => 16_384,
            _ => 65_536,
        };
        let reason = format!("for a pool of {} images; 65536 above half a million", about(pool));
        choose(&mut task.outputs, "outputs", outputs, reason, &mut notes);
        let between = |low: f64, high: f64| ((low + (high - low) * run.largeness()) * 1e4).round() / 1e4;
        let reason = "0.04 for up to 20 thousand images to 0.07 for a million";
        choose(&mut task.teacher_temperature, "teacher_temperature", between(0.04, 0.07), reason, &mut notes);
        let start = task.teacher_temperature.unwrap_or(0.04).min(0.04);
        choose(
            &mut task.warmup_temperature,
            "warmup_temperature",
            start,
            "0.04, or the final one if lower",
            &mut notes,
        );
        // Where all answers drift faster than the center follows, sharpening makes one and the same class of them all: with
        // the paper's 0.9, 1000 steps on small images gave 45 % by neighbors, without memory 400 steps gave 60 %.
        let (memory, reason) = match steps {
            Some(steps) if steps < SHORT => {
                (0.0, "a short run changes all answers faster than a mean of many batches follows")
            }
            _ => (0.9, "as in the paper"),
        };
        choose(&mut task.center_momentum, "center_momentum", memory, reason, &mut notes);
        run.warmup(&mut task.warmup, &mut notes)?;
        run.momentum(&mut task.momentum, between(0.99, 0.996), &mut notes);
        run.freeze(&mut task.freeze, "the last layer stays as it is", &mut notes)?;
        run.width(&mut task.projector_width, "projector_width", 2, 256..=2048, &mut notes);
        choose(&mut task.bottleneck, "bottleneck", 256, "as in the paper", &mut notes);
        Ok((task, notes))
    }
}
