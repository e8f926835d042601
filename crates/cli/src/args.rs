//! The command line.

mod errors;
mod export;
mod label;
mod models;
mod new;
mod runs;
mod shared;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use foretask_experiment::tools::Fit;

pub(crate) use self::errors::ErrorForm;
pub(crate) use self::export::ExportArguments;
pub(crate) use self::label::{LabelArguments, LabelsArguments};
pub(crate) use self::models::{ModelsAct, ModelsArguments};
pub(crate) use self::new::NewArguments;
pub(crate) use self::runs::{CleanArguments, ReportArguments};
pub(crate) use self::shared::{BadImages, Common, Replace, TableArguments};
use crate::pictures::Pictures;

/// Self-supervised learning on images: pretrain on what you have, label only a few, see whether it helped
#[derive(Debug, Parser)]
#[command(
    name = "foretask",
    version,
    propagate_version = true,
    max_term_width = 110,
    after_help = "\
Examples:
  foretask run scripts/quickstart.rhai      run an experiment; running it again resumes
  foretask words                            the words a script can use
  foretask doctor                           what this machine and build can do
  foretask --errors json check mine.rhai    what is wrong, for programs"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// How the error that ends the command is said: for people, or as one object of JSON in the last line of standard error
    #[arg(long, global = true, value_enum, value_name = "FORM", default_value_t, overrides_with = "errors")]
    pub(crate) errors: ErrorForm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write a first script that fits a folder of images: size, channels, labels found
    #[command(after_help = new::EXAMPLES)]
    New(NewArguments),
    /// Run an experiment; finished stages are loaded, interrupted ones go on
    #[command(after_help = "\
Examples:
  foretask run scripts/quickstart.rhai
  foretask run scripts/quickstart.rhai --set labels=5 --device flex
  foretask run scripts/quickstart.rhai --out /data/runs
  foretask run scripts/quickstart.rhai --ranks 2 --device libtorch")]
    Run {
        /// The script
        script: PathBuf,
        #[command(flatten)]
        common: Common,
        /// Share pretraining out among this many processes of this machine (needs libtorch)
        #[arg(long, value_name = "N")]
        ranks: Option<usize>,
    },
    /// Validate a script and print its plan; trains nothing
    #[command(after_help = "\
Examples:
  foretask check scripts/quickstart.rhai
  foretask check scripts/quickstart.rhai --json")]
    Check {
        /// The script
        script: PathBuf,
        #[command(flatten)]
        common: Common,
        /// Print the plan as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a picture sheet of what the script's pretext tasks ask
    #[command(after_help = "\
Examples:
  foretask preview scripts/quickstart.rhai
  foretask preview scripts/quickstart.rhai --task 2 --images 12 --seed 7 -o rotation.png
  foretask preview scripts/quickstart.rhai --pictures never   files only

A terminal that can show pictures shows the sheet, too: kitty, Ghostty, Konsole, iTerm2,
WezTerm, mintty, those with sixels, and in half blocks those with 24-bit color. Nothing of
that is written into a pipe or a file.")]
    Preview {
        /// The script
        script: PathBuf,
        #[command(flatten)]
        common: Common,
        /// Only the n-th task of the script, from 1
        #[arg(long)]
        task: Option<usize>,
        /// Number of images on the sheet
        #[arg(long, default_value_t = 8)]
        images: usize,
        /// Seed of the random choices
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// The PNG file; with several tasks, their names are added to it
        #[arg(short, long, default_value = "preview.png")]
        output: PathBuf,
        /// How the terminal shows the sheet
        #[arg(long, value_enum, default_value_t = Pictures::Auto)]
        pictures: Pictures,
        #[command(flatten)]
        replace: Replace,
    },
    /// Enter a script line by line; what was defined stays, and stages are remembered as in `run`
    #[command(after_help = "\
Examples:
  foretask repl       Tab completes, arrows recall, Ctrl-C stops a stage, Ctrl-D ends
  foretask repl --device flex --set labels=5
  echo 'print(1 + 1)' | foretask repl

An entry ends with its line, or where its last bracket closes. What it comes to is printed.
One that fails leaves the session as it was; one that was stopped goes on when entered again.
`words` lists the words, `words NAME` explains one. Reports and the session as a script go
to runs/repl/, what was typed to runs/.repl-history.")]
    Repl {
        #[command(flatten)]
        common: Common,
    },
    /// Count rows, labels, splits and sizes of a dataset
    #[command(after_help = "\
Examples:
  foretask describe datasets/fashion-mini
  foretask describe photos/                 a folder of images is a dataset
  foretask describe photos/ --deep          decodes every image, and lists those that cannot be used
  foretask describe table.csv --json")]
    Describe {
        /// Manifest, dataset folder, glob of Parquet parts, or folder of images
        dataset: PathBuf,
        /// Decode every image rather than a sample of 64
        #[arg(long)]
        deep: bool,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Turn images into one Parquet manifest
    #[command(after_help = "\
Examples:
  foretask import photos/ -o photos.parquet           class per subfolder, or one flat folder
  foretask import train-images-idx3-ubyte.gz -o train.parquet --split train
  foretask import cifar-10-batches-bin/ -o cifar10.parquet
  foretask import shards/train-*.tar -o train.parquet --format webdataset
  foretask import table.csv -o mini.parquet --per-class 100 --seed 1
  foretask import photos/ -o photos.parquet --paths   keep paths instead of embedding the files
  foretask import photos/ -o photos.parquet --max-bad-fraction 0.05   leave out up to 5 of 100")]
    Import {
        /// Image folder, table (CSV, Parquet, a glob of parts), IDX, CIFAR or STL-10 binaries, WebDataset tar
        source: PathBuf,
        /// The manifest to write
        #[arg(short, long)]
        output: PathBuf,
        /// What the source is, where its names do not tell: table, idx, cifar10, cifar100, stl10, webdataset
        #[arg(long)]
        format: Option<String>,
        /// Name of the split to write into every row that has none
        #[arg(long)]
        split: Option<String>,
        /// Keep only this many rows of each class, drawn by --seed: 100, or train=1000,test=200
        #[arg(long)]
        per_class: Option<String>,
        /// Seed of the draw
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Names of the classes 0, 1, 2, … where labels are integers, separated by commas
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        class_names: Option<Vec<String>>,
        /// Store paths of the images instead of the images themselves
        #[arg(long)]
        paths: bool,
        #[command(flatten)]
        bad: BadImages,
        #[command(flatten)]
        replace: Replace,
    },
    /// Put many images into a few large files, for fast reading
    #[command(after_help = "\
Examples:
  foretask pack photos/ -o packed/                    files keep their bytes; dataset(\"packed/\") reads them
  foretask pack photos.csv -o packed/ --max-side 320   shrink photographs once rather than in every epoch
  foretask pack shards/train-*.tar -o packed/ --shard-size 256m

Interrupted, it goes on where it was when called again.")]
    Pack {
        /// Whatever `import` takes
        source: PathBuf,
        /// The folder to write: a dataset like any other
        #[arg(short, long)]
        output: PathBuf,
        /// Shrink images whose longer side has more pixels, and encode them anew
        #[arg(long, value_name = "PIXELS")]
        max_side: Option<u32>,
        /// Quality of JPEGs encoded anew
        #[arg(long, default_value_t = 92)]
        quality: u8,
        /// Bytes of each file
        #[arg(long, default_value = "512m")]
        shard_size: String,
        /// What the source is, where its names do not tell: table, idx, cifar10, cifar100, stl10, webdataset
        #[arg(long)]
        format: Option<String>,
        /// Name of the split to write into every row that has none
        #[arg(long)]
        split: Option<String>,
        /// Names of the classes 0, 1, 2, … where labels are integers, separated by commas
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        class_names: Option<Vec<String>>,
        #[command(flatten)]
        bad: BadImages,
    },
    /// Label images with a saved classifier
    #[command(after_help = "\
Examples:
  foretask predict runs/quickstart/2026-11-23T03-45-00/weights/simclr-draw1.safetensors photos/ -o labels.csv
  foretask predict classifier.safetensors one.jpg two.jpg -o some.jsonl
  foretask predict classifier.safetensors 'photos/**/*.jpg' -o labels.parquet
  foretask predict classifier.safetensors scans/ --fit pad -o labels.csv   sees the whole of tall and wide images
  foretask predict classifier.safetensors datasets/fashion-mini -o labels.parquet

Columns: row, path, label, confidence, p_CLASS for each class, truth (where the images have labels), distance (to the
nearest labeled image), nearest (which one), unlike (anything labeled)")]
    Predict {
        /// A classifier saved by a run or by `.save`
        model: PathBuf,
        /// Images, folders of images, manifests, or quoted patterns such as 'photos/**/*.jpg'
        #[arg(required = true)]
        images: Vec<PathBuf>,
        #[command(flatten)]
        table: TableArguments,
        /// Images of other proportions than the network's input: crop (cut out the middle), pad or stretch; as the model's file
        /// says unless given
        #[arg(long, value_name = "HOW")]
        fit: Option<Fit>,
        /// auto, flex, libtorch, libtorch:cuda:N
        #[arg(long)]
        device: Option<String>,
    },
    /// Write the features of images into a table, by a saved encoder or classifier
    #[command(after_help = "\
Examples:
  foretask embed encoder.safetensors photos/ -o features.parquet
  foretask embed classifier.safetensors table.csv -o features.jsonl
  foretask embed resnet50.pth 'photos/**/*.jpg' -o features.parquet

Columns: row, path, label and split (where there are any), the table's further columns, embedding (in Parquet a list of
fixed size, in CSV a column for each number)")]
    Embed {
        /// An encoder or classifier saved by a run or by `.save`, or torchvision weights (.safetensors, .pth)
        model: PathBuf,
        /// Images, folders of images, manifests, or quoted patterns such as 'photos/**/*.jpg'
        #[arg(required = true)]
        images: Vec<PathBuf>,
        #[command(flatten)]
        table: TableArguments,
        /// Images of other proportions than the network's input: crop (cut out the middle), pad or stretch; as the model's file
        /// says unless given
        #[arg(long, value_name = "HOW")]
        fit: Option<Fit>,
        /// auto, flex, libtorch, libtorch:cuda:N
        #[arg(long)]
        device: Option<String>,
    },
    /// Write a model for other programs: weights under the names of torchvision and timm, or an ONNX graph
    #[command(after_help = export::EXAMPLES)]
    Export(ExportArguments),
    /// Label images in the browser: what to label next is chosen, and learned from as you go
    #[command(after_help = label::EXAMPLES)]
    Label(LabelArguments),
    /// Print what was labeled: counts, agreement, history; or write it as a table
    #[command(after_help = label::LABELS_EXAMPLES)]
    Labels(LabelsArguments),
    /// List published weights that scripts start from, and fetch them
    Models(ModelsArguments),
    /// List runs with their headline results
    #[command(after_help = "\
Examples:
  foretask runs
  foretask runs quickstart --out /data/runs
  foretask runs --json")]
    Runs {
        /// Only runs of this script
        script: Option<String>,
        /// Folder of results
        #[arg(long, default_value = "runs")]
        out: PathBuf,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a run's HTML again from its stored data, or compare several runs on one page
    #[command(after_help = runs::REPORT_EXAMPLES)]
    Report(ReportArguments),
    /// Say what stages hold, and remove those that no run points to
    #[command(after_help = runs::CLEAN_EXAMPLES)]
    Clean(CleanArguments),
    /// List the devices that scripts can use
    #[command(after_help = "\
Examples:
  foretask devices
  foretask devices --json")]
    Devices {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at this build and machine, and say what is missing and how to get it
    #[command(after_help = "\
Examples:
  foretask doctor
  foretask doctor --json")]
    Doctor {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the reference of the script language
    #[command(after_help = "\
Examples:
  foretask words
  foretask words pretrain
  foretask words --markdown > WORDS.md")]
    Words {
        /// One word, in full
        name: Option<String>,
        /// Every word in full, as Markdown
        #[arg(long, conflicts_with = "name")]
        markdown: bool,
    },
    /// Print the completions of a shell
    #[command(after_help = "\
Examples:
  foretask completions bash > ~/.local/share/bash-completion/completions/foretask
  foretask completions zsh > ~/.zfunc/_foretask")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of the command and its verbs into a folder
    #[command(after_help = "\
Examples:
  foretask man -o ~/.local/share/man/man1   then: man foretask, man foretask-run")]
    Man {
        /// The folder; files there of the same names are replaced
        #[arg(short, long)]
        output: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_has_a_summary_and_an_example() {
        for verb in Arguments::command().get_subcommands() {
            let name = verb.get_name();
            let summary = verb.get_about().unwrap_or_else(|| panic!("{name} has no summary")).to_string();
            assert!(summary.len() > 20 && !summary.ends_with('.'), "{name}: {summary}");
            let help = verb.get_after_help().unwrap_or_else(|| panic!("{name} has no example")).to_string();
            assert!(help.contains(&format!("foretask {name}")), "{name}: {help}");
        }
    }

    #[test]
    fn every_example_in_the_help_is_accepted() {
        for verb in Arguments::command().get_subcommands() {
            let help = verb.get_after_help().unwrap().to_string();
            for line in help.lines().filter(|line| line.starts_with("  ") && line.contains("foretask ")) {
                // What stands after three spaces is a remark; after `>` and before `|` the shell's business.
                let command = line.trim().split("   ").next().unwrap().split(" > ").next().unwrap();
                let command = command.rsplit(" | ").next().unwrap();
                Arguments::try_parse_from(command.split_whitespace()).unwrap_or_else(|error| panic!("{line}\n{error}"));
            }
        }
    }
}
