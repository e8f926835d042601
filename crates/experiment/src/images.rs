//! The images of datasets: all of a view, or a few of them.

use std::sync::Arc;

use foretask_data::{Images, OnBadImage, Samples};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::values::{Dataset, LoadSettings, View};

impl Experiment {
    /// The decoded images of one view.
    pub(crate) fn images_of(&self, data: &Dataset, view: &View) -> Result<Arc<Images>, Error> {
        /// Told one by one; the report lists more.
        const TOLD: usize = 5;
        let images = self.images.load(&*view.samples()?, &data.load)?;
        let dataset = data.steps().first().map_or("dataset", String::as_str);
        for bad in images.bad().iter().take(TOLD) {
            self.warn(format!("{dataset}, {bad}: left out"));
        }
        if images.bad().len() > TOLD {
            self.warn(format!("{dataset}: {} more images left out, see the report", images.bad().len() - TOLD));
        }
        Ok(images)
    }

    /// A few images, spread over the view: enough to know sizes and channels without decoding everything.
    pub(crate) fn glance(&self, data: &Dataset, view: &View) -> Result<Arc<Images>, Error> {
        const LOOKED_AT: usize = 24;
        let all = view.samples()?;
        let step = (all.len() / LOOKED_AT).max(1);
        let picked: Vec<usize> = (0..all.len()).step_by(step).take(LOOKED_AT).collect();
        let few = Samples {
            rows: picked.iter().map(|&at| all.rows[at]).collect(),
            labels: picked.iter().map(|&at| all.labels[at]).collect(),
            classes: Arc::clone(&all.classes),
            sources: picked.iter().map(|&at| all.sources[at].clone()).collect(),
        };
        // Bad images are the run's business; among a few of them one would already be too large a share.
        let load = LoadSettings { on_bad_image: OnBadImage::Skip, max_bad_fraction: 1.0, ..data.load.clone() };
        self.images.load(&few, &load)
    }

    /// `count` images of a view, chosen by seed, without decoding the others.
    pub(crate) fn some_images(
        &self,
        data: &Dataset,
        view: &View,
        count: usize,
        seed: u64,
    ) -> Result<Arc<Images>, Error> {
        let count = count.min(view.samples()?.len());
        let share = count as f64 / view.samples()?.len().max(1) as f64;
        let chosen = view.manifest.fraction(share.clamp(f64::MIN_POSITIVE, 1.0), seed)?.samples()?;
        let load = LoadSettings { max_bad_fraction: 1.0, ..data.load.clone() };
        self.images.load(&chosen, &load)
    }
}
