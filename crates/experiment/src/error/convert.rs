//! Errors of the crates below as our own: whose turn it is, which option is at fault, and the way out where the message
//! carries one after a semicolon.

use foretask_backend::BackendError;
use foretask_data::DataError;
use foretask_eval::EvalError;
use foretask_models::ModelError;
use foretask_pretext::PretextError;
use foretask_train::TrainError;

use super::{Blame, Error, ErrorKind};

impl Error {
    /// The option that a library names as the culprit.
    fn of_option(self, option: &str) -> Self {
        Self { at: Blame::Named(option.to_owned()), ..self }
    }

    /// A label generator's refusal, on the image called `image`; `None` if `error` is another one.
    pub(crate) fn of_generator(error: &PretextError, image: Option<&str>) -> Option<Self> {
        let PretextError::Custom { message, help, place, .. } = error else { return None };
        let on = image.map_or_else(String::new, |image| format!(" on {image}"));
        let at = place.map_or(Blame::Request, |(line, column)| Blame::Place(line, column));
        let label = format!("in this label generator{on}");
        Some(Self { at, ..Self::input(message).label(label).maybe_help(help.clone()) })
    }
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        let text = error.to_string();
        match error {
            DataError::Write { .. } => Self::failed(text),
            DataError::UnknownSplit { name, known, suggestion, .. } => {
                let help = match suggestion {
                    Some(near) => format!("did you mean \"{near}\"? (splits: {})", known.join(", ")),
                    None if known.is_empty() => "this table has no `split` column; leave `.split(…)` out".to_owned(),
                    None => format!("its splits are {}", known.join(", ")),
                };
                Self::input(format!("there is no split \"{name}\"")).label("unknown split").help(help)
            }
            DataError::Argument { name, .. } => Self::input(text).of_option(name),
            error => match error.without_way_out() {
                Some((message, way_out)) => Self::input(message).help(way_out),
                None => split_help(text),
            },
        }
    }
}

impl From<PretextError> for Error {
    fn from(error: PretextError) -> Self {
        let text = error.to_string();
        if let Some(fault) = Self::of_generator(&error, None) {
            return fault;
        }
        match error {
            PretextError::Range { option, value, range, .. } => {
                Self::input(format!("`{option}` must be {range}, not {value}")).label("out of range").of_option(option)
            }
            PretextError::Unsuitable { option, way_out, problem, value, .. } => {
                Self::input(format!("`{option}` = {value} does not suit these images: {problem}"))
                    .help(way_out)
                    .of_option(option)
            }
            PretextError::Png(_) => Self::failed(text),
            _ => split_help(text),
        }
    }
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        let text = error.to_string();
        match error {
            ModelError::Option { option, value, reason } => {
                Self::input(format!("`{option}` cannot be {value}: {reason}")).label("out of range").of_option(option)
            }
            ModelError::File { action: "write", .. } => Self::failed(text),
            ModelError::Backend(error) => error.into(),
            _ => split_help(text),
        }
    }
}

impl From<BackendError> for Error {
    fn from(error: BackendError) -> Self {
        let text = error.to_string();
        match error {
            BackendError::UnknownDevice { .. } | BackendError::DeviceUnavailable { .. } => split_help(text),
            _ => Self::failed(text),
        }
    }
}

impl From<TrainError> for Error {
    fn from(error: TrainError) -> Self {
        let text = error.to_string();
        match error {
            TrainError::Option { option, reason } => {
                Self::input(format!("`{option}`: {reason}")).label("does not work").of_option(option)
            }
            TrainError::Image { name, row, source } => {
                let failed = || Self { kind: ErrorKind::Failed, ..split_help(text) };
                Self::of_generator(&source, Some(&format!("{name} (row {row})"))).unwrap_or_else(failed)
            }
            TrainError::Interrupted { .. } => Self::interrupted(text),
            TrainError::Data(error) => error.into(),
            TrainError::Pretext(error) => error.into(),
            TrainError::Backend(error) => error.into(),
            TrainError::Model(error) => error.into(),
            TrainError::TooFewImages { .. } | TrainError::Memory { .. } | TrainError::NoNumbers { .. } => {
                split_help(text)
            }
            _ => Self { kind: ErrorKind::Failed, ..split_help(text) },
        }
    }
}

impl From<EvalError> for Error {
    fn from(error: EvalError) -> Self {
        let text = error.to_string();
        match error {
            EvalError::Option { option, reason } => {
                Self::input(format!("`{option}`: {reason}")).label("does not work").of_option(option)
            }
            EvalError::Train(error) => error.into(),
            EvalError::Data(error) => error.into(),
            EvalError::Backend(error) => error.into(),
            EvalError::Model(error) => error.into(),
            _ => split_help(text),
        }
    }
}

/// "what is wrong; what to do" in its two parts.
fn split_help(text: String) -> Error {
    match text.rsplit_once("; ") {
        Some((what, way_out)) if way_out.len() > 8 => Error::input(what).help(way_out),
        _ => Error::input(text),
    }
}
