//! Learning beside labeling: features in the background, and a round after every handful of labels.

mod descriptor;
mod features;
mod learner;
mod linear;
mod pool;
mod promise;
mod round;

pub(crate) use self::learner::{LearnOptions, Learned, Learner};
pub(crate) use self::pool::{Pool, spread_evenly};
pub(crate) use self::promise::promise;
pub(crate) use self::round::{Known, Reason, Suggestion};
