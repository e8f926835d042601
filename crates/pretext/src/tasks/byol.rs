//! `BYOL`: one view predicts what a slowly moving copy of the network makes of the other; nothing is pushed apart
//! (Grill et al. 2020, arXiv 2006.07733).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{
    BLUR, CROP, FLIP, JITTER, JointEmbedding, OUT_ABOUT, VIEWS, WIDTH, WIDTH_ABOUT, joint_options,
};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "byol";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "predict from one view what a slowly moving copy of the network makes of another",
    use_when: "batches are small, or other images are no good contrast because many look alike: nothing is pushed \
               apart here. Among the best on photographs",
    avoid_when: "you want to see quickly whether it learns: the loss says little, watch the spread of the \
                 embeddings instead. Runs of a few hundred steps suit `simclr` better, because the teacher needs \
                 time",
    paper: "Grill, Strub, Altche et al. 2020, Bootstrap your own latent: a new approach to self-supervised \
            learning, arXiv 2006.07733",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option(
            "momentum",
            "0 to 1, or \"auto\"",
            "\"auto\"",
            "how much of itself the teacher keeps each step, at the start; auto by the length of the run and the pool",
        ),
        option("momentum_end", "0 to 1", "1.0", "the same at the end, reached along a cosine"),
        option(
            "predictor_lr",
            "a factor from 0.1 to 100",
            "1.0",
            "learning rate of the prediction head against that of the rest; higher helps where embeddings collapse",
        ),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", OUT_ABOUT),
        option("predictor_width", WIDTH, "\"auto\"", "hidden width of the prediction head"),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::Byol,
    own: |_| (Views { local: Some(0), ..Views::open() }, "two views, as in the paper"),
};

joint_options! {
    /// Options of `byol`; `None` is `"auto"`.
    Byol {
        /// How much of itself the teacher keeps each step, at the start.
        #[serde(with = "crate::auto")]
        momentum: Option<f64> = None,
        /// The same at the end, reached along a cosine.
        momentum_end: f64 = 1.0,
        /// Learning rate of the prediction head against that of the rest.
        predictor_lr: f64 = 1.0,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
        /// Hidden width of the prediction head.
        #[serde(with = "crate::auto")]
        predictor_width: Option<u32> = None,
    }
}

impl JointEmbedding for Byol {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::share(WORD, "momentum", self.momentum)?;
        check::share(WORD, "momentum_end", Some(self.momentum_end))?;
        check::require(
            (0.1..=100.0).contains(&self.predictor_lr),
            WORD,
            "predictor_lr",
            self.predictor_lr,
            "a factor from 0.1 to 100",
        )?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        check::width(WORD, "predictor_width", self.predictor_width)?;
        Ok(())
    }
}

impl Byol {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let RunSizes { pool, .. } = *sizes;
        let (mut task, mut notes) = (*self, Vec::new());
        let usual = if pool < 200_000 { 0.99 } else { 0.996 };
        run.momentum(&mut task.momentum, usual, &mut notes);
        run.width(&mut task.projector_width, "projector_width", 2, 256..=4096, &mut notes);
        choose(&mut task.projector_out, "projector_out", 256, "as in the paper", &mut notes);
        run.width(&mut task.predictor_width, "predictor_width", 2, 256..=4096, &mut notes);
        Ok((task, notes))
    }
}
