//! `label_next`: which images a person should label.

use std::path::PathBuf;

use foretask_eval::ChooseOptions;
use foretask_experiment::stages::{ChosenPaths, LabelNext};
use foretask_experiment::values::{Dataset, SelfStart};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::neighbors::nearly_all;
use super::{Call, Example, Kind, Param, Signature, Theme, Word, output};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

pub(super) static WORDS: &[Word] = &[Word {
    name: "label_next",
    theme: Theme::Probes,
    summary: "Chooses the images whose labels would help most, as a manifest to fill in and a sheet of pictures",
    about: "From an encoder, while nothing is labeled yet: its features fall into `n` clusters, and the densest member of each is \
            chosen, so that together they stand for all images. From a classifier: a probe learns from its labels, and \
            chosen are images that it is in doubt of and that no label reaches yet, that stand for many others and are not alike; \
            what is labeled already is left out. \
            The pool's own labels are never looked at. The manifest lists the images, the most valuable first, with an empty \
            `label` and paths from where it lies: fill it in (in a CSV, with any spreadsheet) and open it with `dataset`. Run again, \
            the table keeps every row and label that is in it, and images that it lacks are added below. Classes \
            will not be alike often among chosen images, and need not be: `spread_labels` gives every class the same weight.",
    use_when: "you may have so many images labeled, and can say which: chosen ones are worth more than random ones",
    not_when: "the labeled images are to measure something, too: a test set must be drawn at random",
    signatures: &[Signature {
        on: None,
        params: &[
            Param { name: "start", kinds: &[Kind::Encoder, Kind::Classifier], optional: false },
            Param { name: "pool", kinds: &[Kind::Dataset], optional: false },
            Param { name: "options", kinds: &[Kind::Options], optional: true },
        ],
        returns: Kind::Chosen,
    }],
    options,
    examples: &[
        Example {
            about: "the first images to label",
            script: "let chosen = label_next(encoder, data.unlabeled(), #{ n: 20, manifest: \"to_label.csv\", sheet: \"to_label.png\" });\n\
                     print(chosen.rows);",
        },
        Example {
            about: "more of them, once some are labeled",
            script: "let few = data.split(\"train\").per_class(5);\n\
                     let more = label_next(linear_probe(encoder, few), data.unlabeled(), #{ n: 10, manifest: \"more.csv\" });",
        },
        Example {
            about: "what choosing would have been worth, where the labels are known",
            script: "let chosen = label_next(encoder, data.split(\"train\"), #{ n: 20, seed: 1, draws: 3 });\n\
                     print(linear_probe(encoder, chosen.data).evaluate(test).mean);",
        },
    ],
    run: label_next,
}];

fn options() -> Vec<OptionDoc> {
    let defaults = ChooseOptions::default();
    let option = |name: &str, kind: &str, default: &dyn std::fmt::Display, about: &str| {
        OptionDoc::new(name, kind, &default.to_string(), about)
    };
    vec![
        option("n", "whole number from 1", &defaults.n, "how many images"),
        option("manifest", "path ending in .csv or .parquet", &"-", "where to write the manifest to fill in"),
        option("sheet", "path ending in .png", &"-", "where to draw the chosen images, numbered as in the manifest"),
        option(
            "neighbors",
            "whole number from 1",
            &defaults.neighbors,
            "neighbors that say how dense it is around an image, and along which doubt flows",
        ),
        option(
            "mirror",
            "true or false",
            &defaults.mirror,
            "compare images together with their mirror images; false where left and right matter",
        ),
        option(
            "most",
            "whole number from 2",
            &defaults.most,
            &format!("most images of the pool looked at, evenly chosen; {}", nearly_all()),
        ),
        output::overwrite_doc(),
        option(
            "seed",
            "whole number",
            &"the script's seed",
            "where the clusters begin; from a classifier nothing is drawn",
        ),
        option("draws", "whole number from 1 to 100", &"1", "choices with the seeds from `seed` on, to simulate with"),
    ]
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    n: usize,
    manifest: Option<String>,
    sheet: Option<String>,
    neighbors: usize,
    mirror: bool,
    most: usize,
    seed: Option<u64>,
    draws: u64,
    overwrite: bool,
}

impl Default for Options {
    fn default() -> Self {
        let ChooseOptions { n, neighbors, mirror, most, .. } = ChooseOptions::default();
        Self { n, manifest: None, sheet: None, neighbors, mirror, most, seed: None, draws: 1, overwrite: false }
    }
}

fn label_next(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options: Options = call.options(2)?;
    let at = |option: &str| Span::Value(2, vec![option.to_owned()]);
    if !(1..=100).contains(&options.draws) {
        return Err(CallError::input(format!("`draws` must be from 1 to 100, not {}", options.draws)).at(at("draws")));
    }
    let file = |option: &str, path: &Option<String>, endings: &[&str]| -> Result<Option<PathBuf>, CallError> {
        let Some(text) = path else { return Ok(None) };
        let path = output::path(call, text, &at(option), endings)?;
        if options.draws > 1 {
            return Err(CallError::input(format!("`{option}` is for one choice, and `draws` makes {}", options.draws))
                .help("leave `draws` out for the images a person is to label")
                .at(at(option)));
        }
        Ok(Some(path))
    };
    let manifest = file("manifest", &options.manifest, &["csv", "parquet"])?;
    if let Some(path) = &manifest {
        foretask_data::check_to_label(path, options.overwrite)
            .map_err(|error| CallError::from(error).label("this table").at(at("manifest")))?;
    }
    let sheet = file("sheet", &options.sheet, &["png"])?;
    let sheet = sheet.map(|path| output::file(path, options.overwrite, &at("sheet"))).transpose()?;
    let pool: Dataset = call.value(1)?;
    let start = call.self_start()?;
    if options.draws > 1 && matches!(start, SelfStart::Classifiers(_)) {
        return Err(CallError::input("from a classifier every draw would be the same: nothing is drawn at random")
            .help("leave `draws` out, or start from an encoder")
            .at(at("draws")));
    }
    let seed = options.seed.unwrap_or_else(|| call.experiment().seed());
    let choose =
        ChooseOptions { n: options.n, neighbors: options.neighbors, mirror: options.mirror, most: options.most, seed };
    let paths = ChosenPaths { manifest, sheet, overwrite: options.overwrite };
    let request = LabelNext { start, pool, options: choose, draws: options.draws, paths };
    Ok(Dynamic::from(request.run(call.experiment())?))
}
