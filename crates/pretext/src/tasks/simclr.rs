//! `SimCLR`: two random views of one image shall be recognized as such among the views of all other images in the batch
//! (Chen, Kornblith, Norouzi, Hinton 2020, arXiv 2002.05709).

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use crate::augment::{Augment, check_color};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::{PretextError, Result};
use crate::example::ExampleTarget;
use crate::info::{Family, TaskInfo, option};
use crate::pixels::{ImageRef, Shape};

const WORD: &str = "simclr";

/// Up to this side images count as small: CIFAR, MNIST and their like.
const SMALL: usize = 64;

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "make the features of two random views of an image agree, and differ from those of all other images",
    use_when: "the usual first choice: classes are about what is shown, and a crop or a change of light does not change \
               them. Gives features that are good at once, without fine-tuning",
    avoid_when: "color, position or size in the frame tells the classes apart, or the pool is nearly all of one kind, so \
                 that other images are no contrast; weaken the views or take `super_resolution`. Batches below 64 are too \
                 small for it",
    paper: "Chen, Kornblith, Norouzi, Hinton 2020, A simple framework for contrastive learning of visual representations, \
            arXiv 2002.05709",
    options: &[
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1", "[0.2, 1.0]", CROP),
        option("ratio", "[low, high], width to height, 0.1 to 10", "[0.75, 1.3333333333333333]", "shape of a crop"),
        option("flip", "probability", "0.5", "mirror a view; set it to 0 for letters and digits"),
        option("jitter", "strength from 0 to 1.25, or \"auto\"", "\"auto\"", JITTER),
        option("jitter_p", "probability", "0.8", "how often light and color are changed at all"),
        option("brightness", "strength from 0 to 1, or \"auto\"", "\"auto\"", "auto is 0.8 times `jitter`"),
        option("contrast", "strength from 0 to 1, or \"auto\"", "\"auto\"", "auto is 0.8 times `jitter`"),
        option("saturation", "strength from 0 to 1, or \"auto\"", "\"auto\"", "color only; auto is 0.8 times `jitter`"),
        option(
            "hue",
            "share of a turn from 0 to 0.5, or \"auto\"",
            "\"auto\"",
            "color only; auto is 0.2 times `jitter`",
        ),
        option("grayscale", "probability, or \"auto\"", "\"auto\"", "color only: take the color away; auto is 0.2"),
        option("blur", "probability, or \"auto\"", "\"auto\"", BLUR),
        option("sigma", "[low, high] in pixels, 0 < low <= high <= 32", "[0.1, 2.0]", "width of the blur"),
        option("temperature", "0.01 to 2, or \"auto\"", "\"auto\"", TEMPERATURE),
        option("projector_width", "8 to 8192, or \"auto\"", "\"auto\"", "hidden width of the projection head"),
        option("projector_out", "8 to 8192, or \"auto\"", "\"auto\"", "length of the vectors that are compared"),
    ],
};

const CROP: &str = "random crop of each view; smaller crops make the task harder and usually the features better";
const JITTER: &str =
    "overall strength of light and color changes; auto 0.75 for gray, 0.5 for small color images, else 1";
const BLUR: &str = "how often a view is blurred; auto 0 for color images up to 64 pixels, else 0.5";
const TEMPERATURE: &str = "lower looks harder at the most similar other images; auto 0.2";

/// Options of `simclr`; `None` is `"auto"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimClr {
    /// Share of the area that a view's random crop keeps.
    pub crop: [f64; 2],
    /// Width to height of a crop, relative to that of the input.
    pub ratio: [f64; 2],
    /// Probability of a mirror image.
    pub flip: f64,
    /// Overall strength `s`: brightness, contrast and saturation are `0.8 s`, hue is `0.2 s` where not set themselves.
    #[serde(with = "crate::auto")]
    pub jitter: Option<f64>,
    /// Probability that light and color are changed at all.
    pub jitter_p: f64,
    /// Strength of the brightness change.
    #[serde(with = "crate::auto")]
    pub brightness: Option<f64>,
    /// Strength of the contrast change.
    #[serde(with = "crate::auto")]
    pub contrast: Option<f64>,
    /// Strength of the saturation change; color only.
    #[serde(with = "crate::auto")]
    pub saturation: Option<f64>,
    /// Largest turn of the hue, as a share of a full turn; color only.
    #[serde(with = "crate::auto")]
    pub hue: Option<f64>,
    /// Probability of taking the color away; color only.
    #[serde(with = "crate::auto")]
    pub grayscale: Option<f64>,
    /// Probability of a Gaussian blur.
    #[serde(with = "crate::auto")]
    pub blur: Option<f64>,
    /// Standard deviation of the blur in pixels of the input.
    pub sigma: [f64; 2],
    /// Temperature of the NT-Xent loss.
    #[serde(with = "crate::auto")]
    pub temperature: Option<f64>,
    /// Hidden width of the projection head; [`SimClr::projector`] fills it.
    #[serde(with = "crate::auto")]
    pub projector_width: Option<u32>,
    /// Output length of the projection head; [`SimClr::projector`] fills it.
    #[serde(with = "crate::auto")]
    pub projector_out: Option<u32>,
}

impl Default for SimClr {
    fn default() -> Self {
        Self {
            crop: [0.2, 1.0],
            ratio: [3.0 / 4.0, 4.0 / 3.0],
            flip: 0.5,
            jitter: None,
            jitter_p: 0.8,
            brightness: None,
            contrast: None,
            saturation: None,
            hue: None,
            grayscale: None,
            blur: None,
            sigma: [0.1, 2.0],
            temperature: None,
            projector_width: None,
            projector_out: None,
        }
    }
}

/// Sizes of the projection head: features -> width -> out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projector {
    /// Hidden units.
    pub width: usize,
    /// Length of the vectors that are compared.
    pub out: usize,
}

impl SimClr {
    pub(crate) fn validate(&self) -> Result<()> {
        check::crop(WORD, "crop", self.crop)?;
        check::ratio(WORD, "ratio", self.ratio)?;
        check::probability(WORD, "flip", self.flip)?;
        check::probability(WORD, "jitter_p", self.jitter_p)?;
        check::sigma(WORD, "sigma", self.sigma)?;
        let within = |option, value: Option<f64>, low: f64, high: f64, range| {
            let value = value.unwrap_or(low);
            check::require((low..=high).contains(&value), WORD, option, value, range)
        };
        // 0.8 * 1.25 = 1: a brightness factor of 0 to 2, beyond which images only saturate.
        within("jitter", self.jitter, 0.0, 1.25, "a strength from 0 to 1.25, or \"auto\"")?;
        within("brightness", self.brightness, 0.0, 1.0, "a strength from 0 to 1, or \"auto\"")?;
        within("contrast", self.contrast, 0.0, 1.0, "a strength from 0 to 1, or \"auto\"")?;
        within("saturation", self.saturation, 0.0, 1.0, "a strength from 0 to 1, or \"auto\"")?;
        within("hue", self.hue, 0.0, 0.5, "a share of a full turn from 0 to 0.5, or \"auto\"")?;
        within("grayscale", self.grayscale, 0.0, 1.0, "a probability from 0 to 1, or \"auto\"")?;
        within("blur", self.blur, 0.0, 1.0, "a probability from 0 to 1, or \"auto\"")?;
        within("temperature", self.temperature, 0.01, 2.0, "a number from 0.01 to 2, or \"auto\"")?;
        for (option, value) in [("projector_width", self.projector_width), ("projector_out", self.projector_out)] {
            let value = value.unwrap_or(8);
            check::require(
                (8..=8192).contains(&value),
                WORD,
                option,
                value,
                "a whole number from 8 to 8192, or \"auto\"",
            )?;
        }
        Ok(())
    }

    pub(crate) fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<Self> {
        check_shape(shape)?;
        let task = self.filled(shape, notes);
        for (option, value) in [("saturation", task.saturation), ("hue", task.hue), ("grayscale", task.grayscale)] {
            check_color(WORD, option, value.unwrap_or(0.0), shape)?;
        }
        Ok(task)
    }

    /// Everything that image size and channels decide. Nothing is allocated where nothing was left open.
    fn filled(mut self, shape: Shape, notes: &mut Vec<Auto>) -> Self {
        let (color, small) = (shape.is_color(), shape.short_side() <= SMALL);
        let (jitter, reason) = match (color, small) {
            (false, _) => (0.75, "there is no color to change, so light changes by +-0.6"),
            (true, true) => (0.5, "half strength, as usual for small color images"),
            (true, false) => (1.0, "full strength, as usual for photographs"),
        };
        choose(&mut self.jitter, "jitter", jitter, reason, notes);
        let jitter = self.jitter.unwrap_or(jitter);
        let light = rounded(0.8 * jitter);
        choose(&mut self.brightness, "brightness", light, "0.8 times jitter", notes);
        choose(&mut self.contrast, "contrast", light, "0.8 times jitter", notes);
        if color {
            choose(&mut self.saturation, "saturation", light, "0.8 times jitter", notes);
            choose(&mut self.hue, "hue", rounded(0.2 * jitter), "0.2 times jitter", notes);
            let reason = "or colors alone would give away which views belong together";
            choose(&mut self.grayscale, "grayscale", 0.2, reason, notes);
        } else {
            let reason = "there are no three color channels";
            choose(&mut self.saturation, "saturation", 0.0, reason, notes);
            choose(&mut self.hue, "hue", 0.0, reason, notes);
            choose(&mut self.grayscale, "grayscale", 0.0, reason, notes);
        }
        let (blur, reason) = match (color, small) {
            (false, _) => (0.5, "there is no color to change, so blur does its share"),
            (true, true) => (0.0, "at this size blur removes what is to be learned"),
            (true, false) => (0.5, "as usual for photographs"),
        };
        choose(&mut self.blur, "blur", blur, reason, notes);
        choose(&mut self.temperature, "temperature", 0.2, "good on small images and batches of some hundred", notes);
        self
    }

    /// How one view is made of images of `shape`.
    pub fn views(&self, shape: Shape) -> Augment {
        let task = self.filled(shape, &mut Vec::new());
        let or_zero = |value: Option<f64>| value.unwrap_or(0.0);
        Augment {
            crop: task.crop,
            ratio: task.ratio,
            flip: task.flip,
            jitter_p: task.jitter_p,
            brightness: or_zero(task.brightness),
            contrast: or_zero(task.contrast),
            saturation: or_zero(task.saturation),
            hue: or_zero(task.hue),
            grayscale: or_zero(task.grayscale),
            blur: or_zero(task.blur),
            sigma: task.sigma,
            ..Augment::none()
        }
    }

    /// Sizes of the projection head on features of this length, with reasons for what was left open.
    pub fn projector(&self, features: usize) -> (Projector, Vec<Auto>) {
        let mut notes = Vec::new();
        let (mut width, mut out) = (self.projector_width, self.projector_out);
        let auto = features.clamp(128, 2048) as u32;
        choose(&mut width, "projector_width", auto, "as wide as the features, from 128 to 2048", &mut notes);
        choose(&mut out, "projector_out", 128, "the length used throughout the literature", &mut notes);
        (Projector { width: width.unwrap_or(auto) as usize, out: out.unwrap_or(128) as usize }, notes)
    }

    pub(crate) fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, inputs: &mut [f32]) -> Result<()> {
        check_shape(shape)?;
        let views = self.views(shape);
        for (view, out) in inputs.chunks_exact_mut(shape.len()).enumerate() {
            views.apply(image, key.with(view as u64), shape, out)?;
        }
        Ok(())
    }

    pub(crate) fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> (ExampleTarget, Vec<String>) {
        let views = self.views(shape);
        let note = |view| format!("view {}: {}", view + 1, views.draw(image, key.with(view), shape).words());
        (ExampleTarget::Views, (0..2).map(note).collect())
    }
}

/// Products of tenths, without the noise of binary fractions, because users see them.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn check_shape(shape: Shape) -> Result<()> {
    let Shape { channels, height, width } = shape;
    if !shape.is_empty() && shape.short_side() >= 4 {
        return Ok(());
    }
    let problem = "crops of them are all alike";
    Err(PretextError::Shape {
        word: WORD,
        channels,
        width,
        height,
        problem,
        way_out: "use images of at least 4x4 pixels",
    })
}
