//! Options of `pretrain`.

use foretask_backend::Precision;
use foretask_pretext::OptionInfo;
use serde::{Deserialize, Serialize};

use super::augment_on::AugmentOn;
use super::collapse::OnCollapse;
use crate::described::{AUTO, PRECISION, SEED, WARMUP};
use crate::error::TrainError;
use crate::length::{Budget, Length};
use crate::optim::Scaling;
use crate::schedule::Decay;

/// Which optimizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerName {
    /// Adam with decoupled weight decay.
    #[default]
    AdamW,
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// The same with steps in proportion to each weight: what published recipes with large batches use.
    Lars,
}

impl OptimizerName {
    /// As scripts write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdamW => "adamw",
            Self::Sgd => "sgd",
            Self::Lars => "lars",
        }
    }
}

/// Options of `pretrain`; `None` is `"auto"`. At most one of `epochs`, `steps` and `budget` may be given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PretrainOptions {
    /// Passes over the images.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    /// Updates.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Time; turned into a fixed number of updates by a short calibration, which is kept with the run.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Images per batch (each of which gives several inputs in some tasks).
    #[serde(with = "foretask_pretext::auto_option")]
    pub batch_size: Option<usize>,
    /// AdamW, SGD or LARS.
    pub optimizer: OptimizerName,
    /// Peak learning rate.
    #[serde(with = "foretask_pretext::auto_option")]
    pub lr: Option<f64>,
    /// How `lr`, where it is given, is meant: for this batch, or for one of 256.
    pub lr_scaling: Scaling,
    /// Weight decay; never on biases and norms.
    #[serde(with = "foretask_pretext::auto_option")]
    pub weight_decay: Option<f64>,
    /// Momentum of SGD and LARS.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// Nesterov's form of momentum, SGD and LARS.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub nesterov: Option<bool>,
    /// The trust coefficient of LARS.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub trust: Option<f64>,
    /// Decay rates of AdamW's two means.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub betas: Option<[f64; 2]>,
    /// Share of the updates in which the learning rate rises, 0 to 0.9.
    pub warmup: f64,
    /// What the learning rate does after that.
    pub schedule: Decay,
    /// Bound of the global gradient norm; 0 for none. The default only stops explosions: at 1 it would act in every step
    /// of a contrastive task, which cost half a point of probe accuracy where it was measured.
    pub clip_norm: f64,
    /// Batches whose gradients are averaged for one update. Contrastive tasks compare within one batch only.
    pub accumulate: u64,
    /// The type of number that the network computes in; weights, their updates and losses stay `f32`.
    #[serde(skip_serializing_if = "Precision::is_full")]
    pub precision: Precision,
    /// Where the views of an image are made; what happens to them is the same up to rounding.
    #[serde(skip_serializing_if = "AugmentOn::is_auto")]
    pub augment_on: AugmentOn,
    /// Decides first weights, order and every random choice.
    pub seed: u64,
    /// What happens when the features become the same for every image.
    pub on_collapse: OnCollapse,
    /// Side of the square that images are brought to.
    #[serde(with = "foretask_pretext::auto_option")]
    pub image_size: Option<usize>,
    /// By how much each block of a trained transformer learns more slowly than the one after it, above 0 to 1.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub layer_decay: Option<f64>,
    /// Share of the steps in which only the new heads learn, on the frozen features of a trained encoder, 0 to 0.9.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub warm_heads: Option<f64>,
    /// Whether a trained encoder that gets worse while it goes on learning is stopped and put back; needs an observer.
    #[serde(with = "foretask_pretext::auto_option", skip_serializing_if = "Option::is_none")]
    pub guard: Option<bool>,
}

impl Default for PretrainOptions {
    fn default() -> Self {
        Self {
            epochs: None,
            steps: None,
            budget: None,
            batch_size: None,
            optimizer: OptimizerName::AdamW,
            lr: None,
            lr_scaling: Scaling::None,
            weight_decay: None,
            momentum: None,
            nesterov: None,
            trust: None,
            betas: None,
            warmup: 0.1,
            schedule: Decay::Cosine,
            clip_norm: 5.0,
            accumulate: 1,
            precision: Precision::F32,
            augment_on: AugmentOn::Auto,
            seed: 0,
            on_collapse: OnCollapse::Stop,
            image_size: None,
            layer_decay: None,
            warm_heads: None,
            guard: None,
        }
    }
}

impl PretrainOptions {
    /// What the reference says of each.
    pub const INFO: &'static [OptionInfo] = &[
        OptionInfo::new("epochs", "number above 0", "-", "length: passes over the images"),
        OptionInfo::new("steps", "whole number from 1", "-", "length: updates of the weights"),
        OptionInfo::new(
            "budget",
            "time: \"90s\", \"2m\", \"1h30m\"",
            "\"2m\" if no length is given",
            "length: turned into a fixed number of steps by calibration",
        ),
        OptionInfo::new("batch_size", "whole number from 1, or \"auto\"", AUTO, "images in a step"),
        OptionInfo::new("optimizer", "\"adamw\", \"sgd\" or \"lars\"", "\"adamw\"", "how weights follow the gradient"),
        OptionInfo::new("lr", "number above 0, or \"auto\"", AUTO, "peak learning rate"),
        OptionInfo::new(
            "lr_scaling",
            "\"none\", \"linear\" or \"sqrt\"",
            "\"none\"",
            "how a given `lr` is meant: as it is, or for a batch of 256 and scaled to this one",
        ),
        OptionInfo::new(
            "weight_decay",
            "number from 0 to 1, or \"auto\"",
            AUTO,
            "pull towards 0; never on biases and norms",
        ),
        OptionInfo::new("momentum", "number from 0 to below 1", AUTO, "sgd and lars only"),
        OptionInfo::new("nesterov", "true or false", AUTO, "sgd and lars only: Nesterov's form of momentum"),
        OptionInfo::new("trust", "number above 0", AUTO, "lars only: step length as a share of each weight's own"),
        OptionInfo::new("betas", "[number, number]", AUTO, "adamw only: decay rates of its two means"),
        WARMUP,
        OptionInfo::new(
            "schedule",
            "\"cosine\" or \"constant\"",
            "\"cosine\"",
            "what the learning rate does after that",
        ),
        OptionInfo::new("clip_norm", "number from 0", "5.0", "bound of the global gradient norm; 0 for none"),
        OptionInfo::new("accumulate", "whole number from 1", "1", "batches whose gradients are averaged for one step"),
        PRECISION,
        OptionInfo::new(
            "augment_on",
            "\"auto\", \"host\" or \"device\"",
            AUTO,
            "where views are made: on a GPU, or by the loader's threads; the same views up to rounding",
        ),
        SEED,
        OptionInfo::new(
            "on_collapse",
            "\"stop\" or \"warn\"",
            "\"stop\"",
            "when the features become the same for every image",
        ),
        OptionInfo::new("image_size", "pixels, or \"auto\"", AUTO, "side of the square that images are brought to"),
        OptionInfo::new(
            "layer_decay",
            "number above 0, at most 1, or \"auto\"",
            AUTO,
            "trained transformers only: each block learns by this factor more slowly than the one after it; auto is 0.9",
        ),
        OptionInfo::new(
            "warm_heads",
            "number from 0 to 0.9, or \"auto\"",
            AUTO,
            "trained encoders only: share of the steps in which the new heads learn alone, on frozen features; auto is 0.1",
        ),
        OptionInfo::new(
            "guard",
            "true or false, or \"auto\"",
            AUTO,
            "trained encoders only: whether one that tells the classes of `online` worse than it did at first is stopped, and \
             the better of the two kept; auto: where there is `online`",
        ),
    ];

    /// How long, where the user said so.
    ///
    /// # Errors
    /// More than one of `epochs`, `steps` and `budget`.
    pub fn length(&self) -> Result<Option<Length>, TrainError> {
        match (self.epochs, self.steps, self.budget) {
            (None, None, None) => Ok(None),
            (Some(epochs), None, None) => Ok(Some(Length::Epochs(epochs))),
            (None, Some(steps), None) => Ok(Some(Length::Steps(steps))),
            (None, None, Some(budget)) => Ok(Some(Length::Budget(budget))),
            _ => {
                let option = if self.budget.is_some() { "budget" } else { "steps" };
                let reason = "give one length only: `epochs`, `steps` or `budget`".to_owned();
                Err(TrainError::Option { option, reason })
            }
        }
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
        let above_zero = |value: f64| value > 0.0 && value.is_finite();
        self.length()?;
        if let Some(epochs) = self.epochs {
            require(above_zero(epochs) && epochs <= 1e6, "epochs", &epochs, "a number above 0, at most 1000000")?;
        }
        if let Some(steps) = self.steps {
            require(steps > 0, "steps", &steps, "a whole number from 1")?;
        }
        if let Some(batch_size) = self.batch_size {
            let range = "a whole number from 1 to 1048576";
            require((1..=1 << 20).contains(&batch_size), "batch_size", &batch_size, range)?;
        }
        if let Some(lr) = self.lr {
            require(
                above_zero(lr),
                "lr",
                &lr,
                "a number above 0, usually 1e-4 to 1e-2 with AdamW, 0.01 to 1 with SGD",
            )?;
        }
        if let Some(decay) = self.weight_decay {
            require((0.0..=1.0).contains(&decay), "weight_decay", &decay, "from 0 to 1")?;
        }
        if let Some(momentum) = self.momentum {
            require((0.0..1.0).contains(&momentum), "momentum", &momentum, "from 0 to below 1")?;
        }
        if let Some([beta1, beta2]) = self.betas {
            let fine = (0.0..1.0).contains(&beta1) && (0.0..1.0).contains(&beta2);
            require(fine, "betas", &format!("[{beta1}, {beta2}]"), "two numbers from 0 to below 1")?;
        }
        if let Some(trust) = self.trust {
            require(above_zero(trust) && trust <= 1.0, "trust", &trust, "above 0, at most 1; usually 0.001 to 0.02")?;
        }
        let (adamw, sgd, lars) = (OptimizerName::AdamW, OptimizerName::Sgd, OptimizerName::Lars);
        let given: [(_, _, &[OptimizerName]); 4] = [
            ("betas", self.betas.is_some(), &[adamw]),
            ("momentum", self.momentum.is_some(), &[sgd, lars]),
            ("nesterov", self.nesterov.is_some(), &[sgd, lars]),
            ("trust", self.trust.is_some(), &[lars]),
        ];
        for (option, given, wanted) in given {
            if given && !wanted.contains(&self.optimizer) {
                let names: Vec<_> = wanted.iter().map(|name| format!("\"{}\"", name.name())).collect();
                let names = names.join(" or ");
                let reason = format!("belongs to `optimizer: {names}`; leave it out or change the optimizer");
                return Err(TrainError::Option { option, reason });
            }
        }
        if self.nesterov == Some(true) && self.momentum == Some(0.0) {
            let reason = "needs a `momentum` above 0".to_owned();
            return Err(TrainError::Option { option: "nesterov", reason });
        }
        require((0.0..=0.9).contains(&self.warmup), "warmup", &self.warmup, "a share of the steps from 0 to 0.9")?;
        require(self.clip_norm >= 0.0, "clip_norm", &self.clip_norm, "a number above 0, or 0 for no clipping")?;
        require(
            (1..=4096).contains(&self.accumulate),
            "accumulate",
            &self.accumulate,
            "a whole number from 1 to 4096",
        )?;
        if let Some(decay) = self.layer_decay {
            require(decay > 0.0 && decay <= 1.0, "layer_decay", &decay, "above 0, at most 1; usually 0.65 to 0.95")?;
        }
        if let Some(share) = self.warm_heads {
            require((0.0..=0.9).contains(&share), "warm_heads", &share, "a share of the steps from 0 to 0.9")?;
        }
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

    fn read(text: &str) -> Result<PretrainOptions, String> {
        let options: PretrainOptions = serde_json::from_str(text).map_err(|error| error.to_string())?;
        options.validate().map_err(|error| error.to_string())?;
        Ok(options)
    }

    #[test]
    fn every_option_is_described_with_its_default() {
        // The script's seed stands in for that of the struct.
        describes::<PretrainOptions>(PretrainOptions::INFO, &["seed"]);
    }

    #[test]
    fn options_read_as_a_script_writes_them() {
        assert_eq!(read("{}").unwrap(), PretrainOptions::default());
        let options = read(r#"{"budget": "2m", "lr": "auto", "optimizer": "sgd", "nesterov": true}"#).unwrap();
        assert_eq!(options.length().unwrap().unwrap().to_string(), "2m");
        assert_eq!((options.lr, options.nesterov), (None, Some(true)));
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(read(&text).unwrap(), options);
    }

    #[test]
    fn what_cannot_work_names_the_option_and_the_way_out() {
        for (text, words) in [
            (r#"{"learning_rate": 1}"#, ["unknown field", "lr"]),
            (r#"{"epochs": 1, "budget": "1m"}"#, ["budget", "one length only"]),
            (r#"{"lr": 0}"#, ["`lr`", "above 0"]),
            (r#"{"steps": 0}"#, ["`steps`", "from 1"]),
            (r#"{"momentum": 0.9}"#, ["`momentum`", "sgd"]),
            (r#"{"optimizer": "sgd", "betas": [0.9, 0.99]}"#, ["`betas`", "adamw"]),
            (r#"{"warmup": 1}"#, ["`warmup`", "0 to 0.9"]),
            (r#"{"clip_norm": -1}"#, ["`clip_norm`", "0 for no clipping"]),
            (r#"{"precision": "f16"}"#, ["unknown variant", "bf16"]),
            (r#"{"optimizer": "adam"}"#, ["unknown variant", "adamw"]),
            (r#"{"augment_on": "gpu"}"#, ["unknown variant", "device"]),
            (r#"{"budget": "soon"}"#, ["not a time", "2m"]),
        ] {
            let error = read(text).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
        }
    }
}
