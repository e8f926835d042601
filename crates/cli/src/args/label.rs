//! Arguments of `label` and `labels`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::shared::Replace;

pub(super) const EXAMPLES: &str = "\
Examples:
  foretask label photos/                         opens a page; labels go to photos-labels.sqlite and .csv beside it
  foretask label photos/ --classes cat,dog,fox
  foretask label photos/ --labels known.csv      takes over a table of labels
  foretask label photos/ --encoder encoder.safetensors   suggests by what this network sees
  foretask label runs/quickstart/2026-11-30T09-00-00     the images of a run, suggestions by its encoder
  foretask label /mnt/read-only/photos -o ~/photos-labels.sqlite
  foretask label photos/ --host 0.0.0.0 --port 8170   several people, each at their own machine

A script opens what was labeled: dataset(\"photos\", #{ labels: \"photos-labels.csv\" }).labeled()";

pub(super) const LABELS_EXAMPLES: &str = "\
Examples:
  foretask labels photos-labels.sqlite
  foretask labels photos/                        the labels file beside the images
  foretask labels photos-labels.sqlite --history 50
  foretask labels photos-labels.sqlite -o labels.parquet
  foretask labels photos-labels.sqlite --json
  foretask labels photos/ --export label-studio -o tasks.json   also cvat, fiftyone, folders, hf
  foretask labels photos/ --export folders --link -o by-class/
  foretask labels annotations.xml -o labels.csv   what CVAT, Label Studio or FiftyOne exported, as a table";

/// What to label, and how.
#[derive(Debug, Args)]
pub(crate) struct LabelArguments {
    /// A folder of images, a manifest, a pack, or a quoted pattern; or the folder of a run
    pub(crate) images: PathBuf,
    /// Classes to begin with, separated by commas; more can be added on the page
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) classes: Vec<String>,
    /// A table of labels to take over, or an export of Label Studio (.json), CVAT (.xml, .zip) or `FiftyOne` (a folder); may be repeated
    #[arg(long)]
    pub(crate) labels: Vec<PathBuf>,
    /// Leave labels aside that come with the images, in a column or as names of subfolders
    #[arg(long)]
    pub(crate) ignore_labels: bool,
    /// The labels file; IMAGES-labels.sqlite beside the images unless given. A table for scripts, .csv, is written beside it
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// What suggests: an encoder or classifier saved by a run, weights of another program, a name that `foretask models` lists, or none for
    /// a quick description alone. auto takes published weights that are on this machine, else a short pretraining
    #[arg(long, value_name = "FILE|NAME|none", default_value = "auto")]
    pub(crate) encoder: String,
    /// The device that computes with it: auto, flex, libtorch, libtorch:cuda:N
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Your name in the history; that of your account unless given
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Listen at this address, such as 0.0.0.0, rather than to this machine alone
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<IpAddr>,
    /// The port; a free one unless given
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Do not open the browser
    #[arg(long)]
    pub(crate) no_open: bool,
    #[command(flatten)]
    pub(crate) replace: Replace,
}

/// What to print of labels.
#[derive(Debug, Args)]
pub(crate) struct LabelsArguments {
    /// A labels file, or the images it belongs to; or labels that another program exported
    pub(crate) file: PathBuf,
    /// How many of the latest acts to print
    #[arg(long, default_value_t = 10)]
    pub(crate) history: usize,
    /// A table to write: .parquet, .csv or .jsonl; with --export the file or folder for it
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    /// Write for another program: label-studio (JSON), cvat (XML), fiftyone (a folder), folders (one a class), hf (Parquet)
    #[arg(long, value_name = "FORMAT", requires = "output", value_parser = ["label-studio", "cvat", "fiftyone", "folders", "hf"])]
    pub(crate) export: Option<String>,
    /// The images, where they do not follow from the name of the labels file
    #[arg(long, requires = "export")]
    pub(crate) images: Option<PathBuf>,
    /// A table that `foretask predict` wrote: predictions in Label Studio
    #[arg(long, requires = "export")]
    pub(crate) predictions: Option<PathBuf>,
    /// Link to the files of images instead of copying them
    #[arg(long, requires = "export")]
    pub(crate) link: bool,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) replace: Replace,
}
