//! Barlow Twins: each number of the embedding is to agree between two views and to say something else than all others (Zbontar
//! et al. 2021, arXiv 2103.03230).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{BLUR, CROP, FLIP, JITTER, JointEmbedding, VIEWS, WIDTH, WIDTH_ABOUT, joint_options};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "barlow_twins";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "make each number of the embedding agree between two views, and say something else than all other \
              numbers",
    use_when: "you want no teacher, queue or careful temperature, and batches of 128 or more are possible; wide \
               embeddings help",
    avoid_when: "batches are below 64: correlations of so few images are noise; take `byol` or `moco`",
    paper: "Zbontar, Jing, Misra, LeCun, Deny 2021, Barlow Twins: self-supervised learning via redundancy \
            reduction, arXiv 2103.03230",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option("lambda", "0 to 1", "0.0051", "weight of numbers saying something else, against agreement"),
        option("scale", "a factor from 0.001 to 10", "0.1", "of the whole loss, which is a large sum"),
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
    /// Options of `barlow_twins`; `None` is `"auto"`.
    BarlowTwins {
        /// Weight of redundancy reduction.
        lambda: f64 = 0.0051,
        /// Factor of the whole loss.
        scale: f64 = 0.1,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
    }
}

impl JointEmbedding for BarlowTwins {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::share(WORD, "lambda", Some(self.lambda))?;
        check::require((0.001..=10.0).contains(&self.scale), WORD, "scale", self.scale, "a factor from 0.001 to 10")?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        Ok(())
    }
}

impl BarlowTwins {
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
