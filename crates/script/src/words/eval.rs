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
        about: "The file (.parquet, .csv, .jsonl by its ending) has a row per image: row, path, label, confidence, a probability per class \
                (p_NAME), and how far it is from the nearest labelled image in the features: distance (1 - cosine), nearest (that image), \
                unlike (farther than the labelled ones are from each other: unlike anything labelled, so believe no answer). \
                Probabilities are calibrated by one temperature, fitted to labels that were held out, from 20 labels on. Without a path \
                the result is an array of object maps #{ row, name, label, confidence, distance, unlike }. Of several label draws, \
                the first one's classifier answers.",
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
        about: "The file (.parquet, .csv, .jsonl by its ending) has a row per image: row, path, label, split, the manifest's further \
                columns, and the features: in Parquet one column `embedding` of fixed-size lists, in CSV a column for each number.",
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
            foretask_data::write_table(&path, &predictions.table())?;
            call.host.tell(crate::Progress::Wrote { what: "Predictions".into(), path: path.clone() });
        }
        return Ok(Dynamic::from(path.display().to_string()));
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
