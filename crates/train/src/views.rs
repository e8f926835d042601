//! Views of images as inputs of a network, on the host and on the device.

use burn::tensor::{Device, Tensor};
use foretask_backend::{upload, upload_bytes};
use foretask_data::{Depth, Images};
use foretask_models::InputSpec;
use foretask_pretext::{Augment, ImageRef, Shape};
use foretask_random::Key;

use crate::error::TrainError;
use crate::fit::fitted;
use crate::loader::Workers;
use crate::reading::image_ref;

/// Where the views of images come from, a batch at a time.
pub(crate) trait ViewSource: Sync {
    /// A batch of them on the host.
    type Made: Send;

    /// What the network that sees them takes.
    fn input(&self) -> &InputSpec;

    /// The views of the images `part`.
    fn make(&self, images: &Images, part: &[u32], workers: &Workers) -> Result<Self::Made, TrainError>;

    /// Normalized on the device: `[count, channels, height, width]`.
    fn arrive(&self, made: Self::Made) -> Tensor<4>;
}

/// How evaluation views come onto the device.
pub(crate) struct EvaluationViews<'a> {
    pub(crate) input: &'a InputSpec,
    mirrored: bool,
    /// Images that fit the input travel as bytes and are normalized there, by the host's own operations.
    bytes: bool,
    device: Device,
}

/// A batch of evaluation views on the host.
pub(crate) enum Views {
    /// Interleaved, as images have them.
    Bytes(Vec<u8>),
    /// Planar and normalized.
    Floats(Vec<f32>),
}

impl<'a> EvaluationViews<'a> {
    /// Bytes pay where they have a way to go.
    pub(crate) fn of(input: &'a InputSpec, images: &Images, mirrored: bool, place: &foretask_backend::Device) -> Self {
        let fits = images.depth() == Depth::Bytes && images.uniform_size() == Some((input.width, input.height));
        let bytes = place.is_gpu() && fits;
        Self { input, mirrored, bytes, device: place.plain() }
    }
}

impl ViewSource for EvaluationViews<'_> {
    type Made = Views;

    fn input(&self) -> &InputSpec {
        self.input
    }

    fn make(&self, images: &Images, part: &[u32], workers: &Workers) -> Result<Views, TrainError> {
        if !self.bytes {
            let spec = ViewSpec { input: self.input, augment: &Augment::none() };
            let mut data = views(images, part, spec, |_| Key::new(0), workers)?;
            if self.mirrored {
                data.chunks_exact_mut(self.input.width.max(1)).for_each(<[f32]>::reverse);
            }
            return Ok(Views::Floats(data));
        }
        let mut data = vec![0; part.len() * self.input.len()];
        let slots = data.chunks_exact_mut(self.input.len().max(1)).zip(part).collect();
        workers.each(slots, |(slot, &index): (&mut [u8], &u32)| {
            let pixels = images.get(index as usize)?;
            match pixels.data.bytes().filter(|data| data.len() == slot.len()) {
                Some(data) => slot.copy_from_slice(data),
                None => {
                    return Err(TrainError::Labels(format!(
                        "{}: not of the input's size",
                        images.name(index as usize)
                    )));
                }
            }
            Ok(())
        })?;
        Ok(Views::Bytes(data))
    }

    fn arrive(&self, made: Views) -> Tensor<4> {
        let InputSpec { channels, height, width, .. } = *self.input;
        let bytes = match made {
            Views::Floats(data) => return on_device(data, self.input, &self.device),
            Views::Bytes(bytes) => bytes,
        };
        let count = bytes.len() / self.input.len().max(1);
        let x = upload_bytes(bytes, [count, height, width, channels], &self.device).permute([0, 3, 1, 2]);
        let x = if self.mirrored { x.flip([3]) } else { x };
        let column = |values: Vec<f32>| upload(values, [1, channels, 1, 1], &self.device);
        let scale = self.input.std.iter().map(|std| 1.0 / std.max(1e-6)).collect();
        x.div_scalar(255.0).sub(column(self.input.mean.clone())).mul(column(scale))
    }
}

/// Normalized planar images on the device, without gradient graph.
pub(crate) fn on_device(data: Vec<f32>, input: &InputSpec, device: &Device) -> Tensor<4> {
    let count = data.len() / input.len().max(1);
    upload(data, [count, input.channels, input.height, input.width], device)
}

/// What views of images are like.
#[derive(Clone, Copy)]
pub(crate) struct ViewSpec<'a> {
    /// Their shape and normalization.
    pub(crate) input: &'a InputSpec,
    pub(crate) augment: &'a Augment,
}

/// Views of the images `indices`, planar and normalized as `spec.input` says, strung together. `key` names the randomness of
/// the view of an image by its position in `images`.
pub(crate) fn views(
    images: &Images,
    indices: &[u32],
    spec: ViewSpec<'_>,
    key: impl Fn(u32) -> Key + Sync,
    workers: &Workers,
) -> Result<Vec<f32>, TrainError> {
    let ViewSpec { input, augment } = spec;
    let shape = Shape::new(input.channels, input.height, input.width);
    let mut data = vec![0.0; indices.len() * shape.len()];
    let slots = data.chunks_exact_mut(shape.len().max(1)).zip(indices).collect();
    workers.each(slots, |(slot, &index): (&mut [f32], &u32)| {
        let pixels = images.get(index as usize)?;
        let image = image_ref(&pixels)?;
        let fitted = fitted(image, input);
        let image = fitted.as_ref().map_or(image, |fitted| ImageRef {
            data: fitted.values(),
            width: input.width,
            height: input.height,
            ..image
        });
        augment.apply(image, key(index), shape, slot)?;
        input.normalize(slot);
        Ok(())
    })?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use foretask_backend::host_tensor;

    use super::*;
    use crate::test_support::stripes;

    #[test]
    fn bytes_normalized_on_device_are_the_same_inputs_to_the_bit() {
        let names: &[&str] = if cfg!(feature = "libtorch") { &["flex", "libtorch"] } else { &["flex"] };
        let images = stripes(9, 2);
        let input = InputSpec { mean: vec![0.41], std: vec![0.27], ..InputSpec::centered(1, 12, 12) };
        for name in names {
            let device = foretask_backend::device(name).unwrap();
            for mirrored in [false, true] {
                // There is no way to go on a CPU.
                assert!(!EvaluationViews::of(&input, &images, mirrored, &device).bytes);
                let [a, b] = [false, true].map(|bytes| {
                    let views = EvaluationViews { input: &input, mirrored, bytes, device: device.plain() };
                    let made = views.make(&images, &[8, 0, 3], &Workers::new(1)).unwrap();
                    host_tensor(views.arrive(made))
                });
                assert_eq!(a.shape, [3, 1, 12, 12]);
                assert_eq!(a, b, "{name}");
            }
        }
    }
}
