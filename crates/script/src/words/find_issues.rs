//! `find_issues`: what may be wrong with images and labels.

use foretask_eval::IssueOptions;
use foretask_experiment::stages::{FindIssues, IssuePaths};
use foretask_experiment::values::{Dataset, Encoder};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::neighbors::nearly_all;
use super::{Call, Example, Kind, Param, Signature, Theme, Word, output};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

const DATA: Param = Param { name: "images", kinds: &[Kind::Dataset], optional: false };
const ENCODER: Param = Param { name: "encoder", kinds: &[Kind::Encoder], optional: false };
const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };

pub(super) static WORDS: &[Word] = &[Word {
    name: "find_issues",
    theme: Theme::Probes,
    summary: "Looks for wrong labels, near-duplicates (also across splits), outliers, and blurred, dark, overexposed, uniform or oddly shaped images",
    about: "Wrong labels: a probe that has not seen an image's label says otherwise, and confident learning (as `cleanlab` does it) says how \
            many of them are faults. Near-duplicates: features say that two images show the same, and a perceptual hash that they look \
            the same; the similarity from which on that counts is what altered copies of these very images have for this encoder, and the \
            sheet shows pairs on both sides of it. Outliers: images much farther from their neighbors than is usual. Dark, \
            overexposed, odd sizes and shapes: as `CleanVision` has them. Blurred: neighboring pixels hardly differ. Turned: where the encoder was taught by \
            `rotation`, its own answer. Labels are those of `few`, or of `images` where it is left out. Every issue has a number and \
            words; nothing is removed: that is for a person who has looked.",
    use_when: "before you train on images that nobody has looked through, and before you believe a test set",
    not_when: "you want to see single images and mend their labels: `foretask label` has the same issues on a page",
    signatures: &[
        Signature { on: None, params: &[DATA, ENCODER, OPTIONS], returns: Kind::Issues },
        Signature {
            on: None,
            params: &[DATA, ENCODER, Param { name: "few", kinds: &[Kind::Dataset], optional: false }, OPTIONS],
            returns: Kind::Issues,
        },
    ],
    options,
    examples: &[
        Example {
            about: "what is wrong with this dataset?",
            script: "let issues = find_issues(data, encoder, #{ table: \"issues.csv\", sheet: \"issues.png\" });\n\
                     print(issues);\nprint(issues.counts);",
        },
        Example {
            about: "only these labels, and a page to look at",
            script: "let few = data.split(\"train\").per_class(5);\n\
                     let issues = find_issues(data.unlabeled(), encoder, few);\nreport(\"first look\", #{ issues: issues });",
        },
    ],
    run: find_issues,
}];

fn options() -> Vec<OptionDoc> {
    let defaults = IssueOptions::default();
    let option = |name: &str, kind: &str, default: &dyn std::fmt::Display, about: &str| {
        OptionDoc::new(name, kind, &default.to_string(), about)
    };
    vec![
        option("table", "path ending in .csv, .parquet or .jsonl", &"-", "where to write them, a row an issue"),
        option("sheet", "path ending in .png", &"-", "where to draw the gravest of each kind"),
        option(
            "similarity",
            "0 to 1, or \"auto\"",
            &"\"auto\"",
            "cosine similarity from which on two images are near-duplicates; auto: that of nine in ten altered copies",
        ),
        option(
            "bits",
            "whole number up to 32",
            &defaults.bits,
            "bits of 64 in which their perceptual hashes may differ",
        ),
        option("dark", "0 to 1", &defaults.dark, "an image is dark whose brightest pixels stay below"),
        option(
            "overexposed",
            "0 to 1",
            &defaults.overexposed,
            "an image is overexposed whose darkest pixels stay above",
        ),
        option("blurred", "0 to 1", &defaults.blurred, "sharpness below which an image is blurred"),
        option("uniform", "0 to 1", &defaults.uniform, "deviation of gray levels below which nothing is in an image"),
        option("shape", "0 to 1", &defaults.shape, "shorter side over longer side below which a shape is odd"),
        option("size", "number above 0", &defaults.size, "interquartile ranges beyond which a size is odd"),
        option("outlier", "number above 0", &defaults.outlier, "interquartile ranges beyond which a distance is odd"),
        option("turned", "0 to 1", &defaults.turned, "probability from which on an image counts as turned"),
        option("neighbors", "whole number from 1", &defaults.neighbors, "neighbors that an image is compared with"),
        option(
            "most",
            "whole number from 2",
            &defaults.most,
            &format!("images that all are compared with, evenly chosen; {}", nearly_all()),
        ),
        option(
            "folds",
            "whole number from 2",
            &defaults.folds,
            "parts of the cross-validation that looks for wrong labels",
        ),
        output::overwrite_doc(),
        option("seed", "whole number", &"the script's seed", "deals these parts"),
    ]
}

/// Where to write; the other options are the library's.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    table: Option<String>,
    sheet: Option<String>,
    overwrite: bool,
}

const WRITTEN: [&str; 3] = ["table", "sheet", "overwrite"];

fn find_issues(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let few: Option<Dataset> = call.maybe(2);
    let at = if few.is_some() { 3 } else { 2 };
    let mut options: IssueOptions = call.options_but(at, &WRITTEN)?;
    if !call.map(at).contains_key("seed") {
        options.seed = call.experiment().seed();
    }
    options.check().map_err(|error| call.refused(foretask_experiment::Error::from(error), at))?;
    let others: Vec<String> = call.map(at).keys().map(ToString::to_string).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).filter(|key| !WRITTEN.contains(key)).collect();
    let written: Written = call.options_but(at, &others)?;
    let file = |option: &str, path: &Option<String>, endings: &[&str]| -> Result<_, CallError> {
        let Some(text) = path else { return Ok(None) };
        let span = Span::Value(at, vec![option.to_owned()]);
        let path = output::path(call, text, &span, endings)?;
        Ok(Some((path.clone(), output::file(path, written.overwrite, &span)?)))
    };
    let paths = IssuePaths {
        table: file("table", &written.table, &["csv", "parquet", "jsonl"])?,
        sheet: file("sheet", &written.sheet, &["png"])?,
    };
    let (data, encoder): (Dataset, Encoder) = (call.value(0)?, call.value(1)?);
    Ok(Dynamic::from(FindIssues { data, encoder, few, options, paths }.run(call.experiment())?))
}
