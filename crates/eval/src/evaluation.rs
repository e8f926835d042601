//! How well a classifier does on images whose labels are known.

use serde::{Deserialize, Serialize};

use crate::EvalError;

/// One image's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Position among the images that were asked about.
    pub index: u32,
    /// Row of the manifest.
    pub row: u64,
    /// Its path, or "row 17".
    pub name: String,
    /// The true class; none where it is not known.
    pub label: Option<u32>,
    /// The most probable class.
    pub predicted: u32,
    /// A probability per class.
    pub probabilities: Vec<f32>,
}

impl Prediction {
    /// Whether the answer is right; none where the truth is not known.
    pub fn correct(&self) -> Option<bool> {
        self.label.map(|label| label == self.predicted)
    }

    /// The probability of the class it answers.
    pub fn confidence(&self) -> f32 {
        self.probabilities.get(self.predicted as usize).copied().unwrap_or(0.0)
    }
}

/// What is measured of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// Its name.
    pub name: String,
    /// Images of this class.
    pub count: u64,
    /// Of these, recognized.
    pub correct: u64,
    /// Images taken for this class.
    pub predicted: u64,
    /// `correct / count`, the accuracy within the class; none where it has no image.
    pub recall: Option<f64>,
    /// `correct / predicted`; none where nothing was taken for it.
    pub precision: Option<f64>,
}

/// The showing of a classifier on labeled images. All shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Share of the labeled images answered rightly.
    pub accuracy: f64,
    /// 95 % interval of the accuracy by the number of test images alone (Wilson 1927); draws of labels vary more.
    pub interval: (f64, f64),
    /// Mean of the classes' recalls: every class counts alike, however rare.
    pub balanced_accuracy: f64,
    /// Labeled images.
    pub count: u64,
    /// Of these, answered rightly.
    pub correct: u64,
    /// Images without a label: predicted, not counted.
    pub unlabeled: u64,
    /// What blind guessing reaches: 1 / classes.
    pub chance: f64,
    /// What always answering the most frequent class reaches.
    pub majority: f64,
    /// That class.
    pub majority_class: String,
    /// Mean of -ln(probability of the true class).
    pub log_loss: f64,
    /// Expected calibration error over 15 bins of confidence (Guo et al. 2017).
    pub calibration_error: f64,
    /// In the order of the classifier's classes.
    pub per_class: Vec<ClassScore>,
    /// `confusion[true][predicted]`.
    pub confusion: Vec<Vec<u64>>,
    /// Of every image, in their order.
    pub predictions: Vec<Prediction>,
}

impl Evaluation {
    /// Class names in the order of the numbers in labels, predictions and confusion.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.per_class.iter().map(|class| class.name.as_str())
    }
}

/// Counts up predictions. A label that lies outside `classes` cannot occur; predictions without a label are kept aside.
///
/// # Errors
/// [`EvalError::Input`] where no prediction has a label.
pub fn score(predictions: Vec<Prediction>, classes: &[String]) -> Result<Evaluation, EvalError> {
    let k = classes.len();
    let mut confusion = vec![vec![0_u64; k]; k];
    let mut log_loss = 0.0;
    let mut bins = [(0_u64, 0.0_f64, 0_u64); BINS];
    for prediction in &predictions {
        let Some(label) = prediction.label else { continue };
        if label as usize >= k || prediction.predicted as usize >= k || prediction.probabilities.len() != k {
            return Err(EvalError::Input(format!(
                "the prediction for {} does not fit the {k} classes of the classifier",
                prediction.name
            )));
        }
        confusion[label as usize][prediction.predicted as usize] += 1;
        // A probability of 0 would make the mean infinite by one image: the smallest f32 stands in.
        log_loss -= f64::from(prediction.probabilities[label as usize].max(f32::MIN_POSITIVE)).ln();
        let confidence = f64::from(prediction.confidence());
        let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += 1;
        bin.1 += confidence;
        bin.2 += u64::from(label == prediction.predicted);
    }
    let counts: Vec<u64> = confusion.iter().map(|row| row.iter().sum()).collect();
    let count: u64 = counts.iter().sum();
    if count == 0 {
        return Err(EvalError::Input(
            "none of the images has a label, so there is nothing to compare the answers with; use predict for images \
             without labels"
                .into(),
        ));
    }
    let correct: u64 = (0..k).map(|c| confusion[c][c]).sum();
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let per_class: Vec<ClassScore> = (0..k)
        .map(|c| {
            let predicted = confusion.iter().map(|row| row[c]).sum();
            ClassScore {
                name: classes[c].clone(),
                count: counts[c],
                correct: confusion[c][c],
                predicted,
                recall: share(confusion[c][c], counts[c]),
                precision: share(confusion[c][c], predicted),
            }
        })
        .collect();
    let recalls: Vec<f64> = per_class.iter().filter_map(|class| class.recall).collect();
    let most = (0..k).max_by_key(|&c| (counts[c], std::cmp::Reverse(c))).unwrap_or(0);
    let n = count as f64;
    let calibration_error =
        bins.iter().map(|(_, confidence, right)| (confidence - *right as f64).abs()).sum::<f64>() / n;
    Ok(Evaluation {
        accuracy: correct as f64 / n,
        interval: wilson(correct as f64 / n, count),
        balanced_accuracy: recalls.iter().sum::<f64>() / recalls.len() as f64,
        count,
        correct,
        unlabeled: predictions.len() as u64 - count,
        chance: 1.0 / k as f64,
        majority: counts[most] as f64 / n,
        majority_class: classes[most].clone(),
        log_loss: log_loss / n,
        calibration_error,
        per_class,
        confusion,
        predictions,
    })
}

const BINS: usize = 15;

/// The images answered wrongly with the most confidence, first the worst; at most `count`. Among equals in their order.
pub fn worst_mistakes(evaluation: &Evaluation, count: usize) -> Vec<&Prediction> {
    let mut wrong: Vec<&Prediction> = evaluation.predictions.iter().filter(|p| p.correct() == Some(false)).collect();
    wrong.sort_by(|a, b| b.confidence().total_cmp(&a.confidence()).then(a.index.cmp(&b.index)));
    wrong.truncate(count);
    wrong
}

/// The 95 % interval of a `share` seen among `count` (Wilson 1927). For a mean over several draws of labels measured on the
/// same images, `count` is the number of images: measuring them again tells nothing new of other images.
pub fn wilson(share: f64, count: u64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (count as f64, share);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(index: u32, label: Option<u32>, probabilities: &[f32]) -> Prediction {
        let best = probabilities.iter().copied().fold(0.0, f32::max);
        let predicted = probabilities.iter().position(|p| *p == best).unwrap() as u32;
        let name = format!("row {index}");
        Prediction { index, row: index.into(), name, label, predicted, probabilities: probabilities.to_vec() }
    }

    fn five() -> Evaluation {
        let classes = ["cat", "dog", "owl"].map(String::from);
        let predictions = vec![
            prediction(0, Some(0), &[0.7, 0.2, 0.1]),
            prediction(1, Some(0), &[0.1, 0.9, 0.0]),
            prediction(2, Some(0), &[0.5, 0.4, 0.1]),
            prediction(3, Some(1), &[0.55, 0.45, 0.0]),
            prediction(4, None, &[0.0, 0.0, 1.0]),
        ];
        score(predictions, &classes).unwrap()
    }

    #[test]
    fn counts_by_hand() {
        let found = five();
        assert_eq!((found.count, found.correct, found.unlabeled), (4, 2, 1));
        assert_eq!(found.accuracy, 0.5);
        assert_eq!(found.confusion, [[2, 1, 0], [1, 0, 0], [0, 0, 0]]);
        assert_eq!((found.majority, found.majority_class.as_str()), (0.75, "cat"));
        assert!((found.chance - 1.0 / 3.0).abs() < 1e-15);
        assert!((found.balanced_accuracy - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((found.per_class[2].recall, found.per_class[2].precision), (None, None));
        assert_eq!(found.per_class[0].precision, Some(2.0 / 3.0));
        let expected = -(0.7_f64.ln() + 0.1_f64.ln() + 0.5_f64.ln() + 0.45_f64.ln()) / 4.0;
        assert!((found.log_loss - expected).abs() < 1e-6);
        // Bins: 0.7 right; 0.9 wrong; 0.5 right alone; 0.55 wrong: (0.3 + 0.9 + 0.5 + 0.55) / 4.
        assert!((found.calibration_error - 2.25 / 4.0).abs() < 1e-6, "{}", found.calibration_error);
        assert_eq!(found.classes().collect::<Vec<_>>(), ["cat", "dog", "owl"]);
    }

    #[test]
    fn the_most_confident_mistake_comes_first() {
        let found = five();
        let order: Vec<u32> = worst_mistakes(&found, 10).iter().map(|p| p.index).collect();
        assert_eq!(order, [1, 3]);
        assert_eq!(worst_mistakes(&found, 1).len(), 1);
    }

    #[test]
    fn wilson_interval_of_a_published_case() {
        // 81 of 263 (Newcombe 1998, table I, method 3): 0.2553 to 0.3662.
        let (low, high) = wilson(81.0 / 263.0, 263);
        assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4, "{low} {high}");
    }

    #[test]
    fn without_labels_there_is_nothing_to_score() {
        let message = score(vec![prediction(0, None, &[1.0])], &["a".to_owned()]).unwrap_err().to_string();
        assert!(message.contains("predict"), "{message}");
    }
}
