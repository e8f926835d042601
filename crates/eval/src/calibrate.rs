//! Probabilities that mean what they say, from the few labels alone.

use foretask_models::Classifier;
use foretask_train::{HeldOut, LEAST_HELD_OUT};

use crate::{EvalError, fit_temperature_cautiously};

/// The classifier at the temperature that suits answers of its like for labeled images they had not learned from. With fewer
/// than [`LEAST_HELD_OUT`] such answers it stays as it is; `missing` says why there are none. The reason is kept with it. No
/// answer changes but its confidence.
///
/// # Errors
/// Answers for another number of classes.
pub fn calibrate(classifier: Classifier, held_out: Option<&HeldOut>, missing: &str) -> Result<Classifier, EvalError> {
    let classes = classifier.classes.len();
    let Some(answers) = held_out else {
        return Ok(classifier.with_temperature(1.0, format!("not calibrated: {missing}")));
    };
    if answers.len() < LEAST_HELD_OUT {
        let reason = format!(
            "not calibrated: {} labels can be held out, and fewer than {LEAST_HELD_OUT} say too little",
            answers.len()
        );
        return Ok(classifier.with_temperature(1.0, reason));
    }
    let temperature = fit_temperature_cautiously(&answers.logits, classes, &answers.labels)?;
    let reason = format!("least loss of {} held-out answers ({})", answers.len(), answers.how);
    Ok(classifier.with_temperature(temperature as f32, reason))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use foretask_models::{Arch, BackboneConfig, Encoder, InputSpec};

    use super::*;

    fn classifier() -> Classifier {
        let config = BackboneConfig::resnet(Arch::ResNet10, 2);
        let encoder = Encoder::random(&config, &InputSpec::centered(1, 8, 8), 0).unwrap();
        let classes: Arc<[String]> = ["a".to_owned(), "b".to_owned()].into();
        Classifier::new(encoder, vec![0.0; 2 * config.feature_dim()], vec![4.0, 0.0], classes).unwrap()
    }

    fn answers(labels: &[u32]) -> HeldOut {
        HeldOut {
            logits: [4.0, 0.0].repeat(labels.len()),
            labels: labels.to_vec(),
            how: "by hand".into(),
            ..HeldOut::default()
        }
    }

    #[test]
    fn enough_answers_set_the_temperature_and_few_do_not() {
        // 40 answers, 31 right: with caution 31/40 * 41/42 + 9/40 * 1/42 of the answers count as right.
        let labels: Vec<u32> = (0..40).map(|i| u32::from(i < 9)).collect();
        let found = calibrate(classifier(), Some(&answers(&labels)), "").unwrap();
        let right = (31.0 * 41.0 + 9.0) / (40.0 * 42.0);
        let expected = 4.0 / f64::ln(right / (1.0 - right));
        assert!((f64::from(found.temperature) - expected).abs() < 1e-3, "{} {expected}", found.temperature);
        assert!(found.calibration.unwrap().contains("40 held-out answers (by hand)"));

        let few = calibrate(classifier(), Some(&answers(&labels[..LEAST_HELD_OUT - 1])), "").unwrap();
        assert!(few.temperature == 1.0 && few.calibration.unwrap().contains("19 labels"));
        let none = calibrate(classifier(), None, "nobody asked").unwrap();
        assert!(none.temperature == 1.0 && none.calibration.unwrap() == "not calibrated: nobody asked");
    }
}
