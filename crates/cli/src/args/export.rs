//! What `export` takes.

use std::path::PathBuf;

use clap::Args;
use foretask_experiment::tools::{ExportFormat, OnnxInput, OnnxOptions, Opset};

use super::shared::Replace;

pub(super) const EXAMPLES: &str = "\
Examples:
  foretask export classifier.safetensors -o classifier.onnx   images in, calibrated probabilities out; a Python program lies beside it
  foretask export runs/quickstart/2026-11-23T03-45-00/weights/simclr-draw1.safetensors -o weights.safetensors   and weights_torch.py, the network in PyTorch
  foretask export vissl_simclr.pth -o encoder.safetensors   other programs' weights get the same names
  foretask export runs/…/weights/simclr.safetensors --to-hub-folder my-model   a folder to upload: card, weights, graph";

/// A model, and how it is written for other programs.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// An encoder or classifier saved by a run or by `.save`, or weights of another program
    pub(crate) model: PathBuf,
    /// The file to write: .safetensors or .onnx
    #[arg(short, long, required_unless_present = "to_hub_folder")]
    pub(crate) output: Option<PathBuf>,
    /// A folder to write as the Hugging Face hub shows models: weights and an ONNX graph with their programs, a card with what the model reached
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["output", "format", "opset", "input"])]
    pub(crate) to_hub_folder: Option<PathBuf>,
    /// Weights (safetensors) or a graph with them (onnx); by the ending of the file unless given
    #[arg(long, value_parser = ["safetensors", "onnx"])]
    format: Option<String>,
    /// Version of ONNX's operators: 17 for runtimes from 2022 on, 20 for those from 2024 on
    #[arg(long, value_parser = ["17", "20"], default_value = "20")]
    opset: String,
    /// What an ONNX graph takes in: pixels (bytes, [images, height, width, channels]) or planes (0 to 1, [images, channels, height, width])
    #[arg(long, value_parser = ["pixels", "planes"], default_value = "pixels")]
    input: String,
    #[command(flatten)]
    pub(crate) replace: Replace,
}

impl ExportArguments {
    /// By what was said, else by the file's ending.
    pub(crate) fn format(&self) -> ExportFormat {
        let ending = self.output.as_ref().and_then(|output| output.extension());
        let onnx = self.format.as_ref().map_or_else(
            || ending.is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")),
            |format| format == "onnx",
        );
        if !onnx {
            return ExportFormat::Safetensors;
        }
        ExportFormat::Onnx(OnnxOptions {
            opset: if self.opset == "17" { Opset::V17 } else { Opset::V20 },
            input: if self.input == "planes" { OnnxInput::Planes } else { OnnxInput::Pixels },
        })
    }
}
