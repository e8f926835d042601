#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod asked;
mod balance;
pub mod checkpoint;
mod class_weights;
mod context;
mod described;
mod error;
mod feature_store;
mod features;
mod finetune;
mod fit;
mod health;
mod input_size;
mod labels;
mod length;
pub mod loader;
mod memory;
pub mod optim;
mod precision;
mod prefetch;
mod pretrain;
mod probe;
mod ranks;
mod reading;
mod remembered;
mod schedule;
mod self_train;
mod start;
pub mod step;
#[cfg(test)]
mod test_support;
pub mod training;
mod views;

pub use asked::stop_if_asked;
pub use balance::Balance;
pub use class_weights::ClassWeights;
pub use context::{CHECKPOINT_EVERY, Context, Event, Interrupt, counting_on};
pub use error::TrainError;
pub use feature_store::FeatureStore;
pub use features::{Features, check_finite, extract_features, extract_mirrored_features};
pub use finetune::{
    Beginning, FITTED, FinetuneOptions, FinetuneRecipe, Finetuned, HeadStart, Keep, LEAST_HELD_OUT, Labeled,
    MOST_ROUNDS, Retained, finetune, guard_trainings, random_encoder, resolve_finetune,
};
pub use health::{Diagnostics, HealthLine, Metric, Reference};
pub use input_size::input_size;
pub use labels::{labels_of, largest};
pub use length::{Budget, Length};
pub use memory::require_memory;
pub use precision::check_precision;
pub use pretrain::{
    AugmentOn, Continued, Continuing, HeadConfig, KeptEncoder, Observer, OnCollapse, OptimizerName, PlannedTask,
    PretrainOptions, PretrainPlan, Pretrained, Pretraining, TaskMix, Teacher, guards, plan_pretraining, pretrain,
    usual_network,
};
pub use probe::{
    DEFAULT_STRENGTH, HeldOut, LinearProbe, PixelProbe, ProbeOptions, Standardization, fewest_per_class,
    held_out_logits, linear_probe, pixel_features, pixel_probe, soft_probe, stratified_folds,
};
pub use reading::{image_ref, load_options_for, read_like, reading_in_words, reading_of};
pub use schedule::{Decay, Schedule};
pub use self_train::{Adaptive, Consistency, ConsistencyOptions, ConsistencyRound, Threshold, consistency_round};
pub use start::{Start, state_fingerprint};
