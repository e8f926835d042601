//! `VICReg`: embeddings of two views are to lie close together, each of their numbers is to vary over the batch, and none
//! repeat another (Bardes et al. 2022, arXiv 2105.04906).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{BLUR, CROP, FLIP, JITTER, JointEmbedding, VIEWS, WIDTH, WIDTH_ABOUT, joint_options};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "vicreg";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "bring the embeddings of two views together while each of their numbers keeps varying and none repeats \
              another",
    use_when: "you want to see and steer what prevents collapse: three terms, each with a weight and a meaning; no \
               teacher, no queue",
    avoid_when: "batches are below 64, whose variance is noise: take `byol` or `moco`",
    paper: "Bardes, Ponce, LeCun 2022, VICReg: variance-invariance-covariance regularization for self-supervised \
            learning, arXiv 2105.04906",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option("invariance", "a weight from 0 to 1000", "25.0", "weight of views lying close together"),
        option(
            "variance",
            "a weight from 0 to 1000",
            "25.0",
            "weight of each number varying over the batch; raise it if embeddings collapse",
        ),
        option("covariance", "a weight from 0 to 1000", "1.0", "weight of no number repeating another"),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", "length of the embedding; auto as `projector_width`"),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::Byol,
    own: |_| (Views { local: Some(0), ..Views::open() }, "two views, as in the paper"),
};

joint_options! {
    /// Options of `vicreg`; `None` is `"auto"`.
    VicReg {
        /// Weight of the distance between views.
        invariance: f64 = 25.0,
        /// Weight of the variance term.
        variance: f64 = 25.0,
        /// Weight of the covariance term.
        covariance: f64 = 1.0,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
    }
}

impl JointEmbedding for VicReg {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        for (option, weight) in
            [("invariance", self.invariance), ("variance", self.variance), ("covariance", self.covariance)]
        {
            check::require((0.0..=1000.0).contains(&weight), WORD, option, weight, "a weight from 0 to 1000")?;
        }
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        Ok(())
    }
}

impl VicReg {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let (mut task, mut notes) = (*self, Vec::new());
        run.width(&mut task.projector_width, "projector_width", 4, 512..=8192, &mut notes);
        let width = task.projector_width.unwrap_or(8192);
        choose(&mut task.projector_out, "projector_out", width, "as wide as the rest of the head", &mut notes);
        Ok((task, notes))
    }
}
