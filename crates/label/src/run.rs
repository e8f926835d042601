//! A run's folder as what is to be labeled: the images it learned from, and the weights it left.

use std::path::{Path, PathBuf};

use foretask_experiment::Error;
use serde_json::Value;

/// A `run.json` is no larger than this.
const LARGEST: u64 = 64 << 20;

/// What of a run is used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RunParts {
    /// Its images.
    pub(crate) data: PathBuf,
    /// Tables that labeled them.
    pub(crate) labels: Vec<PathBuf>,
    /// The weights of an encoder or a classifier.
    pub(crate) encoder: Option<PathBuf>,
}

/// The parts of the run in this folder; `None` where it is no run's.
///
/// # Errors
/// A run that cannot be read, or whose images are not there any more.
pub(crate) fn of_run(folder: &Path) -> Result<Option<RunParts>, Error> {
    let about = folder.join("run.json");
    if !about.is_file() {
        return Ok(None);
    }
    let wrong = |why: String| Error::input(format!("`{}`: {why}", about.display()));
    let text = foretask_files::read_text(&about, LARGEST).map_err(|error| wrong(error.to_string()))?;
    let about: Value = serde_json::from_str(&text).map_err(|error| wrong(format!("this is no run: {error}")))?;
    let steps = about["data"].as_array().into_iter().flatten().filter_map(|data| data["steps"].as_str());
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    // Paths are as the script has them: relative to the working folder, which usually holds the folder of results.
    let beside = whole.ancestors().nth(3).map(Path::to_owned);
    let bases: Vec<PathBuf> = std::iter::once(PathBuf::new()).chain(beside).collect();
    let mut seen = Vec::new();
    for steps in steps {
        let Some(rest) = steps.strip_prefix("dataset ") else { continue };
        if let Some((data, rest)) = bases.iter().find_map(|base| existing(rest, base)) {
            let mut labels = Vec::new();
            let mut rest = rest;
            while let Some(found) = rest.strip_prefix(", labels ") {
                let Some((table, more)) = bases.iter().find_map(|base| existing(found, base)) else { break };
                labels.push(table);
                rest = more;
            }
            return Ok(Some(RunParts { data, labels, encoder: weights(folder) }));
        }
        seen.push(rest.to_owned());
    }
    let message = match seen.first() {
        Some(first) => format!("the images of this run are not where they were: {first}"),
        None => "this run used no images, or did not come to its end".to_owned(),
    };
    Err(wrong(message).help("give the images themselves, and --encoder with a file of the run's weights"))
}

/// The longest beginning of a list of steps that is a path, and what follows it. Names may have commas.
fn existing<'a>(text: &'a str, base: &Path) -> Option<(PathBuf, &'a str)> {
    let ends = text.match_indices(", ").map(|(at, _)| at).chain([text.len()]);
    let mut ends: Vec<usize> = ends.collect();
    ends.reverse();
    ends.into_iter().find_map(|end| {
        let path = base.join(&text[..end]);
        path.exists().then(|| (path, &text[end..]))
    })
}

/// An encoder where there is one, else a classifier, which has one in it.
fn weights(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder.join("weights")).ok()?.flatten().map(|file| file.path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|ending| ending == "safetensors")).collect();
    let is_encoder =
        |file: &PathBuf| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("encoder-"));
    files.sort_by_key(|file| (!is_encoder(file), file.clone()));
    files.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_leads_to_its_images_and_weights() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path().join("runs/first/2026-11-30T09-00-00");
        std::fs::create_dir_all(run.join("weights")).unwrap();
        std::fs::create_dir_all(root.path().join("my, photos")).unwrap();
        std::fs::write(root.path().join("known.csv"), "path,label\n").unwrap();
        assert_eq!(of_run(&run).unwrap(), None);
        let about = |steps: &str| {
            std::fs::write(run.join("run.json"), format!(r#"{{"data": [{{"steps": "{steps}"}}]}}"#)).unwrap();
        };
        about("dataset my, photos, labels known.csv, labeled, 10 labels a class");
        for file in ["a.safetensors", "encoder-simclr.safetensors", "b.txt"] {
            std::fs::write(run.join("weights").join(file), "").unwrap();
        }
        let found = of_run(&run).unwrap().unwrap();
        let whole = root.path().canonicalize().unwrap();
        assert_eq!((found.data, found.labels), (whole.join("my, photos"), vec![whole.join("known.csv")]));
        assert_eq!(found.encoder, Some(run.join("weights/encoder-simclr.safetensors")));
        about("dataset elsewhere, split train");
        assert!(of_run(&run).unwrap_err().message.contains("elsewhere"));
        std::fs::write(run.join("run.json"), r#"{"status": "running"}"#).unwrap();
        assert!(of_run(&run).is_err());
    }
}
