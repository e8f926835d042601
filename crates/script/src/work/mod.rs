//! What the long words do: each a stage with a key, a plan, a result that is kept.

mod draws;
mod evaluate;
mod finetune;
mod finish;
mod fitted;
mod label_curve;
mod label_next;
mod online;
mod pick_task;
mod pool;
mod predict;
mod pretrain;
mod probes;
mod self_train;
mod spread;

pub(crate) use evaluate::evaluate;
pub(crate) use finetune::finetune;
pub(crate) use label_curve::{Curve, CurveMethod, CurveOptions, CurveStart, LabelsAsked, label_curve, short_name};
pub(crate) use label_next::{ChosenPaths, label_next};
pub(crate) use online::{Online, inside};
pub(crate) use pick_task::{PickOptions, pick_task};
pub(crate) use pool::of as pool_of;
pub(crate) use predict::{embed, embedding_table, predict};
pub(crate) use pretrain::{PretrainFrom, pretrain};
pub(crate) use probes::{knn, linear_probe, pixel_probe};
pub(crate) use self_train::self_train;
pub(crate) use spread::spread_labels;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use foretask_data::Images;
use foretask_train::{Context, Event, Features};

use crate::errors::Fault;
use crate::host::Host;
use crate::progress::Progress;

/// Features of all images, the same on any number of threads.
pub(crate) fn features(host: &Host, encoder: &foretask_models::Encoder, images: &Images) -> Result<Features, Fault> {
    with_context(host, |cx| Ok(foretask_train::extract_features(encoder, images, cx)?))
}

/// Keeps quiet about quick work: what happens is passed on only once something has taken longer than [`QUICK`].
#[derive(Default)]
struct Patience {
    begun: Mutex<Option<(Instant, Option<Event>)>>,
}

const QUICK: Duration = Duration::from_secs(1);

impl Patience {
    fn pass_on(&self, event: Event, host: &Host) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { .. } => *begun = Some((Instant::now(), Some(event))),
            Event::Finished { .. } => {
                // Told of the beginning, one is told of the end.
                if begun.take().is_some_and(|(_, held)| held.is_none()) {
                    host.tell(Progress::Training { event });
                }
            }
            Event::Step { .. } => {
                let Some((since, held)) = &mut *begun else { return };
                if since.elapsed() < QUICK {
                    return;
                }
                if let Some(held) = held.take() {
                    host.tell(Progress::Training { event: held });
                }
                host.tell(Progress::Training { event });
            }
            event => host.tell(Progress::Training { event }),
        }
    }
}

/// For work that is quick and keeps nothing: a training context without a folder of its own.
pub(crate) fn with_context<T>(host: &Host, work: impl FnOnce(&Context<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    let device = host.device()?;
    let patience = Patience::default();
    let events = |event| patience.pass_on(event, host);
    let context = Context {
        device: &device,
        folder: &host.settings.out,
        events: &events,
        interrupt: host.interrupt(),
        threads: crate::stage::loader_threads()?,
        checkpoint_every: foretask_train::CHECKPOINT_EVERY,
    };
    foretask_backend::catch("computing features", || work(&context))?
}
