//! `MoCo`: one view is to be recognized by another, seen by a slowly moving copy of the encoder, among many earlier images
//! (version 2, a queue: Chen, Fan, Girshick, He 2020, arXiv 2003.04297) or among the batch (version 3: Chen, Xie, He 2021,
//! arXiv 2104.02057).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::{PretextError, Result};
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{
    BLUR, COUNT, CROP, FLIP, JITTER, JointEmbedding, OUT_ABOUT, VIEWS, WIDTH, WIDTH_ABOUT, joint_options,
};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "moco";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "recognize a view of an image by what a slowly moving copy of the encoder made of another, among \
              thousands of earlier images",
    use_when: "like `simclr`, where memory allows small batches only: the queue gives as many other images to \
               differ from as you like. Version 3 is for batches of some hundred and has no queue",
    avoid_when: "the pool is small or nearly all of one kind: then the queue is full of images of the same kind that count as \
                 different; take `byol` or `simsiam`. Below a thousand images `simclr` is simpler and as good",
    paper: "Chen, Fan, Girshick, He 2020, Improved baselines with momentum contrastive learning, arXiv 2003.04297; \
            Chen, Xie, He 2021, An empirical study of training self-supervised vision transformers, arXiv \
            2104.02057",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option("version", "2 or 3", "2", "2 has a queue; 3 compares within the batch and has a prediction head"),
        option(
            "queue",
            COUNT,
            "\"auto\"",
            "earlier embeddings to differ from, a multiple of the batch; version 2 only; auto up to half the pool",
        ),
        option("temperature", "0.01 to 2", "0.2", "lower looks harder at the most similar other images"),
        option(
            "momentum",
            "0 to 1, or \"auto\"",
            "\"auto\"",
            "how much of itself the teacher keeps each step, at the start; auto by the length of the run and the pool",
        ),
        option(
            "momentum_end",
            "0 to 1, or \"auto\"",
            "\"auto\"",
            "the same at the end, reached along a cosine; auto stays as it is in version 2 and goes to 1 in version 3",
        ),
        option(
            "symmetric",
            "true, false or \"auto\"",
            "\"auto\"",
            "let each view be recognized by the other: twice the work and the signal of a step; auto true for version 3 and for up to 100 000 images",
        ),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", OUT_ABOUT),
        option("predictor_width", WIDTH, "\"auto\"", "hidden width of the prediction head"),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::MoCo,
    own: |_| (Views { local: Some(0), ..Views::open() }, "two views, as in the paper"),
};

joint_options! {
    /// Options of `moco`; `None` is `"auto"`.
    MoCo {
        /// 2 or 3.
        version: u32 = 2,
        /// Earlier embeddings, a multiple of the batch; 0 in version 3.
        #[serde(with = "crate::auto")]
        queue: Option<u32> = None,
        /// Temperature of the contrast.
        temperature: f64 = 0.2,
        /// How much of itself the teacher keeps each step, at the start.
        #[serde(with = "crate::auto")]
        momentum: Option<f64> = None,
        /// The same at the end, reached along a cosine.
        #[serde(with = "crate::auto")]
        momentum_end: Option<f64> = None,
        /// Whether each view is recognized by the other, or only the first by the second.
        #[serde(with = "crate::auto")]
        symmetric: Option<bool> = None,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
        /// Hidden width of the prediction head; version 3 only.
        #[serde(with = "crate::auto")]
        predictor_width: Option<u32> = None,
    }
}

impl JointEmbedding for MoCo {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::require(matches!(self.version, 2 | 3), WORD, "version", self.version, "2 or 3")?;
        let queue = self.queue.unwrap_or(0);
        check::require(queue <= 1 << 20, WORD, "queue", queue, "a whole number up to 1048576, or \"auto\"")?;
        if self.version == 3 && queue > 0 {
            return Err(PretextError::Unsuitable {
                word: WORD,
                option: "queue",
                value: queue.to_string(),
                problem: "version 3 compares within the batch".to_owned(),
                way_out: "leave it out, or choose `version: 2`".to_owned(),
            });
        }
        check::temperature(WORD, "temperature", Some(self.temperature))?;
        check::share(WORD, "momentum", self.momentum)?;
        check::share(WORD, "momentum_end", self.momentum_end)?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        check::width(WORD, "predictor_width", self.predictor_width)?;
        Ok(())
    }
}

impl MoCo {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image, or a queue that is no multiple of the batch or empty.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let RunSizes { pool, .. } = *sizes;
        let (mut task, mut notes) = (*self, Vec::new());
        let usual = if pool < 200_000 { 0.99 } else { 0.999 };
        run.momentum(&mut task.momentum, usual, &mut notes);
        if self.version == 2 {
            run.queue(&mut task.queue, &mut notes)?;
            if task.queue == Some(0) {
                return Err(PretextError::Unsuitable {
                    word: WORD,
                    option: "queue",
                    value: "0".to_owned(),
                    problem: "version 2 has nothing else to compare with".to_owned(),
                    way_out: "choose a multiple of the batch, or `version: 3`".to_owned(),
                });
            }
            let (end, reason) = (task.momentum.unwrap_or(usual), "the teacher's pace stays, as in the paper");
            choose(&mut task.momentum_end, "momentum_end", end, reason, &mut notes);
            let small = pool <= 100_000;
            let reason = if small { "twice the signal of each step" } else { "half the work of each step" };
            choose(&mut task.symmetric, "symmetric", small, reason, &mut notes);
            run.width(&mut task.projector_width, "projector_width", 1, 128..=2048, &mut notes);
            choose(&mut task.projector_out, "projector_out", 128, "as in the paper", &mut notes);
        } else {
            task.queue = Some(0);
            choose(
                &mut task.momentum_end,
                "momentum_end",
                1.0,
                "the teacher comes to rest, as in the paper",
                &mut notes,
            );
            choose(&mut task.symmetric, "symmetric", true, "as in the paper", &mut notes);
            run.width(&mut task.projector_width, "projector_width", 2, 256..=4096, &mut notes);
            choose(&mut task.projector_out, "projector_out", 256, "as in the paper", &mut notes);
            run.width(&mut task.predictor_width, "predictor_width", 2, 256..=4096, &mut notes);
        }
        Ok((task, notes))
    }
}
