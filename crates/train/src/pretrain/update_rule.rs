//! The update rule with its learning rate and weight decay, as far as they were left open.

use foretask_pretext::Auto;

use super::options::{OptimizerName, PretrainOptions};
use crate::loader::Sampling;
use crate::optim::{AdamW, Lars, Rule, Sgd};

/// The batch that [`LEARNING_RATE`] and [`SGD_LEARNING_RATE`] are for.
const REFERENCE_BATCH: f64 = 256.0;
const LEARNING_RATE: f64 = 2e-3;
const SGD_LEARNING_RATE: f64 = 0.05;
const LARS_LEARNING_RATE: f64 = 0.3;
/// What a trained encoder takes of these.
pub(super) const CONTINUED: f64 = 0.1;

/// Rule, peak learning rate and weight decay; what is chosen is noted. `trained` weights learn on slowly.
pub(super) fn update_rule(
    sampling: &Sampling,
    options: &PretrainOptions,
    trained: bool,
    notes: &mut Vec<Auto>,
) -> (Rule, f64, f64) {
    let batch = sampling.batch_size as f64 * options.accumulate as f64;
    let (rule, lr, lr_reason, decay, decay_reason) = match options.optimizer {
        OptimizerName::AdamW => {
            let [beta1, beta2] = options.betas.unwrap_or([0.9, 0.999]);
            let lr = LEARNING_RATE * (batch / REFERENCE_BATCH).sqrt().min(1.0);
            let reason = "2e-3 for batches from 256, less by the square root for smaller ones";
            (Rule::AdamW(AdamW { beta1, beta2, ..AdamW::default() }), lr, reason, 1e-2, "as usual with AdamW")
        }
        OptimizerName::Sgd => {
            let momentum = options.momentum.unwrap_or(0.9);
            let nesterov = options.nesterov.unwrap_or(false);
            let lr = SGD_LEARNING_RATE * batch / REFERENCE_BATCH;
            let reason = "0.05 for a batch of 256, in proportion for others";
            (Rule::Sgd(Sgd { momentum, nesterov }), lr, reason, 1e-4, "as usual with SGD")
        }
        OptimizerName::Lars => {
            let momentum = options.momentum.unwrap_or(0.9);
            let nesterov = options.nesterov.unwrap_or(false);
            let trust = options.trust.unwrap_or(Lars::default().trust);
            let lr = LARS_LEARNING_RATE * batch / REFERENCE_BATCH;
            let reason = "0.3 for a batch of 256, in proportion for others, as in SimCLR";
            let rule = Rule::Lars(Lars { momentum, nesterov, trust, ..Lars::default() });
            (rule, lr, reason, 1e-6, "as usual with LARS")
        }
    };
    let given = options.lr.map(|lr| options.lr_scaling.learning_rate(lr, batch.round() as usize));
    let lr = given.unwrap_or_else(|| {
        if trained {
            let lr = two_digits(CONTINUED * lr);
            let reason = format!("a tenth of what random weights take ({lr_reason}), so that what these know is kept");
            notes.push(Auto::new("lr", lr, reason));
            return lr;
        }
        let lr = two_digits(lr);
        notes.push(Auto::new("lr", lr, lr_reason));
        lr
    });
    let decay = options.weight_decay.unwrap_or_else(|| {
        notes.push(Auto::new("weight_decay", decay, decay_reason));
        decay
    });
    (rule, lr, decay)
}

/// Learning rates are seen by users.
fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}
