//! Rows of a manifest, as one view or as several draws of labels that later words run through one by one.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use foretask_data::{Channels, Folders, LoadOptions, Manifest, OnBadImage, Range, Samples, Source, settle_range};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Role};

/// How the images of a dataset are decoded; options of the word `dataset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoadSettings {
    /// Channels of the decoded images; as in the files where left out.
    pub channels: Channels,
    /// Which values of the files are black and white.
    #[serde(skip_serializing_if = "Range::is_auto")]
    pub range: Range,
    /// What to do about files that cannot be read.
    pub on_bad_image: OnBadImage,
    /// Share of bad images that is still put up with.
    pub max_bad_fraction: f64,
    /// What images may take of the memory, such as "4g". It decides the order of images that do not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Tables that label the images. They and the next one decide rows, not how images are decoded.
    #[serde(skip_serializing, deserialize_with = "one_or_several")]
    pub labels: Vec<String>,
    /// What subfolders are.
    #[serde(skip_serializing)]
    pub folders: Folders,
}

/// A text or an array of texts.
fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Paths;
    impl<'de> serde::de::Visitor<'de> for Paths {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a path in quotes or an array of paths")
        }

        fn visit_str<E>(self, path: &str) -> Result<Vec<String>, E> {
            Ok(vec![path.to_owned()])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut paths: A) -> Result<Vec<String>, A::Error> {
            let mut all = Vec::new();
            while let Some(path) = paths.next_element()? {
                all.push(path);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_any(Paths)
}

impl Default for LoadSettings {
    fn default() -> Self {
        let options = LoadOptions::default();
        Self {
            channels: options.channels,
            range: options.range,
            on_bad_image: options.on_bad_image,
            max_bad_fraction: options.max_bad_fraction,
            memory: None,
            labels: Vec::new(),
            folders: Folders::default(),
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
            channels: self.channels.clone(),
            range: self.range.clone(),
            on_bad_image: self.on_bad_image,
            max_bad_fraction: self.max_bad_fraction,
            ..options
        }
    }
}

/// One view of a manifest and, once asked for, its rows.
#[derive(Debug)]
pub struct View {
    /// The table with the rows chosen so far.
    pub manifest: Manifest,
    /// Seed of the draw this view is, where it is one.
    pub seed: Option<u64>,
    samples: OnceLock<(Arc<Samples>, String)>,
}

impl View {
    pub(crate) fn new(manifest: Manifest, seed: Option<u64>) -> Self {
        Self { manifest, seed, samples: OnceLock::new() }
    }

    fn read(&self) -> Result<&(Arc<Samples>, String), Error> {
        if let Some(read) = self.samples.get() {
            return Ok(read);
        }
        let samples = self.manifest.samples()?;
        let fingerprint = samples.fingerprint();
        Ok(self.samples.get_or_init(|| (Arc::new(samples), fingerprint)))
    }

    /// The rows.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn samples(&self) -> Result<Arc<Samples>, Error> {
        Ok(Arc::clone(&self.read()?.0))
    }

    /// The same rows, from which nobody can read a label.
    pub(crate) fn blind(&self) -> Result<Self, Error> {
        let samples = Samples { labels: vec![None; self.samples()?.len()], ..(*self.samples()?).clone() };
        let fingerprint = samples.fingerprint();
        let samples = OnceLock::from((Arc::new(samples), fingerprint));
        Ok(Self { manifest: self.manifest.clone(), seed: self.seed, samples })
    }

    /// Decides memoised results.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn fingerprint(&self) -> Result<String, Error> {
        Ok(self.read()?.1.clone())
    }
}

/// A dataset of the script: one view, or one per label draw.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// One, or one for each label draw.
    pub views: Arc<[Arc<View>]>,
    /// How the images are decoded.
    pub load: LoadSettings,
    /// What tells it from others in the titles of stages: "10 labels a class".
    pub about: Option<Arc<str>>,
    /// The table that all parts of it come from.
    pub(crate) root: Arc<Root>,
}

/// A whole table, and which values of its images are black and white: the same for all parts of it.
#[derive(Debug)]
pub(crate) struct Root {
    manifest: Manifest,
    range: OnceLock<Range>,
}

/// Images that say whether any has more than 8 bits, and images that say what is black and white then.
const GLANCED: usize = 256;
const MEASURED: usize = 1000;

impl Root {
    /// The range with nothing left open; [`Range::Auto`] for images of 8 bits, where nothing is. Images to measure on have no
    /// part in it.
    fn settled(&self, load: &LoadSettings) -> Result<Range, Error> {
        if matches!(load.range, Range::Between(_) | Range::Whites(_)) {
            return Ok(load.range.clone());
        }
        if let Some(known) = self.range.get() {
            return Ok(known.clone());
        }
        // A table of nothing but images to measure on has no others to look at.
        let (all, options) = (&self.manifest, load.options());
        let learnable = all.unlabeled().unwrap_or_else(|_| all.clone());
        let learnable = if learnable.count()? == 0 { all.clone() } else { learnable };
        let count = learnable.count()?;
        let some = |most: usize| -> Result<Samples, Error> {
            let share = most as f64 / count.max(1) as f64;
            Ok(if share < 1.0 { learnable.fraction(share, 0)?.samples()? } else { learnable.samples()? })
        };
        // Embedded images are read with the whole table, unless they are its first.
        let embedded = matches!(learnable.take(1)?.samples()?.sources[..], [Source::Bytes { .. }]);
        let few = if embedded { learnable.take(GLANCED)?.samples()? } else { some(GLANCED)? };
        let found = match settle_range(&few, &options)? {
            Range::Whites(whites) if whites.is_empty() => Range::Auto,
            found if count <= GLANCED => found,
            _ => settle_range(&some(MEASURED)?, &options)?,
        };
        Ok(self.range.get_or_init(|| found).clone())
    }
}

impl Dataset {
    /// All rows of a table as one view.
    pub fn new(manifest: Manifest, load: LoadSettings) -> Self {
        let root = Arc::new(Root { manifest: manifest.clone(), range: OnceLock::new() });
        Self { views: Arc::new([Arc::new(View::new(manifest, None))]), load, about: None, root }
    }

    /// All rows of the dataset at `path`: a manifest, a folder that holds one, a pattern of parts, or a folder of images.
    ///
    /// # Errors
    /// When there is none, or its table cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self::new(Manifest::open(path)?, LoadSettings::default()))
    }

    /// The rows of one split.
    ///
    /// # Errors
    /// When there is no such split.
    pub fn split(&self, name: &str) -> Result<Self, Error> {
        Ok(self.map(|manifest| manifest.split(name))?)
    }

    /// The images to learn from, without their labels.
    ///
    /// # Errors
    /// When no rows are left.
    pub fn unlabeled(&self) -> Result<Self, Error> {
        Ok(self.map(Manifest::unlabeled)?)
    }

    /// `n` images of each class, once for each of `seeds`.
    ///
    /// # Errors
    /// When a class has fewer.
    pub fn per_class(&self, n: usize, seeds: &[u64]) -> Result<Self, Error> {
        Ok(self.draw(seeds, |manifest, seed| manifest.per_class(n, seed))?)
    }

    /// The same, called so in the titles of stages.
    #[must_use]
    pub fn called(self, about: &str) -> Self {
        Self { about: Some(about.into()), ..self }
    }

    /// The same change to every draw.
    ///
    /// # Errors
    /// What `change` refuses.
    pub fn map(&self, change: impl Fn(&Manifest) -> foretask_data::Result<Manifest>) -> foretask_data::Result<Self> {
        let views = self.views.iter().map(|view| Ok(Arc::new(View::new(change(&view.manifest)?, view.seed))));
        Ok(Self { views: views.collect::<foretask_data::Result<Vec<_>>>()?.into(), ..self.clone() })
    }

    /// A draw per seed.
    ///
    /// # Errors
    /// What `change` refuses.
    pub fn draw(
        &self,
        seeds: &[u64],
        change: impl Fn(&Manifest, u64) -> foretask_data::Result<Manifest>,
    ) -> foretask_data::Result<Self> {
        let manifest = &self.views[0].manifest;
        let views = seeds.iter().map(|seed| Ok(Arc::new(View::new(change(manifest, *seed)?, Some(*seed)))));
        Ok(Self { views: views.collect::<foretask_data::Result<Vec<_>>>()?.into(), ..self.clone() })
    }

    /// The only view, for a `word` that takes the dataset as `role`.
    ///
    /// # Errors
    /// When there are several draws; `role` is blamed.
    pub fn single(&self, word: &str, role: Role) -> Result<&Arc<View>, Error> {
        if self.views.len() > 1 {
            return Err(Error::input(format!(
                "`{word}` takes one set of images, and this holds {} label draws",
                self.views.len()
            ))
            .label("several label draws")
            .help("draws are for `finetune`, `linear_probe`, `knn` and `pixel_probe`; use the data before `.per_class`")
            .at(role));
        }
        Ok(&self.views[0])
    }

    /// How the images of all parts of the table are decoded, with nothing left open.
    pub(crate) fn settings(&self) -> Result<LoadSettings, Error> {
        Ok(LoadSettings { range: self.root.settled(&self.load)?, ..self.load.clone() })
    }

    /// What decides results of words that use `view`.
    pub(crate) fn identity(&self, view: &View) -> Result<serde_json::Value, Error> {
        Ok(serde_json::json!({ "rows": view.fingerprint()?, "load": self.settings()? }))
    }

    /// How the first view was made.
    pub fn steps(&self) -> &[String] {
        self.views[0].manifest.steps()
    }
}
