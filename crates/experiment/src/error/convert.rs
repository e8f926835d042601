//! Errors of the crates below as our own: whose turn it is, which option is at fault, and the way out.

use foretask_backend::BackendError;
use foretask_data::DataError;
use foretask_eval::EvalError;
use foretask_models::ModelError;
use foretask_pretext::PretextError;
use foretask_train::TrainError;

use super::advice::Advice;
use super::{Blame, Error, ErrorKind, Role};

impl Error {
    /// The option that a library names as the culprit.
    fn of_option(self, option: &str) -> Self {
        Self { at: Blame::Named(option.to_owned()), ..self }
    }

    /// What is wrong, and the way out that the error carries.
    fn advised(error: &impl Advice) -> Self {
        let (what, help) = error.parts();
        Self::input(what).maybe_help(help)
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
        let advised = Self::advised(&error);
        match error {
            DataError::Write { .. } => Self { kind: ErrorKind::Failed, ..advised },
            DataError::UnknownSplit { name, known, suggestion, .. } => {
                let help = match suggestion {
                    Some(near) => format!("did you mean \"{near}\"? (splits: {})", known.join(", ")),
                    None if known.is_empty() => "this table has no `split` column; leave `.split(…)` out".to_owned(),
                    None => format!("its splits are {}", known.join(", ")),
                };
                Self::input(format!("there is no split \"{name}\"")).label("unknown split").help(help)
            }
            DataError::Argument { name, .. } => advised.of_option(name),
            _ => advised,
        }
    }
}

impl From<PretextError> for Error {
    fn from(error: PretextError) -> Self {
        let advised = Self::advised(&error);
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
            PretextError::Network { .. } => advised.at(Role::Start),
            PretextError::Png(_) => Self { kind: ErrorKind::Failed, ..advised },
            _ => advised,
        }
    }
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        let advised = Self::advised(&error);
        match error {
            ModelError::Option { option, value, reason } => {
                Self::input(format!("`{option}` cannot be {value}: {reason}")).label("out of range").of_option(option)
            }
            ModelError::File { action: "write", .. } => Self { kind: ErrorKind::Failed, ..advised },
            ModelError::Backend(error) => error.into(),
            _ => advised,
        }
    }
}

impl From<BackendError> for Error {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::UnknownDevice { .. }
            | BackendError::DeviceUnavailable { .. }
            | BackendError::Environment { .. } => Self::advised(&error),
            _ => Self { kind: ErrorKind::Failed, ..Self::advised(&error) },
        }
    }
}

impl From<TrainError> for Error {
    fn from(error: TrainError) -> Self {
        let advised = Self::advised(&error);
        match error {
            TrainError::Option { option, reason } => {
                Self::input(format!("`{option}`: {reason}")).label("does not work").of_option(option)
            }
            TrainError::Image { name, row, source } => {
                let failed = || Self { kind: ErrorKind::Failed, ..advised };
                Self::of_generator(&source, Some(&format!("{name} (row {row})"))).unwrap_or_else(failed)
            }
            TrainError::Interrupted { .. } | TrainError::Stopped => Self::interrupted(error.to_string()),
            TrainError::Data(error) => error.into(),
            TrainError::Pretext(error) => error.into(),
            TrainError::Backend(error) => error.into(),
            TrainError::Model(error) => error.into(),
            TrainError::TooFewImages { .. }
            | TrainError::Memory { .. }
            | TrainError::NoNumbers { .. }
            | TrainError::OtherImages(_) => advised,
            _ => Self { kind: ErrorKind::Failed, ..advised },
        }
    }
}

impl From<EvalError> for Error {
    fn from(error: EvalError) -> Self {
        let advised = Self::advised(&error);
        match error {
            EvalError::Option { option, reason } => {
                Self::input(format!("`{option}`: {reason}")).label("does not work").of_option(option)
            }
            EvalError::Train(error) => error.into(),
            EvalError::Data(error) => error.into(),
            EvalError::Backend(error) => error.into(),
            EvalError::Model(error) => error.into(),
            _ => advised,
        }
    }
}
