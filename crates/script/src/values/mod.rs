//! What script variables hold. All values are immutable, cheap to clone (an `Arc` inside) and `Send + Sync`; a word that
//! "changes" one gives a new one. In a planning pass values that come from training are there without their numbers.

mod chosen;
mod classifiers;
mod dataset;
mod encoder;
mod evaluation;
mod label_curve;
mod net;
mod picked;
mod pretrained;
mod properties;
mod task;

pub(crate) use chosen::Chosen;
pub(crate) use classifiers::{Classifiers, Member, Method, SelfStart, Trained};
pub(crate) use dataset::{Dataset, LoadSettings, View};
pub(crate) use encoder::{Encoder, EncoderSource, input_size};
pub(crate) use evaluation::{DrawResult, Evaluation};
pub(crate) use label_curve::{Comparison, LabelCurve};
pub(crate) use net::Net;
pub(crate) use picked::{Contestant, Picked};
pub(crate) use pretrained::{Pretrained, PretrainedResult};
pub(crate) use properties::{display_within, register};
pub(crate) use task::Task;
