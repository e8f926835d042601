//! Going on from weights that know something: slowly, and with new heads that do not spoil them at first.

use foretask_models::BackboneConfig;
use foretask_pretext::Auto;
use serde::{Deserialize, Serialize};

use super::heads::HeadConfig;
use super::options::PretrainOptions;
use super::update_rule::CONTINUED;
use crate::balance::Balance;
use crate::error::TrainError;
use crate::finetune::layers;
use crate::start::Start;

/// What `DINOv2` pretrains with itself.
const LAYER_DECAY: f64 = 0.9;
const WARM_HEADS: f64 = 0.1;

/// How an encoder that has learned before goes on learning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Continuing {
    /// By how much each block of a transformer learns more slowly than the one after it; 1 for other networks.
    pub layer_decay: f64,
    /// Share of the steps in which the encoder is frozen and only the heads learn.
    pub warm_heads: f64,
    /// How many times as fast as the encoder the heads learn: they are new, and what random weights take suits them.
    pub head_rate: f64,
}

impl Continuing {
    /// Updates of `steps` in which the encoder is frozen.
    pub(super) fn warm_steps(&self, steps: u64) -> u64 {
        (self.warm_heads * steps as f64).round() as u64
    }

    /// Factors of the learning rate by part.
    pub(super) fn factors(&self, start: &Start) -> Vec<(String, f64)> {
        let Start::Encoder(encoder) = start else { return Vec::new() };
        let mut factors = layers::factors("encoder", encoder.state.keys(), self.layer_decay);
        factors.push(("heads".to_owned(), self.head_rate));
        factors
    }

    /// What of it decides the result.
    pub(super) fn identity(&self) -> String {
        let bits = [self.layer_decay, self.warm_heads, self.head_rate].map(f64::to_bits);
        format!("continuing 1 {bits:?}")
    }
}

/// What is asked of a continuation.
pub(super) struct Asked<'a, H> {
    /// One for each task.
    pub(super) heads: H,
    pub(super) balance: Balance,
    pub(super) options: &'a PretrainOptions,
}

/// How to go on from trained weights; `None` for random ones.
pub(super) fn plan<'h>(
    start: &Start,
    asked: Asked<'_, impl Iterator<Item = &'h HeadConfig>>,
    notes: &mut Vec<Auto>,
) -> Result<Option<Continuing>, TrainError> {
    let Asked { mut heads, balance, options } = asked;
    if !start.is_trained() {
        for (option, given) in
            [("layer_decay", options.layer_decay.is_some()), ("warm_heads", options.warm_heads.is_some())]
        {
            if given {
                return Err(only_for_trained(option));
            }
        }
        return Ok(None);
    }
    let transformer = matches!(start.config(), BackboneConfig::Vit(_));
    let layer_decay = match options.layer_decay {
        Some(decay) if decay < 1.0 && !transformer => {
            let reason = "is for the encoder of a transformer, and this is none; leave it out".to_owned();
            return Err(TrainError::Option { option: "layer_decay", reason });
        }
        Some(decay) => decay,
        None if transformer => {
            let reason =
                "from a trained transformer: what lies near the pixels is good already, and needs to move least";
            notes.push(Auto::new("layer_decay", LAYER_DECAY, reason));
            LAYER_DECAY
        }
        None => 1.0,
    };
    let hindrance = if heads.any(|head| head.parameters() == 0) {
        Some("a task has no head that could learn alone")
    } else if balance == Balance::Gradients {
        Some("`balance: \"gradients\"` compares gradients of the encoder, which a frozen one does not have")
    } else {
        None
    };
    let warm_heads = match (options.warm_heads, hindrance) {
        (Some(share), Some(hindrance)) if share > 0.0 => {
            let reason = format!("is {share}, but {hindrance}; leave it out");
            return Err(TrainError::Option { option: "warm_heads", reason });
        }
        (Some(share), _) => share,
        (None, Some(hindrance)) => {
            notes.push(Auto::new("warm_heads", 0, hindrance));
            0.0
        }
        (None, None) => {
            let reason = "new heads first learn on the frozen encoder, so that their first gradients do not spoil it";
            notes.push(Auto::new("warm_heads", WARM_HEADS, reason));
            WARM_HEADS
        }
    };
    // A rate that was given is meant for all.
    let head_rate = if options.lr.is_some() { 1.0 } else { 1.0 / CONTINUED };
    Ok(Some(Continuing { layer_decay, warm_heads, head_rate }))
}

/// Whether a pretraining is held against the encoder that it starts from, and why or why not; nothing is said of new networks.
/// `watched` says whether there are labeled images to judge by.
///
/// # Errors
/// Asked for where there is nothing to compare with, or nothing to judge by.
pub fn guards(start: &Start, options: &PretrainOptions, watched: bool) -> Result<(bool, Option<Auto>), TrainError> {
    let refuse = |reason: &str| Err(TrainError::Option { option: "guard", reason: reason.to_owned() });
    match (start.is_trained(), options.guard) {
        (false, Some(true)) => Err(only_for_trained("guard")),
        (false, _) | (true, Some(false)) => Ok((false, None)),
        (true, Some(true)) if !watched => refuse("needs labeled images to judge by: add `online: few`"),
        (true, Some(true)) => Ok((true, None)),
        (true, None) if watched => {
            let reason = "labeled images say whether the encoder gets worse than it was at first; it is then stopped, and \
                          the better one kept";
            Ok((true, Some(Auto::new("guard", true, reason))))
        }
        (true, None) => {
            let reason =
                "without labeled images nobody can say whether the encoder gets better or worse: `online: few` can";
            Ok((false, Some(Auto::new("guard", false, reason))))
        }
    }
}

fn only_for_trained(option: &'static str) -> TrainError {
    let reason = "is for encoders that have learned before, and this training starts from random weights; leave it out";
    TrainError::Option { option, reason: reason.to_owned() }
}
