//! The images of datasets: all of a view, or a few of them.

use std::sync::Arc;

use foretask_data::{BadImage, Channels, Images, OnBadImage, Range, Samples, Survey};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::values::{Dataset, Encoder, LoadSettings, View};

impl Experiment {
    /// The decoded images of one view.
    pub(crate) fn images_of(&self, data: &Dataset, view: &View) -> Result<Arc<Images>, Error> {
        let images = self.images.load(&*view.samples()?, &data.settings()?)?;
        self.left_out(data, images.bad());
        for remark in images.remarks() {
            self.warn(format!("{}: {remark}", data.steps().first().map_or("dataset", String::as_str)));
        }
        Ok(images)
    }

    /// Number, channels and sizes of the images of one view, of which no pixel is decoded: what a plan goes by, so that it is the
    /// same when it is checked and when it is run.
    ///
    /// # Errors
    /// A manifest or images that cannot be read.
    pub fn survey(&self, data: &Dataset, view: &View) -> Result<Survey, Error> {
        let settings = data.settings()?;
        let found = self.images.survey(&*view.samples()?, &settings)?;
        let (survey, bad) = &*found;
        self.left_out(data, bad);
        if let Some(text) = read_in_words(&settings, survey.channels) {
            self.plan_warning(format!("{}: {text}", data.steps().first().map_or("dataset", String::as_str)));
        }
        Ok(survey.clone())
    }

    /// Says, in the plan and once, what becomes of an encoder's first layer on images of other channels.
    pub(crate) fn say_spread(&self, encoder: &Encoder, images: &Survey) -> Result<(), Error> {
        if let Some(text) = encoder.spread_in_words(images)? {
            self.plan_warning(text);
        }
        Ok(())
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
        let settings = data.settings()?;
        let channels = match &settings.channels {
            Channels::Auto => Channels::Count(self.survey(data, view)?.channels),
            chosen => chosen.clone(),
        };
        let load = LoadSettings { channels, on_bad_image: OnBadImage::Skip, max_bad_fraction: 1.0, ..settings };
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
        let load = LoadSettings { max_bad_fraction: 1.0, ..data.settings()? };
        self.images.load(&chosen, &load)
    }
}

/// How files that are no photographs are read: which of their values are black and white, and how many channels they have.
fn read_in_words(settings: &LoadSettings, channels: usize) -> Option<String> {
    const SHOWN: usize = 3;
    let black_and_white = match &settings.range {
        Range::Auto | Range::Percentile => None,
        Range::Whites(whites) => {
            let words = whites.words.values().map(u32::to_string);
            let all: Vec<String> = words.chain(whites.floats.map(|white| white.to_string())).collect();
            (!all.is_empty()).then(|| format!("more than 8 bits, of which 0 is black and {} white", all.join(" or ")))
        }
        Range::Between(pairs) => {
            let more = if pairs.len() > SHOWN { format!(", … ({} channels)", pairs.len()) } else { String::new() };
            let shown: Vec<String> = pairs.iter().take(SHOWN).map(|[low, high]| format!("{low} and {high}")).collect();
            let how = if pairs.len() > 1 { "channel by channel " } else { "" };
            Some(format!("{how}{}{more} are black and white", shown.join(", ")))
        }
    };
    let channels = match &settings.channels {
        chosen @ (Channels::These(_) | Channels::Pages) => Some(format!("channels {chosen}")),
        _ if !matches!(channels, 1 | 3) => Some(format!("{channels} channels")),
        _ => None,
    };
    let said: Vec<String> = channels.into_iter().chain(black_and_white).collect();
    (!said.is_empty()).then(|| format!("read with {}", said.join("; ")))
}
