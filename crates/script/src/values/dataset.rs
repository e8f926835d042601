//! Rows of a manifest, as one view or as several draws of labels that later words run through one by one.

use std::sync::{Arc, OnceLock};

use foretask_data::{Images, LoadOptions, Manifest, OnBadImage, Samples};
use serde::{Deserialize, Serialize};

use crate::errors::Fault;
use crate::host::Host;

/// How the images of a dataset are decoded; options of the word `dataset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoadSettings {
    /// Channels of the decoded images; as in the files where left out.
    pub(crate) channels: Option<u8>,
    pub(crate) on_bad_image: OnBadImage,
    /// Share of bad images that is still put up with.
    pub(crate) max_bad_fraction: f64,
    /// What images may take of the memory, such as "4g". It decides the order of images that do not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<String>,
}

impl Default for LoadSettings {
    fn default() -> Self {
        let options = LoadOptions::default();
        Self {
            channels: options.channels,
            on_bad_image: options.on_bad_image,
            max_bad_fraction: options.max_bad_fraction,
            memory: None,
        }
    }
}

impl LoadSettings {
    pub(crate) fn options(&self) -> LoadOptions {
        let options = LoadOptions::default();
        // The word `dataset` has refused what is no amount.
        let memory = self.memory.as_deref().and_then(|text| foretask_data::parse_bytes("memory", text).ok());
        LoadOptions {
            cache_bytes: memory.unwrap_or(options.cache_bytes),
            channels: self.channels,
            on_bad_image: self.on_bad_image,
            max_bad_fraction: self.max_bad_fraction,
            ..options
        }
    }
}

/// One view of a manifest and, once asked for, its rows.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) manifest: Manifest,
    /// Seed of the draw this view is, where it is one.
    pub(crate) seed: Option<u64>,
    samples: OnceLock<(Arc<Samples>, String)>,
}

impl View {
    pub(crate) fn new(manifest: Manifest, seed: Option<u64>) -> Self {
        Self { manifest, seed, samples: OnceLock::new() }
    }

    fn read(&self) -> Result<&(Arc<Samples>, String), Fault> {
        if let Some(read) = self.samples.get() {
            return Ok(read);
        }
        let samples = self.manifest.samples()?;
        let fingerprint = samples.fingerprint();
        Ok(self.samples.get_or_init(|| (Arc::new(samples), fingerprint)))
    }

    /// The rows.
    pub(crate) fn samples(&self) -> Result<Arc<Samples>, Fault> {
        Ok(Arc::clone(&self.read()?.0))
    }

    /// The same rows, from which nobody can read a label.
    pub(crate) fn blind(&self) -> Result<Self, Fault> {
        let samples = Samples { labels: vec![None; self.samples()?.len()], ..(*self.samples()?).clone() };
        let fingerprint = samples.fingerprint();
        let samples = OnceLock::from((Arc::new(samples), fingerprint));
        Ok(Self { manifest: self.manifest.clone(), seed: self.seed, samples })
    }

    /// Decides memoised results.
    pub(crate) fn fingerprint(&self) -> Result<String, Fault> {
        Ok(self.read()?.1.clone())
    }
}

/// A dataset of the script: one view, or one per label draw.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    pub(crate) views: Arc<[Arc<View>]>,
    pub(crate) load: LoadSettings,
    /// What tells it from others in the titles of stages: "10 labels a class".
    pub(crate) about: Option<Arc<str>>,
}

impl Dataset {
    pub(crate) fn new(manifest: Manifest, load: LoadSettings) -> Self {
        Self { views: Arc::new([Arc::new(View::new(manifest, None))]), load, about: None }
    }

    /// The same, called so in the titles of stages.
    pub(crate) fn called(self, about: &str) -> Self {
        Self { about: Some(about.into()), ..self }
    }

    /// The same change to every draw.
    pub(crate) fn map(
        &self,
        change: impl Fn(&Manifest) -> foretask_data::Result<Manifest>,
    ) -> foretask_data::Result<Self> {
        let views = self.views.iter().map(|view| Ok(Arc::new(View::new(change(&view.manifest)?, view.seed))));
        Ok(Self { views: views.collect::<foretask_data::Result<Vec<_>>>()?.into(), ..self.clone() })
    }

    /// A draw per seed.
    pub(crate) fn draw(
        &self,
        seeds: &[u64],
        change: impl Fn(&Manifest, u64) -> foretask_data::Result<Manifest>,
    ) -> foretask_data::Result<Self> {
        let manifest = &self.views[0].manifest;
        let views = seeds.iter().map(|seed| Ok(Arc::new(View::new(change(manifest, *seed)?, Some(*seed)))));
        Ok(Self { views: views.collect::<foretask_data::Result<Vec<_>>>()?.into(), ..self.clone() })
    }

    /// The only view; a fault at argument `argument` where there are several draws.
    pub(crate) fn single(&self, word: &str, argument: usize) -> Result<&Arc<View>, Fault> {
        if self.views.len() > 1 {
            return Err(Fault::input(format!(
                "`{word}` takes one set of images, and this holds {} label draws",
                self.views.len()
            ))
            .label("several label draws")
            .help("draws are for `finetune`, `linear_probe`, `knn` and `pixel_probe`; use the data before `.per_class`")
            .argument(argument));
        }
        Ok(&self.views[0])
    }

    /// The decoded images of one view.
    pub(crate) fn images(&self, host: &Host, view: &View) -> Result<Arc<Images>, Fault> {
        /// Told one by one; the report lists more.
        const TOLD: usize = 5;
        let images = host.images(&*view.samples()?, &self.load)?;
        let dataset = self.steps().first().map_or("dataset", String::as_str);
        for bad in images.bad().iter().take(TOLD) {
            host.warn(format!("{dataset}, {bad}: left out"));
        }
        if images.bad().len() > TOLD {
            host.warn(format!("{dataset}: {} more images left out, see the report", images.bad().len() - TOLD));
        }
        Ok(images)
    }

    /// A few images, spread over the view: enough to know sizes and channels without decoding everything.
    pub(crate) fn glance(&self, host: &Host, view: &View) -> Result<Arc<Images>, Fault> {
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
        let load = LoadSettings { on_bad_image: OnBadImage::Skip, max_bad_fraction: 1.0, ..self.load.clone() };
        host.images(&few, &load)
    }

    /// What decides results of words that use `view`.
    pub(crate) fn identity(&self, view: &View) -> Result<serde_json::Value, Fault> {
        Ok(serde_json::json!({ "rows": view.fingerprint()?, "load": self.load }))
    }

    /// How the first view was made.
    pub(crate) fn steps(&self) -> &[String] {
        self.views[0].manifest.steps()
    }
}
