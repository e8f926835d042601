//! Medians of repeated measurements, and ratios.

use serde_json::{Value, json};

/// One run of a case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Source images within the window; 1 for a process measured from beginning to end.
    pub(crate) images: f64,
    pub(crate) seconds: f64,
    /// Of all threads and workers.
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_bytes: f64,
    /// The machine's load (one minute's mean) when the run began.
    pub(crate) load: f64,
    /// Floating-point operations of an image in the network, where its side tells them.
    pub(crate) flops_per_image: Option<f64>,
}

/// The medians of some runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) images_per_second: f64,
    pub(crate) images_per_core_second: f64,
    pub(crate) peak_bytes: f64,
    /// Cores that were kept busy: CPU seconds a second.
    pub(crate) cores: f64,
    /// Largest rate over smallest.
    pub(crate) spread: f64,
    pub(crate) runs: usize,
}

/// `None` of no run.
pub(crate) fn summary(samples: &[Sample]) -> Option<Summary> {
    let median_of = |value: &dyn Fn(&Sample) -> f64| median(samples.iter().map(value).collect());
    let rate = |sample: &Sample| sample.images / sample.seconds;
    let rates = || samples.iter().map(rate);
    Some(Summary {
        images_per_second: median_of(&rate)?,
        images_per_core_second: median_of(&|sample| sample.images / sample.cpu_seconds)?,
        peak_bytes: median_of(&|sample| sample.peak_bytes)?,
        cores: median_of(&|sample| sample.cpu_seconds / sample.seconds)?,
        spread: rates().fold(0.0, f64::max) / rates().fold(f64::INFINITY, f64::min),
        runs: samples.len(),
    })
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], upper) } else { upper })
}

impl Summary {
    /// Seconds of a process measured from beginning to end.
    pub(crate) fn seconds(&self) -> f64 {
        1.0 / self.images_per_second
    }

    pub(crate) fn to_json(self) -> Value {
        json!({
            "images_per_second": self.images_per_second,
            "images_per_core_second": self.images_per_core_second,
            "peak_bytes": self.peak_bytes,
            "cores": self.cores,
            "spread": self.spread,
            "runs": self.runs,
        })
    }
}

impl Sample {
    pub(crate) fn to_json(self) -> Value {
        json!({
            "images": self.images,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "peak_bytes": self.peak_bytes,
            "load": self.load,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(images: f64, seconds: f64, cpu_seconds: f64, peak_bytes: f64) -> Sample {
        Sample { images, seconds, cpu_seconds, peak_bytes, load: 0.0, flops_per_image: None }
    }

    #[test]
    fn every_figure_is_a_median_of_its_own() {
        // Rates 100, 50, 200; core rates 50, 100, 100; peaks 3, 1, 2.
        let samples = [sample(200.0, 2.0, 4.0, 3.0), sample(100.0, 2.0, 1.0, 1.0), sample(200.0, 1.0, 2.0, 2.0)];
        let found = summary(&samples).unwrap();
        assert_eq!((found.images_per_second, found.images_per_core_second, found.peak_bytes), (100.0, 100.0, 2.0));
        assert_eq!((found.cores, found.spread, found.runs), (2.0, 4.0, 3));
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn an_even_number_of_runs_has_its_median_in_the_middle() {
        assert_eq!(median(vec![4.0, 1.0, 2.0, 10.0]), Some(3.0));
        assert_eq!(median(vec![7.0]), Some(7.0));
        assert_eq!(median(Vec::new()), None);
        // A process of 0.25 s is 4 a second.
        assert_eq!(summary(&[sample(1.0, 0.25, 0.2, 1.0)]).unwrap().seconds(), 0.25);
    }
}
