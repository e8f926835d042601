//! The page that a model has on the Hugging Face hub: what it is, how to run it, what it reached, under which terms.
//!
//! Layout of the hub's model cards: YAML between two lines of dashes, then Markdown (huggingface.co/docs/hub/model-cards).

use std::fmt::Write as _;
use std::path::Path;

use foretask_models::InputSpec;
use serde_json::{Value, json};

/// What a card says.
pub(super) struct Card<'a> {
    /// The folder's name.
    pub(super) name: &'a str,
    /// As torchvision and timm call it.
    pub(super) architecture: String,
    /// Names of the classes; none for an encoder.
    pub(super) classes: &'a [String],
    /// What it takes in.
    pub(super) input: &'a InputSpec,
    /// Where the weights come from, in words.
    pub(super) origin: &'a str,
    /// Of the published weights that it comes from.
    pub(super) license: Option<&'a str>,
    /// What follows from it, as `export` says it.
    pub(super) terms: Option<String>,
    /// What it reached, where the file lies in a run.
    pub(super) reached: Option<Reached>,
    /// What has to be known besides.
    pub(super) notes: &'a [String],
    /// Whether a graph lies beside, and what its program is handed.
    pub(super) graph: Option<&'static str>,
}

/// What a result of a run says of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reached {
    /// What was evaluated on, in words.
    on: String,
    /// Images of it.
    images: u64,
    /// How it was trained, in words.
    protocol: String,
    /// Labels it learned from.
    labels: u64,
    /// This file's own accuracy, 0 to 1.
    accuracy: f64,
    /// 95 % interval over images.
    interval: Option<[f64; 2]>,
    /// Mean and number of all draws of labels.
    draws: (f64, usize),
    /// 95 % interval of that mean by the draws.
    over_draws: Option<[f64; 2]>,
    /// The script that made it, in full.
    script: Option<String>,
}

/// Longest file of a run that is looked into.
const LONGEST: u64 = 1 << 26;

impl Reached {
    /// What the run says in which a model lies: `RUN/weights/NAME.safetensors` or, of a later draw, `NAME-2.safetensors` or
    /// `NAME-draw2.safetensors`. None where it lies elsewhere, or the run has no such result.
    pub(super) fn of(model: &Path) -> Option<Self> {
        let run = model.canonicalize().ok()?.parent()?.parent()?.to_path_buf();
        let results: Value =
            serde_json::from_str(&foretask_files::read_text(&run.join("results.json"), LONGEST).ok()?).ok()?;
        let stem = model.file_stem()?.to_str()?;
        let script = foretask_files::read_text(&run.join("script.rhai"), LONGEST).ok();
        let reports = results.as_object()?.values();
        let mut found = reports.flat_map(|report| {
            let results = report["results"].as_array().into_iter().flatten();
            results.filter_map(|result| Self::in_result(stem, &report["evaluation"], result))
        });
        found.next().map(|found| Self { script, ..found })
    }

    fn in_result(stem: &str, evaluation: &Value, result: &Value) -> Option<Self> {
        let rest = stem.strip_prefix(result["name"].as_str()?)?;
        let draw: usize = match rest.trim_start_matches('-').trim_start_matches("draw") {
            "" if rest.is_empty() => 1,
            number => number.parse().ok()?,
        };
        let draws = result["draws"].as_array()?;
        let interval = |limits: &Value| Some([limits["low"].as_f64()?, limits["high"].as_f64()?]);
        Some(Self {
            on: evaluation["name"].as_str()?.to_owned(),
            images: evaluation["images"].as_u64()?,
            protocol: result["protocol"].as_str().unwrap_or_default().to_owned(),
            labels: result["labels"].as_u64()?,
            accuracy: draws.get(draw.checked_sub(1)?)?["accuracy"].as_f64()?,
            // It is that of the mean, which is this file's own where there is one draw only.
            interval: interval(&result["over_images"]).filter(|_| draws.len() == 1),
            draws: (result["mean"].as_f64()?, draws.len()),
            over_draws: interval(&result["over_draws"]),
            script: None,
        })
    }
}

impl Card<'_> {
    /// The whole page.
    pub(super) fn page(&self) -> String {
        let mut text = format!("---\n{}---\n\n# {}\n\n", self.head(), self.name);
        let kind = if self.classes.is_empty() { "An encoder of images" } else { "A classifier of images" };
        let _ = write!(text, "{kind}: {}, {}.\n\n", self.architecture, self.origin);
        if !self.classes.is_empty() {
            let classes: Vec<String> =
                self.classes.iter().map(|class| format!("`{}`", class.replace('`', "'"))).collect();
            let _ = write!(text, "Classes, in the order of its answers: {}.\n\n", classes.join(", "));
        }
        self.how_to_run(&mut text);
        self.results(&mut text);
        text.push_str("## Terms\n\n");
        match &self.terms {
            Some(terms) => {
                let _ = writeln!(text, "This model: {terms}.");
            }
            None => text.push_str("Whoever publishes it says under which license: add `license:` above.\n"),
        }
        for note in self.notes {
            let _ = writeln!(text, "\n{note}");
        }
        text
    }

    /// What the hub reads: strings as JSON, which YAML takes as they are.
    fn head(&self) -> String {
        let task = if self.classes.is_empty() { "image-feature-extraction" } else { "image-classification" };
        let mut head = format!("library_name: foretask\npipeline_tag: {task}\ntags:\n- foretask\n- self-supervised\n");
        if self.graph.is_some() {
            head.push_str("- onnx\n");
        }
        if let Some(license) = self.license {
            let known = ["apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0"];
            let lower = license.to_lowercase();
            if known.contains(&lower.as_str()) {
                let _ = writeln!(head, "license: {lower}");
            } else {
                let _ = write!(head, "license: other\nlicense_name: {}\n", json!(license));
            }
        }
        if let Some(reached) = &self.reached {
            let index = json!([{ "name": self.name, "results": [{
                "task": { "type": task },
                "dataset": { "name": reached.on, "type": reached.on },
                "metrics": [{ "type": "accuracy", "value": reached.accuracy, "name": format!("accuracy with {} labels", reached.labels) }],
            }] }]);
            let _ = writeln!(head, "model-index: {index}");
        }
        head
    }

    fn how_to_run(&self, text: &mut String) {
        let InputSpec { channels, height, width, mean, std, fit, .. } = self.input;
        text.push_str("## How to run it\n\n");
        let word = if self.classes.is_empty() { "embed" } else { "predict" };
        let _ = write!(text, "    foretask {word} model.safetensors photos/ -o {word}.csv\n\n");
        if let Some(takes) = self.graph {
            let _ =
                write!(text, "Without foretask: `python model.onnx.py {takes} …` (onnxruntime, numpy, pillow).\n\n");
        }
        let _ = write!(
            text,
            "`model.safetensors` holds the weights under the names of torchvision and timm. Input: {channels} channel(s), {height}x{width} \
             pixels in 0..1, less mean {mean:?}, divided by std {std:?}; images of other proportions: {}.\n\n",
            fit.name()
        );
    }

    fn results(&self, text: &mut String) {
        let Some(reached) = &self.reached else { return };
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let _ = write!(
            text,
            "## What it reached\n\n{}, with {} labels: {}",
            reached.protocol,
            reached.labels,
            percent(reached.accuracy)
        );
        if let Some([low, high]) = reached.interval {
            let _ = write!(text, " (95 % interval over images {} to {})", percent(low), percent(high));
        }
        let _ = write!(text, " of the {} images of {}", reached.images, reached.on);
        let (mean, draws) = reached.draws;
        if draws > 1 {
            let _ = write!(text, "; {} on average over {draws} draws of labels", percent(mean));
            if let Some([low, high]) = reached.over_draws {
                let _ = write!(text, " (95 % interval over draws {} to {})", percent(low), percent(high));
            }
        }
        text.push_str(".\n\n");
        if let Some(script) = &reached.script {
            // A fence longer than any within.
            let fence = "`".repeat(3.max(1 + script.split(|c| c != '`').map(str::len).max().unwrap_or(0)));
            let _ = write!(text, "Made by this script:\n\n{fence}rust\n{}\n{fence}\n\n", script.trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Value {
        json!({ "few": { "evaluation": { "name": "dataset x, split test", "images": 400 }, "results": [
            { "name": "tuned", "protocol": "resnet10 after simclr, fine-tuned", "labels": 20, "mean": 0.5,
              "draws": [{ "accuracy": 0.25 }, { "accuracy": 0.75 }], "over_images": { "low": 0.1, "high": 0.9 }, "over_draws": { "low": 0.25, "high": 0.875 } },
            { "name": "probe", "protocol": "probe", "labels": 20, "mean": 0.5, "draws": [{ "accuracy": 0.5 }],
              "over_images": { "low": 0.4, "high": 0.6 } },
        ] } })
    }

    #[test]
    fn a_model_in_a_run_says_what_it_reached() {
        let run = tempfile::tempdir().unwrap();
        std::fs::create_dir(run.path().join("weights")).unwrap();
        std::fs::write(run.path().join("results.json"), results().to_string()).unwrap();
        std::fs::write(run.path().join("script.rhai"), "// ```` \nlet x = 1;\n").unwrap();
        let of = |name: &str| {
            let path = run.path().join("weights").join(name);
            std::fs::write(&path, "").unwrap();
            Reached::of(&path)
        };
        let second = of("tuned-2.safetensors").unwrap();
        assert_eq!((second.accuracy, second.draws, second.interval), (0.75, (0.5, 2), None));
        assert_eq!(of("tuned-draw2.safetensors").unwrap(), second);
        assert_eq!(of("tuned.safetensors").unwrap().accuracy, 0.25);
        assert_eq!(of("probe.safetensors").unwrap().interval, Some([0.4, 0.6]));
        for other in ["tuned-3.safetensors", "other.safetensors", "tuned-0.safetensors", "tunedx.safetensors"] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(Reached::of(&run.path().join("elsewhere.safetensors")), None);

        let input = InputSpec::imagenet(24, 32);
        let classes = ["cat: yes".to_owned(), "`dog`".to_owned()];
        let card = Card {
            name: "cats",
            architecture: "resnet10".to_owned(),
            classes: &classes,
            input: &input,
            origin: "simclr on x",
            license: Some("Apache-2.0"),
            terms: None,
            reached: Some(second),
            notes: &[],
            graph: Some("IMAGE"),
        };
        let page = card.page();
        for words in [
            "license: apache-2.0\n",
            "pipeline_tag: image-classification\n",
            "\"value\":0.75",
            "`cat: yes`, `'dog'`",
            "75.0 % of the 400 images of dataset x, split test; 50.0 % on average over 2 draws of labels (95 % interval over draws 25.0 % to 87.5 %)",
            "`````rust\n// ```` \nlet x = 1;\n`````",
            "python model.onnx.py IMAGE",
        ] {
            assert!(page.contains(words), "{words}\n{page}");
        }
        let other = Card { license: Some("DINOv3 License"), classes: &[], reached: None, graph: None, ..card }.page();
        assert!(other.contains("license: other\nlicense_name: \"DINOv3 License\"\n"), "{other}");
        assert!(other.contains("image-feature-extraction") && other.contains("foretask embed"), "{other}");
    }
}
