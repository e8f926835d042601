//! What this program writes beside the tensors, and what of it is believed when it is read back.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shapes::{Shapes, numbers};
use crate::familiar::{FamiliarNames, TENSOR};
use crate::written::present;
use crate::{BackboneConfig, Fit, InputSpec, ModelError, Result, Seen};

/// The newest version of the metadata that this program writes and reads: 2 is a classifier with
/// [`Familiar`](crate::Familiar), 3 an input that is not cropped, 4 images that are read in another way than photographs.
pub(crate) const FORMAT_VERSION: u32 = 4;
/// An input that is not cropped.
pub(crate) const FIT_VERSION: u32 = 3;
/// A classifier that knows what it has seen labeled.
pub(crate) const FAMILIAR_VERSION: u32 = 2;
/// What everything else is written as, so that older programs read it.
pub(crate) const PLAIN_VERSION: u32 = 1;

/// The longest text that is taken for a name or a reason.
const LONGEST_TEXT: usize = 4096;
/// Temperatures beyond this make all answers alike, or all of them certain.
const TEMPERATURES: std::ops::RangeInclusive<f32> = 1e-3..=1e3;

/// What stands beside the tensors in a file of this program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) format_version: u32,
    pub(crate) config: BackboneConfig,
    pub(crate) input: InputSpec,
    pub(crate) origin: String,
    /// How images of another shape were brought to the input's. Outside of `input`, where older programs do not mind it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) fit: Option<Fit>,
    /// How files became planes; outside of `input` for the same reason.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) reading: Option<Value>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) classes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f32>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) familiar: Option<FamiliarNames>,
    /// Files of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Seen::says_nothing")]
    pub(crate) seen: Seen,
    /// Of the published weights that these come from.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) license: Option<String>,
}

/// What a description must say itself: elsewhere this has defaults.
#[derive(Deserialize)]
struct Said {
    config: serde_json::Map<String, Value>,
}

/// Fields of a configuration that files of before may lack.
const LATER: [&str; 1] = ["zero_init_residual"];

impl Metadata {
    /// Refuses a description that the tensors' sizes belie, before anything of the size it speaks of is built.
    ///
    /// # Errors
    /// [`ModelError::Description`] naming the field.
    pub(crate) fn believe(&self, path: &Path, shapes: &Shapes) -> Result<()> {
        let wrong = |field: &str, reason: String| {
            Err(ModelError::Description { path: path.into(), field: field.into(), reason })
        };
        let (config, channels) = (&self.config, self.input.channels);
        let (first, said) = config.first_layer(channels);
        let Some(sizes) = shapes.get(first) else {
            return wrong("config.arch", format!("is {}, and the file has no {first}", config.network()));
        };
        for ((field, expected), found) in said.into_iter().zip(sizes) {
            if expected != *found {
                return wrong(field, format!("wants {expected} where the file's {first} has {found}"));
            }
        }
        let encoders = shapes.iter().filter(|(name, _)| crate::tensor_names::is_encoders(config, name));
        let found = encoders.map(|(_, shape)| numbers(shape)).fold(0, u64::saturating_add);
        let expected = config.stored_numbers(channels);
        if found != expected {
            let name = config.name();
            return wrong("config", format!("speaks of {name}, which has {expected} numbers; the file has {found}"));
        }
        let known = self.familiar.as_ref().map(|familiar| vec![familiar.names.len(), config.feature_dim()]);
        if known.as_ref() != shapes.get(TENSOR) {
            let in_words = |shape: Option<&Vec<usize>>| shape.map_or("none".to_owned(), |shape| format!("{shape:?}"));
            let (known, found) = (in_words(known.as_ref()), in_words(shapes.get(TENSOR)));
            return wrong("familiar", format!("wants features of the size {known}, and the file has {found}"));
        }
        Ok(())
    }
}

/// Reads a description and refuses one that no file of this program has.
pub(super) fn read(path: &Path, text: &str) -> Result<Metadata> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let Version { format_version: found } = parse(path, text)?;
    if found > FORMAT_VERSION {
        return Err(ModelError::Version { path: path.into(), found: found.to_string(), known: FORMAT_VERSION });
    }
    let mut metadata: Metadata = parse(path, text)?;
    let Said { config } = parse(path, text)?;
    let wrong =
        |(field, reason): (&str, String)| ModelError::Description { path: path.into(), field: field.into(), reason };
    if found < PLAIN_VERSION {
        return Err(wrong(("format_version", format!("is {found}; versions count from {PLAIN_VERSION}"))));
    }
    let full = serde_json::to_value(&metadata.config).unwrap_or_default();
    let fields = full.as_object().into_iter().flat_map(serde_json::Map::keys);
    let missing = |field: &&String| !config.contains_key(*field) && !LATER.contains(&field.as_str());
    if let Some(field) = fields.into_iter().find(missing) {
        let field = format!("config.{field}");
        let reason = "is missing".to_owned();
        return Err(ModelError::Description { path: path.into(), field, reason });
    }
    if let Some(field) = metadata.config.unsettled() {
        let field = format!("config.{field}");
        let reason = "is \"auto\", which a trained network has left behind".to_owned();
        return Err(ModelError::Description { path: path.into(), field, reason });
    }
    metadata.config.check().map_err(|error| in_description(path, "config", error))?;
    metadata.input.fit = metadata.fit.unwrap_or_default();
    metadata.input.reading.clone_from(&metadata.reading);
    metadata.input.check().map_err(|error| in_description(path, "input", error))?;
    check_words(&metadata).map_err(wrong)?;
    Ok(metadata)
}

fn parse<'a, T: Deserialize<'a>>(path: &Path, text: &'a str) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = match error.path().to_string() {
            root if root == "." => "description".to_owned(),
            field => field,
        };
        let reason = error.into_inner().to_string();
        // "… at line 1 column 90" helps nobody: the text is one line inside another file.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let reason = format!("cannot be read: {}", shortened(reason));
        ModelError::Description { path: path.into(), field, reason }
    })
}

fn check_words(metadata: &Metadata) -> std::result::Result<(), (&'static str, String)> {
    let long = |text: &str| text.len() > LONGEST_TEXT;
    let too_long = || format!("holds a text of more than {LONGEST_TEXT} bytes");
    if long(&metadata.origin) {
        return Err(("origin", too_long()));
    }
    if metadata.license.as_deref().is_some_and(long) {
        return Err(("license", too_long()));
    }
    if metadata.calibration.as_deref().is_some_and(long) {
        return Err(("calibration", too_long()));
    }
    if metadata.familiar.iter().flat_map(|familiar| &familiar.names).any(|name| long(name)) {
        return Err(("familiar.names", too_long()));
    }
    if let Some(classes) = &metadata.classes {
        let mut sorted: Vec<&String> = classes.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(("classes", format!("holds \"{}\" twice", shortened(pair[0]))));
        }
        if classes.is_empty() {
            return Err(("classes", "is empty; a classifier has one class at least".into()));
        }
        if classes.iter().any(|name| long(name)) {
            return Err(("classes", too_long()));
        }
    }
    if let Some(temperature) = metadata.temperature
        && !TEMPERATURES.contains(&temperature)
    {
        return Err(("temperature", format!("is {temperature}, not a number from 0.001 to 1000")));
    }
    if metadata.calibration.is_some() && metadata.temperature.is_none() {
        return Err(("temperature", "is missing, though `calibration` says how it was found".into()));
    }
    match metadata.familiar.as_ref().and_then(|familiar| familiar.threshold) {
        Some(threshold) if !(0.0..=2.0).contains(&threshold) => {
            Err(("familiar.threshold", format!("is {threshold}, not a distance from 0 to 2")))
        }
        _ => Ok(()),
    }
}

/// An option that cannot work as the field of a description that says so.
fn in_description(path: &Path, part: &str, error: ModelError) -> ModelError {
    match error {
        ModelError::Option { option, value, reason } => ModelError::Description {
            path: path.into(),
            field: format!("{part}.{option}"),
            reason: format!("is {}: {reason}", shortened(&value)),
        },
        other => other,
    }
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 120;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
