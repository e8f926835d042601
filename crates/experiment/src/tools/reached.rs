//! What a run says of a model that it kept.

use std::path::Path;

use serde_json::Value;

/// Longest file of a run that is looked into.
const LONGEST: u64 = 1 << 26;

/// What a run says of one file in its `weights/`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reached {
    /// Every result that was measured with it; a file may stand behind several.
    pub(super) results: Vec<ResultOf>,
    /// The script that made it, in full.
    pub(super) script: Option<String>,
}

/// A result that a model was measured for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ResultOf {
    /// What was evaluated on, in words.
    pub(super) on: String,
    /// Images of it.
    pub(super) images: u64,
    /// How it was trained, in words.
    pub(super) protocol: String,
    /// Labels it learned from.
    pub(super) labels: u64,
    /// This file's own accuracy, 0 to 1.
    pub(super) accuracy: f64,
    /// 95 % interval over images.
    pub(super) interval: Option<[f64; 2]>,
    /// Mean and number of all draws of labels.
    pub(super) draws: (f64, usize),
    /// 95 % interval of that mean by the draws.
    pub(super) over_draws: Option<[f64; 2]>,
    /// What puts the report's figures in doubt.
    pub(super) cautions: Vec<String>,
}

/// What the run says in whose `weights/` a model lies, or why it says nothing. The run's results name the files they were
/// measured with.
pub(super) fn reached(model: &Path) -> Result<Reached, String> {
    let elsewhere = || "they stand in the run in whose weights/ a model lies".to_owned();
    let path = model.canonicalize().map_err(|error| error.to_string())?;
    let run = path
        .parent()
        .filter(|weights| weights.file_name().is_some_and(|name| name == "weights"))
        .and_then(Path::parent)
        .ok_or_else(elsewhere)?;
    let file = run.join("results.json");
    let text = foretask_files::read_text(&file, LONGEST)
        .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
    let reports: Value =
        serde_json::from_str(&text).map_err(|error| format!("`{}` is damaged: {error}", file.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let reports = reports.as_object().into_iter().flat_map(|reports| reports.values());
    let results: Vec<ResultOf> = reports.flat_map(|report| in_report(&name, report)).collect();
    if results.is_empty() {
        return Err(format!("no result in `{}` was measured with {name}", file.display()));
    }
    Ok(Reached { results, script: foretask_files::read_text(&run.join("script.rhai"), LONGEST).ok() })
}

fn in_report<'a>(file: &'a str, report: &'a Value) -> impl Iterator<Item = ResultOf> + 'a {
    let results = report["results"].as_array().into_iter().flatten();
    results.filter_map(move |result| result_of(file, report, result))
}

fn result_of(file: &str, report: &Value, result: &Value) -> Option<ResultOf> {
    let draw = result["weights"].as_array()?.iter().position(|weights| weights.as_str() == Some(file))?;
    let (evaluation, draws) = (&report["evaluation"], result["draws"].as_array()?);
    let interval = |limits: &Value| Some([limits["low"].as_f64()?, limits["high"].as_f64()?]);
    let cautions = report["cautions"].as_array().into_iter().flatten();
    Some(ResultOf {
        on: evaluation["name"].as_str()?.to_owned(),
        images: evaluation["images"].as_u64()?,
        protocol: result["protocol"].as_str().unwrap_or_default().to_owned(),
        labels: result["labels"].as_u64()?,
        accuracy: draws.get(draw)?["accuracy"].as_f64()?,
        // It is that of the mean, which is this file's own where there is one draw only.
        interval: interval(&result["over_images"]).filter(|_| draws.len() == 1),
        draws: (result["mean"].as_f64()?, draws.len()),
        over_draws: interval(&result["over_draws"]),
        cautions: cautions.filter_map(|caution| caution.as_str().map(str::to_owned)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A run whose names could be taken for each other.
    fn run() -> tempfile::TempDir {
        let run = tempfile::tempdir().unwrap();
        std::fs::create_dir(run.path().join("weights")).unwrap();
        let results = json!({ "few": {
            "evaluation": { "name": "dataset x, split test", "images": 400 },
            "cautions": ["tuned was picked as the best of 2"],
            "results": [
                { "name": "tuned", "protocol": "fine-tuned", "labels": 20, "mean": 0.5,
                  "draws": [{ "accuracy": 0.25 }, { "accuracy": 0.75 }], "weights": ["tuned-draw1.safetensors", "tuned-draw2.safetensors"],
                  "over_images": { "low": 0.1, "high": 0.9 }, "over_draws": { "low": 0.25, "high": 0.875 } },
                { "name": "tuned2", "protocol": "probe", "labels": 7, "mean": 0.5, "draws": [{ "accuracy": 0.5 }],
                  "weights": ["tuned2.safetensors"], "over_images": { "low": 0.4, "high": 0.6 } },
                { "name": "pixels", "protocol": "raw pixels", "labels": 7, "mean": 0.5, "draws": [{ "accuracy": 0.5 }], "weights": [null] },
            ] } });
        std::fs::write(run.path().join("results.json"), results.to_string()).unwrap();
        std::fs::write(run.path().join("script.rhai"), "let x = 1;\n").unwrap();
        for name in ["tuned-draw2", "tuned2", "other"] {
            std::fs::write(run.path().join("weights").join(name).with_extension("safetensors"), "").unwrap();
        }
        run
    }

    #[test]
    fn each_file_has_the_result_that_was_measured_with_it() {
        let run = run();
        let of = |name: &str| reached(&run.path().join("weights").join(name));
        let second = of("tuned-draw2.safetensors").unwrap();
        assert_eq!(second.script.as_deref(), Some("let x = 1;\n"));
        let [second] = second.results.as_slice() else { panic!("{second:?}") };
        assert_eq!((second.accuracy, second.draws, second.interval), (0.75, (0.5, 2), None));
        assert_eq!(second.cautions, ["tuned was picked as the best of 2"]);
        let other = of("tuned2.safetensors").unwrap().results;
        assert_eq!((other[0].labels, other[0].interval), (7, Some([0.4, 0.6])));
    }

    #[test]
    fn a_model_without_results_says_why() {
        let run = run();
        let of = |path: &str| reached(&run.path().join(path)).unwrap_err();
        assert!(of("weights/other.safetensors").contains("was measured with other.safetensors"));
        std::fs::write(run.path().join("elsewhere"), "").unwrap();
        assert!(of("elsewhere").contains("in the run in whose weights/"));
        std::fs::write(run.path().join("results.json"), "{").unwrap();
        assert!(of("weights/tuned2.safetensors").contains("results.json` is damaged"));
        std::fs::remove_file(run.path().join("results.json")).unwrap();
        assert!(of("weights/tuned2.safetensors").contains("results.json` cannot be read"));
    }
}
