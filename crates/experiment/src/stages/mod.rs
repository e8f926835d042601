//! What the long words do: each a stage with a key, a plan, a result that is kept.

mod cross_validate;
mod draws;
mod evaluate;
mod find_issues;
mod finetune;
mod finish;
mod fitted;
mod guard;
mod kept_features;
mod label_curve;
mod label_next;
mod leakage;
mod online;
mod open_set;
mod pick_encoder;
mod pick_task;
mod pool;
mod predict;
mod pretrain;
mod probes;
mod self_train;
mod spread;
mod taught;

pub use cross_validate::{CrossValidate, CrossValidationOptions};
pub use evaluate::evaluate;
pub use find_issues::{FindIssues, IssuePaths};
pub(crate) use find_issues::{Shown, chosen};
pub use finetune::Finetune;
pub use label_curve::{Baseline, Curve, CurveMethod, CurveOptions, LabelCurves, LabelsAsked, short_name};
pub(crate) use label_next::shrunk;
pub use label_next::{ChosenPaths, LabelNext};
pub use leakage::Leakage;
pub(crate) use leakage::refused as leakage_refused;
pub use online::Online;
pub use open_set::open_set;
pub use pick_encoder::PickEncoder;
pub use pick_task::{PickOptions, PickTask};
pub use pool::{Pool, of as pool_of};
pub use predict::{Predictions, embed, embed_as, predict};
pub(crate) use predict::{embedding_table, fit_in_words};
pub use pretrain::Pretrain;
pub use probes::{Knn, LinearProbe, PixelRegression};
pub use self_train::SelfTrain;
pub use spread::SpreadLabels;
pub(crate) use taught::Taught;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use foretask_data::Images;
use foretask_train::{Context, Event, FeatureStore, Features};
use kept_features::KeptFeatures;

use crate::error::Error;
use crate::experiment::Experiment;
use crate::progress::Progress;

/// Features of all images, the same on any number of threads.
pub(crate) fn features(
    experiment: &Experiment,
    encoder: &foretask_models::Encoder,
    images: &Images,
) -> Result<Features, Error> {
    with_context(experiment, |cx| Ok(foretask_train::extract_features(encoder, images, cx)?))
}

/// The same of an encoder that no label has changed: kept, where that took long, for the next one who asks.
pub(crate) fn frozen_features(
    experiment: &Experiment,
    encoder: &foretask_models::Encoder,
    images: &Images,
) -> Result<Features, Error> {
    with_frozen(experiment, |cx| Ok(foretask_train::extract_features(encoder, images, cx)?))
}

/// Keeps quiet about quick work: what happens is passed on only once something has taken longer than [`QUICK`].
#[derive(Default)]
struct Patience {
    begun: Mutex<Option<(Instant, Option<Event>)>>,
}

const QUICK: Duration = Duration::from_secs(1);

impl Patience {
    fn pass_on(&self, event: Event, experiment: &Experiment) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { .. } => *begun = Some((Instant::now(), Some(event))),
            Event::Finished { .. } => {
                // Whoever heard of the beginning hears of the end, too.
                if begun.take().is_some_and(|(_, held)| held.is_none()) {
                    experiment.emit(Progress::Training { event });
                }
            }
            Event::Step { .. } => {
                let Some((since, held)) = &mut *begun else { return };
                if since.elapsed() < QUICK {
                    return;
                }
                if let Some(held) = held.take() {
                    experiment.emit(Progress::Training { event: held });
                }
                experiment.emit(Progress::Training { event });
            }
            Event::Warning(text) => experiment.warn(text),
            event => experiment.emit(Progress::Training { event }),
        }
    }
}

/// For work that is quick and keeps nothing: a training context without a folder of its own.
pub(crate) fn with_context<T>(
    experiment: &Experiment,
    work: impl FnOnce(&Context<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    within(experiment, None, work)
}

/// The same for work on encoders that no label has changed, whose features are kept.
pub(crate) fn with_frozen<T>(
    experiment: &Experiment,
    work: impl FnOnce(&Context<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    within(experiment, Some(&KeptFeatures::of(experiment)), work)
}

/// Either, as the encoder is.
pub(crate) fn looking<T>(
    experiment: &Experiment,
    frozen: bool,
    work: impl FnOnce(&Context<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    if frozen { with_frozen(experiment, work) } else { with_context(experiment, work) }
}

fn within<T>(
    experiment: &Experiment,
    features: Option<&dyn FeatureStore>,
    work: impl FnOnce(&Context<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let device = experiment.device()?;
    let patience = Patience::default();
    let events = |event| patience.pass_on(event, experiment);
    let context = Context {
        device: &device,
        folder: &experiment.settings.out,
        events: &events,
        interrupt: experiment.interrupt(),
        threads: crate::stage::loader_threads()?,
        features,
        checkpoint_every: foretask_train::CHECKPOINT_EVERY,
    };
    foretask_backend::catch("computing features", || work(&context))?
}

/// Says beforehand what would be refused later.
fn memory_note(needed: u64) -> Vec<String> {
    match foretask_backend::available_memory_bytes() {
        Some(free) if needed > free => vec![format!(
            "needs more memory than the {} that are free now; a smaller `batch_size`, `image_size` or `width` helps",
            crate::plan::bytes(free)
        )],
        _ => Vec::new(),
    }
}
