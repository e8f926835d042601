//! What the long words do: each a stage with a key, a plan, a result that is kept.

mod evaluate;
mod finetune;
mod predict;
mod pretrain;
mod probes;

pub(crate) use evaluate::evaluate;
pub(crate) use finetune::finetune;
pub(crate) use predict::{embed, predict};
pub(crate) use pretrain::{PretrainFrom, pretrain};
pub(crate) use probes::{knn, linear_probe, pixel_probe};
