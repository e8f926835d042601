//! What an error of a library advises, read off its fields: a path or a class with a semicolon in it cuts nothing in two.

use std::io::ErrorKind as IoKind;

use foretask_backend::BackendError;
use foretask_data::DataError;
use foretask_eval::EvalError;
use foretask_models::{KNOWN_NETWORKS, ModelError};
use foretask_pretext::PretextError;
use foretask_train::TrainError;

/// The way out that an error carries.
pub(super) trait Advice: std::error::Error {
    /// What to do, as it stands in the error's text behind a semicolon.
    fn help(&self) -> Option<String>;

    /// What is wrong without the way out, and the way out.
    fn parts(&self) -> (String, Option<String>) {
        let (text, help) = (self.to_string(), self.help());
        let what = help.as_ref().and_then(|help| {
            let at = text.rfind(&format!("; {help}"))?;
            Some(format!("{}{}", &text[..at], &text[at + "; ".len() + help.len()..]))
        });
        (what.unwrap_or(text), help)
    }
}

/// The second part of a sentence of ours that says what is wrong and, behind its last semicolon, what to do.
fn second(reason: &str) -> Option<String> {
    reason.rsplit_once("; ").map(|(_, help)| help.to_owned()).filter(|help| help.len() > 8)
}

impl Advice for DataError {
    fn help(&self) -> Option<String> {
        match self {
            Self::Write { source, .. } => {
                (source.kind() == IoKind::StorageFull).then(|| "free some space there and run again".to_owned())
            }
            Self::Taken { .. } => Some(
                "give another name, or say that it may be replaced: `--force`, in a script `overwrite: true`"
                    .to_owned(),
            ),
            Self::NotToLabel { .. } => {
                Some("give another name, or say that it may be replaced: `overwrite: true`".to_owned())
            }
            Self::NoImages { passed_over, .. } if !passed_over.is_empty() => {
                let found: Vec<String> = passed_over.iter().map(ToString::to_string).collect();
                Some(format!("there are: {}", found.join("; ")))
            }
            Self::NoImageColumn { .. } => second(&self.to_string()),
            Self::ColumnType { expected, .. } => Some(expected.clone()),
            Self::TooFewRows { most, .. } => Some(format!("ask for at most {most} per class")),
            Self::Table { reason, .. }
            | Self::NoLabels { reason, .. }
            | Self::Decode { reason, .. }
            | Self::Import { reason, .. } => second(reason),
            Self::BadImages { way_out, .. } => Some(way_out.clone()),
            Self::Predicate(error) => error.help.clone(),
            _ => None,
        }
    }
}

impl Advice for PretextError {
    fn help(&self) -> Option<String> {
        match self {
            Self::Unsuitable { way_out, .. } => Some(way_out.clone()),
            Self::Shape { way_out, .. } | Self::Network { way_out, .. } => Some((*way_out).to_owned()),
            Self::UnknownTask { known, .. } | Self::UnknownPreset { known, .. } => Some(format!("there are {known}")),
            Self::Options { message, .. } => second(message),
            Self::Empty { .. } => Some("leave it out of the data".to_owned()),
            Self::Channels { expected, .. } => Some(format!("load the images with `channels: {expected}`")),
            Self::Buffer { .. } => Some("make it with `Batch::new`".to_owned()),
            Self::Custom { help, .. } => help.clone(),
            _ => None,
        }
    }
}

impl Advice for ModelError {
    fn help(&self) -> Option<String> {
        match self {
            Self::NotWeights { way_out, .. } => Some(way_out.clone()),
            Self::Format { .. } => {
                Some("take the original again, it may have been damaged or cut off on the way".to_owned())
            }
            Self::Description { .. } => Some("it was damaged or changed by hand, take the original".to_owned()),
            Self::NotFinite { .. } => Some("take weights from before that happened".to_owned()),
            Self::Version { .. } => Some("use a newer program".to_owned()),
            Self::Architecture { .. } => Some(format!("this program has {KNOWN_NETWORKS}")),
            Self::Choice { reason, .. } => second(reason),
            Self::Memory { .. } => Some("close other programs or take a smaller network".to_owned()),
            Self::Unfit { source, .. } => source.help(),
            Self::Backend(error) => error.help(),
            _ => None,
        }
    }
}

impl Advice for BackendError {
    fn help(&self) -> Option<String> {
        match self {
            Self::MissingTensors { .. } | Self::UnexpectedTensors { .. } => {
                Some("is this file of another architecture?".to_owned())
            }
            Self::TensorShape { .. } => Some("check width, stem and input channels".to_owned()),
            Self::Environment { .. } => second(&self.to_string()),
            _ => None,
        }
    }
}

impl Advice for TrainError {
    fn help(&self) -> Option<String> {
        match self {
            Self::TooFewImages { need, .. } => second(need),
            Self::Labels(text) | Self::OtherImages(text) => second(text),
            Self::NotFinite { .. } => Some("look at the named images for damaged ones".to_owned()),
            Self::Collapsed { remedy, .. } => {
                Some(format!("{remedy}. (`on_collapse: \"warn\"` goes on nevertheless.)"))
            }
            Self::NotMoved { .. } => {
                Some("raise `lr`, or `steps`, or lower `threshold` so that there is something to learn from".to_owned())
            }
            Self::Checkpoint { .. } => Some("delete it to start this stage from the beginning".to_owned()),
            Self::OptimizerState { .. } => Some("the checkpoint is of another model".to_owned()),
            Self::NoNumbers { .. } => {
                Some("its weights are damaged, or its training went wrong: take others".to_owned())
            }
            Self::Memory { way_out, .. } => Some(way_out.clone()),
            Self::Image { source, .. } => source.help(),
            Self::Data(error) => error.help(),
            Self::Pretext(error) => error.help(),
            Self::Backend(error) => error.help(),
            Self::Model(error) => error.help(),
            _ => None,
        }
    }
}

impl Advice for EvalError {
    fn help(&self) -> Option<String> {
        match self {
            Self::Input(text) => second(text),
            Self::Train(error) => error.help(),
            Self::Data(error) => error.help(),
            Self::Backend(error) => error.help(),
            Self::Model(error) => error.help(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;
    use crate::error::Error;

    fn said(error: impl Into<Error>) -> (String, String) {
        let error: Error = error.into();
        (error.message, error.help.unwrap_or_default())
    }

    fn pair(what: &str, help: &str) -> (String, String) {
        (what.to_owned(), help.to_owned())
    }

    #[test]
    fn semicolons_of_people_cut_nothing() {
        let path = PathBuf::from("my; own pictures");
        let (what, help) = said(DataError::Import { path: path.clone(), reason: "nothing in it is an image".into() });
        assert_eq!((what.contains("my; own pictures"), help.as_str()), (true, ""));
        let taken = DataError::Taken { path, changed: false };
        assert_eq!(said(taken).1.split(',').next(), Some("give another name"));
        let few = DataError::TooFewRows { class: "a; b".into(), found: 1, wanted: 3, most: 1, view: "x".into() };
        assert_eq!(
            said(few),
            pair("class \"a; b\" has only 1 rows after \"x\", 3 are asked for", "ask for at most 1 per class")
        );
    }

    #[test]
    fn bad_images_are_no_advice() {
        let bad = |path: &str| foretask_data::BadImage { row: 3, path: Some(path.into()), reason: "no image".into() };
        let (policy, way_out) = ("more than max_bad_fraction = 0.1".into(), "repair them, or drop their rows".into());
        let bad = vec![bad("a.png"), bad("b.png")];
        let (what, help) = said(DataError::BadImages { bad, total: 3, policy, way_out });
        assert_eq!(help, "repair them, or drop their rows");
        assert!(what.starts_with("2 of 3 images cannot be used (more than max_bad_fraction = 0.1): "), "{what}");
        assert!(what.contains("a.png") && what.contains("b.png"), "{what}");
    }

    #[test]
    fn fixed_advice_stands_in_the_text() {
        let io = |kind: IoKind| io::Error::from(kind);
        let errors: Vec<Error> = vec![
            DataError::Write { path: "x".into(), source: io(IoKind::StorageFull) }.into(),
            DataError::NotToLabel { path: "x".into(), reason: "y".into() }.into(),
            PretextError::Empty { width: 0, height: 0, channels: 1 }.into(),
            PretextError::Channels { expected: 3, got: 1 }.into(),
            PretextError::Network { word: "x", problem: "y", way_out: "z" }.into(),
            ModelError::Format { path: "x".into(), reason: "y".into() }.into(),
            TrainError::Checkpoint { path: "x".into(), reason: "y".into() }.into(),
            ModelError::Memory { path: "x".into(), needed_mib: 2, available_mib: 1 }.into(),
            ModelError::Architecture { path: "x".into(), found: "y".into() }.into(),
            ModelError::Description { path: "x".into(), field: "y".into(), reason: "z".into() }.into(),
            ModelError::NotFinite { path: "x".into(), what: "y", names: "z".into() }.into(),
            TrainError::NoNumbers { what: "features", names: "x".into() }.into(),
            TrainError::Memory { needed_mib: 2, available_mib: 1, way_out: "use a smaller `batch_size`".into() }.into(),
            TrainError::NotMoved { moved: 0.0 }.into(),
            TrainError::OptimizerState { parameter: "p".into() }.into(),
        ];
        for error in errors {
            let help = error.help.unwrap_or_else(|| panic!("no help: {}", error.message));
            assert!(!error.message.contains("; ") && !error.message.contains(&help), "{} | {help}", error.message);
        }
    }

    #[test]
    fn a_remedy_with_semicolons_stays_whole() {
        let error = TrainError::Collapsed { task: "byol", step: 9, sign: "x".into(), remedy: "try a; then b" };
        assert_eq!(
            said(error),
            pair("`byol` has collapsed at step 9: x", "try a; then b. (`on_collapse: \"warn\"` goes on nevertheless.)")
        );
    }
}
