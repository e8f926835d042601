//! Supervised contrast: views of images with the same label are to lie close together; images without a label agree with
//! themselves only (Khosla et al. 2020, arXiv 2004.11362).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{
    BLUR, CROP, FLIP, JITTER, JointEmbedding, OUT_ABOUT, VIEWS, WIDTH, WIDTH_ABOUT, joint_options,
};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "supcon";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "as `simclr`, but all images with the same label belong together",
    use_when: "a good part of the images is labeled: labels then shape the features, and the unlabeled rest still \
               takes part",
    avoid_when: "there are only a few labels: `simclr` and then `finetune` uses them better. Labels shape the \
                 encoder here, so results on these images do not say what pretraining without labels gives",
    paper: "Khosla, Teterwak, Wang et al. 2020, Supervised contrastive learning, arXiv 2004.11362",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option("temperature", "0.01 to 2", "0.1", "lower looks harder at the most similar other images"),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", OUT_ABOUT),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::SimClr,
    own: |_| (Views { local: Some(0), ..Views::open() }, "two views, as in the paper"),
};

joint_options! {
    /// Options of `supcon`; `None` is `"auto"`.
    SupCon {
        /// Temperature of the contrast.
        temperature: f64 = 0.1,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
    }
}

impl JointEmbedding for SupCon {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::temperature(WORD, "temperature", Some(self.temperature))?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        Ok(())
    }
}

impl SupCon {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let (mut task, mut notes) = (*self, Vec::new());
        run.width(&mut task.projector_width, "projector_width", 1, 128..=2048, &mut notes);
        choose(&mut task.projector_out, "projector_out", 128, "the length used throughout the literature", &mut notes);
        Ok((task, notes))
    }
}
