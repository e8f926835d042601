//! Learning beside labeling: features in the background, and a round after every handful of labels.

mod descriptor;
mod encoders;
mod features;
mod issues;
mod learner;
mod linear;
mod measure;
mod pool;
mod promise;
mod round;

pub use self::encoders::EncoderChoice;
pub(crate) use self::issues::Fault;
pub(crate) use self::learner::{LearnOptions, Learned, Learner, Watch};
pub(crate) use self::measure::Doubtful;
pub(crate) use self::pool::{Pool, spread_evenly};
pub(crate) use self::promise::promise;
pub(crate) use self::round::{Known, Reason, Suggestion};
