//! `NNCLR`: a view is to be recognized by the nearest neighbor of another view among earlier images (Dwibedi, Aytar,
//! Tompson, Sermanet, Zisserman 2021, arXiv 2104.14548).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::pixels::Shape;
use crate::tasks::joint::{
    BLUR, COUNT, CROP, FLIP, JITTER, JointEmbedding, OUT_ABOUT, VIEWS, WIDTH, WIDTH_ABOUT, joint_options,
};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "nnclr";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "as `simclr`, but a view is compared with the most similar earlier image instead of with the other \
              view itself",
    use_when: "the pool holds many images of each kind, so that a near neighbor is another image of the same kind; \
               less depends on strong views than with `simclr`",
    avoid_when: "there are few images, or nearly the same ones: then the nearest neighbor is a duplicate and \
                 teaches nothing; take `simclr`",
    paper: "Dwibedi, Aytar, Tompson, Sermanet, Zisserman 2021, With a little help from my friends: nearest-neighbor \
            contrastive learning of visual representations, arXiv 2104.14548",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option(
            "queue",
            COUNT,
            "\"auto\"",
            "earlier embeddings to find neighbors in, a multiple of the batch; auto up to half the pool",
        ),
        option(
            "temperature",
            "0.01 to 2, or \"auto\"",
            "\"auto\"",
            "lower looks harder at the most similar other images; auto 0.2 for small images, else 0.1",
        ),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", OUT_ABOUT),
        option("predictor_width", WIDTH, "\"auto\"", "hidden width of the prediction head"),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::SimClr,
    own: |_| (Views { local: Some(0), ..Views::open() }, "two views, as in the paper"),
};

joint_options! {
    /// Options of `nnclr`; `None` is `"auto"`.
    NnClr {
        /// Earlier embeddings, a multiple of the batch.
        #[serde(with = "crate::auto")]
        queue: Option<u32> = None,
        /// Temperature of the contrast.
        #[serde(with = "crate::auto")]
        temperature: Option<f64> = None,
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

impl JointEmbedding for NnClr {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        let queue = self.queue.unwrap_or(1);
        check::require(
            (1..=1 << 20).contains(&queue),
            WORD,
            "queue",
            queue,
            "a whole number from 1 to 1048576, or \"auto\"",
        )?;
        check::temperature(WORD, "temperature", self.temperature)?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        check::width(WORD, "predictor_width", self.predictor_width)?;
        Ok(())
    }

    fn fill_by_shape(&mut self, shape: Shape, notes: &mut Vec<Auto>) {
        let (value, reason) =
            if shape.short_side() <= 64 { (0.2, "good on small images") } else { (0.1, "as in the paper") };
        choose(&mut self.temperature, "temperature", value, reason, notes);
    }
}

impl NnClr {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image, or a queue that is no multiple of the batch.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let (mut task, mut notes) = (*self, Vec::new());
        run.queue(&mut task.queue, &mut notes)?;
        run.width(&mut task.projector_width, "projector_width", 1, 128..=2048, &mut notes);
        choose(&mut task.projector_out, "projector_out", 256, "as in the paper", &mut notes);
        run.width(&mut task.predictor_width, "predictor_width", 2, 256..=4096, &mut notes);
        Ok((task, notes))
    }
}
