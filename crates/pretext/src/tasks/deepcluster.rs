//! `DeepCluster` version 2: once an epoch all embeddings are clustered, and each view is to tell the cluster of its image
//! (Caron, Bojanowski, Joulin, Douze 2018, arXiv 1807.05520; version 2 in arXiv 2006.09882).

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{
    BLUR, COUNT, CROP, FLIP, JITTER, JointEmbedding, OUT_ABOUT, VIEWS, WIDTH, WIDTH_ABOUT, joint_options,
};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "deepcluster";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "cluster all images once an epoch by what the network makes of them, and let each view tell its \
              image's cluster",
    use_when: "you want to see what is learned: clusters can be looked at. Many images of each kind, and epochs of \
               a minute rather than an hour",
    avoid_when: "epochs are long, or runs are shorter than some ten epochs: clusters are renewed only once an \
                 epoch; take `swav`",
    paper: "Caron, Bojanowski, Joulin, Douze 2018, Deep clustering for unsupervised learning of visual features, \
            arXiv 1807.05520; version 2 in Caron et al. 2020, arXiv 2006.09882",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option("prototypes", COUNT, "\"auto\"", "clusters; auto one for 16 images, at most 3000"),
        option("heads", "1 to 16", "3", "independent clusterings"),
        option("temperature", "0.01 to 2", "0.1", "of telling the cluster"),
        option("iterations", "1 to 100", "10", "rounds of k-means an epoch"),
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
    /// Options of `deepcluster`; `None` is `"auto"`.
    DeepCluster {
        /// Clusters.
        #[serde(with = "crate::auto")]
        prototypes: Option<u32> = None,
        /// Independent clusterings.
        heads: u32 = 3,
        /// Temperature of the prediction.
        temperature: f64 = 0.1,
        /// Rounds of k-means an epoch.
        iterations: u32 = 10,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
    }
}

impl JointEmbedding for DeepCluster {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::prototypes(WORD, "prototypes", self.prototypes)?;
        check::require((1..=16).contains(&self.heads), WORD, "heads", self.heads, "a whole number from 1 to 16")?;
        check::temperature(WORD, "temperature", Some(self.temperature))?;
        check::require(
            (1..=100).contains(&self.iterations),
            WORD,
            "iterations",
            self.iterations,
            "a whole number from 1 to 100",
        )?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        Ok(())
    }
}

impl DeepCluster {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image, or more prototypes than images.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let (mut task, mut notes) = (*self, Vec::new());
        run.prototypes(&mut task.prototypes, "prototypes", &mut notes)?;
        run.width(&mut task.projector_width, "projector_width", 1, 128..=2048, &mut notes);
        choose(&mut task.projector_out, "projector_out", 128, "as in the paper", &mut notes);
        Ok((task, notes))
    }
}
