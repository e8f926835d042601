//! What batch norms remember where a task shows something else than whole images.

use foretask_backend::host_tensor;
use foretask_models::{Backbone, First};

use super::*;
use crate::features::batch_size;
use crate::loader::Workers;
use crate::views::{EvaluationViews, ViewSource as _};

/// Of the first norm, what it remembers and what the first convolution gives on whole images: mean and unbiased variance of
/// each channel.
fn first_norm(task: &str) -> [Vec<(f64, f64)>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let encoder = Run::new(task, r#"{"steps": 3, "batch_size": 8}"#, folder.path()).run().unwrap().encoder;
    let device = foretask_backend::device("flex").unwrap();
    let images = pictures(20);
    assert!(batch_size(&encoder.input) >= images.len(), "one batch");
    let views = EvaluationViews::of(&encoder.input, &images, false, &device);
    let all: Vec<u32> = (0..images.len() as u32).collect();
    let x = views.arrive(views.make(&images, &all, &Workers::new(1)).unwrap());
    let Backbone::ResNet(net) = encoder.build(&device.plain()).unwrap() else { panic!("a residual network") };
    let First::Single(conv) = &net.conv1 else { panic!("one convolution") };
    let map = host_tensor(conv.forward(x));
    let [count, channels, height, width] = map.shape[..] else { panic!("four sides") };
    let measured = (0..channels).map(|channel| {
        let values = (0..count).flat_map(|image| {
            let first = (image * channels + channel) * height * width;
            map.data[first..first + height * width].iter().map(|value| f64::from(*value))
        });
        let values: Vec<f64> = values.collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64)
    });
    let remembered = |name: &str| encoder.state[&format!("bn1.{name}")].data.iter().map(|value| f64::from(*value));
    [remembered("running_mean").zip(remembered("running_var")).collect(), measured.collect()]
}

fn farthest([one, other]: [Vec<(f64, f64)>; 2]) -> f64 {
    let far = |((mean, variance), (mean2, variance2)): (&(f64, f64), &(f64, f64))| {
        ((mean - mean2).abs() / variance2.sqrt()).max((variance / variance2 - 1.0).abs())
    };
    one.iter().zip(&other).map(far).fold(0.0, f64::max)
}

#[test]
fn after_restoring_and_counting_norms_remember_images_as_they_are() {
    for task in ["super_resolution", "masked_pixels", "counting"] {
        let far = farthest(first_norm(task));
        assert!(far < 1e-4, "{task}: {far}");
    }
    // What turns images or compares views of them keeps what it saw.
    assert!(farthest(first_norm("rotation")) > 1e-2);
}
