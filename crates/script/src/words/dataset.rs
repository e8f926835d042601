//! Words that open manifests and choose rows.

use foretask_data::Manifest;
use foretask_experiment::Role;
use foretask_experiment::values::Dataset;
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::open_dataset::{dataset, dataset_options};
use super::word::no_options;
use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "dataset",
        theme: Theme::Data,
        summary: "Opens a dataset: a manifest (Parquet, CSV), a glob of Parquet parts, or a folder of images",
        about: "A manifest is a table with a row per image: `path` or embedded `image` bytes, optional `label`, optional \
                `split`, and any further columns; what `foretask pack` writes is one, too. A folder holds a manifest, or images: in a subfolder per class, or flat and \
                without labels. Paths are looked up from the working folder, then from the script's folder and those above it.\n\n\
                A folder and tables of labels (`labels`) are one dataset: the rows of the tables are joined to the images by their \
                paths, which may be relative to the table or to the folder, absolute, or file names. What cannot be joined is said.",
        use_when: "always: every experiment starts here",
        not_when: "the images are in IDX files or need resizing once and for all: `foretask import` makes a manifest of them",
        signatures: &[Signature {
            on: None,
            params: &[Param { name: "path", kinds: &[Kind::Text], optional: false }, OPTIONS],
            returns: Kind::Dataset,
        }],
        options: dataset_options,
        examples: &[
            Example {
                about: "the dataset that comes with Foretask",
                script: "let data = dataset(\"datasets/fashion-mini\");",
            },
            Example {
                about: "grey images, and not one bad file is put up with",
                script: "let data = dataset(\"datasets/fashion-mini\", #{ channels: 1, on_bad_image: \"error\" });",
            },
            Example {
                about: "images and a table of labels for some of them",
                script: "let data = dataset(\"datasets/fashion-mini\", #{ labels: \"to_label.csv\" });",
            },
        ],
        run: dataset,
    },
    Word {
        name: "split",
        theme: Theme::Data,
        summary: "The rows of one split",
        about: "",
        use_when: "the table has a `split` column; a folder dataset has one when it holds train/, test/, …",
        not_when: "you want to pretrain: `.unlabeled()` leaves evaluation splits out by itself",
        signatures: &[Signature {
            on: Some(Kind::Dataset),
            params: &[Param { name: "name", kinds: &[Kind::Text], optional: false }],
            returns: Kind::Dataset,
        }],
        options: no_options,
        examples: &[Example { about: "the images to measure on", script: "let test = data.split(\"test\");" }],
        run: split,
    },
    Word {
        name: "unlabeled",
        theme: Theme::Data,
        summary: "The images to learn from without their labels",
        about: "Labels are dropped. Unless a split was chosen before, rows of evaluation splits (test, val, dev, holdout, eval \
                and what is called alike) are left out.",
        use_when: "pretraining",
        not_when: "labels are needed: nothing after this word can see them",
        signatures: &[Signature { on: Some(Kind::Dataset), params: &[], returns: Kind::Dataset }],
        options: no_options,
        examples: &[Example { about: "all images but the test ones", script: "let pool = data.unlabeled();" }],
        run: unlabeled,
    },
    Word {
        name: "labeled",
        theme: Theme::Data,
        summary: "The rows that have a label",
        about: "",
        use_when: "only part of a table is labeled",
        not_when: "every row is: it changes nothing",
        signatures: &[Signature { on: Some(Kind::Dataset), params: &[], returns: Kind::Dataset }],
        options: no_options,
        examples: &[Example {
            about: "what has been labeled so far",
            script: "let known = data.split(\"train\").labeled();",
        }],
        run: labeled,
    },
    Word {
        name: "per_class",
        theme: Theme::Data,
        summary: "n images of each class, drawn by seed; with `draws`, several such draws",
        about: "A row is drawn by a seeded hash of its number, so the same seed gives the same rows on every machine. Several \
                draws go through `finetune`, `linear_probe`, `knn` and `pixel_probe` one by one and give an accuracy each: how much \
                luck of the draw there is can be seen only so. The draws have the seeds seed, seed + 1, …",
        use_when: "you ask how far a few labels go",
        not_when: "the classes should keep their shares: `.fraction`",
        signatures: &[Signature {
            on: Some(Kind::Dataset),
            params: &[Param { name: "n", kinds: &[Kind::Whole], optional: false }, OPTIONS],
            returns: Kind::Dataset,
        }],
        options: draw_options,
        examples: &[
            Example {
                about: "10 labeled images of each class",
                script: "let few = data.split(\"train\").per_class(10);",
            },
            Example {
                about: "three draws, for a mean and its spread",
                script: "let few = data.split(\"train\").per_class(10, #{ seed: 1, draws: 3 });",
            },
        ],
        run: per_class,
    },
    Word {
        name: "fraction",
        theme: Theme::Data,
        summary: "A random part of the rows, drawn by seed; with `draws`, several such parts",
        about: "Classes keep their shares roughly. See `per_class` for seeds and draws.",
        use_when: "you want less data of the same kind",
        not_when: "every class must be there: `.per_class`",
        signatures: &[Signature {
            on: Some(Kind::Dataset),
            params: &[Param { name: "share", kinds: &[Kind::Number], optional: false }, OPTIONS],
            returns: Kind::Dataset,
        }],
        options: draw_options,
        examples: &[Example { about: "a tenth of the images", script: "let part = data.unlabeled().fraction(0.1);" }],
        run: fraction,
    },
    Word {
        name: "holdout",
        theme: Theme::Data,
        summary: "A part of the images to measure on, chosen by what they show",
        about: "Whether an image is held out is decided by its file's bytes and the seed alone: images that are added later, renamed or \
                sorted otherwise move nobody from one side to the other, and copies of an image are on the same side. `.without` \
                gives the rest. The share is met roughly.",
        use_when: "there is no test split, and the dataset still grows",
        not_when: "the table has a `split` column: `.split`",
        signatures: &[Signature {
            on: Some(Kind::Dataset),
            params: &[Param { name: "share", kinds: &[Kind::Number], optional: false }, OPTIONS],
            returns: Kind::Dataset,
        }],
        options: || vec![OptionDoc::new("seed", "whole number", "the script's seed", "which images are held out")],
        examples: &[Example {
            about: "a fifth of the labeled images to measure on, and the rest to learn from",
            script: "let held = data.labeled().holdout(0.2);\nlet known = data.labeled().without(held);",
        }],
        run: holdout,
    },
    Word {
        name: "without",
        theme: Theme::Data,
        summary: "The rows that are not in another part of the same dataset",
        about: "",
        use_when: "the images to measure on are chosen, and everything else may be learned from",
        not_when: "the parts are splits: `.split`",
        signatures: &[Signature {
            on: Some(Kind::Dataset),
            params: &[Param { name: "other", kinds: &[Kind::Dataset], optional: false }],
            returns: Kind::Dataset,
        }],
        options: no_options,
        examples: &[Example {
            about: "images without labels, none of them held out",
            script: "let held = data.labeled().holdout(0.2);\nlet pool = data.without(held).unlabeled();",
        }],
        run: without,
    },
    Word {
        name: "filter",
        theme: Theme::Data,
        summary: "The rows for which an SQL predicate holds",
        about: "Every column of the manifest can be used, and `row`, the row's number: comparisons, AND, OR, NOT, IN, BETWEEN, \
                LIKE, IS NULL, arithmetic.",
        use_when: "rows must be chosen by what stands in the table",
        not_when: "you want a split: `.split` says what exists when the name is wrong",
        signatures: &[Signature {
            on: Some(Kind::Dataset),
            params: &[Param { name: "predicate", kinds: &[Kind::Text], optional: false }],
            returns: Kind::Dataset,
        }],
        options: no_options,
        examples: &[Example { about: "every second row", script: "let half = data.filter(\"row % 2 = 0\");" }],
        run: filter,
    },
    Word {
        name: "take",
        theme: Theme::Data,
        summary: "The first n rows of the table",
        about: "",
        use_when: "trying a script quickly",
        not_when: "a table is sorted by class or time: the first rows are then not like the rest; `.fraction` draws fairly",
        signatures: &[Signature {
            on: Some(Kind::Dataset),
            params: &[Param { name: "n", kinds: &[Kind::Whole], optional: false }],
            returns: Kind::Dataset,
        }],
        options: no_options,
        examples: &[Example { about: "a quick try", script: "let some = data.unlabeled().take(500);" }],
        run: take,
    },
    Word {
        name: "describe",
        theme: Theme::Data,
        summary: "What is in a dataset, as a text",
        about: "Rows, splits, classes with their counts, columns, and image sizes of a sample.",
        use_when: "you want to see what a table holds; `foretask describe PATH` does the same without a script",
        not_when: "",
        signatures: &[Signature { on: Some(Kind::Dataset), params: &[], returns: Kind::Text }],
        options: no_options,
        examples: &[Example { about: "print it", script: "print(data.split(\"train\").describe());" }],
        run: describe,
    },
];

fn draw_options() -> Vec<OptionDoc> {
    vec![
        OptionDoc::new("seed", "whole number", "the script's seed", "which rows are drawn"),
        OptionDoc::new("draws", "whole number from 1 to 100", "1", "how many draws, with seeds seed, seed + 1, …"),
    ]
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DrawOptions {
    seed: Option<u64>,
    draws: Option<u64>,
}

/// Applies `change` to what stands before the dot; a refusal points at the first argument, if there is one.
fn changed(
    call: &Call<'_>,
    change: impl Fn(&Manifest) -> foretask_data::Result<Manifest>,
) -> Result<Dynamic, CallError> {
    let data: Dataset = call.receiver()?;
    let changed = data.map(change).map_err(|error| {
        let fault = CallError::from(error);
        if call.raw(0).is_some() { fault.argument(0) } else { fault }
    })?;
    Ok(Dynamic::from(changed))
}

fn split(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let name = call.text(0)?;
    changed(call, |manifest| manifest.split(&name))
}

fn unlabeled(call: &Call<'_>) -> Result<Dynamic, CallError> {
    changed(call, Manifest::unlabeled)
}

fn labeled(call: &Call<'_>) -> Result<Dynamic, CallError> {
    changed(call, Manifest::labeled)
}

fn filter(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let predicate = call.text(0)?;
    changed(call, |manifest| manifest.filter(&predicate))
}

fn take(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let n = call.whole(0, 1)? as usize;
    changed(call, |manifest| manifest.take(n))
}

fn per_class(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let n = call.whole(0, 1)? as usize;
    drawn(call, |manifest, seed| manifest.per_class(n, seed))
}

fn fraction(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let share = call.number(0)?;
    drawn(call, |manifest, seed| manifest.fraction(share, seed))
}

fn drawn(
    call: &Call<'_>,
    draw: impl Fn(&Manifest, u64) -> foretask_data::Result<Manifest>,
) -> Result<Dynamic, CallError> {
    let data: Dataset = call.receiver()?;
    let options: DrawOptions = call.options(1)?;
    let draws = options.draws.unwrap_or(1);
    if !(1..=100).contains(&draws) {
        return Err(CallError::input(format!("`draws` must be from 1 to 100, not {draws}"))
            .at(Span::Value(1, vec!["draws".into()])));
    }
    if data.views.len() > 1 {
        return Err(
            CallError::input("this is already several label draws").help("draw once: `.per_class(n, #{ draws: 3 })`")
        );
    }
    let first = options.seed.unwrap_or_else(|| call.experiment().seed());
    let seeds: Vec<u64> = (0..draws).map(|draw| first.wrapping_add(draw)).collect();
    data.draw(&seeds, draw).map(Dynamic::from).map_err(|error| CallError::from(error).argument(0))
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HoldoutOptions {
    seed: Option<u64>,
}

fn holdout(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let share = call.number(0)?;
    let options: HoldoutOptions = call.options(1)?;
    let seed = options.seed.unwrap_or_else(|| call.experiment().seed());
    changed(call, |manifest| manifest.holdout(share, seed))
}

fn without(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let other: Dataset = call.value(0)?;
    let other = other.single("without", Role::Images)?;
    changed(call, |manifest| manifest.without(&other.manifest))
}

fn describe(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let data: Dataset = call.receiver()?;
    let description = data.views[0].manifest.describe()?;
    Ok(Dynamic::from(description.to_string()))
}
