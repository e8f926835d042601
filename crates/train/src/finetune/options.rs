//! Options of `finetune`.

use foretask_backend::Precision;
use foretask_pretext::{Augment, OptionInfo};
use serde::{Deserialize, Serialize};

use crate::class_weights::ClassWeights;
use crate::described::{AUTO, PRECISION, SEED, WARMUP};
use crate::error::TrainError;
use crate::probe::ProbeOptions;

/// What the classifier on top of the encoder starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadStart {
    /// The linear probe's answer: training begins where the probe ends.
    Probe,
    /// Random weights; the head then learns ten times as fast as the encoder.
    Fresh,
}

/// Which answer is kept: with very few labels the probe alone is often the better one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Decided by the number of labels and, where that does not settle it, by cross-validation on them; never on test images.
    #[default]
    Auto,
    /// The linear probe on the frozen encoder; nothing else is trained.
    Probe,
    /// The network trained as a whole.
    Finetuned,
}

/// Options of `finetune`; `None` is `"auto"`. At most one of `steps` and `epochs` may be given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinetuneOptions {
    /// Updates. Auto grows with the labels.
    #[serde(with = "foretask_pretext::auto_option")]
    pub steps: Option<u64>,
    /// Passes over the labeled images, instead of `steps`.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    /// Images per batch.
    #[serde(with = "foretask_pretext::auto_option")]
    pub batch_size: Option<usize>,
    /// Peak learning rate of `AdamW`.
    #[serde(with = "foretask_pretext::auto_option")]
    pub lr: Option<f64>,
    /// Weight decay; never on biases and norms.
    #[serde(with = "foretask_pretext::auto_option")]
    pub weight_decay: Option<f64>,
    /// Share of the target spread over all classes.
    #[serde(with = "foretask_pretext::auto_option")]
    pub label_smoothing: Option<f64>,
    /// A preset's name or a map of options.
    #[serde(with = "foretask_pretext::auto_option")]
    pub augment: Option<Augment>,
    /// By how much each block of a transformer learns more slowly than the one after it, above 0 to 1. Auto: from a trained
    /// transformer 0.65, and 1 (all alike) everywhere else.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub layer_decay: Option<f64>,
    /// What the head starts from.
    #[serde(with = "foretask_pretext::auto_option")]
    pub head: Option<HeadStart>,
    /// Which answer is kept.
    pub keep: Keep,
    /// Whether an encoder may do no harm: with [`Keep::Auto`] the trained network is held against the frozen probe on labeled
    /// images left out in turn, and, where neither does better than raw pixels, against the same network from scratch. Off for
    /// those who compare encoders, since it hides what a bad one costs.
    pub guard: bool,
    /// Penalty of the probe, see [`ProbeOptions::strength`](crate::ProbeOptions::strength).
    #[serde(with = "foretask_pretext::auto_option")]
    pub strength: Option<f64>,
    /// What an image counts by its class, in the probe, too; and in what decides on [`FinetuneOptions::keep`].
    #[serde(skip_serializing_if = "ClassWeights::is_even")]
    pub class_weights: ClassWeights,
    /// Parts of the encoder that stay as they are: `"layer1"`, `"conv1"`, or `"backbone"` for all of it.
    pub freeze: Vec<String>,
    /// Goes on until the labeled images are fitted, at most four times the steps. Auto: from scratch yes, from a
    /// trained encoder no.
    #[serde(with = "foretask_pretext::auto_option")]
    pub converge: Option<bool>,
    /// Whether a temperature is fitted to answers for labeled images that were left out, which takes training once or twice
    /// more on a part of them. Auto: from a trained encoder yes, from scratch no.
    #[serde(with = "foretask_pretext::auto_option")]
    pub calibrate: Option<bool>,
    /// Share of the updates in which the learning rate rises, 0 to 0.9.
    pub warmup: f64,
    /// Bound of the global gradient norm; 0 for none.
    pub clip_norm: f64,
    /// The type of number that the network computes in; weights, their updates and losses stay `f32`.
    #[serde(skip_serializing_if = "Precision::is_full")]
    pub precision: Precision,
    /// Decides first weights, order and every random choice.
    pub seed: u64,
    /// Side of the square that images are brought to; only for a new network, since a trained encoder brings its own.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub image_size: Option<usize>,
}

impl Default for FinetuneOptions {
    fn default() -> Self {
        Self {
            steps: None,
            epochs: None,
            batch_size: None,
            lr: None,
            weight_decay: None,
            label_smoothing: None,
            augment: None,
            layer_decay: None,
            head: None,
            keep: Keep::Auto,
            guard: true,
            strength: None,
            class_weights: ClassWeights::Even,
            freeze: Vec::new(),
            converge: None,
            calibrate: None,
            warmup: 0.1,
            clip_norm: 1.0,
            precision: Precision::F32,
            seed: 0,
            image_size: None,
        }
    }
}

impl FinetuneOptions {
    /// What the reference says of each.
    pub const INFO: &'static [OptionInfo] = &[
        OptionInfo::new(
            "steps",
            "whole number from 1, or \"auto\"",
            AUTO,
            "updates of the weights; auto grows with the labels",
        ),
        OptionInfo::new("epochs", "number above 0", "-", "passes over the labeled images, instead of `steps`"),
        OptionInfo::new("batch_size", "whole number from 2, or \"auto\"", AUTO, "images in a step"),
        OptionInfo::new("lr", "number above 0, or \"auto\"", AUTO, "peak learning rate of AdamW"),
        OptionInfo::new(
            "weight_decay",
            "number from 0 to 10, or \"auto\"",
            AUTO,
            "pull towards 0; never on biases and norms",
        ),
        OptionInfo::new(
            "label_smoothing",
            "number from 0 to below 1, or \"auto\"",
            AUTO,
            "share of the target spread over all classes",
        ),
        OptionInfo::new("augment", "name of a preset, object map, or \"auto\"", AUTO, "how labeled images are varied"),
        OptionInfo::new(
            "layer_decay",
            "number above 0, at most 1, or \"auto\"",
            AUTO,
            "each block of a transformer learns so much more slowly than the next; auto: from an encoder 0.65",
        ),
        OptionInfo::new("head", "\"probe\", \"fresh\" or \"auto\"", AUTO, "what the classifier on top starts from"),
        OptionInfo::new(
            "keep",
            "\"auto\", \"probe\" or \"finetuned\"",
            AUTO,
            "with very few labels the probe alone is often better",
        ),
        OptionInfo::new(
            "guard",
            "true or false",
            "true",
            "with keep \"auto\": keep the probe where training did not help, start from scratch where the features harm; false to compare encoders",
        ),
        OptionInfo::new("strength", "number from 0, or \"auto\"", AUTO, "penalty of the probe"),
        OptionInfo::new("class_weights", "\"even\" or \"balanced\"", "\"even\"", ClassWeights::ABOUT),
        OptionInfo::new(
            "freeze",
            "array of parts: \"layer1\", \"backbone\"",
            "[]",
            "parts of the encoder that stay as they are",
        ),
        OptionInfo::new(
            "converge",
            "true, false or \"auto\"",
            AUTO,
            "go on until the labeled images are fitted; auto: from scratch yes",
        ),
        OptionInfo::new(
            "calibrate",
            "true, false or \"auto\"",
            AUTO,
            "fit the temperature of the probabilities to labels left out in turn; auto: from an encoder yes",
        ),
        WARMUP,
        OptionInfo::new("clip_norm", "number from 0", "1.0", "bound of the global gradient norm; 0 for none"),
        PRECISION,
        SEED,
        OptionInfo::new(
            "image_size",
            "pixels, or \"auto\"",
            AUTO,
            "side of the square that images are brought to; from scratch only",
        ),
    ];

    /// The probe that training begins with.
    pub(super) fn probe(&self) -> ProbeOptions {
        ProbeOptions { strength: self.strength, class_weights: self.class_weights, ..ProbeOptions::default() }
    }

    /// Checks every option's range, whatever the images.
    ///
    /// # Errors
    /// [`TrainError::Option`] with the option and its range.
    pub fn validate(&self) -> Result<(), TrainError> {
        let require = |ok: bool, option, value: &dyn std::fmt::Display, range: &str| {
            if ok {
                Ok(())
            } else {
                Err(TrainError::Option { option, reason: format!("is {value}, but must be {range}") })
            }
        };
        if self.steps.is_some() && self.epochs.is_some() {
            let reason = "give one length only: `steps` or `epochs`".to_owned();
            return Err(TrainError::Option { option: "steps", reason });
        }
        if let Some(steps) = self.steps {
            let range = "a whole number from 1 to 4294967296";
            require((1..=1 << 32).contains(&steps), "steps", &steps, range)?;
        }
        if let Some(epochs) = self.epochs {
            require(epochs > 0.0 && epochs <= 1e6, "epochs", &epochs, "a number above 0, at most 1000000")?;
        }
        if let Some(batch_size) = self.batch_size {
            let range = "a whole number from 2 to 65536";
            require((2..=1 << 16).contains(&batch_size), "batch_size", &batch_size, range)?;
        }
        if let Some(lr) = self.lr {
            require(lr > 0.0 && lr.is_finite(), "lr", &lr, "a number above 0, usually 3e-4 to 3e-3")?;
        }
        if let Some(decay) = self.weight_decay {
            require((0.0..=10.0).contains(&decay), "weight_decay", &decay, "from 0 to 10, usually 0.01 to 0.1")?;
        }
        if let Some(smoothing) = self.label_smoothing {
            require((0.0..1.0).contains(&smoothing), "label_smoothing", &smoothing, "from 0 to below 1, usually 0.1")?;
        }
        if let Some(decay) = self.layer_decay {
            require(decay > 0.0 && decay <= 1.0, "layer_decay", &decay, "above 0, at most 1, usually 0.65 to 0.9")?;
        }
        if let Some(strength) = self.strength {
            require(strength >= 0.0 && strength.is_finite(), "strength", &strength, "a number from 0, usually 0.01")?;
        }
        require((0.0..=0.9).contains(&self.warmup), "warmup", &self.warmup, "a share of the steps from 0 to 0.9")?;
        require(self.clip_norm >= 0.0, "clip_norm", &self.clip_norm, "a number above 0, or 0 for no clipping")?;
        if let Some(size) = self.image_size {
            require((4..=4096).contains(&size), "image_size", &size, "a number of pixels from 4 to 4096")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::described::tests::describes;

    fn read(text: &str) -> Result<FinetuneOptions, String> {
        let options: FinetuneOptions = serde_json::from_str(text).map_err(|error| error.to_string())?;
        options.validate().map_err(|error| error.to_string())?;
        Ok(options)
    }

    #[test]
    fn every_option_is_described_with_its_default() {
        // The script's seed stands in for that of the struct.
        describes::<FinetuneOptions>(FinetuneOptions::INFO, &["seed"]);
    }

    #[test]
    fn options_read_as_a_script_writes_them() {
        assert_eq!(read("{}").unwrap(), FinetuneOptions::default());
        let text = r#"{"steps": 40, "lr": "auto", "augment": "strong", "head": "fresh", "keep": "probe"}"#;
        let options = read(text).unwrap();
        assert_eq!((options.steps, options.lr, options.keep), (Some(40), None, Keep::Probe));
        assert_eq!(options.augment, Some(Augment::preset("strong").unwrap()));
        assert_eq!(read(&serde_json::to_string(&options).unwrap()).unwrap(), options);
    }

    #[test]
    fn what_cannot_work_names_the_option_and_the_way_out() {
        for (text, words) in [
            (r#"{"learning_rate": 1}"#, ["unknown field", "lr"]),
            (r#"{"steps": 1, "epochs": 1}"#, ["`steps`", "one length only"]),
            (r#"{"lr": 0}"#, ["`lr`", "above 0"]),
            (r#"{"batch_size": 1}"#, ["`batch_size`", "from 2"]),
            (r#"{"label_smoothing": 1}"#, ["`label_smoothing`", "below 1"]),
            (r#"{"keep": "best"}"#, ["unknown variant", "finetuned"]),
            (r#"{"head": "zero"}"#, ["unknown variant", "fresh"]),
            (r#"{"warmup": 1}"#, ["`warmup`", "0 to 0.9"]),
            (r#"{"layer_decay": 0}"#, ["`layer_decay`", "above 0"]),
        ] {
            let error = read(text).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
        }
    }
}
