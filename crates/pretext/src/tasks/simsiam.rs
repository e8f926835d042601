//! `SimSiam`: one view predicts the other's embedding, which is held still; no teacher, nothing pushed apart (Chen, He
//! 2021, arXiv 2011.10566).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{
    BLUR, CROP, FLIP, JITTER, JointEmbedding, OUT_ABOUT, VIEWS, WIDTH, WIDTH_ABOUT, joint_options,
};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "simsiam";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "predict from one view the embedding of another, by the same network held still",
    use_when: "the simplest method without other images as contrast: no teacher, no queue, half the memory of \
               `byol`; batches of 64 to 512",
    avoid_when: "the network is small or the run long: parts of the embedding fall silent; watch their spread, and \
                 take `byol` or `vicreg` if it shrinks",
    paper: "Chen, He 2021, Exploring simple Siamese representation learning, arXiv 2011.10566",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option(
            "constant_predictor_lr",
            "true or false",
            "true",
            "let the learning rate of the prediction head stay while that of the rest falls",
        ),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", OUT_ABOUT),
        option(
            "predictor_width",
            WIDTH,
            "\"auto\"",
            "hidden width of the prediction head, a bottleneck; auto a quarter of `projector_out`",
        ),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::SimSiam,
    own: |_| (Views { local: Some(0), ..Views::open() }, "two views, as in the paper"),
};

joint_options! {
    /// Options of `simsiam`; `None` is `"auto"`.
    SimSiam {
        /// Whether the learning rate of the prediction head stays while that of the rest falls.
        constant_predictor_lr: bool = true,
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

impl JointEmbedding for SimSiam {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        check::width(WORD, "predictor_width", self.predictor_width)?;
        Ok(())
    }
}

impl SimSiam {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let (mut task, mut notes) = (*self, Vec::new());
        run.width(&mut task.projector_width, "projector_width", 1, 128..=2048, &mut notes);
        let width = task.projector_width.unwrap_or(2048);
        choose(&mut task.projector_out, "projector_out", width, "as wide as the rest of the head", &mut notes);
        let bottleneck = (task.projector_out.unwrap_or(width) / 4).max(8);
        choose(&mut task.predictor_width, "predictor_width", bottleneck, "a quarter of projector_out", &mut notes);
        Ok((task, notes))
    }
}
