//! What the long words do: each a stage with a key, a plan, a result that is kept.

mod draws;
mod evaluate;
mod finetune;
mod pool;
mod predict;
mod pretrain;
mod probes;
mod spread;

pub(crate) use evaluate::evaluate;
pub(crate) use finetune::finetune;
pub(crate) use pool::of as pool_of;
pub(crate) use predict::{embed, predict};
pub(crate) use pretrain::{PretrainFrom, pretrain};
pub(crate) use probes::{knn, linear_probe, pixel_probe};
pub(crate) use spread::spread_labels;

use foretask_data::Images;
use foretask_train::{Context, Features};

use crate::errors::Fault;
use crate::host::Host;

/// Features of all images, the same on any number of threads.
pub(crate) fn features(host: &Host, encoder: &foretask_models::Encoder, images: &Images) -> Result<Features, Fault> {
    with_context(host, |cx| Ok(foretask_train::extract_features(encoder, images, cx)?))
}

/// For work that is quick and keeps nothing: a training context without a folder of its own.
pub(crate) fn with_context<T>(host: &Host, work: impl FnOnce(&Context<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    let device = host.device()?;
    let context = Context {
        device: &device,
        folder: &host.settings.out,
        events: &|_| (),
        interrupt: host.interrupt(),
        threads: crate::stage::loader_threads()?,
        checkpoint_every: foretask_train::CHECKPOINT_EVERY,
    };
    foretask_backend::catch("computing features", || work(&context))?
}
