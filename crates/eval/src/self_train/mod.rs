//! Self-training: spread the few labels, let the encoder learn from them and from its own answers, spread again.

mod held_out;

use foretask_data::Images;
use foretask_models::{Classifier, Encoder};
use foretask_train::{
    Consistency, ConsistencyOptions, ConsistencyRound, Context, Features, HealthLine, HeldOut, Threshold,
    consistency_round, counting_on,
};
use serde::{Deserialize, Serialize};

use crate::spread::{Spreading, fit_spread};
use crate::{EvalError, SpreadFit, SpreadOptions, some_of};

/// Options of [`self_train`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelfTrainOptions {
    /// Rounds of training, each followed by spreading the labels anew.
    pub rounds: u64,
    /// Updates a round.
    pub steps: u64,
    /// Unlabeled images a step; a part of the labeled ones comes besides.
    pub batch_size: usize,
    /// Peak learning rate of `AdamW`.
    pub lr: f64,
    /// Weight decay; never on biases and norms.
    pub weight_decay: f64,
    /// How much of itself the teacher keeps at each step.
    pub momentum: f64,
    /// The teacher's answers are sharpened by this temperature.
    pub temperature: f64,
    /// How sure the teacher must be for an image to be learned from.
    pub threshold: Threshold,
    /// The view that the student sees.
    pub augment: foretask_pretext::Augment,
    /// Probability that a square of the student's view is blanked.
    pub erase: f64,
    /// How labels spread before and after each round.
    pub spread: SpreadOptions,
    /// Whether all of it is done once more without a third of the labels, for probabilities that mean what they say.
    pub calibrate: bool,
    /// Decides order and every random choice.
    pub seed: u64,
}

impl Default for SelfTrainOptions {
    fn default() -> Self {
        let ConsistencyOptions {
            steps,
            batch_size,
            lr,
            weight_decay,
            momentum,
            temperature,
            threshold,
            augment,
            erase,
            seed,
            ..
        } = ConsistencyOptions::default();
        let spread = SpreadOptions::default();
        Self {
            rounds: 2,
            steps,
            batch_size,
            lr,
            weight_decay,
            momentum,
            temperature,
            threshold,
            augment,
            erase,
            spread,
            calibrate: true,
            seed,
        }
    }
}

impl SelfTrainOptions {
    /// Whether every value can work.
    ///
    /// # Errors
    /// [`EvalError::Option`] or a training option's error, naming the option and its range.
    pub fn check(&self) -> Result<(), EvalError> {
        if self.rounds == 0 || self.rounds > MOST_ROUNDS {
            return Err(EvalError::option("rounds", self.rounds, &format!("a whole number from 1 to {MOST_ROUNDS}")));
        }
        self.spread.check()?;
        Ok(self.of_a_round().validate()?)
    }

    fn of_a_round(&self) -> ConsistencyOptions {
        ConsistencyOptions {
            steps: self.steps,
            batch_size: self.batch_size,
            lr: self.lr,
            weight_decay: self.weight_decay,
            momentum: self.momentum,
            temperature: self.temperature,
            threshold: self.threshold,
            augment: self.augment,
            erase: self.erase,
            seed: self.seed,
            ..ConsistencyOptions::default()
        }
    }
}

/// More have never helped.
const MOST_ROUNDS: u64 = 20;

/// A self-trained classifier and how it came about.
#[derive(Clone, Debug)]
pub struct SelfTrained {
    /// Logistic regression on the features of the last round, learned from labels spread on them.
    pub classifier: Classifier,
    /// Whether the search for it ended.
    pub converged: bool,
    /// What a classifier made in the same way without a third of the labels says of those images, which it met neither labeled
    /// nor among the pool. None where it was not asked for or there are fewer than
    /// [`LEAST_HELD_OUT`](foretask_train::LEAST_HELD_OUT) labels.
    pub held_out: Option<HeldOut>,
    /// Features of the few by the encoder of the last round.
    pub features: Features,
    /// Health lines of all rounds, counted on.
    pub history: Vec<HealthLine>,
    /// Updates of all rounds.
    pub steps: u64,
    /// For each round, how far the encoder's weights went relative to their length.
    pub moved: Vec<f64>,
}

/// Spreads the labels of `few` over `pool` on the encoder's features, and then in each round trains encoder and classifier
/// by consistency ([`consistency_round`]: start with the spread labels, learn to answer for strongly changed images what
/// the moving average of the network answers for hardly changed ones) and spreads the labels anew on the better features. The
/// answer is the classifier fitted to the last spreading, which beats the trained network's own head.
///
/// Without more labels nobody can say whether a round made things better. What can be said is whether the few labels, hidden
/// in turn from the spreading, still come back; a note tells when fewer do. The training has seen them, so that more come
/// back proves nothing.
///
/// Resumes from the checkpoints in `cx.folder` and is the same to the bit, on any number of threads.
///
/// # Errors
/// Options out of range, few images without labels or of one class, a pool no larger than the number of neighbors,
/// interruption, an encoder that does not move.
pub fn self_train(
    encoder: &Encoder,
    few: &Images,
    pool: &Images,
    options: &SelfTrainOptions,
    cx: &Context<'_>,
) -> Result<SelfTrained, EvalError> {
    options.check()?;
    let pool = some_of(pool, options.spread.most);
    let done = in_rounds(encoder, few, &pool, options, cx)?;
    let held_out = if options.calibrate { held_out::answers(encoder, few, &pool, options, cx)? } else { None };
    Ok(SelfTrained { held_out, ..done })
}

/// [`self_train`] without the question how far its answers can be believed.
fn in_rounds(
    encoder: &Encoder,
    few: &Images,
    pool: &Images,
    options: &SelfTrainOptions,
    cx: &Context<'_>,
) -> Result<SelfTrained, EvalError> {
    let training = options.of_a_round();
    // Features take seconds; the rounds are what there is to watch.
    let quiet = |_| ();
    let unwatched = Context { events: &quiet, ..*cx };
    let first = Spreading { encoder, few, pool, options: &options.spread, held_out: false };
    let mut fit = fit_spread(&first, &unwatched)?;
    cx.note(format!("labels spread: {}", fit.in_words()));
    // One answer to each question for all rounds, so that a round is not told otherwise by its own training.
    let (balanced, probe) = (Some(fit.spread.balanced), Some(fit.spread.probe));
    let spread = SpreadOptions { balanced, probe, ..options.spread.clone() };
    let mut done = SelfTrained {
        classifier: fit.classifier.clone(),
        converged: fit.converged,
        held_out: None,
        features: fit.features.clone(),
        history: Vec::new(),
        steps: 0,
        moved: Vec::new(),
    };
    for round in 0..options.rounds {
        let folder = cx.folder.join(format!("round-{}", round + 1));
        let last = done.history.last().cloned();
        let events = counting_on(cx.events, last);
        let within = Context { folder: &folder, events: &events, ..*cx };
        let balanced = fit.spread.balanced;
        let learned = consistency_round(
            &ConsistencyRound { start: &fit.classifier, few, pool, guide: fit.of_pool(), balanced, number: round },
            &training,
            &within,
        )?;
        let (before, labels) = (fit.spread.recovered, fit.spread.labels);
        let encoder = &learned.classifier.encoder;
        fit = fit_spread(&Spreading { encoder, options: &spread, ..first }, &unwatched)?;
        let changed = fit.spread.labels.iter().zip(&labels).filter(|(new, old)| new != old).count();
        cx.note(format!(
            "round {} of {}: the encoder's weights moved by {:.1} %, {:.1} % of the spread labels changed; {}",
            round + 1,
            options.rounds,
            100.0 * learned.moved,
            100.0 * changed as f64 / labels.len().max(1) as f64,
            fit.in_words()
        ));
        if fit.spread.recovered.right < before.right {
            cx.note(format!(
                "fewer of the given labels come back than before this round ({} instead of {}): it may have made things worse, \
                 compare with `spread_labels`",
                fit.spread.recovered.right, before.right
            ));
        }
        done.take_in(learned, &fit);
    }
    Ok(done)
}

impl SelfTrained {
    fn take_in(&mut self, learned: Consistency, fit: &SpreadFit) {
        let last = self.history.last().cloned();
        self.history.extend(learned.history.into_iter().map(|line| line.after(last.as_ref())));
        self.steps += learned.steps;
        self.moved.push(learned.moved);
        self.classifier = fit.classifier.clone();
        self.converged = fit.converged;
        self.features.clone_from(&fit.features);
    }
}
