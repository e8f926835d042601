//! What can go wrong while training.

use std::path::{Path, PathBuf};

/// Why a stage did not deliver. Every message names the thing, the place, and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// An option has a value that cannot work.
    #[error("option `{option}`: {reason}")]
    Option {
        /// The key as the script writes it.
        option: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Too few images for what was asked.
    #[error("{} too few: {need}", if *have == 1 { "1 image is".to_owned() } else { format!("{have} images are") })]
    TooFewImages {
        /// Images at hand.
        have: usize,
        /// What is needed, and the way out.
        need: String,
    },
    /// Labels or features that cannot be learned from.
    #[error("{0}")]
    Labels(String),
    /// Images that a network does not take: of other channels, or read in another way than those it learned from.
    #[error("{0}")]
    OtherImages(String),
    /// A network gives something else than numbers.
    #[error(
        "the network gives {what} that are not finite (NaN or infinity) for {names}; its weights are damaged, or its \
         training went wrong: take others"
    )]
    NoNumbers {
        /// "features" or "answers".
        what: &'static str,
        /// The images.
        names: String,
    },
    /// The loss or the gradient stopped being a number.
    #[error(
        "the {what} became {value} at step {step} (batch of rows {}); {}. A lower `lr`, a lower `clip_norm` or a \
         longer `warmup` usually helps; look at the named images for damaged ones",
        rows_in_words(rows),
        checkpoint_in_words(checkpoint.as_ref())
    )]
    NotFinite {
        /// "loss" or "gradient norm".
        what: &'static str,
        /// `NaN` or `inf`.
        value: f64,
        /// The step, counted from 1.
        step: u64,
        /// Row ids of the step's batch.
        rows: Vec<u64>,
        /// The last good checkpoint and its step, if one was written.
        checkpoint: Option<(PathBuf, u64)>,
    },
    /// The features became the same for every image.
    #[error("`{task}` has collapsed at step {step}: {sign}; {remedy}. (`on_collapse: \"warn\"` goes on nevertheless.)")]
    Collapsed {
        /// The task's word.
        task: &'static str,
        /// The step, counted from 1.
        step: u64,
        /// What shows it.
        sign: String,
        /// The way out.
        remedy: &'static str,
    },
    /// Self-training left the encoder as it was; everything that builds on it would only look as if it had settled.
    #[error(
        "the encoder's weights did not move in self-training (relative change {moved:.1e}); raise `lr`, or `steps`, or \
         lower `threshold` so that there is something to learn from"
    )]
    NotMoved {
        /// Length of the way relative to the length of the weights.
        moved: f64,
    },
    /// Stopped on request, after saving.
    #[error("{}; run the same again to go on from there", interrupted_in_words(*step, *steps, folder))]
    Interrupted {
        /// Steps done and saved.
        step: u64,
        /// Steps in all; not known yet while a time budget is being calibrated.
        steps: u64,
        /// The stage's folder.
        folder: PathBuf,
    },
    /// Stopped on request amid work that keeps nothing.
    #[error("interrupted; what was not finished is made anew when the same is run again")]
    Stopped,
    /// A checkpoint that cannot be used.
    #[error("checkpoint {}: {reason}; delete it to start this stage from the beginning", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The optimizer state of a checkpoint does not fit the model.
    #[error(
        "the optimizer state of parameter `{parameter}` does not fit the model; the checkpoint is of another model"
    )]
    OptimizerState {
        /// The parameter's path.
        parameter: String,
    },
    /// A head or a batch that is not of the kind its objective needs; a mistake in the program, not of the user.
    #[error("`{objective}` needs {needs}, which it did not get: this is a mistake in Foretask, please report it")]
    NoFit {
        /// What was to be computed.
        objective: &'static str,
        /// What it needs.
        needs: &'static str,
    },
    /// An option that planning ought to have filled; a mistake in the program, not of the user.
    #[error(
        "option `{option}` of `{task}` has no value: this is a mistake in Foretask, please report it; giving one helps"
    )]
    Unplanned {
        /// The task's word.
        task: &'static str,
        /// The option without a value.
        option: &'static str,
    },
    /// More batches were asked for than the run has; a mistake in the program, not of the user.
    #[error("the loader has no more batches")]
    NoMoreBatches,
    /// The work would not fit into memory; refused before trying, because a failed allocation ends the process.
    #[error("needs about {needed_mib} MiB of memory, {available_mib} MiB are free; {way_out}")]
    Memory {
        /// Estimated need in MiB.
        needed_mib: u64,
        /// Free memory in MiB.
        available_mib: u64,
        /// What to make smaller.
        way_out: String,
    },
    /// Reading or writing a file of the stage.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Manifest, images or files.
    #[error(transparent)]
    Data(#[from] foretask_data::DataError),
    /// The label generator.
    #[error(transparent)]
    Pretext(#[from] foretask_pretext::PretextError),
    /// The label generator, on one image.
    #[error("{name} (row {row}): {source}")]
    Image {
        /// The image's file or place.
        name: String,
        /// Its row in the manifest.
        row: u64,
        /// What was wrong.
        source: Box<foretask_pretext::PretextError>,
    },
    /// The other ranks.
    #[error(transparent)]
    Ranks(Box<foretask_backend::group::GroupError>),
    /// The device.
    #[error(transparent)]
    Backend(#[from] foretask_backend::BackendError),
    /// A loss and what it remembers.
    #[error(transparent)]
    Objective(#[from] foretask_objectives::ObjectiveError),
    /// The network or its weights.
    #[error(transparent)]
    Model(#[from] foretask_models::ModelError),
}

impl From<foretask_backend::group::GroupError> for TrainError {
    fn from(error: foretask_backend::group::GroupError) -> Self {
        Self::Ranks(Box::new(error))
    }
}

fn interrupted_in_words(step: u64, steps: u64, folder: &Path) -> String {
    match step {
        0 => "interrupted before the first step, nothing is lost".to_owned(),
        _ => format!("interrupted after step {step} of {steps}, saved in {}", folder.display()),
    }
}

fn rows_in_words(rows: &[u64]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = rows.iter().take(SHOWN).map(u64::to_string).collect();
    let rest = rows.len().saturating_sub(SHOWN);
    if rest == 0 { shown.join(", ") } else { format!("{}, and {rest} more", shown.join(", ")) }
}

fn checkpoint_in_words(checkpoint: Option<&(PathBuf, u64)>) -> String {
    match checkpoint {
        Some((path, step)) => format!("the last good checkpoint is {} (step {step})", path.display()),
        None => "no checkpoint had been written yet".to_owned(),
    }
}
