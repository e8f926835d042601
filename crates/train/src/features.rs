//! What a frozen encoder says of images.

use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use foretask_backend::{catch, compute_alone, host_tensor};
use foretask_data::Images;
use foretask_models::{Backbone, Encoder, InputSpec};
use serde::{Deserialize, Serialize};

use crate::context::{Context, Event};
use crate::error::TrainError;
use crate::loader::Workers;
use crate::memory::require_to_evaluate;
use crate::reading::check_reading;
use crate::remembered::{Asked, Memory, remembered, whose};
use crate::views::{EvaluationViews, ViewSource};

/// A feature vector for each of many images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// `[rows, dim]`.
    pub data: Vec<f32>,
    /// Length of a vector.
    pub dim: usize,
    /// Row of the manifest of each image.
    pub rows: Vec<u64>,
}

impl Features {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The vector of image `i`.
    ///
    /// # Panics
    /// Where `i` is not below [`len`](Self::len).
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.dim..(i + 1) * self.dim]
    }

    /// The vectors of these images, in this order.
    ///
    /// # Panics
    /// Where a number is not below [`len`](Self::len).
    #[must_use]
    pub fn select(&self, indices: &[u32]) -> Self {
        let data = indices.iter().flat_map(|&i| self.row(i as usize).iter().copied()).collect();
        let rows = indices.iter().map(|&i| self.rows[i as usize]).collect();
        Self { data, dim: self.dim, rows }
    }
}

/// Pixels of one batch of the evaluation view: large enough to keep the cores busy, small enough for large images.
const BATCH_PIXELS: usize = 1 << 18;
/// Least time between two progress events.
const EVENT_EVERY: Duration = Duration::from_millis(100);

/// The features of every image, in their order: evaluation view (as the input's [`Fit`](foretask_models::Fit) says: the middle
/// cut out, or everything padded or stretched), running statistics of batch norm, no gradient graph. An image's features do not depend on which others are extracted with it.
///
/// # Errors
/// Images of another number of channels than the encoder takes; an image that cannot be read any more;
/// [`TrainError::Stopped`] on request: what was not kept in `cx.features` is done again.
pub fn extract_features(encoder: &Encoder, images: &Images, cx: &Context<'_>) -> Result<Features, TrainError> {
    extract(encoder, images, false, cx)
}

/// As [`extract_features`], of the mirror image (left and right exchanged) of every image.
///
/// # Errors
/// As [`extract_features`].
pub fn extract_mirrored_features(encoder: &Encoder, images: &Images, cx: &Context<'_>) -> Result<Features, TrainError> {
    extract(encoder, images, true, cx)
}

fn extract(encoder: &Encoder, images: &Images, mirrored: bool, cx: &Context<'_>) -> Result<Features, TrainError> {
    check_images(&encoder.input, images)?;
    if let Some((store, half)) = cx.features.and_then(|store| Some((store, store.wants(encoder, images.len())?))) {
        let now = |some: &Images, cx: &Context<'_>| Ok(extract_now(encoder, some, mirrored, cx)?.data);
        let name = |_: usize, hash: u64, hasher: &mut blake3::Hasher| {
            hasher.update(&hash.to_le_bytes());
        };
        let (whose, width) = (whose(encoder, mirrored, half), encoder.config.feature_dim());
        let data = remembered(Memory { store, half }, &Asked { whose, width, name: &name }, images, cx, now)?;
        let rows = (0..images.len()).map(|i| images.row(i)).collect();
        return Ok(Features { data, dim: encoder.config.feature_dim(), rows });
    }
    extract_now(encoder, images, mirrored, cx)
}

fn extract_now(encoder: &Encoder, images: &Images, mirrored: bool, cx: &Context<'_>) -> Result<Features, TrainError> {
    let InputSpec { channels, height, width, .. } = encoder.input;
    let needed = encoder.config.cost(channels, height, width).evaluation_bytes(batch_size(&encoder.input));
    require_to_evaluate(needed, (width, height), cx.device)?;
    let backbone = catch("building the encoder", || encoder.build(&cx.device.plain()))??;
    let views = EvaluationViews::of(&encoder.input, images, mirrored, cx.device);
    of_backbone(&backbone, encoder.config.feature_dim(), &views, images, cx)
}

/// As [`extract_features`], of a network that stands on the device already, without a graph.
pub(crate) fn features_of(
    backbone: &Backbone,
    dim: usize,
    input: &InputSpec,
    images: &Images,
    cx: &Context<'_>,
) -> Result<Features, TrainError> {
    of_backbone(backbone, dim, &EvaluationViews::of(input, images, false, cx.device), images, cx)
}

fn of_backbone(
    backbone: &Backbone,
    dim: usize,
    views: &EvaluationViews<'_>,
    images: &Images,
    cx: &Context<'_>,
) -> Result<Features, TrainError> {
    check_images(views.input, images)?;
    let rows = (0..images.len()).map(|i| images.row(i)).collect();
    let data = each_batch(views, images, cx, |x| catch("extracting features", || backbone.forward(x)))?;
    check_finite("features", &data, images)?;
    Ok(Features { data, dim, rows })
}

/// Images evaluated at once.
pub(crate) fn batch_size(input: &InputSpec) -> usize {
    (BATCH_PIXELS / input.height.saturating_mul(input.width).max(1)).clamp(8, 256)
}

/// Refuses rows, one an image, in which anything is no number: whatever is computed from them would look like an answer.
///
/// # Errors
/// [`TrainError::NoNumbers`] with the images' names.
pub fn check_finite(what: &'static str, rows: &[f32], images: &Images) -> Result<(), TrainError> {
    const NAMED: usize = 3;
    let width = (rows.len() / images.len().max(1)).max(1);
    let broken = |(i, row): (usize, &[f32])| row.iter().any(|value| !value.is_finite()).then_some(i);
    let broken: Vec<usize> = rows.chunks(width).enumerate().filter_map(broken).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let some = broken.iter().take(NAMED).map(|&i| images.name(i)).collect::<Vec<_>>().join(", ");
    let names = match broken.len().saturating_sub(NAMED) {
        0 => some,
        more => format!("{some} and {more} more of {} images", images.len()),
    };
    Err(TrainError::NoNumbers { what, names })
}

/// Runs `forward` on a view of every image, batch by batch, and strings its answers together.
pub(crate) fn each_batch(
    views: &impl ViewSource,
    images: &Images,
    cx: &Context<'_>,
    forward: impl Fn(Tensor<4>) -> Result<Tensor<2>, foretask_backend::BackendError>,
) -> Result<Vec<f32>, TrainError> {
    let batch = batch_size(views.input());
    let batches = images.len().div_ceil(batch);
    let begin = Instant::now();
    let mut told = begin;
    cx.emit(Event::Started {
        stage: "features".into(),
        name: "features".into(),
        first_step: 0,
        steps: batches as u64,
        images: images.len(),
    });
    let workers = Workers::new(cx.threads);
    let indices: Vec<u32> = (0..images.len() as u32).collect();
    let mut out = Vec::new();
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(1);
        scope.spawn(move || {
            compute_alone();
            for part in indices.chunks(batch) {
                let made = views.make(images, part, &workers);
                let failed = made.is_err();
                if sender.send(made).is_err() || failed {
                    return;
                }
            }
        });
        for done in 0..batches {
            let start = done * batch;
            let count = batch.min(images.len() - start);
            let made = receiver.recv().unwrap_or(Err(TrainError::NoMoreBatches))?;
            let x = catch("bringing a batch to the device", || views.arrive(made))?;
            out.extend(host_tensor(forward(x)?).data);
            if cx.interrupt.requested() {
                return Err(TrainError::Stopped);
            }
            if told.elapsed() >= EVENT_EVERY {
                told = Instant::now();
                let seconds = begin.elapsed().as_secs_f64();
                let seen = (start + count) as f64;
                cx.emit(Event::Step {
                    step: done as u64 + 1,
                    steps: batches as u64,
                    epoch: seen / images.len() as f64,
                    loss: f64::NAN,
                    learning_rate: 0.0,
                    images_per_second: seen / seconds,
                    data_wait: 0.0,
                    exchange: None,
                    remaining_seconds: seconds / seen * (images.len() as f64 - seen),
                });
            }
        }
        Ok(())
    })?;
    cx.emit(Event::Finished { seconds: begin.elapsed().as_secs_f64() });
    Ok(out)
}

/// Refuses images that an encoder cannot take.
pub(crate) fn check_images(input: &InputSpec, images: &Images) -> Result<(), TrainError> {
    if images.is_empty() || images.channels() == input.channels {
        return check_reading(input, images);
    }
    Err(TrainError::OtherImages(format!(
        "the network takes images of {} channel(s), but these have {}; open the dataset with channels: {}",
        input.channels,
        images.channels(),
        input.channels
    )))
}

#[cfg(test)]
mod tests {
    use foretask_models::{Arch, BackboneConfig, Stem};
    use foretask_pretext::Augment;
    use foretask_random::Key;

    use super::*;
    use crate::test_support::{Surroundings, stripes};
    use crate::views::{ViewSpec, on_device, views};

    #[test]
    fn features_do_not_depend_on_company_threads_or_batches() {
        let images = stripes(300, 2);
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
        let encoder = Encoder::random(&config, &InputSpec::centered(1, 12, 12), 3).unwrap();
        let around = Surroundings::new();
        let all = extract_features(&encoder, &images, &around.context(1)).unwrap();
        assert_eq!((all.len(), all.dim, all.data.len()), (300, 32, 300 * 32));
        assert_eq!(all, extract_features(&encoder, &images, &around.context(3)).unwrap());
        let some = [299, 0, 150];
        let alone = extract_features(&encoder, &images.select(&some), &around.context(2)).unwrap();
        assert_eq!(alone, all.select(&some));
    }

    #[test]
    fn mirrored_features_are_those_of_the_mirror_image() {
        let images = stripes(3, 2);
        let flipped = Augment::none().flip(1.0);
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
        let encoder = Encoder::random(&config, &InputSpec::centered(1, 12, 12), 3).unwrap();
        let around = Surroundings::new();
        let cx = around.context(1);
        let found = extract_mirrored_features(&encoder, &images, &cx).unwrap();
        let workers = Workers::new(1);
        let data = views(
            &images,
            &[0, 1, 2],
            ViewSpec { input: &encoder.input, augment: &flipped },
            |_| Key::new(0),
            &workers,
        )
        .unwrap();
        let x = on_device(data, &encoder.input, &cx.device.plain());
        let expected = host_tensor(encoder.build(&cx.device.plain()).unwrap().forward(x)).data;
        assert_eq!(found.data, expected);
        assert_ne!(found, extract_features(&encoder, &images, &cx).unwrap());
    }

    #[test]
    fn an_image_of_other_channels_is_refused_with_the_way_out() {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4);
        let encoder = Encoder::random(&config, &InputSpec::centered(3, 12, 12), 3).unwrap();
        let around = Surroundings::new();
        let message = extract_features(&encoder, &stripes(4, 2), &around.context(1)).unwrap_err().to_string();
        assert!(message.contains("channels: 3"), "{message}");
    }

    #[test]
    fn features_that_are_no_numbers_are_refused_with_the_images_names() {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
        let mut encoder = Encoder::random(&config, &InputSpec::centered(1, 12, 12), 3).unwrap();
        let state = std::sync::Arc::make_mut(&mut encoder.state);
        // Each weight is a number, and their sums are none.
        for name in ["weight", "bias"] {
            state.get_mut(&format!("layer4.0.bn2.{name}")).unwrap().data.fill(f32::MAX);
        }
        let around = Surroundings::new();
        let images = stripes(5, 2);
        let message = extract_features(&encoder, &images, &around.context(1)).unwrap_err().to_string();
        assert!(message.contains(&images.name(0)) && message.contains("2 more of 5 images"), "{message}");
        check_finite("answers", &[0.0, 1.0, f32::NAN, 2.0, 3.0], &images).unwrap_err();
        check_finite("answers", &[0.0; 10], &images).unwrap();
    }

    #[test]
    fn a_request_to_stop_is_obeyed() {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4);
        let encoder = Encoder::random(&config, &InputSpec::centered(1, 12, 12), 3).unwrap();
        let around = Surroundings::new();
        around.interrupt.request();
        let found = extract_features(&encoder, &stripes(4, 2), &around.context(1));
        assert!(matches!(found, Err(TrainError::Stopped)));
    }
}
