//! The page that a model has on the Hugging Face hub: what it is, how to run it, what it reached, under which terms.
//!
//! Layout of the hub's model cards: YAML between two lines of dashes, then Markdown (huggingface.co/docs/hub/model-cards).

use std::fmt::Write as _;

use foretask_models::InputSpec;
use foretask_report::shown;
use serde_json::json;

use super::reached::{Reached, ResultOf};

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
    /// What the run says of it in which the file lies.
    pub(super) reached: Reached,
    /// What has to be known besides.
    pub(super) notes: &'a [String],
    /// Whether a graph lies beside, and what its program is handed.
    pub(super) graph: Option<&'static str>,
    /// What the program is handed that lies beside the weights.
    pub(super) torch: &'static str,
}

impl Card<'_> {
    /// The whole page.
    pub(super) fn page(&self) -> String {
        let mut text = format!("---\n{}---\n\n# {}\n\n", self.head(), escaped(self.name));
        let kind = if self.classes.is_empty() { "An encoder of images" } else { "A classifier of images" };
        let _ = write!(text, "{kind}: {}, {}.\n\n", self.architecture, escaped(self.origin));
        if !self.classes.is_empty() {
            let classes: Vec<String> = self.classes.iter().map(|class| code(class)).collect();
            let _ = write!(text, "Classes, in the order of its answers: {}.\n\n", classes.join(", "));
        }
        self.how_to_run(&mut text);
        self.results(&mut text);
        text.push_str("## Terms\n\n");
        match &self.terms {
            Some(terms) => {
                let _ = writeln!(text, "This model: {}.", escaped(terms));
            }
            None => text.push_str("Whoever publishes it says under which license: add `license:` above.\n"),
        }
        for note in self.notes {
            let _ = writeln!(text, "\n{}", escaped(note));
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
        if !self.reached.results.is_empty() {
            let result = |result: &ResultOf| {
                json!({
                    "task": { "type": task },
                    "dataset": { "name": result.on, "type": result.on },
                    "metrics": [{ "type": "accuracy", "value": result.accuracy, "name": format!("accuracy with {} labels", result.labels) }],
                })
            };
            let results: Vec<_> = self.reached.results.iter().map(result).collect();
            let _ = writeln!(head, "model-index: {}", json!([{ "name": self.name, "results": results }]));
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
            "In PyTorch: `python model_torch.py {} …`, or `from model_torch import load, predict` (torch, safetensors, numpy, pillow).\n\n",
            self.torch
        );
        let _ = write!(
            text,
            "`model.safetensors` holds the weights under the names of torchvision and timm. Input: {channels} channel(s), {height}x{width} \
             pixels in 0..1, less mean {mean:?}, divided by std {std:?}; images of other proportions: {}.\n\n",
            fit.name()
        );
    }

    fn results(&self, text: &mut String) {
        let Reached { results, script } = &self.reached;
        if results.is_empty() {
            return;
        }
        text.push_str("## What it reached\n\n");
        for result in results {
            text.push_str(&in_words(result));
        }
        if let Some(script) = script {
            let fence = "`".repeat(3.max(1 + longest_run(script)));
            let _ = write!(text, "Made by this script:\n\n{fence}rust\n{}\n{fence}\n\n", script.trim_end());
        }
    }
}

/// A result and what puts it in doubt, in a paragraph or two.
fn in_words(result: &ResultOf) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let mut text =
        format!("{}, with {} labels: {}", escaped(&result.protocol), result.labels, percent(result.accuracy));
    if let Some([low, high]) = result.interval {
        let _ = write!(text, " (95 % interval over images {} to {})", percent(low), percent(high));
    }
    let _ = write!(text, " of the {} images of {}", result.images, escaped(&result.on));
    let (mean, draws) = result.draws;
    if draws > 1 {
        let _ = write!(text, "; {} on average over {draws} draws of labels", percent(mean));
        if let Some([low, high]) = result.over_draws {
            let _ = write!(text, " (95 % interval over draws {} to {})", percent(low), percent(high));
        }
    }
    text.push_str(".\n\n");
    for caution in &result.cautions {
        let _ = writeln!(text, "- {}", escaped(caution));
    }
    if !result.cautions.is_empty() {
        text.push('\n');
    }
    text
}

/// A text of somebody's in a line of Markdown: nothing in it is markup, and it ends no line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in on_one_line(text).chars() {
        if "\\`*_[]<>#!|~&$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The same as code, which shows every character as it is.
fn code(text: &str) -> String {
    let text = on_one_line(text);
    let fence = "`".repeat(1 + longest_run(&text));
    // A space is taken off each end where there is one at both; without it a backtick at an end would be the fence's.
    let edge = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() { " " } else { "" };
    format!("{fence}{edge}{text}{edge}{fence}")
}

/// Line breaks and what acts on a terminal written out.
fn on_one_line(text: &str) -> String {
    let text = shown(text).replace('\n', "\\n").replace('\t', "\\t");
    text.replace(['\u{85}', '\u{2028}', '\u{2029}'], " ")
}

/// The longest run of backticks: a fence has to be longer.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result() -> ResultOf {
        ResultOf {
            on: "dataset x, split test".into(),
            images: 400,
            protocol: "resnet10 after super_resolution, fine-tuned".into(),
            labels: 20,
            accuracy: 0.75,
            interval: None,
            draws: (0.5, 2),
            over_draws: Some([0.25, 0.875]),
            cautions: vec!["22 of 400 evaluation images have also taught <it>".into()],
        }
    }

    #[test]
    fn a_card_says_what_the_model_is_and_reached() {
        let input = InputSpec::imagenet(24, 32);
        let classes = ["cat: yes".to_owned(), "`dog`".to_owned(), "a\n\n## Terms\n\n[free](http://x)".to_owned()];
        let card = Card {
            name: "cats\n# dogs",
            architecture: "resnet10".to_owned(),
            classes: &classes,
            input: &input,
            origin: "simclr on x",
            license: Some("Apache-2.0"),
            terms: None,
            reached: Reached { results: vec![result()], script: Some("// ```` \nlet x = 1;\n".into()) },
            notes: &[],
            graph: Some("IMAGE"),
            torch: "IMAGE",
        };
        let page = card.page();
        for words in [
            "license: apache-2.0\n",
            "pipeline_tag: image-classification\n",
            "\"value\":0.75",
            "`cat: yes`, `` `dog` ``, `a\\n\\n## Terms\\n\\n[free](http://x)`.",
            "\n# cats\\\\n\\# dogs\n",
            "resnet10 after super\\_resolution, fine-tuned, with 20 labels: 75.0 % of the 400 images of dataset x, split test; 50.0 % on \
             average over 2 draws of labels (95 % interval over draws 25.0 % to 87.5 %)",
            "- 22 of 400 evaluation images have also taught \\<it\\>\n",
            "`````rust\n// ```` \nlet x = 1;\n`````",
            "python model.onnx.py IMAGE",
            "python model_torch.py IMAGE",
        ] {
            assert!(page.contains(words), "{words}\n{page}");
        }
        let headings = page.lines().filter(|line| line.starts_with('#')).count();
        assert_eq!(headings, 4, "{page}");
        let reached = Reached::default();
        let other = Card { license: Some("DINOv3 License"), classes: &[], reached, graph: None, ..card }.page();
        assert!(other.contains("license: other\nlicense_name: \"DINOv3 License\"\n"), "{other}");
        assert!(other.contains("image-feature-extraction") && other.contains("foretask embed"), "{other}");
        assert!(!other.contains("reached"), "{other}");
    }
}
