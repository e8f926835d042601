//! Label Studio: a task an image, with the label as an annotation and what a classifier says as a prediction.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use foretask_data::{Column, Manifest};
use foretask_experiment::Error;
use serde_json::{Value, json};

use super::gathered::{Entry, Gathered};
use super::names::escaped;
use super::request::{ExportRequest, Exported, ForeignLabels, write_text};
use crate::http::unescaped;

/// Where Label Studio serves files of its own machine from.
const LOCAL: &str = "/data/local-files/?d=";
/// Where it keeps files that were uploaded: a number of the project and a name with eight digits before it.
const UPLOADED: &str = "/data/upload/";
/// Names of the control and the picture in the labeling config.
const CHOICE: &str = "choice";
const IMAGE: &str = "image";
/// Under which our own name of an image stands in a task, so that it comes back as it was.
const OWN: &str = "foretask";

pub(super) fn export(gathered: &Gathered, request: &ExportRequest<'_>) -> Result<Exported, Error> {
    let said = request.predictions.map(predictions).transpose()?.unwrap_or_default();
    let folder = gathered.folder();
    let tasks: Vec<Value> =
        gathered.entries.iter().map(|entry| task(entry, folder.as_deref(), said.get(&entry.name))).collect();
    let text = serde_json::to_string_pretty(&tasks).map_err(|error| Error::failed(error.to_string()))?;
    write_text(request.output, &text, request.overwrite)?;
    let config = request.output.with_extension("xml");
    write_text(&config, &labeling_config(&gathered.classes), request.overwrite)?;
    let (images, labeled) = gathered.counts();
    let mut notes = Vec::new();
    if request.predictions.is_some() {
        let known = gathered.entries.iter().filter(|entry| said.contains_key(&entry.name)).count();
        notes.push(format!("{known} of {images} images have a prediction"));
    }
    Ok(Exported { images, labeled, written: vec![request.output.to_owned(), config], notes })
}

fn chosen(class: &str) -> Value {
    json!({ "from_name": CHOICE, "to_name": IMAGE, "type": "choices", "value": { "choices": [class] } })
}

fn task(entry: &Entry, folder: Option<&str>, said: Option<&(String, f64)>) -> Value {
    let place = folder.map_or_else(|| entry.name.clone(), |folder| format!("{folder}/{}", entry.name));
    let mut task = json!({ "data": { IMAGE: format!("{LOCAL}{}", escaped(&place)), OWN: entry.name } });
    if let Some(label) = &entry.label {
        task["annotations"] = json!([{ "result": [chosen(label)] }]);
    }
    if let Some((class, score)) = said {
        let result = json!([chosen(class)]);
        task["predictions"] = json!([{ "model_version": "foretask", "score": score, "result": result }]);
    }
    task
}

/// The classes as buttons below the picture.
fn labeling_config(classes: &[String]) -> String {
    let mut config = format!(
        "<View>\n  <Image name=\"{IMAGE}\" value=\"${IMAGE}\"/>\n  <Choices name=\"{CHOICE}\" toName=\"{IMAGE}\" choice=\"single\">\n"
    );
    for class in classes {
        let _ = writeln!(config, "    <Choice value=\"{}\"/>", super::cvat::escaped(class));
    }
    config + "  </Choices>\n</View>\n"
}

/// The class and its share for each image of a table that `foretask predict` wrote.
fn predictions(path: &Path) -> Result<HashMap<String, (String, f64)>, Error> {
    let manifest = Manifest::open(path)?;
    let samples = manifest.samples()?;
    let further = manifest.further_columns(&samples.rows)?;
    let shares = further.into_iter().find(|(name, _)| name == "confidence").map(|(_, column)| column);
    let shares: Vec<Option<f64>> = match shares {
        Some(Column::F64(shares)) => shares,
        Some(Column::F32(shares)) => shares.into_iter().map(|share| Some(f64::from(share))).collect(),
        _ => {
            let message = format!("`{}` has no column `confidence` with numbers", path.display());
            return Err(Error::input(message).help("give a table that `foretask predict` wrote"));
        }
    };
    let mut found = HashMap::new();
    for ((source, label), share) in samples.sources.iter().zip(&samples.labels).zip(shares) {
        let class = label.and_then(|label| samples.classes.get(label as usize));
        if let (Some(name), Some(class), Some(share)) = (source.name(), class, share) {
            found.insert(name.to_owned(), (class.clone(), share));
        }
    }
    Ok(found)
}

/// Labels of an export, in the full form (`JSON`) or the short one (`JSON-MIN`).
pub(super) fn read(tasks: &Value) -> Result<ForeignLabels, String> {
    let mut found = ForeignLabels { what: "tasks of Label Studio", ..ForeignLabels::default() };
    let (mut several, mut differ) = (0, 0);
    for (number, task) in tasks.as_array().into_iter().flatten().enumerate() {
        let task = task.as_object().ok_or_else(|| format!("task {} is no object", number + 1))?;
        let data = task.get("data").and_then(Value::as_object).unwrap_or(task);
        let name = name_of(data).ok_or_else(|| format!("task {} names no image", number + 1))?;
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        for choices in choices_of(task, data) {
            match &choices[..] {
                [] => {}
                [one] => *votes.entry(one.clone()).or_default() += 1,
                _ => several += 1,
            }
        }
        let most = votes.values().copied().max().unwrap_or(0);
        let mut first = votes.into_iter().filter(|(_, count)| *count == most);
        match (first.next(), first.next()) {
            (None, _) => found.unlabeled += 1,
            (Some((label, _)), None) => found.labels.push((name, label)),
            (Some(_), Some(_)) => differ += 1,
        }
    }
    if several > 0 {
        found.notes.push(format!("{several} annotations choose several classes and are left out"));
    }
    if differ > 0 {
        found.notes.push(format!("of {differ} images annotators say different things: they are left out"));
    }
    Ok(found)
}

/// The image of a task: our own name of it, else what its address says.
fn name_of(data: &serde_json::Map<String, Value>) -> Option<String> {
    if let Some(own) = data.get(OWN).and_then(Value::as_str) {
        return Some(own.to_owned());
    }
    let texts =
        data.iter().filter(|(key, _)| !matches!(key.as_str(), "annotator" | "created_at" | "updated_at" | CHOICE));
    let texts: Vec<(&String, &str)> = texts.filter_map(|(key, value)| Some((key, value.as_str()?))).collect();
    let looks = |text: &str| text.contains('/') || text.rsplit_once('.').is_some_and(|(_, ending)| ending.len() <= 5);
    let named = texts.iter().find(|(key, _)| key.as_str() == IMAGE);
    let address = named.or_else(|| texts.iter().find(|(_, text)| looks(text)))?.1;
    Some(file_of(address))
}

/// The file that an address of Label Studio is about.
fn file_of(address: &str) -> String {
    if let Some((_, file)) = address.split_once(LOCAL) {
        return unescaped(file);
    }
    if let Some((_, file)) = address.split_once(UPLOADED) {
        let file = unescaped(file.rsplit('/').next().unwrap_or(file));
        // Eight digits and a dash are put before the name of what is uploaded.
        let plain = file
            .split_once('-')
            .filter(|(digits, _)| digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        return plain.map_or_else(|| file.clone(), |(_, name)| name.to_owned());
    }
    let without_query = address.split(['?', '#']).next().unwrap_or(address);
    match without_query.split_once("://") {
        Some((_, rest)) => unescaped(rest.split_once('/').map_or(rest, |(_, path)| path)),
        None => address.to_owned(),
    }
}

/// What each annotation chooses.
fn choices_of(task: &serde_json::Map<String, Value>, data: &serde_json::Map<String, Value>) -> Vec<Vec<String>> {
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            // The short form of several choices.
            Value::Object(map) => map
                .get("choices")
                .and_then(Value::as_array)
                .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    };
    // Older exports call annotations completions.
    let Some(annotations) = task.get("annotations").or_else(|| task.get("completions")).and_then(Value::as_array)
    else {
        return data.get(CHOICE).map(texts).into_iter().collect();
    };
    let taken_back = |annotation: &&Value| annotation.get("was_cancelled").and_then(Value::as_bool) == Some(true);
    let of = |annotation: &Value| -> Vec<String> {
        let results = annotation.get("result").and_then(Value::as_array).into_iter().flatten();
        results.filter_map(|result| result.pointer("/value/choices")).flat_map(texts).collect()
    };
    annotations.iter().filter(|annotation| !taken_back(annotation)).map(of).collect()
}
