//! `FiftyOne`: images in `data/`, and `labels.json` with their classes by the names of their files without endings.

use std::collections::HashMap;
use std::path::Path;

use foretask_experiment::Error;
use serde_json::{Value, json};

use super::files::{Staged, put};
use super::gathered::Gathered;
use super::names::Flat;
use super::request::{ExportRequest, Exported, ForeignLabels};

/// The file with the labels.
pub(super) const LABELS: &str = "labels.json";

pub(super) fn export(gathered: &Gathered, request: &ExportRequest<'_>) -> Result<Exported, Error> {
    let staged = Staged::new(request.output)?;
    let folder = staged.folder("data")?;
    let (mut flat, mut labels) = (Flat::default(), serde_json::Map::new());
    for entry in &gathered.entries {
        let name = flat.name(&entry.name);
        let name = put(gathered, entry, &folder.join(&name), request.link)?;
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let class = entry.label.as_ref().and_then(|label| gathered.classes.iter().position(|class| class == label));
        labels.insert(stem.to_owned(), json!(class));
    }
    let text = serde_json::to_string(&json!({ "classes": gathered.classes, "labels": labels }))
        .map_err(|error| Error::failed(error.to_string()))?;
    foretask_data::write_atomically(staged.path().join(LABELS), text)?;
    staged.finish()?;
    let (images, labeled) = gathered.counts();
    Ok(Exported { images, labeled, written: vec![request.output.to_owned()], notes: Vec::new() })
}

pub(super) fn import(path: &Path) -> Result<ForeignLabels, Error> {
    let text = super::request::text(path)?;
    let wrong = |why: String| Error::input(format!("`{}`: {why}", path.display()));
    let value: Value = serde_json::from_str(&text).map_err(|error| wrong(format!("this is no JSON: {error}")))?;
    let mut found = read(&value).map_err(wrong)?;
    // Names there have no endings; the files beside have.
    let files = files_below(&path.with_file_name("data"));
    for (name, _) in &mut found.labels {
        if let Some(file) = files.get(name) {
            *name = format!("data/{file}");
        }
    }
    Ok(found)
}

/// Files below a folder by their paths without endings, with `/` between folders.
fn files_below(folder: &Path) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((folder, before)) = open.pop() {
        for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = format!("{before}{}", file.file_name().to_string_lossy());
            match file.file_type() {
                Ok(kind) if kind.is_dir() => open.push((file.path(), format!("{name}/"))),
                _ => {
                    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
                    found.insert(stem, name);
                }
            }
        }
    }
    found
}

pub(super) fn read(value: &Value) -> Result<ForeignLabels, String> {
    let labels = value.get("labels").and_then(Value::as_object).ok_or("there are no `labels` in it")?;
    let classes: Vec<&str> =
        value.get("classes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut found = ForeignLabels { what: "an image classification dataset of FiftyOne", ..ForeignLabels::default() };
    for (name, said) in labels {
        // A class with its confidence may be written as an object.
        let said = said.get("label").unwrap_or(said);
        let label = match said {
            Value::Null => None,
            Value::String(label) => Some(label.clone()),
            Value::Number(number) => {
                let class = number.as_u64().and_then(|number| classes.get(number as usize));
                Some(
                    (*class
                        .ok_or_else(|| format!("`{name}` has the class {number}, and there are {}", classes.len()))?)
                    .to_owned(),
                )
            }
            other => return Err(format!("the label of `{name}` is {other}, no class")),
        };
        match label {
            Some(label) => found.labels.push((name.clone(), label)),
            None => found.unlabeled += 1,
        }
    }
    Ok(found)
}
