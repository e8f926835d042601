//! `LeJEPA`: all views are to lie close to the mean of the large ones, and embeddings to be spread like a round normal
//! distribution, which is tested along random directions (Balestriero et al. 2025, arXiv 2511.08544).

use crate::augment::{Augment, Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{BLUR, CROP, FLIP, JITTER, JointEmbedding, VIEWS, WIDTH, WIDTH_ABOUT, joint_options};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "lejepa";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "bring all views close to the mean of the large ones, while embeddings stay spread like a round normal \
              distribution",
    use_when: "you want few things to go wrong: no teacher, no queue, no schedule of its own, one weight. Small \
               batches and odd images are fine",
    avoid_when: "kinds are few and very uneven, for a round spread draws them apart; take `byol`",
    paper: "Balestriero, LeCun 2025, LeJEPA: provable and scalable self-supervised learning without the heuristics, \
            arXiv 2511.08544",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option(
            "lambda",
            "0 to 1",
            "0.05",
            "weight of the spread against agreement; 0.01 to 0.1 are usual, more if embeddings collapse",
        ),
        option("slices", "1 to 65536", "1024", "random directions of the test, new ones each step"),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", "length of the embedding; auto 64"),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::SimClr,
    own: |shape| {
        let (large, local, count, reason) = match shape.short_side() {
            0..=64 => (0.3, [0.15, 0.4], 4, "four of half the size cost as much as one large view"),
            _ => (0.3, [0.05, 0.3], 6, "six, as in the paper"),
        };
        let large = Augment::default().crop([large, 1.0]);
        let local_view = Augment::default().crop(local);
        (Views { first: large, second: large, local: Some(count), local_view, ..Views::open() }, reason)
    },
};

joint_options! {
    /// Options of `lejepa`; `None` is `"auto"`.
    LeJepa {
        /// Weight of the spread.
        lambda: f64 = 0.05,
        /// Random directions of the test.
        slices: u32 = 1024,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
    }
}

impl JointEmbedding for LeJepa {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::share(WORD, "lambda", Some(self.lambda))?;
        check::require(
            (1..=65_536).contains(&self.slices),
            WORD,
            "slices",
            self.slices,
            "a whole number from 1 to 65536",
        )?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        Ok(())
    }
}

impl LeJepa {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let (mut task, mut notes) = (*self, Vec::new());
        run.width(&mut task.projector_width, "projector_width", 4, 256..=2048, &mut notes);
        choose(&mut task.projector_out, "projector_out", 64, "as in the paper", &mut notes);
        Ok((task, notes))
    }
}
