//! The health line: a few numbers that show whether learning is going well.

use serde::{Deserialize, Serialize};

/// One line of a stage's `metrics.jsonl`. Everything but `seconds` is a function of data, options and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthLine {
    /// Steps done.
    pub step: u64,
    /// Passes over the images.
    pub epoch: f64,
    /// Source images seen (each counted once, whatever number of views was made of it).
    pub images: u64,
    /// Mean loss since the last line.
    pub loss: f64,
    /// Mean global gradient norm (before clipping) since the last line.
    pub gradient_norm: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Diagnostics of the last step's batch.
    #[serde(flatten)]
    pub diagnostics: Diagnostics,
    /// Seconds of training until here, over all sittings.
    pub seconds: f64,
}

impl HealthLine {
    /// A line of a further round, counted on from the `last` line of the rounds before, so that all rounds are one curve.
    #[must_use]
    pub fn after(mut self, last: Option<&Self>) -> Self {
        if let Some(last) = last {
            self.step += last.step;
            self.epoch = nine_digits(self.epoch + last.epoch);
            self.images += last.images;
            self.seconds += last.seconds;
        }
        self
    }

    /// Every number at nine significant digits, so that it survives JSON exactly (and reads well); diagnostics that are no
    /// numbers are left out.
    pub(crate) fn rounded(mut self) -> Self {
        for number in [&mut self.epoch, &mut self.loss, &mut self.gradient_norm, &mut self.learning_rate] {
            *number = nine_digits(*number);
        }
        self.seconds = (self.seconds * 1e3).round() / 1e3;
        let diagnostics = &mut self.diagnostics;
        let Diagnostics { embedding_std, embedding_std_even, effective_rank, effective_rank_limit, metrics } =
            diagnostics;
        for gauge in [embedding_std, embedding_std_even, effective_rank, effective_rank_limit] {
            *gauge = gauge.filter(|number| number.is_finite()).map(nine_digits);
        }
        metrics.retain(|metric| metric.value.is_finite());
        for metric in metrics {
            metric.value = nine_digits(metric.value);
            if let Some(reference) = &mut metric.reference {
                reference.value = nine_digits(reference.value);
            }
        }
        self
    }
}

fn nine_digits(number: f64) -> f64 {
    format!("{number:.8e}").parse().unwrap_or(number)
}

/// What one batch shows of the representation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Standard deviation of the L2-normalized embeddings, mean over dimensions; near 0 when they collapse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_std: Option<f64>,
    /// What that is for embeddings spread evenly over the sphere: 1/sqrt(dimensions).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_std_even: Option<f64>,
    /// Effective rank (RankMe) of the encoder's features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_rank: Option<f64>,
    /// The highest that could be: the smaller of rows and dimensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_rank_limit: Option<f64>,
    /// The task's own numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
}

/// A number with what it must be compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What it is: "accuracy", "psnr", …
    pub name: String,
    /// Its value; accuracies as fractions, PSNR in decibel.
    pub value: f64,
    /// What a model that learned nothing would reach, and what that is called ("chance", "interpolated input").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

/// What a number must be compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: f64,
}

impl Metric {
    /// A number that stands alone.
    pub fn new(name: &str, value: f64) -> Self {
        Self { name: name.to_owned(), value, reference: None }
    }

    /// Beside what a model that learned nothing would reach.
    #[must_use]
    pub fn against(mut self, name: &str, value: f64) -> Self {
        self.reference = Some(Reference { name: name.to_owned(), value });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_rounds_are_counted_on() {
        let line = |step: u64, epoch: f64| HealthLine {
            step,
            epoch,
            images: 8 * step,
            loss: 0.5,
            gradient_norm: 1.0,
            learning_rate: 0.1,
            diagnostics: Diagnostics::default(),
            seconds: 2.0,
        };
        let last = line(12, 0.3);
        let next = line(6, 0.1).after(Some(&last));
        assert_eq!((next.step, next.epoch, next.images, next.seconds), (18, 0.4, 144, 4.0));
        assert_eq!(line(6, 0.1).after(None), line(6, 0.1));
    }

    #[test]
    fn a_rounded_line_survives_json_exactly() {
        for k in 1..500_u32 {
            let x = 1.0 / f64::from(k) + f64::from(k % 7).exp();
            let diagnostics = Diagnostics {
                effective_rank: Some(x * 1e3),
                embedding_std: Some(f64::NAN),
                metrics: vec![Metric::new("psnr", x).against("input", x.sqrt()), Metric::new("ssim", f64::INFINITY)],
                ..Diagnostics::default()
            };
            let line = HealthLine {
                step: k.into(),
                epoch: x / 9.0,
                images: 7,
                loss: x,
                gradient_norm: x * 1e-5,
                learning_rate: 1e-3 / x,
                diagnostics,
                seconds: x,
            };
            let line = line.rounded();
            assert_eq!((line.diagnostics.embedding_std, line.diagnostics.metrics.len()), (None, 1));
            let text = serde_json::to_string(&line).unwrap();
            assert_eq!(serde_json::from_str::<HealthLine>(&text).unwrap(), line, "{text}");
            assert!((line.loss / x - 1.0).abs() < 1e-8);
        }
    }
}
