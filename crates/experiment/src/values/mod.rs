//! What experiments work with. All values are immutable, cheap to clone (an `Arc` inside) and `Send + Sync`; what "changes" one
//! gives a new one. In a planning pass values that come from training are there without their numbers.

mod chosen;
mod classifiers;
mod dataset;
mod encoder;
mod estimate;
mod evaluation;
mod issues;
mod label_curve;
mod network;
mod picked;
mod start;
mod task;

pub use chosen::Chosen;
pub use classifiers::{Classifiers, Member, Method, SelfStart, Trained};
pub use dataset::{Dataset, LoadSettings, View};
pub use encoder::{Encoder, EncoderSource, ForSmall, Pretrained, PretrainedResult};
pub(crate) use encoder::{PretrainedStage, input_size};
pub use estimate::{ClassEstimate, Estimate};
pub use evaluation::{DrawResult, Evaluation, Recognized};
pub use issues::{FoundIssues, IssueRow};
pub use label_curve::{Comparison, LabelCurve};
pub use network::Network;
pub use picked::{Contestant, Entrant, Picked, PickedEncoder};
pub use start::Start;
pub use task::Task;
pub(crate) use task::blame_task;
