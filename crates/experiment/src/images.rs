//! The images of datasets: all of a view, or a few of them.

use std::sync::Arc;

use foretask_data::{BadImage, Images, OnBadImage, Samples, Survey};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::values::{Dataset, LoadSettings, View};

impl Experiment {
    /// The decoded images of one view.
    pub(crate) fn images_of(&self, data: &Dataset, view: &View) -> Result<Arc<Images>, Error> {
        let images = self.images.load(&*view.samples()?, &data.load)?;
        self.left_out(data, images.bad());
        for remark in images.remarks() {
            self.warn(format!("{}: {remark}", data.steps().first().map_or("dataset", String::as_str)));
        }
        Ok(images)
    }

    /// Number, channels and sizes of the images of one view, of which no pixel is decoded: what a plan goes by, so that it is the
    /// same when it is checked and when it is run.
    pub(crate) fn survey(&self, data: &Dataset, view: &View) -> Result<Survey, Error> {
        let found = self.images.survey(&*view.samples()?, &data.load)?;
        let (survey, bad) = &*found;
        self.left_out(data, bad);
        Ok(survey.clone())
    }

    fn left_out(&self, data: &Dataset, all: &[BadImage]) {
        /// Told one by one; the report lists more.
        const TOLD: usize = 5;
        let dataset = data.steps().first().map_or("dataset", String::as_str);
        for bad in all.iter().take(TOLD) {
            self.warn(format!("{dataset}, {bad}: left out"));
        }
        if all.len() > TOLD {
            self.warn(format!("{dataset}: {} more images left out, see the report", all.len() - TOLD));
        }
    }

    /// A few images, spread over the view, to try things on without decoding everything. How many there are and how large they
    /// are is a [`survey`](Self::survey)'s to say.
    pub(crate) fn sample_images(&self, data: &Dataset, view: &View) -> Result<Arc<Images>, Error> {
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
        // Bad images are the survey's business; among a few of them one would already be too large a share. A few may all be gray
        // where others are colored.
        let channels = u8::try_from(self.survey(data, view)?.channels).ok();
        let load =
            LoadSettings { channels, on_bad_image: OnBadImage::Skip, max_bad_fraction: 1.0, ..data.load.clone() };
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
