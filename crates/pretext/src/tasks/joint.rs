//! What all joint-embedding tasks share: views of each image, and the options that are changed most often.

use foretask_random::Key;

use crate::augment::{ViewRecipe, Views};
use crate::auto::Auto;
use crate::batch::{Slot, TargetKind};
use crate::error::Result;
use crate::info::{OptionInfo, TaskInfo, option};
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;

/// The options before a method's own, in order.
pub(crate) const VIEWS: OptionInfo =
    option("views", "preset, map, augmentation or \"auto\"", DEFAULT_VIEWS, VIEWS_ABOUT);
pub(crate) const CROP: OptionInfo =
    option("crop", "[low, high], shares of the area, 0 < low <= high <= 1, or \"auto\"", "\"auto\"", CROP_ABOUT);
pub(crate) const JITTER: OptionInfo =
    option("jitter", "strength from 0 to 1.25, or \"auto\"", "\"auto\"", JITTER_ABOUT);
pub(crate) const FLIP: OptionInfo = option(
    "flip",
    "probability, or \"auto\"",
    "\"auto\"",
    "mirror a view; auto 0.5; set it to 0 for letters and digits",
);
pub(crate) const BLUR: OptionInfo = option(
    "blur",
    "probability, or \"auto\"",
    "\"auto\"",
    "how often a view is blurred; auto 0 for small color images",
);

const DEFAULT_VIEWS: &str = "\"auto\"";
const VIEWS_ABOUT: &str = "how the views of an image are made: a preset (simclr, moco, simsiam, byol, dino), changes to it \
                           by key, `second` for the other view, `local` for small further ones";
const CROP_ABOUT: &str =
    "random crop of each large view; smaller crops make the task harder and usually the features better";
const JITTER_ABOUT: &str = "overall strength of light and color changes; auto by image size and channels";

pub(crate) const COUNT: &str = "a whole number, or \"auto\"";
pub(crate) const WIDTH: &str = "8 to 8192, or \"auto\"";
pub(crate) const WIDTH_ABOUT: &str = "hidden width of the projection head; auto by the encoder's features";
pub(crate) const OUT_ABOUT: &str = "length of the vectors that are compared";

/// The struct of a joint-embedding task: the shared options, then its own with their defaults. What it does is
/// [`JointEmbedding`].
macro_rules! joint_options {
    ($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// The views of each image.
            #[serde(with = "crate::tasks::joint::views")]
            pub views: $crate::augment::Views,
            /// Share of the area that a large view's random crop keeps; goes before that in `views`.
            #[serde(with = "crate::auto")]
            pub crop: Option<[f64; 2]>,
            /// Overall strength of light and color changes; goes before that in `views`.
            #[serde(with = "crate::auto")]
            pub jitter: Option<f64>,
            /// Probability of a mirror image; goes before that in `views`.
            #[serde(with = "crate::auto")]
            pub flip: Option<f64>,
            /// Probability of a Gaussian blur; goes before that in `views`.
            #[serde(with = "crate::auto")]
            pub blur: Option<f64>,
            $($(#[$attr])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                let views = $crate::augment::Views::default();
                Self { views, crop: None, jitter: None, flip: None, blur: None, $($field: $default,)* }
            }
        }

        impl $crate::tasks::joint::SharedOptions for $name {
            fn given(&self) -> $crate::augment::Views {
                let $name { crop, jitter, flip, blur, .. } = *self;
                self.views.with($crate::augment::Shorthand { crop, jitter, flip, blur })
            }

            fn with_views(self, views: &$crate::augment::Views) -> Self {
                Self { views: *views, crop: None, jitter: None, flip: None, blur: None, ..self }
            }
        }
    };
}
pub(crate) use joint_options;

/// The options that all joint-embedding tasks share.
pub(crate) trait SharedOptions: Copy {
    /// The views as the user gave them, the short options in place of those in `views`.
    fn given(&self) -> Views;

    /// The same task with these views and no short options.
    fn with_views(self, views: &Views) -> Self;
}

/// What tells one joint-embedding task from another; all else a pretext task must do follows from it.
pub(crate) trait JointEmbedding: SharedOptions {
    /// For the reference.
    const INFO: TaskInfo;
    /// How its views are made where nothing else is asked for.
    const VIEWS: ViewRecipe;

    /// Checks the ranges of its own options.
    fn check(&self) -> Result<()>;

    /// Fills those of its own options that the shape of the images decides.
    fn fill_by_shape(&mut self, _shape: Shape, _notes: &mut Vec<Auto>) {}
}

impl<T: JointEmbedding> Recipe for T {
    fn info(&self) -> &'static TaskInfo {
        &T::INFO
    }

    fn validate(&self) -> Result<()> {
        self.given().validate(T::VIEWS.word)?;
        self.check()
    }

    fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        let mut task = self.with_views(&self.given().resolve_for(&T::VIEWS, shape, notes)?);
        task.fill_by_shape(shape, notes);
        Ok((task, shape))
    }

    fn inputs(&self, shape: Shape) -> Vec<(Shape, usize)> {
        self.given().filled(&T::VIEWS, shape).blocks(shape)
    }

    fn views(&self, shape: Shape) -> Option<Views> {
        Some(self.given().filled(&T::VIEWS, shape))
    }

    fn target(&self, _shape: Shape) -> TargetKind {
        TargetKind::Views
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, mut slot: Slot<'_>) -> Result<()> {
        slot.target.views()?;
        let views = self.given();
        views.suits(T::VIEWS.word, shape)?;
        views.filled(&T::VIEWS, shape).run(image, key, shape, &mut slot.inputs);
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        self.given().filled(&T::VIEWS, shape).lines(image, key, shape)
    }
}

/// Views of which nothing is given are written `"auto"`.
pub(crate) mod views {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::augment::Views;

    pub(crate) fn serialize<S: Serializer>(views: &Views, serializer: S) -> Result<S::Ok, S::Error> {
        if *views == Views::default() { serializer.serialize_str("auto") } else { views.serialize(serializer) }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Views, D::Error> {
        Views::deserialize(deserializer)
    }
}
