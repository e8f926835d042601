//! `SwAV`: views are sorted into groups that all are equally full, and each view is to tell the group of the others (Caron,
//! Misra, Mairal, Goyal, Bojanowski, Joulin 2020, arXiv 2006.09882).

use crate::augment::{Augment, Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::tasks::joint::{
    BLUR, COUNT, CROP, FLIP, JITTER, JointEmbedding, OUT_ABOUT, VIEWS, WIDTH, WIDTH_ABOUT, joint_options,
};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "swav";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "sort the views of a batch into equally full groups, and let each view tell the groups of the others",
    use_when: "the pool is large and of many kinds, batches are small, or cheap local views are wanted: no pair of \
               images is compared with any other",
    avoid_when: "kinds are of very different frequency: groups are kept equally full, so the frequent kinds are \
                 split; take `byol` or `dino`",
    paper: "Caron, Misra, Mairal, Goyal, Bojanowski, Joulin 2020, Unsupervised learning of visual features by \
            contrasting cluster assignments, arXiv 2006.09882",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option("prototypes", COUNT, "\"auto\"", "groups to sort images into; auto one for 16 images, at most 3000"),
        option("temperature", "0.01 to 2", "0.1", "of telling the group"),
        option("epsilon", "0.001 to 1", "0.05", "how soft groups are; smaller is harder, and may not converge"),
        option("iterations", "1 to 100", "3", "rounds of making groups equally full (Sinkhorn and Knopp)"),
        option(
            "queue",
            COUNT,
            "\"auto\"",
            "earlier embeddings that help to fill the groups, a multiple of the batch, 0 for none; auto where the batch is smaller than the groups are many",
        ),
        option("queue_start", "steps", "\"auto\"", "when the queue begins to be used: early embeddings are of no use"),
        option("freeze", "steps", "\"auto\"", "how long prototypes stay as they are at the start"),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", OUT_ABOUT),
    ],
};

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::SimClr,
    own: |shape| {
        let local = Augment::default();
        if shape.short_side() <= 64 {
            return (Views { local: Some(0), ..Views::open() }, "a part of so small an image shows too little");
        }
        let large = local.crop([0.14, 1.0]);
        let views = Views {
            first: large,
            second: large,
            local: Some(6),
            local_view: local.crop([0.05, 0.14]),
            ..Views::open()
        };
        (views, "six, as in the paper")
    },
};

joint_options! {
    /// Options of `swav`; `None` is `"auto"`.
    SwAv {
        /// Groups.
        #[serde(with = "crate::auto")]
        prototypes: Option<u32> = None,
        /// Temperature of the prediction.
        temperature: f64 = 0.1,
        /// Softness of the assignment.
        epsilon: f64 = 0.05,
        /// Rounds of Sinkhorn and Knopp.
        iterations: u32 = 3,
        /// Earlier embeddings that join the assignment, a multiple of the batch; 0 for none.
        #[serde(with = "crate::auto")]
        queue: Option<u32> = None,
        /// First step at which the queue joins.
        #[serde(with = "crate::auto")]
        queue_start: Option<u64> = None,
        /// Steps during which prototypes stay as they are.
        #[serde(with = "crate::auto")]
        freeze: Option<u64> = None,
        /// Hidden width of the projection head.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
    }
}

impl JointEmbedding for SwAv {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::prototypes(WORD, "prototypes", self.prototypes)?;
        check::temperature(WORD, "temperature", Some(self.temperature))?;
        check::require(
            (0.001..=1.0).contains(&self.epsilon),
            WORD,
            "epsilon",
            self.epsilon,
            "a number from 0.001 to 1",
        )?;
        check::require(
            (1..=100).contains(&self.iterations),
            WORD,
            "iterations",
            self.iterations,
            "a whole number from 1 to 100",
        )?;
        let queue = self.queue.unwrap_or(0);
        check::require(queue <= 1 << 20, WORD, "queue", queue, "a whole number up to 1048576, or \"auto\"")?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)?;
        Ok(())
    }
}

impl SwAv {
    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image, more prototypes than images, or a queue that
    /// is no multiple of the batch.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let RunSizes { pool, batch, steps, .. } = *sizes;
        let (mut task, mut notes) = (*self, Vec::new());
        run.prototypes(&mut task.prototypes, "prototypes", &mut notes)?;
        let groups = task.prototypes.unwrap_or(0) as usize;
        // 3840 for 3000 prototypes in the paper; never so much that images meet themselves.
        let wanted = (groups + groups / 4).div_ceil(batch) * batch;
        let room = pool / 2 / batch * batch;
        let (queue, reason) = if 2 * batch >= groups {
            (0, "the two views of a batch are enough for the groups")
        } else if steps.is_some_and(|steps| (wanted.min(room) / batch) as u64 >= steps) {
            (0, "the run is over before a queue is full")
        } else if wanted <= room {
            (wanted, "a batch alone would leave most groups empty")
        } else {
            (room, "as many as there may be: at most half the pool")
        };
        choose(&mut task.queue, "queue", queue as u32, reason, &mut notes);
        run.check_queue(task.queue)?;
        if task.queue == Some(0) {
            task.queue_start = task.queue_start.or(Some(0));
        } else {
            let filled = u64::from(task.queue.unwrap_or(0)) / batch as u64;
            let start = steps.map_or(filled, |steps| (steps / 20).max(filled));
            let reason = "once filled, and after a twentieth of the run";
            choose(&mut task.queue_start, "queue_start", start, reason, &mut notes);
            run.within(task.queue_start, "queue_start", "the queue is never used")?;
        }
        run.freeze(&mut task.freeze, "prototypes stay as they are", &mut notes)?;
        run.width(&mut task.projector_width, "projector_width", 1, 128..=2048, &mut notes);
        choose(&mut task.projector_out, "projector_out", 128, "as in the paper", &mut notes);
        Ok((task, notes))
    }
}
