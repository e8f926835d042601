//! The types of script values, by the names that users read.

use std::any::TypeId;

use foretask_experiment::values::{
    Chosen, Classifiers, Comparison, Dataset, Encoder, Estimate, Evaluation, FoundIssues, LabelCurve, Network, Picked,
    PickedEncoder, Pretrained, Task,
};
use rhai::Dynamic;

/// What a script value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rows of a manifest.
    Dataset,
    /// The plan of a network.
    Network,
    /// A pretext task.
    Task,
    /// What pretraining made.
    Pretrained,
    /// A network's body with its weights.
    Encoder,
    /// Classifiers, one per label draw.
    Classifier,
    /// What measuring them gave.
    Evaluation,
    /// How good a classifier will be.
    Estimate,
    /// Images chosen for labeling.
    Chosen,
    /// What may be wrong with a dataset.
    Issues,
    /// The outcome of a race of tasks.
    Picked,
    /// The outcome of a race of encoders.
    PickedEncoder,
    /// Accuracy against the number of labels.
    LabelCurve,
    /// Results against one of them.
    Comparison,
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// Any number.
    Number,
    /// true or false.
    Flag,
    /// An object map of options.
    Options,
    /// An object map of named values.
    Map,
    /// A list.
    Array,
    /// A function of the script.
    Function,
    /// Anything.
    Any,
    /// No value.
    Nothing,
}

impl Kind {
    /// The types that this crate brings.
    const OWN: [Self; 14] = [
        Self::Dataset,
        Self::Network,
        Self::Task,
        Self::Pretrained,
        Self::Encoder,
        Self::Classifier,
        Self::Evaluation,
        Self::Estimate,
        Self::Chosen,
        Self::Issues,
        Self::Picked,
        Self::PickedEncoder,
        Self::LabelCurve,
        Self::Comparison,
    ];

    /// As in a signature.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Dataset => "Dataset",
            Self::Network => "Net",
            Self::Task => "Task",
            Self::Pretrained => "Pretrained",
            Self::Encoder => "Encoder",
            Self::Classifier => "Classifier",
            Self::Evaluation => "Evaluation",
            Self::Estimate => "Estimate",
            Self::Chosen => "Chosen",
            Self::Issues => "Issues",
            Self::Picked => "Picked",
            Self::PickedEncoder => "PickedEncoder",
            Self::LabelCurve => "LabelCurve",
            Self::Comparison => "Comparison",
            Self::Text => "text",
            Self::Whole => "whole number",
            Self::Number => "number",
            Self::Flag => "true or false",
            Self::Options => "options",
            Self::Map => "object map",
            Self::Array => "array",
            Self::Function => "function",
            Self::Any => "anything",
            Self::Nothing => "nothing",
        }
    }

    /// As in a sentence.
    pub const fn long(self) -> &'static str {
        match self {
            Self::Dataset => "a Dataset",
            Self::Network => "a Net (such as `resnet10()`)",
            Self::Task => "a Task (such as `simclr()`)",
            Self::Pretrained => "a Pretrained",
            Self::Encoder => "an Encoder (such as `pre.encoder`)",
            Self::Classifier => "a Classifier (from `finetune`, `linear_probe`, …)",
            Self::Evaluation => "an Evaluation (from `.evaluate`)",
            Self::Estimate => "an Estimate (from `cross_validate`)",
            Self::Chosen => "a Chosen (from `label_next`)",
            Self::Issues => "an Issues (from `find_issues`)",
            Self::Picked => "a Picked (from `pick_task`)",
            Self::PickedEncoder => "a PickedEncoder (from `pick_encoder`)",
            Self::LabelCurve => "a LabelCurve (from `label_curve`)",
            Self::Comparison => "a Comparison (from `compare`)",
            Self::Text => "a text in quotes",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Options | Self::Map => "an object map `#{ … }`",
            Self::Array => "an array `[ … ]`",
            Self::Function => "a function (such as `|image, rng| #{ … }`)",
            Self::Any => "any value",
            Self::Nothing => "nothing",
        }
    }

    /// Rhai's type behind a kind that methods belong to; [`Dynamic`] for the others.
    pub(crate) fn type_id(self) -> TypeId {
        match self {
            Self::Dataset => TypeId::of::<Dataset>(),
            Self::Network => TypeId::of::<Network>(),
            Self::Task => TypeId::of::<Task>(),
            Self::Pretrained => TypeId::of::<Pretrained>(),
            Self::Encoder => TypeId::of::<Encoder>(),
            Self::Classifier => TypeId::of::<Classifiers>(),
            Self::Evaluation => TypeId::of::<Evaluation>(),
            Self::Estimate => TypeId::of::<Estimate>(),
            Self::Chosen => TypeId::of::<Chosen>(),
            Self::Issues => TypeId::of::<FoundIssues>(),
            Self::Picked => TypeId::of::<Picked>(),
            Self::PickedEncoder => TypeId::of::<PickedEncoder>(),
            Self::LabelCurve => TypeId::of::<LabelCurve>(),
            Self::Comparison => TypeId::of::<Comparison>(),
            _ => TypeId::of::<Dynamic>(),
        }
    }

    /// Whether `value` can stand where this kind is asked for.
    pub(crate) fn admits(self, value: &Dynamic) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Whole => value.is_int(),
            Self::Number => value.is_int() || value.is_float(),
            Self::Flag => value.is_bool(),
            Self::Options | Self::Map => value.is_map(),
            Self::Array => value.is_array(),
            Self::Function => value.is::<rhai::FnPtr>(),
            Self::Any => true,
            Self::Nothing => value.is_unit(),
            own => value.type_id() == own.type_id(),
        }
    }

    /// Whether this is the type that Rhai's errors call `name`.
    pub(crate) fn is_named(self, name: &str) -> bool {
        self.short() == name
    }

    /// The type of a value, in a sentence.
    pub(crate) fn of(value: &Dynamic) -> String {
        Self::OWN
            .into_iter()
            .find(|kind| value.type_id() == kind.type_id())
            .map_or_else(|| Self::say(value.type_name()), |kind| plain(kind.long()))
    }

    /// One of Rhai's type names, in a sentence.
    pub(crate) fn say(name: &str) -> String {
        if let Some(kind) = Self::OWN.into_iter().find(|kind| kind.is_named(name)) {
            return plain(kind.long());
        }
        match name {
            "i64" => "a whole number".into(),
            "f64" => "a decimal number".into(),
            "bool" => "true or false".into(),
            "char" => "a single character".into(),
            "()" => "nothing (a word that gives no value, or a missing key)".into(),
            name if name.ends_with("string")
                || name.ends_with("String")
                || name == "&str | ImmutableString | String" =>
            {
                "a text".into()
            }
            name if name == "map" || name.ends_with("Map") || name.contains("BTreeMap") => "an object map".into(),
            name if name == "array" || name.ends_with("Array") || name.contains("Vec<") => "an array".into(),
            name if name == "Fn" || name.ends_with("FnPtr") => "a function".into(),
            name if name == "Image" || name.ends_with("image::Image") => "an image".into(),
            name if name == "Rng" || name.ends_with("rng::Stream") => "the random stream".into(),
            other => format!("a {other}"),
        }
    }
}

/// Without the hint in parentheses.
fn plain(long: &str) -> String {
    long.split(" (").next().unwrap_or(long).to_owned()
}

/// The properties of our own types; each has a line in the reference.
pub(crate) const PROPERTIES: &[(&str, &str, &str)] = &[
    ("Dataset", "count", "number of images (of the first label draw)"),
    ("Dataset", "draws", "number of label draws it holds"),
    ("Dataset", "classes", "array of class names"),
    ("Net", "name", "architecture, such as \"resnet10\""),
    ("Net", "features", "length of the vector that describes an image"),
    ("Task", "name", "the task's word"),
    ("Pretrained", "encoder", "the network's body with the weights it has now"),
    ("Pretrained", "steps", "training steps done"),
    ("Pretrained", "seconds", "seconds it took"),
    ("Pretrained", "loss", "mean training loss of the last epoch"),
    ("Pretrained", "history", "array of object maps, one per epoch: step, epoch, loss, gradient_norm, …"),
    (
        "Pretrained",
        "kept",
        "from a trained encoder with `online`: \"start\" where it had become worse and was put back, else \"continued\"; empty where \
         nobody looked",
    ),
    ("Pretrained", "kept_reason", "how the two compare, in words"),
    ("Encoder", "features", "length of the vector that describes an image"),
    ("Encoder", "origin", "where the weights come from"),
    ("Classifier", "draws", "how many classifiers it holds, one per label draw"),
    ("Classifier", "classes", "array of class names"),
    ("Classifier", "converged", "whether training on the labels came to rest in every draw"),
    ("Evaluation", "mean", "accuracy, mean over label draws, 0 to 1"),
    ("Evaluation", "sd", "standard deviation over label draws (0.0 for one draw)"),
    ("Evaluation", "accuracy", "array of accuracies, one per label draw"),
    (
        "Evaluation",
        "balanced_accuracy",
        "mean of the classes' recalls, so that rare classes count alike; mean over label draws",
    ),
    (
        "Evaluation",
        "classes",
        "array of object maps, one per class: class, count, recall (mean over label draws), low, high (95 % interval over images)",
    ),
    ("Evaluation", "log_loss", "mean of -ln(probability of the true class), mean over label draws"),
    ("Evaluation", "calibration_error", "how far confidence and accuracy are apart (15 bins), mean over label draws"),
    ("Evaluation", "chance", "accuracy of guessing"),
    ("Evaluation", "count", "number of images it was measured on"),
    ("Estimate", "mean", "share of the labeled images that was named rightly while held out, from 0 to 1"),
    ("Estimate", "low", "lower end of its 95 % interval"),
    ("Estimate", "high", "upper end"),
    ("Estimate", "count", "labeled images"),
    ("Estimate", "classes", "array of object maps, one per class: class, count, recall, low, high"),
    ("Estimate", "verdict", "all of that in words, as `print` shows it"),
    ("Chosen", "rows", "array of row numbers, the most valuable first (of the first draw)"),
    ("Chosen", "names", "array of their paths, or \"row 17\" where they have none"),
    ("Chosen", "data", "the chosen images as a dataset, with the labels that the pool carries"),
    (
        "Issues",
        "table",
        "array of object maps, kind by kind, the gravest first: issue, row, name, value, words, label, instead, other, other_name, bits, \
         split, other_split; () where there is none",
    ),
    ("Issues", "counts", "object map: the number of issues of each kind"),
    ("Issues", "similarity", "cosine similarity from which on images counted as near-duplicates"),
    ("Issues", "clean", "the images without any issue, as a dataset"),
    ("Issues", "verdict", "what was found, in words, as `print` shows it"),
    ("Picked", "best", "the task that won"),
    ("Picked", "name", "its name"),
    ("Picked", "encoder", "its encoder, as the last rung left it"),
    (
        "Picked",
        "table",
        "array of object maps, one per task and rung: task, rung, steps, seconds, accuracy, low, high, stays",
    ),
    ("PickedEncoder", "name", "the name of the encoder that won"),
    ("PickedEncoder", "encoder", "the encoder itself"),
    (
        "PickedEncoder",
        "table",
        "array of object maps, the best first: encoder, accuracy, low, high, behind, close, seconds, giga_macs",
    ),
    (
        "LabelCurve",
        "points",
        "array of object maps: name, encoder, method, labels, per_class, count, mean, sd, low, high, accuracy, difference, \
         difference_low, difference_high, worth, worth_is, worth_low, worth_high; () where there is none",
    ),
    ("LabelCurve", "labels", "array of the numbers of labels a class, and \"all\""),
    ("LabelCurve", "names", "array of the curves' names"),
    ("LabelCurve", "chance", "accuracy of guessing"),
    ("LabelCurve", "majority", "accuracy of always naming the most frequent class"),
    ("LabelCurve", "verdict", "where pretraining helped and how many labels it is worth, in words"),
    ("LabelCurve", "table", "the whole as a text, as `print` shows it"),
    (
        "Comparison",
        "rows",
        "array of object maps: name, mean, sd, accuracy, difference, low, high, better, verdict (\"higher\", \"lower\", \
         \"unclear\"); () where there is none",
    ),
    ("Comparison", "baseline", "name of the result that the others are compared with"),
    ("Comparison", "chance", "accuracy of guessing"),
    ("Comparison", "majority", "accuracy of always naming the most frequent class"),
    ("Comparison", "sentences", "array of texts, one for each result but the baseline"),
    ("Comparison", "table", "the whole as a text, as `print` shows it"),
];

/// The properties of the type that users call `owner`.
pub(crate) fn properties_of(owner: &str) -> Vec<&'static str> {
    PROPERTIES.iter().filter(|(kind, ..)| *kind == owner).map(|(_, name, _)| *name).collect()
}
