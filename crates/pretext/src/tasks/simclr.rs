//! `SimCLR`: two random views of one image are to be recognized as such among the views of all other images in the batch
//! (Chen, Kornblith, Norouzi, Hinton 2020, arXiv 2002.05709).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::augment::{Preset, ViewRecipe, Views};
use crate::auto::{Auto, choose};
use crate::check;
use crate::error::Result;
use crate::info::{Family, TaskInfo, option};
use crate::pixels::Shape;
use crate::tasks::joint::{
    BLUR, CROP, FLIP, JITTER, JointEmbedding, OUT_ABOUT, VIEWS, WIDTH, WIDTH_ABOUT, joint_options,
};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "simclr";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Agree,
    summary: "make the features of two random views of an image agree, and differ from those of all other images",
    use_when: "the usual first choice: classes are about what is shown, and a crop or a change of light does not change \
               them. Gives features that are good at once, without fine-tuning",
    avoid_when: "color, position or size in the frame tells the classes apart, or the pool is nearly all of one kind, so \
                 that other images are no contrast; weaken the views or take `super_resolution`. Batches below 64 are too \
                 small for it: take `moco`, `byol` or `decoupled: true`",
    paper: "Chen, Kornblith, Norouzi, Hinton 2020, A simple framework for contrastive learning of visual representations, \
            arXiv 2002.05709",
    options: &[
        VIEWS,
        CROP,
        JITTER,
        FLIP,
        BLUR,
        option("temperature", "0.01 to 2, or \"auto\"", "\"auto\"", TEMPERATURE),
        option("decoupled", "false, true or \"weighted\"", "false", DECOUPLED),
        option("projector_width", WIDTH, "\"auto\"", WIDTH_ABOUT),
        option("projector_out", WIDTH, "\"auto\"", OUT_ABOUT),
    ],
};

const TEMPERATURE: &str = "lower looks harder at the most similar other images; auto 0.2";
const DECOUPLED: &str = "leave the pair itself out of the comparison (DCL), or weight pairs by how far apart they are too \
                         (DCLW): better with small batches (arXiv 2110.06848)";

const VIEW_RECIPE: ViewRecipe = ViewRecipe {
    word: WORD,
    preset: Preset::SimClr,
    own: |_| (Views { local: Some(0), ..Views::open() }, "two views, as in the paper"),
};

joint_options! {
    /// Options of `simclr`; `None` is `"auto"`.
    SimClr {
        /// Temperature of the NT-Xent loss.
        #[serde(with = "crate::auto")]
        temperature: Option<f64> = None,
        /// Whether the pair itself is left out of the denominator.
        decoupled: Decoupled = Decoupled::Off,
        /// Hidden width of the projection head; [`SimClr::fill_auto`] fills it.
        #[serde(with = "crate::auto")]
        projector_width: Option<u32> = None,
        /// Output length of the projection head; [`SimClr::fill_auto`] fills it.
        #[serde(with = "crate::auto")]
        projector_out: Option<u32> = None,
    }
}

/// Decoupled contrastive learning (Yeh et al. 2022, arXiv 2110.06848); written `false`, `true` or `"weighted"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decoupled {
    /// NT-Xent as published.
    #[default]
    Off,
    /// The pair is left out of its own denominator (DCL).
    On,
    /// The same, and pairs count more the further apart they are (DCLW, von Mises-Fisher weights).
    Weighted,
}

impl Serialize for Decoupled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_bool(false),
            Self::On => serializer.serialize_bool(true),
            Self::Weighted => serializer.serialize_str("weighted"),
        }
    }
}

impl<'de> Deserialize<'de> for Decoupled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl de::Visitor<'_> for Word {
            type Value = Decoupled;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("false, true or \"weighted\"")
            }

            fn visit_bool<E: de::Error>(self, on: bool) -> Result<Decoupled, E> {
                Ok(if on { Decoupled::On } else { Decoupled::Off })
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Decoupled, E> {
                match word {
                    "weighted" => Ok(Decoupled::Weighted),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }
        }
        deserializer.deserialize_any(Word)
    }
}

/// Sizes of a projection head: features -> width -> out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projector {
    /// Hidden units.
    pub width: usize,
    /// Length of the vectors that are compared.
    pub out: usize,
}

impl JointEmbedding for SimClr {
    const INFO: TaskInfo = INFO;
    const VIEWS: ViewRecipe = VIEW_RECIPE;

    fn check(&self) -> Result<()> {
        check::temperature(WORD, "temperature", self.temperature)?;
        check::width(WORD, "projector_width", self.projector_width)?;
        check::width(WORD, "projector_out", self.projector_out)
    }

    fn fill_by_shape(&mut self, _shape: Shape, notes: &mut Vec<Auto>) {
        choose(&mut self.temperature, "temperature", 0.2, "good on small images and batches of some hundred", notes);
    }
}

impl SimClr {
    /// Sizes of the projection head on features of this length, with reasons for what was left open.
    pub fn projector(&self, features: usize) -> (Projector, Vec<Auto>) {
        let mut notes = Vec::new();
        let (mut width, mut out) = (self.projector_width, self.projector_out);
        let auto = features.clamp(128, 2048) as u32;
        choose(&mut width, "projector_width", auto, "as wide as the features, from 128 to 2048", &mut notes);
        choose(&mut out, "projector_out", 128, "the length used throughout the literature", &mut notes);
        (Projector { width: width.unwrap_or(auto) as usize, out: out.unwrap_or(128) as usize }, notes)
    }

    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`crate::PretextError::Unsuitable`] for a batch of one image.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        Run::new(WORD, sizes)?;
        let RunSizes { features, .. } = *sizes;
        let (projector, notes) = self.projector(features);
        let (width, out) = (projector.width as u32, projector.out as u32);
        Ok((Self { projector_width: Some(width), projector_out: Some(out), ..*self }, notes))
    }
}
