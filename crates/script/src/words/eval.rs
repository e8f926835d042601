//! Words on classifiers and encoders that measure and predict.

use foretask_data::{Output, Table};
use foretask_experiment::values::{Classifiers, Dataset, Encoder};
use foretask_experiment::{Progress, Role, stages};
use rhai::{Dynamic, Map};
use serde::{Deserialize, Serialize};

use super::{Call, Example, Kind, Param, Signature, Theme, Word, output};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

/// Options of words that measure.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EvaluateOptions {
    leakage: stages::Leakage,
}

const PATH: Param = Param { name: "path", kinds: &[Kind::Text], optional: false };
const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };
const IMAGES: Param = Param { name: "images", kinds: &[Kind::Dataset], optional: false };

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "evaluate",
        theme: Theme::Evaluation,
        summary: "Accuracy on labeled images, one for each label draw",
        about: "Chance level stands beside every accuracy. Printing the evaluation shows mean and standard deviation over draws. Images \
                that also taught the classifier are told, by their content: the labeled ones, those of pretraining, and those that the \
                file of a loaded encoder remembers. Published weights remember none.",
        use_when: "always at the end, on images that nothing learned from",
        not_when: "the images have no labels: `.predict`",
        signatures: &[Signature {
            on: Some(Kind::Classifier),
            params: &[Param { name: "test", kinds: &[Kind::Dataset], optional: false }, OPTIONS],
            returns: Kind::Evaluation,
        }],
        options: leakage_options,
        examples: &[
            Example {
                about: "how good is it?",
                script: "let result = finetune(encoder, few).evaluate(test);\nprint(`${result.mean} against ${result.chance} by guessing`);",
            },
            Example {
                about: "refuse images that were learned from",
                script: "let result = linear_probe(encoder, few).evaluate(test, #{ leakage: \"error\" });",
            },
        ],
        run: evaluate,
    },
    Word {
        name: "open_set",
        theme: Theme::Evaluation,
        summary: "How well a classifier tells images of none of its classes",
        about: "By their distance to the nearest labeled image, as `unlike` of `.predict`. `auroc` is the share of pairs of an image of `test` and \
                one of `other` in which the latter is farther (0.5: chance, 1: told apart); `fpr95` the share of `other` that pass \
                where 95 % of `test` do; `found` and `wrongly` the shares of `other` and of `test` that `.predict` calls unlike. Of \
                several label draws, the first one's classifier.",
        use_when: "other things than your classes will come before the camera, and you have some pictures of them",
        not_when: "every image is of one of the classes: `.evaluate`",
        signatures: &[Signature {
            on: Some(Kind::Classifier),
            params: &[
                Param { name: "test", kinds: &[Kind::Dataset], optional: false },
                Param { name: "other", kinds: &[Kind::Dataset], optional: false },
                OPTIONS,
            ],
            returns: Kind::Map,
        }],
        options: leakage_options,
        examples: &[Example {
            about: "are pictures of other things told apart?",
            script: "let other = data.unlabeled().take(5);   // usually a folder of their own: dataset(\"other/\")\n\
                     let told  = linear_probe(encoder, few).open_set(test, other);\n\
                     print(`told apart: ${told.auroc}`);",
        }],
        run: open_set,
    },
    Word {
        name: "predict",
        theme: Theme::Evaluation,
        summary: "Names the class of each image, into a table file or as an array",
        about: "The file (.parquet, .csv, .jsonl by its ending) has a row per image: row, path, label, confidence, a probability per class \
                (p_NAME), and how far it is from the nearest labeled image in the features: distance (1 - cosine), nearest (that image), \
                unlike (farther than the labeled ones are from each other: unlike anything labeled, so believe no answer). \
                Probabilities are calibrated by one temperature, fitted to labels that were held out, from 20 labels on. Without a path \
                the result is an array of object maps #{ row, name, label, confidence, distance, unlike }. Of several label draws, \
                the first one's classifier answers. Of images that are not of the network's proportions the middle is seen, \
                unless the encoder was loaded with another `fit`.",
        use_when: "the other images are to get their labels",
        not_when: "the script is long gone: `foretask predict MODEL IMAGES -o labels.csv` needs the saved classifier only",
        signatures: &[Signature {
            on: Some(Kind::Classifier),
            params: &[IMAGES, Param { name: "path", kinds: &[Kind::Text], optional: true }, OPTIONS],
            returns: Kind::Any,
        }],
        options: table_options,
        examples: &[Example {
            about: "label everything that has no label yet",
            script: "finetune(encoder, few).predict(data.unlabeled(), \"labels.csv\");",
        }],
        run: predict,
    },
    Word {
        name: "embed",
        theme: Theme::Evaluation,
        summary: "Writes the feature vector of each image into a table file",
        about: "The file (.parquet, .csv, .jsonl by its ending) has a row per image: row, path, label, split, the manifest's further \
                columns, and the features: in Parquet one column `embedding` of fixed-size lists, in CSV a column for each number. \
                Of images that are not of the network's proportions the middle is seen, unless the encoder was loaded with another \
                `fit` (`load_encoder(\"encoder.safetensors\", #{ fit: \"pad\" })`). A classifier's features are those of its own encoder, \
                which `finetune` and `self_train` have changed; of several label draws, the first one's.",
        use_when: "other programs are to work with the features: search, clustering, plots",
        not_when: "you want a classifier: `linear_probe`",
        signatures: &[
            Signature { on: Some(Kind::Encoder), params: &[IMAGES, PATH, OPTIONS], returns: Kind::Text },
            Signature { on: Some(Kind::Classifier), params: &[IMAGES, PATH, OPTIONS], returns: Kind::Text },
        ],
        options: table_options,
        examples: &[
            Example { about: "as Parquet", script: "encoder.embed(test, \"features.parquet\");" },
            Example {
                about: "as labels have taught it to see",
                script: "finetune(encoder, few).embed(test, \"tuned.parquet\");",
            },
        ],
        run: embed,
    },
];

fn leakage_options() -> Vec<OptionDoc> {
    vec![OptionDoc::new(
        "leakage",
        "\"warn\" or \"error\"",
        "\"warn\"",
        "what to do about images that also taught the classifier, here or in the script that its encoder comes from",
    )]
}

fn evaluate(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let (classifiers, test): (Classifiers, Dataset) = (call.receiver()?, call.value(0)?);
    let EvaluateOptions { leakage } = call.options(1)?;
    Ok(Dynamic::from(stages::evaluate(call.experiment(), &classifiers, &test, Some(leakage))?))
}

fn open_set(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let (classifiers, test, other): (Classifiers, Dataset, Dataset) =
        (call.receiver()?, call.value(0)?, call.value(1)?);
    let EvaluateOptions { leakage } = call.options(2)?;
    let found = stages::open_set(call.experiment(), &classifiers, &test, &other, leakage)?;
    let share = |value: Option<f64>| value.map_or(Dynamic::UNIT, Dynamic::from);
    let mut map = Map::new();
    // While planning, what blind guessing would come to.
    map.insert("auroc".into(), Dynamic::from(found.as_ref().map_or(0.5, |found| found.auroc)));
    map.insert("fpr95".into(), Dynamic::from(found.as_ref().map_or(0.95, |found| found.false_positive_rate)));
    map.insert("found".into(), share(found.as_ref().and_then(|found| found.found)));
    map.insert("wrongly".into(), share(found.as_ref().and_then(|found| found.wrongly)));
    map.insert("known".into(), Dynamic::from(found.as_ref().map_or(0, |found| found.known as i64)));
    map.insert("others".into(), Dynamic::from(found.as_ref().map_or(0, |found| found.others as i64)));
    Ok(Dynamic::from_map(map))
}

fn predict(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let (classifiers, data): (Classifiers, Dataset) = (call.receiver()?, call.value(0)?);
    let view = data.single("predict", Role::Images)?;
    let options: TableOptions = call.options(2)?;
    let file = call.maybe::<String>(1).map(|path| table_file(call, 1, &path, &options)).transpose()?;
    let predictions = stages::predict(call.experiment(), &classifiers, &data, view)?;
    if let Some(file) = file {
        if !call.experiment().planning() {
            write_table(call, "Predictions", &file, predictions.table(), &options)?;
        }
        return Ok(Dynamic::from(file.path().display().to_string()));
    }
    let rows = predictions.answers.iter().enumerate().map(|(index, prediction)| {
        let class = predictions.classes.get(prediction.predicted as usize).cloned().unwrap_or_default();
        let mut map = Map::new();
        map.insert("row".into(), Dynamic::from(prediction.row as i64));
        map.insert("name".into(), Dynamic::from(prediction.name.clone()));
        map.insert("label".into(), Dynamic::from(class));
        map.insert("confidence".into(), Dynamic::from(f64::from(prediction.confidence())));
        // Nothing where it is not known, as it is while planning.
        let near = predictions.near.as_ref().and_then(|(near, _)| near.get(index));
        map.insert("distance".into(), near.map_or(Dynamic::UNIT, |near| Dynamic::from(f64::from(near.distance))));
        map.insert("unlike".into(), near.and_then(|near| near.unlike).map_or(Dynamic::UNIT, Dynamic::from));
        Dynamic::from_map(map)
    });
    Ok(Dynamic::from_array(rows.collect()))
}

fn embed(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let data: Dataset = call.value(0)?;
    let view = data.single("embed", Role::Images)?;
    let options: TableOptions = call.options(2)?;
    let file = table_file(call, 1, &call.text(1)?, &options)?;
    let table = match call.receiver::<Classifiers>() {
        Ok(classifiers) => stages::embed_as(call.experiment(), &classifiers, &data, view)?,
        Err(_) => stages::embed(call.experiment(), &call.receiver::<Encoder>()?, &data, view)?,
    };
    if let Some(table) = table {
        write_table(call, "Features", &file, table, &options)?;
    }
    Ok(Dynamic::from(file.path().display().to_string()))
}

/// Options of words that write a table.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TableOptions {
    overwrite: bool,
    formulas: bool,
}

fn table_options() -> Vec<OptionDoc> {
    let about = "leave texts of a CSV as they are even where a spreadsheet would run them as formulas; else an apostrophe \
                 stands in front of them, which `dataset` does not read as part of the text";
    vec![output::overwrite_doc(), OptionDoc::new("formulas", "true or false", "false", about)]
}

/// The file at argument `at`: inside the working folder, with an ending that says its format.
fn table_file(call: &Call<'_>, at: usize, path: &str, options: &TableOptions) -> Result<Output, CallError> {
    let at = Span::Argument(at);
    output::file(output::path(call, path, &at, &["parquet", "csv", "jsonl"])?, options.overwrite, &at)
}

fn write_table(
    call: &Call<'_>,
    what: &str,
    file: &Output,
    table: Table,
    options: &TableOptions,
) -> Result<(), CallError> {
    let table = table.with_formulas(options.formulas);
    file.write(|path| foretask_data::write_table(path, &table))?;
    call.experiment().emit(Progress::Wrote { what: what.into(), path: file.path().to_path_buf() });
    Ok(())
}
