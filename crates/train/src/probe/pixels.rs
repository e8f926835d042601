//! Logistic regression on raw pixels: what no network at all would reach.

use foretask_data::Images;
use foretask_models::{Fit, InputSpec};
use foretask_pretext::Augment;
use foretask_random::Key;
use serde::{Deserialize, Serialize};

use super::cross_validation::validated_probe;
use super::{LinearProbe, ProbeOptions, Standardization};
use crate::features::check_images;
use crate::loader::Workers;
use crate::reading::reading;
use crate::views::{ViewSpec, views};
use crate::{Features, TrainError, labels_of};

/// Longest side of the pictures a pixel probe looks at; larger ones are reduced. More pixels than this add weights, not
/// knowledge.
const MOST_PIXELS_A_SIDE: usize = 32;

/// A linear classifier on pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PixelProbe {
    /// What it looks at; mean 0 and deviation 1, since the standardization is folded into the probe.
    pub input: InputSpec,
    /// On pixels in 0..1, planar.
    pub probe: LinearProbe,
    /// Names of the classes, in the order of the outputs.
    pub classes: Vec<String>,
}

impl PixelProbe {
    /// The pixels it looks at, for every image.
    ///
    /// # Errors
    /// Images of another number of channels; an image that cannot be read any more.
    pub fn features(&self, images: &Images, threads: usize) -> Result<Features, TrainError> {
        pixel_features(images, &self.input, threads)
    }
}

/// Fits logistic regression to the raw pixels of labeled images. All pixels are divided by one common deviation: scaling
/// each by its own would blow up those that hardly vary (measured on Fashion-MNIST at 1, 5 and 10 labels a class: 42, 63
/// and 70 % against 36, 55 and 69 %). The penalty that suits pixels differs up to 300-fold from that of learned features
/// and is therefore chosen by cross-validation on these images, unless given.
///
/// # Errors
/// As [`linear_probe`](crate::linear_probe); an image without a label.
pub fn pixel_probe(images: &Images, options: &ProbeOptions, threads: usize) -> Result<PixelProbe, TrainError> {
    let labels = labels_of(images)?;
    let (width, height) = images.size(0);
    let longest = width.max(height).max(1);
    let reduced = |side: usize| {
        if longest <= MOST_PIXELS_A_SIDE { side } else { (side * MOST_PIXELS_A_SIDE).div_ceil(longest) }
    };
    let channels = images.channels();
    let input = InputSpec {
        channels,
        height: reduced(height),
        width: reduced(width),
        mean: vec![0.0; channels],
        std: vec![1.0; channels],
        fit: Fit::Crop,
        reading: reading(images),
    };
    let features = pixel_features(images, &input, threads)?;
    let statistics = Standardization::common_scale(&features.data, features.dim);
    let classes = images.classes();
    let probe = validated_probe(&features, &labels, classes.len(), &statistics, options)?;
    Ok(PixelProbe { input, probe, classes: classes.to_vec() })
}

/// The pixels of every image as `input` wants them, planar.
///
/// # Errors
/// Images of another number of channels; an image that cannot be read any more.
pub fn pixel_features(images: &Images, input: &InputSpec, threads: usize) -> Result<Features, TrainError> {
    check_images(input, images)?;
    let indices: Vec<u32> = (0..images.len() as u32).collect();
    let spec = ViewSpec { input, augment: &Augment::none() };
    let data = views(images, &indices, spec, |_| Key::new(0), &Workers::new(threads))?;
    Ok(Features { data, dim: input.len(), rows: (0..images.len()).map(|i| images.row(i)).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::stripes;

    #[test]
    fn stripes_are_told_apart_by_their_pixels() {
        let images = stripes(40, 2);
        let probe = pixel_probe(&images, &ProbeOptions::default(), 2).unwrap();
        assert!(probe.probe.reason.contains("cross-validation"), "{}", probe.probe.reason);
        assert_eq!((probe.input.height, probe.input.width), (12, 12));
        let answers = probe.probe.probabilities(&probe.features(&images, 1).unwrap().data);
        for (i, row) in answers.chunks_exact(2).enumerate() {
            assert_eq!(crate::largest(row), i % 2);
        }
        assert_eq!(probe, pixel_probe(&images, &ProbeOptions::default(), 1).unwrap());
    }

    #[test]
    fn a_request_to_stop_is_obeyed_with_and_without_cross_validation() {
        let images = stripes(40, 2);
        let asked = crate::Interrupt::new();
        let given = ProbeOptions { strength: Some(0.5), ..ProbeOptions::default() };
        for options in [ProbeOptions::default(), given] {
            assert!(asked.obeyed(|| pixel_probe(&images, &options, 1)).is_ok());
            let stopped = crate::Interrupt::new();
            stopped.request();
            let found = stopped.obeyed(|| pixel_probe(&images, &options, 1));
            assert!(matches!(found, Err(TrainError::Stopped)), "{found:?}");
        }
    }

    #[test]
    fn a_single_label_a_class_does_without_cross_validation() {
        let probe = pixel_probe(&stripes(2, 2), &ProbeOptions::default(), 1).unwrap();
        assert!(probe.probe.reason.contains("too few"), "{}", probe.probe.reason);
        let given = ProbeOptions { strength: Some(0.5), ..ProbeOptions::default() };
        assert_eq!(pixel_probe(&stripes(9, 2), &given, 1).unwrap().probe.strength, 0.5);
    }
}
