//! A network's body with weights: pretrained, from a file, or random; and what pretraining gives, which may have gone on from
//! such a body.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use foretask_data::{Images, Survey};
use foretask_models::{BackboneConfig, InputSpec, Seen};
use foretask_pretext::Shape;
use foretask_train::{KeptEncoder, PretrainPlan};
use serde_json::{Value, json};

use super::{Dataset, Network};
use crate::error::Error;
use crate::stage::StageKey;

/// Where an encoder's weights come from.
#[derive(Debug, Clone)]
pub enum EncoderSource {
    /// A stage of this script.
    Pretrained(Pretrained),
    /// A file; small enough to be read in a planning pass, too.
    File {
        /// The file.
        path: PathBuf,
        /// What decides results that build upon it.
        identity: Value,
        /// What was read.
        encoder: Arc<foretask_models::Encoder>,
        /// The same for small images, where nobody said a size.
        small: Option<ForSmall>,
    },
    /// Drawn from a seed once the images' shape is known.
    Random {
        /// The network.
        net: Network,
        /// The seed; every label draw adds its number.
        seed: u64,
    },
}

/// An encoder of the script.
#[derive(Debug, Clone)]
pub struct Encoder {
    /// Where its weights come from.
    pub source: EncoderSource,
}

impl Encoder {
    /// That of a pretraining.
    pub fn pretrained(stage: Pretrained) -> Self {
        Self { source: EncoderSource::Pretrained(stage) }
    }

    /// One that was read from `path`; `identity` decides results that build upon it.
    pub fn from_file(path: &Path, identity: Value, encoder: foretask_models::Encoder) -> Self {
        Self {
            source: EncoderSource::File { path: path.to_path_buf(), identity, encoder: Arc::new(encoder), small: None },
        }
    }

    /// The same with another reading of the file for images whose shorter side is at most `most` pixels.
    #[must_use]
    pub fn with_small(self, small: ForSmall) -> Self {
        match self.source {
            EncoderSource::File { path, identity, encoder, .. } => {
                Self { source: EncoderSource::File { path, identity, encoder, small: Some(small) } }
            }
            source => Self { source },
        }
    }

    /// Random weights of a network.
    pub fn random(net: Network, seed: u64) -> Self {
        Self { source: EncoderSource::Random { net, seed } }
    }

    /// What decides results that build upon it, as a text that tells two encoders apart.
    pub fn fingerprint(&self) -> String {
        self.identity().to_string()
    }

    /// What decides results that build upon it.
    pub(crate) fn identity(&self) -> Value {
        match &self.source {
            EncoderSource::Pretrained(stage) => json!({ "stage": stage.key().hash() }),
            EncoderSource::File { identity, .. } => identity.clone(),
            EncoderSource::Random { net, seed } => json!({ "random": net.0, "seed": seed }),
        }
    }

    /// Its architecture; the stem may still be `auto` where the images decide.
    pub fn config(&self) -> &BackboneConfig {
        match &self.source {
            EncoderSource::Pretrained(stage) => stage.config(),
            EncoderSource::File { encoder, .. } => &encoder.config,
            EncoderSource::Random { net, .. } => &net.0,
        }
    }

    /// In a few words, for a teacher: its network, and what it learned from where that is known.
    pub fn short(&self) -> String {
        match &self.source {
            EncoderSource::Pretrained(stage) => format!("{} after {}", stage.config().network(), stage.name()),
            EncoderSource::File { .. } => self.config().network().to_owned(),
            EncoderSource::Random { net, .. } => format!("an untrained {}", net.0.network()),
        }
    }

    /// In words.
    pub fn describe(&self) -> String {
        match &self.source {
            EncoderSource::Pretrained(stage) => match stage.put_back() {
                Some(start) => format!("{} (as it was: {} made it worse)", start.describe(), stage.name()),
                None => format!("{} after {}", stage.config().network(), stage.name()),
            },
            EncoderSource::File { path, .. } => format!("{} from {}", self.config().network(), path.display()),
            EncoderSource::Random { net, .. } => format!("untrained {}", net.0.network()),
        }
    }

    /// Whether other people's images have taught it: published weights, and what goes on from them.
    pub(crate) fn is_published(&self) -> bool {
        match &self.source {
            EncoderSource::Pretrained(stage) => stage.behind().any(Self::is_published),
            EncoderSource::File { encoder, .. } => encoder.license.is_some() || !encoder.seen.is_complete(),
            EncoderSource::Random { .. } => false,
        }
    }

    /// The license of the published weights that it comes from.
    pub(crate) fn license(&self) -> Option<String> {
        match &self.source {
            EncoderSource::Pretrained(stage) => {
                let mut licenses: Vec<String> = stage.behind().filter_map(Self::license).collect();
                let mut known = std::collections::BTreeSet::new();
                licenses.retain(|license| known.insert(license.clone()));
                (!licenses.is_empty()).then(|| licenses.join(" and "))
            }
            EncoderSource::File { encoder, .. } => encoder.license.clone(),
            EncoderSource::Random { .. } => None,
        }
    }

    /// What becomes of images that are not of the input's size, where that was left open, and what it costs.
    pub(crate) fn enlarging(&self, images: &Survey) -> Result<Option<String>, Error> {
        let EncoderSource::File { encoder, small: Some(small), .. } = &self.source else { return Ok(None) };
        let fitting = of_size(encoder, Some(small), images)?;
        let cost = |encoder: &foretask_models::Encoder| {
            let InputSpec { channels, height, width, .. } = encoder.input;
            encoder.config.cost(channels, height, width).forward_flops as f64
        };
        let (own, large) = (fitting.input.width, encoder.input.width);
        let instead = if own == large {
            String::new()
        } else {
            format!("; `image_size: {large}` would cost {:.1} times as much", cost(encoder) / cost(&fitting))
        };
        Ok(Some(format!(
            "images (shorter side mostly {} pixels or more) are brought to {own} pixels for these weights, {:.2} thousand \
             million multiplications an image{instead}",
            images.low_side,
            cost(&fitting) / 2e9
        )))
    }

    /// Everything but the weights, which need not be there yet: what planning asks for.
    pub(crate) fn sketch(&self, images: &Survey) -> Result<foretask_models::Encoder, Error> {
        let mut sketch = self.own_sketch(images)?;
        if spreads(sketch.input.channels, images.channels) {
            let InputSpec { height, width, .. } = sketch.input;
            sketch.input = InputSpec::centered(images.channels, height, width);
        }
        Ok(sketch)
    }

    /// What becomes of its first layer on images of another number of channels, in words.
    pub(crate) fn spread_in_words(&self, images: &Survey) -> Result<Option<String>, Error> {
        let (from, to) = (self.own_sketch(images)?.input.channels, images.channels);
        Ok(spreads(from, to).then(|| {
            format!(
                "{}: the first layer's weights of {from} channel(s) are repeated for {to} channels and scaled by {from}/{to}; the \
                 statistics to normalize by are those of these images",
                self.describe()
            )
        }))
    }

    fn own_sketch(&self, images: &Survey) -> Result<foretask_models::Encoder, Error> {
        match &self.source {
            EncoderSource::Pretrained(stage) => Ok(if let Some(result) = stage.result() {
                result.encoder.clone()
            } else {
                let shape = stage.shape();
                foretask_models::Encoder {
                    config: stage.config().clone(),
                    input: InputSpec::centered(shape.channels, shape.height, shape.width),
                    state: Arc::default(),
                    origin: self.describe(),
                    seen: Seen::default(),
                    license: None,
                }
            }),
            EncoderSource::File { encoder, small, .. } => Ok((*of_size(encoder, small.as_ref(), images)?).clone()),
            EncoderSource::Random { net, .. } => {
                let (width, height) = input_size(images);
                let (config, _) = net.0.resolve(height, width)?;
                let input = InputSpec::centered(images.channels, height, width);
                let (state, origin, seen) = (Arc::default(), self.describe(), Seen::nothing());
                Ok(foretask_models::Encoder { config, input, state, origin, seen, license: None })
            }
        }
    }

    /// The weights, ready for these images: with a first layer for their channels, where it has to be spread over them. Random
    /// ones are drawn for the images' shape, other ones for every label draw.
    ///
    /// # Errors
    /// When the encoder learned from images whose values mean something else.
    pub(crate) fn weights(&self, images: &Images, draw: u64) -> Result<foretask_models::Encoder, Error> {
        let mut encoder = self.own_weights(images, draw)?;
        if spreads(encoder.input.channels, images.channels()) {
            let statistics = images.channel_stats();
            encoder = encoder.on_channels(statistics.mean, statistics.std)?;
        }
        if encoder.input.channels != images.channels() {
            // What takes it will say so.
            return Ok(encoder);
        }
        Ok(foretask_train::read_like(encoder, images)?)
    }

    fn own_weights(&self, images: &Images, draw: u64) -> Result<foretask_models::Encoder, Error> {
        match &self.source {
            EncoderSource::Pretrained(stage) => match stage.result() {
                Some(result) => Ok(result.encoder.clone()),
                None => Err(Error::failed("this encoder is only planned, not trained")),
            },
            EncoderSource::File { encoder, small: None, .. } => Ok((**encoder).clone()),
            EncoderSource::File { encoder, small, .. } => {
                Ok((*of_size(encoder, small.as_ref(), &images.survey())?).clone())
            }
            EncoderSource::Random { net, seed } => {
                Ok(foretask_train::random_encoder(&net.0, images, None, seed.wrapping_add(draw))?.0)
            }
        }
    }
}

/// The reading of a file that suits the images.
fn of_size(
    encoder: &Arc<foretask_models::Encoder>,
    small: Option<&ForSmall>,
    images: &Survey,
) -> Result<Arc<foretask_models::Encoder>, Error> {
    match small {
        Some(small) if images.low_side <= small.most => small.get(),
        _ => Ok(Arc::clone(encoder)),
    }
}

/// Published weights for small images: they are enlarged less, which costs less. Read when somebody has such images.
#[derive(Clone)]
pub struct ForSmall {
    most: usize,
    read: Arc<dyn Fn() -> Result<foretask_models::Encoder, Error> + Send + Sync>,
    found: Arc<OnceLock<Arc<foretask_models::Encoder>>>,
}

impl ForSmall {
    /// For images whose shorter side has at most `most` pixels, in nine of ten of them.
    pub fn new(
        most: usize,
        read: impl Fn() -> Result<foretask_models::Encoder, Error> + Send + Sync + 'static,
    ) -> Self {
        Self { most, read: Arc::new(read), found: Arc::default() }
    }

    fn get(&self) -> Result<Arc<foretask_models::Encoder>, Error> {
        if let Some(found) = self.found.get() {
            return Ok(Arc::clone(found));
        }
        let encoder = Arc::new((self.read)()?);
        Ok(Arc::clone(self.found.get_or_init(|| encoder)))
    }
}

impl std::fmt::Debug for ForSmall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForSmall").field("most", &self.most).finish_non_exhaustive()
    }
}

/// The result of a pretraining stage; its training crate's own record.
pub type PretrainedResult = foretask_train::Pretrained;

/// A pretraining stage of the script, planned or done.
#[derive(Debug, Clone)]
pub struct Pretrained(Arc<PretrainedStage>);

/// What is known of it.
#[derive(Debug)]
pub(crate) struct PretrainedStage {
    pub(crate) key: StageKey,
    pub(crate) plan: PretrainPlan,
    /// None where it begins with random weights.
    pub(crate) start: Option<Encoder>,
    /// Those who taught it.
    pub(crate) teachers: Vec<Encoder>,
    /// What it learns from.
    pub(crate) data: Dataset,
    /// Tells it apart from others by the same task.
    pub(crate) mark: String,
    /// Its result, the seconds it took and whether it was loaded from an earlier run.
    pub(crate) done: Option<(Arc<PretrainedResult>, f64, bool)>,
}

impl Pretrained {
    /// What a stage is that may be done by now.
    pub(crate) fn new(stage: PretrainedStage) -> Self {
        Self(Arc::new(stage))
    }

    pub(crate) fn key(&self) -> &StageKey {
        &self.0.key
    }

    /// The task's word, or those of several, and what tells it apart from others of that name in the script.
    pub fn name(&self) -> String {
        format!("{}{}", self.0.plan.name(), self.0.mark)
    }

    /// The network.
    pub fn config(&self) -> &BackboneConfig {
        &self.0.plan.config
    }

    /// The shape of the network's inputs.
    pub(crate) fn shape(&self) -> Shape {
        self.0.plan.shape()
    }

    /// Whose weights stand behind it: the encoder it went on training, where it did not begin with random weights, and its
    /// teachers.
    pub(crate) fn behind(&self) -> impl Iterator<Item = &Encoder> {
        self.0.start.iter().chain(&self.0.teachers)
    }

    /// The encoder that it started from, where that is what it gives, since it had become worse.
    pub(crate) fn put_back(&self) -> Option<&Encoder> {
        let kept = self.result()?.continued.as_ref()?.kept;
        self.0.start.as_ref().filter(|_| kept == KeptEncoder::Start)
    }

    /// The images it learned from.
    pub fn data(&self) -> &Dataset {
        &self.0.data
    }

    /// `None` in a planning pass.
    pub fn result(&self) -> Option<&Arc<PretrainedResult>> {
        self.0.done.as_ref().map(|(result, ..)| result)
    }

    /// Seconds of training.
    pub fn seconds(&self) -> f64 {
        self.0.done.as_ref().map_or(0.0, |(_, seconds, _)| *seconds)
    }

    /// Whether it was loaded from an earlier run.
    pub fn reused(&self) -> bool {
        self.0.done.as_ref().is_some_and(|(.., reused)| *reused)
    }
}

/// Whether weights for so many channels are spread over so many others: those of photographs over those of measurements. Gray
/// images become color and color ones gray without a loss of what the weights know.
fn spreads(from: usize, to: usize) -> bool {
    matches!(from, 1 | 3) && !matches!(to, 1 | 3)
}

/// Width and height of a new network's input for these images.
pub(crate) fn input_size(images: &Survey) -> (usize, usize) {
    foretask_train::input_size(images)
}
