//! Asking a classifier.

use foretask_data::{Column, Images, Table};
use foretask_models::{Classifier, Familiar};
use foretask_train::{Context, Features, LinearProbe, PixelProbe, check_finite, extract_features};

use crate::{EvalError, Evaluation, KnnOptions, Nearness, Prediction, knn, nearness, score};

/// The classifier's answer for every image, labeled or not; probabilities at the classifier's temperature. Labels of the
/// images are matched to the classifier's classes by name; an image of a class that the classifier does not know keeps no
/// label here (see [`evaluate`], which refuses it).
///
/// # Errors
/// Images of another number of channels, images that cannot be read any more, interruption.
pub fn predict(classifier: &Classifier, images: &Images, cx: &Context<'_>) -> Result<Vec<Prediction>, EvalError> {
    let features = extract_features(&classifier.encoder, images, cx)?;
    predict_features(classifier, images, &features)
}

/// As [`predict`], from features that were extracted before with the classifier's own encoder.
///
/// # Errors
/// Answers that are no numbers.
///
/// # Panics
/// Where `features` are of other images than `images`.
pub fn predict_features(
    classifier: &Classifier,
    images: &Images,
    features: &Features,
) -> Result<Vec<Prediction>, EvalError> {
    let head = LinearProbe::of(&classifier.weight, &classifier.bias);
    let mut logits = head.logits(&features.data);
    check_finite("answers", &logits, images)?;
    let found = answers(softmax(&logits, classifier.classes.len()), images, &classifier.classes);
    if classifier.temperature == 1.0 {
        return Ok(found);
    }
    let scale = 1.0 / classifier.temperature;
    for logit in &mut logits {
        *logit *= scale;
    }
    let calibrated = answers(softmax(&logits, classifier.classes.len()), images, &classifier.classes);
    // Which class it is was settled before: where two are nearly equal, rounding must not decide otherwise.
    Ok(found.into_iter().zip(calibrated).map(|(raw, new)| Prediction { predicted: raw.predicted, ..new }).collect())
}

/// As [`predict`], and how far each image is from the nearest labeled one, where the classifier knows any.
///
/// # Errors
/// As [`predict`].
pub fn predict_with_nearness(
    classifier: &Classifier,
    images: &Images,
    cx: &Context<'_>,
) -> Result<(Vec<Prediction>, Option<Vec<Nearness>>), EvalError> {
    let features = extract_features(&classifier.encoder, images, cx)?;
    let known = classifier.familiar.as_ref().filter(|known| !known.is_empty());
    let near = known.map(|known| nearness(known, &features)).transpose()?;
    Ok((predict_features(classifier, images, &features)?, near))
}

/// Rows of logits as probabilities.
fn softmax(logits: &[f32], classes: usize) -> Vec<f32> {
    let mut out = logits.to_vec();
    for row in out.chunks_exact_mut(classes.max(1)) {
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|v| f64::from(v - most).exp()).sum();
        for v in row.iter_mut() {
            *v = (f64::from(*v - most).exp() / sum) as f32;
        }
    }
    out
}

/// Accuracy and all that belongs to it, on the labeled ones of `images`.
///
/// # Errors
/// As [`predict`]; also where no image has a label, or a labeled image is of a class that the classifier does not know.
pub fn evaluate(classifier: &Classifier, images: &Images, cx: &Context<'_>) -> Result<Evaluation, EvalError> {
    check_classes(&classifier.classes, images)?;
    score(predict(classifier, images, cx)?, &classifier.classes)
}

/// [`evaluate`] for a classifier on raw pixels.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_pixels(probe: &PixelProbe, images: &Images, threads: usize) -> Result<Evaluation, EvalError> {
    check_classes(&probe.classes, images)?;
    let features = probe.features(images, threads)?;
    score(answers(probe.probe.probabilities(&features.data), images, &probe.classes), &probe.classes)
}

/// Features of labeled images.
#[derive(Clone, Copy, Debug)]
pub struct LabeledFeatures<'a> {
    /// A row for each image.
    pub features: &'a Features,
    /// The class of each image.
    pub labels: &'a [u32],
    /// The names that the labels count.
    pub classes: &'a [String],
}

/// [`evaluate`] for the vote of the nearest labeled images, those of `bank`. `queries` are features of `images` by the same
/// encoder.
///
/// # Errors
/// As [`evaluate`] and [`knn`].
pub fn evaluate_knn(
    bank: &LabeledFeatures<'_>,
    queries: &Features,
    images: &Images,
    options: &KnnOptions,
) -> Result<Evaluation, EvalError> {
    let LabeledFeatures { features, labels, classes } = *bank;
    check_classes(classes, images)?;
    score(answers(knn(features, labels, classes.len(), queries, options)?, images, classes), classes)
}

/// Puts probabilities, `[images, classes]`, beside the names of the images and their labels, as the images count them: the
/// classes must be the same and in the same order.
pub fn predictions(images: &Images, probabilities: Vec<f32>, classes: usize) -> Vec<Prediction> {
    let rows = probabilities.chunks_exact(classes.max(1)).enumerate();
    rows.map(|(i, row)| {
        // The first among equals.
        let best = (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best });
        Prediction {
            index: i as u32,
            row: images.row(i),
            name: images.name(i),
            label: images.label(i),
            predicted: best as u32,
            probabilities: row.to_vec(),
        }
    })
    .collect()
}

/// As [`predictions`], with labels numbered as in `classes`; none for a class that is not among them.
fn answers(probabilities: Vec<f32>, images: &Images, classes: &[String]) -> Vec<Prediction> {
    let number = |name: &String| classes.iter().position(|class| class == name).map(|place| place as u32);
    let renumbered: Vec<Option<u32>> = images.classes().iter().map(number).collect();
    let mut found = predictions(images, probabilities, classes.len());
    for prediction in &mut found {
        prediction.label = prediction.label.and_then(|label| renumbered[label as usize]);
    }
    found
}

/// Refuses images of a class that can never be answered.
fn check_classes(classes: &[String], images: &Images) -> Result<(), EvalError> {
    for i in 0..images.len() {
        let Some(label) = images.label(i) else { continue };
        let name = &images.classes()[label as usize];
        if !classes.contains(name) {
            return Err(EvalError::Input(format!(
                "{} is of class \"{name}\", which the classifier has never seen; its classes are {}",
                images.name(i),
                classes.join(", ")
            )));
        }
    }
    Ok(())
}

/// Predictions as a table: `index`, `row`, `path`, `label` (the answer), `confidence`, `p_<class>` for every class, and
/// `truth` where any image has a label.
pub fn predictions_table(predictions: &[Prediction], classes: &[String]) -> Table {
    let class = |number: u32| classes.get(number as usize).cloned().unwrap_or_default();
    let answers = predictions.iter();
    let mut table = Table::new()
        .with("index", Column::U64(answers.clone().map(|p| u64::from(p.index)).collect()))
        .with("row", Column::U64(answers.clone().map(|p| p.row).collect()))
        .with("path", Column::Text(answers.clone().map(|p| p.name.clone()).collect()))
        .with("label", Column::Text(answers.clone().map(|p| class(p.predicted)).collect()))
        .with("confidence", Column::F32(answers.clone().map(Prediction::confidence).collect()));
    for (number, name) in classes.iter().enumerate() {
        let values = answers.clone().map(|p| p.probabilities.get(number).copied().unwrap_or(f32::NAN)).collect();
        table = table.with(format!("p_{name}"), Column::F32(values));
    }
    if answers.clone().any(|p| p.label.is_some()) {
        table = table.with("truth", Column::OptionalText(answers.map(|p| p.label.map(class)).collect()));
    }
    table
}

/// A table of predictions with how far each image is from what was labeled: `distance` (1 - cosine) to the `nearest` labeled
/// image, named as the manifest names it, and `unlike`, whether that is too far (see [`familiar`](crate::familiar)); the
/// last only where there is a threshold.
pub fn with_nearness(table: Table, known: &Familiar, near: &[Nearness]) -> Table {
    let names = near.iter().map(|n| known.names.get(n.nearest as usize).cloned().unwrap_or_default()).collect();
    let table = table
        .with("distance", Column::F32(near.iter().map(|n| n.distance).collect()))
        .with("nearest", Column::Text(names));
    match near.iter().map(|n| n.unlike).collect::<Option<Vec<bool>>>() {
        Some(unlike) => table.with("unlike", Column::Bool(unlike.into_iter().map(Some).collect())),
        None => table,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use foretask_data::{LoadOptions, Samples, Source, write_table};
    use foretask_models::{Arch, BackboneConfig, Encoder, InputSpec};
    use foretask_train::{CHECKPOINT_EVERY, Interrupt};

    use super::*;

    /// Images of 8x8 pixels of one brightness each.
    fn images(brightness: &[u8], labels: &[Option<u32>], classes: &[&str]) -> Images {
        let source = |&value: &u8| {
            let mut bytes = b"P5\n8 8\n255\n".to_vec();
            bytes.extend([value; 64]);
            Source::Bytes { bytes: bytes.as_slice().into(), name: None }
        };
        let samples = Samples {
            rows: (100..100 + brightness.len() as u64).collect(),
            labels: labels.to_vec(),
            classes: names(classes),
            sources: brightness.iter().map(source).collect(),
        };
        Images::load(&samples, &LoadOptions::default()).unwrap()
    }

    fn names(classes: &[&str]) -> Arc<[String]> {
        classes.iter().map(ToString::to_string).collect()
    }

    /// Answers "a" whatever it sees, with logits (2, 0).
    fn always_a() -> Classifier {
        let config = BackboneConfig::resnet(Arch::ResNet10, 2);
        let encoder = Encoder::random(&config, &InputSpec::centered(1, 8, 8), 0).unwrap();
        let weight = vec![0.0; 2 * config.feature_dim()];
        Classifier::new(encoder, weight, vec![2.0, 0.0], names(&["a", "b"])).unwrap()
    }

    fn with_context<T>(run: impl FnOnce(&Context<'_>) -> T) -> T {
        let device = foretask_backend::device("flex").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (events, interrupt) = (|_| (), Interrupt::new());
        run(&Context {
            device: &device,
            folder: folder.path(),
            events: &events,
            interrupt: &interrupt,
            threads: 1,
            features: None,
            checkpoint_every: CHECKPOINT_EVERY,
        })
    }

    #[test]
    fn classes_are_matched_by_name_and_the_temperature_counts() {
        // The images' table counts b as 0 and a as 1.
        let seen = images(&[0, 90, 255], &[Some(1), Some(0), None], &["b", "a"]);
        let mut classifier = always_a();
        let found = with_context(|cx| evaluate(&classifier, &seen, cx)).unwrap();
        assert_eq!((found.count, found.correct, found.unlabeled), (2, 1, 1));
        assert_eq!(found.confusion, [[1, 0], [1, 0]]);
        let certain = f64::from(found.predictions[0].confidence());
        assert!((certain - 1.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-6);
        classifier.temperature = 4.0;
        let softer = with_context(|cx| predict(&classifier, &seen, cx)).unwrap();
        assert!((f64::from(softer[0].confidence()) - 1.0 / (1.0 + (-0.5_f64).exp())).abs() < 1e-6);
        assert_eq!((softer[2].row, softer[2].name.as_str(), softer[2].label), (102, "row 102", None));
    }

    #[test]
    fn an_answer_that_is_no_number_is_refused() {
        let mut classifier = always_a();
        // Each weight is a number; their sum is none.
        classifier.weight.fill(f32::MAX);
        classifier.encoder.input.mean = vec![-10.0];
        let seen = images(&[255], &[None], &["a", "b"]);
        let message = with_context(|cx| predict(&classifier, &seen, cx)).unwrap_err().to_string();
        assert!(message.contains("answers that are not finite") && message.contains("row 100"), "{message}");
    }

    #[test]
    fn a_class_never_seen_is_refused_by_name() {
        let seen = images(&[0], &[Some(0)], &["owl"]);
        let message = with_context(|cx| evaluate(&always_a(), &seen, cx)).unwrap_err().to_string();
        assert!(message.contains("\"owl\"") && message.contains("a, b"), "{message}");
        assert_eq!(with_context(|cx| predict(&always_a(), &seen, cx)).unwrap()[0].label, None);
    }

    #[test]
    fn the_table_has_a_column_a_class_and_the_truth_where_known() {
        let seen = images(&[0, 90], &[Some(1), None], &["b", "a"]);
        let classifier = always_a();
        let found = with_context(|cx| predict(&classifier, &seen, cx)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        write_table(&path, &predictions_table(&found, &classifier.classes)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!((&first["row"], &first["label"], &first["truth"]), (&100.into(), &"a".into(), &"a".into()));
        assert!((first["p_a"].as_f64().unwrap() + first["p_b"].as_f64().unwrap() - 1.0).abs() < 1e-6);
        let second: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
        assert!(second["truth"].is_null());
    }

    #[test]
    fn pixels_and_neighbors_are_evaluated_alike() {
        let few = images(&[0, 10, 240, 250], &[Some(0), Some(0), Some(1), Some(1)], &["dark", "light"]);
        let test = images(&[5, 245, 30], &[Some(0), Some(1), Some(1)], &["dark", "light"]);
        let probe = foretask_train::pixel_probe(&few, &foretask_train::ProbeOptions::default(), 1).unwrap();
        assert_eq!(evaluate_pixels(&probe, &test, 1).unwrap().correct, 2);
        let (bank, queries) = (probe.features(&few, 1).unwrap(), probe.features(&test, 1).unwrap());
        // Seen from the middle of the gray scale, dark and light lie in opposite directions.
        let centered =
            |features: Features| Features { data: features.data.iter().map(|v| v - 0.5).collect(), ..features };
        let options = KnnOptions { k: 2, ..KnnOptions::default() };
        let (bank, queries) = (centered(bank), centered(queries));
        let bank = LabeledFeatures { features: &bank, labels: &[0, 0, 1, 1], classes: few.classes() };
        let found = evaluate_knn(&bank, &queries, &test, &options).unwrap();
        assert_eq!(found.correct, 2);
    }
}
