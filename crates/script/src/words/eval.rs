//! Words on classifiers and encoders that measure and predict.

use rhai::{Dynamic, Map};

use super::word::no_options;
use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::Fault;
use crate::values::{Classifiers, Dataset, Encoder};
use crate::work;

const PATH: Param = Param { name: "path", kinds: &[Kind::Text], optional: false };
const IMAGES: Param = Param { name: "images", kinds: &[Kind::Dataset], optional: false };

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "evaluate",
        theme: Theme::Evaluation,
        summary: "Accuracy on labelled images, one for each label draw",
        about: "Chance level stands beside every accuracy. Printing the evaluation shows mean and standard deviation over draws.",
        use_when: "always at the end, on images that nothing learned from",
        not_when: "the images have no labels: `.predict`",
        signatures: &[Signature {
            on: Some(Kind::Classifier),
            params: &[Param { name: "test", kinds: &[Kind::Dataset], optional: false }],
            returns: Kind::Evaluation,
        }],
        options: no_options,
        examples: &[Example {
            about: "how good is it?",
            script: "let result = finetune(encoder, few).evaluate(test);\nprint(`${result.mean} against ${result.chance} by guessing`);",
        }],
        run: evaluate,
    },
    Word {
        name: "predict",
        theme: Theme::Evaluation,
        summary: "Names the class of each image, into a table file or as an array",
        about: "The file (.parquet, .csv, .jsonl by its ending) has a row per image: row, path, label, confidence, and a probability per class. \
                Without a path the result is an array of object maps #{ row, name, label, confidence }. Of several label draws, the \
                first one's classifier answers.",
        use_when: "the other images shall get their labels",
        not_when: "the script is long gone: `foretask predict MODEL IMAGES -o labels.csv` needs the saved classifier only",
        signatures: &[Signature {
            on: Some(Kind::Classifier),
            params: &[IMAGES, Param { name: "path", kinds: &[Kind::Text], optional: true }],
            returns: Kind::Any,
        }],
        options: no_options,
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
        about: "The file (.parquet, .csv, .jsonl by its ending) has a row per image: row, name and the features.",
        use_when: "other programs shall work with the features: search, clustering, plots",
        not_when: "you want a classifier: `linear_probe`",
        signatures: &[Signature { on: Some(Kind::Encoder), params: &[IMAGES, PATH], returns: Kind::Text }],
        options: no_options,
        examples: &[Example { about: "as Parquet", script: "encoder.embed(test, \"features.parquet\");" }],
        run: embed,
    },
];

fn evaluate(call: &Call<'_>) -> Result<Dynamic, Fault> {
    let (classifiers, test): (Classifiers, Dataset) = (call.receiver()?, call.value(0)?);
    work::evaluate(call.host, call.line(), &classifiers, &test).map(Dynamic::from)
}

fn predict(call: &Call<'_>) -> Result<Dynamic, Fault> {
    let (classifiers, data): (Classifiers, Dataset) = (call.receiver()?, call.value(0)?);
    let view = data.single("predict", 0)?;
    let path = call.maybe::<String>(1).map(|path| writable_table(call, 1, &path)).transpose()?;
    let predictions = work::predict(call.host, &classifiers, &data, view)?;
    if let Some(path) = path {
        if !call.host.planning() {
            let table = foretask_eval::predictions_table(&predictions.predictions, &predictions.classes);
            foretask_data::write_table(&path, &table)?;
            call.host.tell(crate::Progress::Wrote { what: "Predictions".into(), path: path.clone() });
        }
        return Ok(Dynamic::from(path.display().to_string()));
    }
    let rows = predictions.predictions.iter().map(|prediction| {
        let class = predictions.classes.get(prediction.predicted as usize).cloned().unwrap_or_default();
        let mut map = Map::new();
        map.insert("row".into(), Dynamic::from(prediction.row as i64));
        map.insert("name".into(), Dynamic::from(prediction.name.clone()));
        map.insert("label".into(), Dynamic::from(class));
        map.insert("confidence".into(), Dynamic::from(f64::from(prediction.confidence())));
        Dynamic::from_map(map)
    });
    Ok(Dynamic::from_array(rows.collect()))
}

fn embed(call: &Call<'_>) -> Result<Dynamic, Fault> {
    let (encoder, data): (Encoder, Dataset) = (call.receiver()?, call.value(0)?);
    let view = data.single("embed", 0)?;
    let path = writable_table(call, 1, &call.text(1)?)?;
    work::embed(call.host, &encoder, &data, view, &path)?;
    Ok(Dynamic::from(path.display().to_string()))
}

/// A path for a table: inside the working folder, with an ending that says its format.
fn writable_table(call: &Call<'_>, index: usize, path: &str) -> Result<std::path::PathBuf, Fault> {
    let path = call.host.writable(path).map_err(|fault| fault.argument(index))?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("parquet" | "csv" | "jsonl") => Ok(path),
        _ => Err(Fault::input(format!("`{}` does not say which kind of table to write", path.display()))
            .label("unknown ending")
            .help("end it with .parquet, .csv or .jsonl")
            .argument(index)),
    }
}
