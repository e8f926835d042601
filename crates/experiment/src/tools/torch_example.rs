//! The Python program that lies beside weights: their network as a `PyTorch` module, and how images come into it.

use std::fmt::Write as _;

use foretask_data::{Range, Reading};
use foretask_models::{Classifier, Encoder, InputSpec, only_what};
use foretask_report::shown;

use crate::error::Error;

/// What stands above the data.
const MODULES: &str = "\
import pathlib
import sys

import numpy
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F
";

/// What has to be installed, as pip has it.
pub(super) const NEEDS: &str = "torch, safetensors, numpy, pillow";

/// A model whose weights lie in a file.
pub(super) struct Model<'a> {
    pub(super) encoder: &'a Encoder,
    /// Where it tells classes.
    pub(super) classifier: Option<&'a Classifier>,
    /// How image files are read; none of photographs.
    pub(super) reading: Option<Reading>,
}

impl<'a> Model<'a> {
    /// # Errors
    /// Where the file says of how images are read what makes no sense.
    pub(super) fn of(encoder: &'a Encoder, classifier: Option<&'a Classifier>) -> Result<Self, Error> {
        Ok(Self { encoder, classifier, reading: foretask_train::reading_of(&encoder.input)? })
    }

    /// The program for weights in the file called `weights` beside it.
    pub(super) fn program(&self, weights: &str) -> String {
        let Model { encoder, classifier, .. } = self;
        let (tells, config) = (classifier.is_some(), &encoder.config);
        let classes = classifier.map_or(0, |classifier| classifier.classes.len());
        let kind = if tells { "a classifier of images" } else { "an encoder of images" };
        let mut text = format!(
            "\"\"\"{}, {kind}, in PyTorch: pip install {}\n\n    \
             python PROGRAM {}     says of each file what the model says of it\n\n\
             From another program: `load()` is the network, an nn.Module with its weights, `tensor(paths)` brings files into it, and\n\
             `predict(paths)` does both. Written by foretask, which it does not need.\n\"\"\"\n\n{MODULES}\n",
            config.name(),
            NEEDS.replace(',', ""),
            self.takes(),
        );
        text.push_str(&self.data(weights));
        text.push_str(&config.torch_network(encoder.input.channels, classes));
        for template in [include_str!("torch_example/images.py"), include_str!("torch_example/program.py")] {
            text.push_str("\n\n");
            text.push_str(&only_what(template, |name| self.holds(name)));
        }
        text
    }

    /// What the program is handed, in a word.
    pub(super) fn takes(&self) -> &'static str {
        if self.is_of_photographs() { "IMAGE" } else { "ARRAY.npy" }
    }

    /// Files of 8 bits in gray or color, as any library opens them.
    fn is_of_photographs(&self) -> bool {
        self.reading.is_none() && matches!(self.encoder.input.channels, 1 | 3)
    }

    /// Whether the condition of this name in a template holds.
    fn holds(&self, name: &str) -> bool {
        let range = self.reading.as_ref().map(|reading| &reading.range);
        match name {
            "tells" => self.classifier.is_some(),
            "photographs" => self.is_of_photographs(),
            "gray" => self.encoder.input.channels == 1,
            "pairs" => matches!(range, Some(Range::Between(_))),
            "whites" => matches!(range, None | Some(Range::Whites(_))),
            "open" => matches!(range, Some(Range::Auto | Range::Percentile)),
            fit => fit == self.encoder.input.fit.name(),
        }
    }

    /// What was learned besides weights.
    fn data(&self, weights: &str) -> String {
        let Model { encoder, classifier, .. } = self;
        let mut text = format!("WEIGHTS = {}\nORIGIN = {}\n", literal(weights), literal(&encoder.origin));
        if let Some(license) = &encoder.license {
            let _ = writeln!(
                text,
                "LICENSE = {}  # of the published weights it comes from; goes with every copy",
                literal(license)
            );
        }
        if let Some(classifier) = classifier {
            text.push_str("CLASSES = [\n");
            for class in &*classifier.classes {
                let _ = writeln!(text, "    {},", literal(class));
            }
            text.push_str("]\n");
            let reason = classifier.calibration.as_deref().unwrap_or("not calibrated");
            let _ = writeln!(
                text,
                "# What scores are divided by.\nTEMPERATURE = {:?}\nCALIBRATION = {}",
                classifier.temperature,
                literal(reason)
            );
        }
        let InputSpec { channels, height, width, mean, std, fit, .. } = &encoder.input;
        let _ = write!(
            text,
            "# Images of other proportions: {}. Numbers from 0 to 1, less mean, divided by std.\nINPUT = {{\n    \
             \"channels\": {channels},\n    \"height\": {height},\n    \"width\": {width},\n    \
             \"mean\": {mean:?},\n    \"std\": {std:?},\n    \"fit\": \"{}\",\n}}\n",
            fit.in_words(),
            fit.name()
        );
        text.push_str(&self.numbers());
        text
    }

    /// Which numbers of files are black and white, where they are no photographs.
    fn numbers(&self) -> String {
        let Some(Reading { channels, range }) = &self.reading else {
            let bytes =
                "# Of bytes 255 is white; other numbers were not seen.\nWHITE = {\"words\": {}, \"floats\": None}\n";
            return if self.is_of_photographs() { String::new() } else { bytes.to_owned() };
        };
        let files = literal(&channels.to_string());
        let files =
            format!("# The channels that were taken of files, as scripts of foretask have it.\nCHOSEN = {files}\n");
        match range {
            Range::Between(pairs) => {
                let pairs: Vec<String> = pairs.iter().map(|[low, high]| format!("[{low:?}, {high:?}]")).collect();
                format!("{files}# The numbers of files that are black and white.\nRANGE = [{}]\n", pairs.join(", "))
            }
            Range::Whites(whites) => {
                let words: Vec<String> = whites.words.iter().map(|(full, white)| format!("{full}: {white}")).collect();
                let floats = whites.floats.map_or_else(|| "None".to_owned(), |white| format!("{white:?}"));
                let words = words.join(", ");
                format!(
                    "{files}# What is white: of whole numbers by the largest of their type, and of floats.\n\
                     WHITE = {{\"words\": {{{words}}}, \"floats\": {floats}}}\n"
                )
            }
            Range::Auto | Range::Percentile => files,
        }
    }
}

/// A text as Python has it, whatever is in it: on one line, and nothing that would act on a terminal or an editor stands there as it is.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        let acts = shown(c.encode_utf8(&mut [0; 4])).len() != c.len_utf8();
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if acts || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use foretask_data::{Channels, Whites};
    use foretask_models::{Arch, BackboneConfig, Fit};

    use super::*;

    fn encoder(channels: usize, fit: Fit) -> Encoder {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4);
        let input = InputSpec { fit, ..InputSpec::centered(channels, 24, 32) };
        Encoder::random(&config, &input, 1).unwrap()
    }

    #[test]
    fn a_program_holds_what_its_model_needs_and_no_more() {
        let encoder = encoder(3, Fit::Crop);
        let text = Model { encoder: &encoder, classifier: None, reading: None }.program("a.safetensors");
        for words in
            ["WEIGHTS = \"a.safetensors\"", "\"height\": 24", "\"mean\": [0.5, 0.5, 0.5]", "class Network(nn.Module)"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        for words in ["#:", "CLASSES", "numpy.load", "\"L\"", "mean color", "Bytes stay", "OUTPUTS", "RANGE", "WHITE"] {
            assert!(!text.contains(words), "{words}: {text}");
        }
        let classes = ["coat".to_owned(), "\"\"\"\nimport os\u{202e}".to_owned()].into();
        let classifier = Classifier::new(encoder.clone(), vec![0.5; 64], vec![0.1, 0.2], classes).unwrap();
        let text = Model { encoder: &encoder, classifier: Some(&classifier), reading: None }.program("a.safetensors");
        assert!(text.contains("    \"coat\",\n    \"\\\"\\\"\\\"\\nimport os\\U0000202e\",\n]"), "{text}");
        assert!(text.contains("self.fc = nn.Linear(FEATURES, OUTPUTS)") && text.contains("softmax"), "{text}");
    }

    #[test]
    fn a_program_for_measurements_says_which_numbers_are_black_and_white() {
        let encoder = encoder(2, Fit::Pad);
        let of = |range: Range| {
            let reading = Some(Reading { channels: Channels::Count(2), range });
            Model { encoder: &encoder, classifier: None, reading }.program("a.safetensors")
        };
        let text = of(Range::Between(vec![[0.0, 4000.0], [-5.0, 1.5]]));
        assert!(
            text.contains("RANGE = [[0.0, 4000.0], [-5.0, 1.5]]") && text.contains("mean color is around"),
            "{text}"
        );
        let text = of(Range::Whites(Whites { words: [(255, 255), (65535, 4095)].into(), floats: Some(1.0) }));
        assert!(text.contains("WHITE = {\"words\": {255: 255, 65535: 4095}, \"floats\": 1.0}"), "{text}");
        assert!(of(Range::Auto).contains("for you to say") && !of(Range::Auto).contains("WHITE"));
        let none = Model { encoder: &encoder, classifier: None, reading: None };
        assert_eq!(none.takes(), "ARRAY.npy");
        assert!(none.program("a.safetensors").contains("\"words\": {}"));
    }
}
