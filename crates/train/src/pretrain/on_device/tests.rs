//! Views made on the device against those of the host.

use foretask_backend::host_tensor;
use foretask_pretext::{Batch, ImageRef, Task};
use foretask_random::Key;
use serde_json::{Value, json};

use super::*;

/// Half a byte, as far as views are sent in bytes.
const HALF: f32 = 0.5 / 255.0;

fn devices() -> Vec<ImageSlot> {
    let names: &[&str] = if cfg!(feature = "libtorch") { &["flex", "libtorch"] } else { &["flex"] };
    names.iter().map(|name| foretask_backend::device(name).unwrap().plain()).collect()
}

/// Waves and noise in every channel.
fn picture(number: u64, (width, height): (usize, usize), channels: usize) -> Vec<u8> {
    let mut rng = Key::new(5).with(number).rng();
    let waves: Vec<[f32; 3]> =
        (0..channels).map(|_| [rng.range(0.05, 0.6), rng.range(0.05, 0.6), rng.range(0.0, 6.0)]).collect();
    let pixels = (0..width * height).map(|i| ((i % width) as f32, (i / width) as f32));
    let colors = pixels.flat_map(|(x, y)| waves.iter().map(move |[a, b, c]| (a * x + b * y + c).sin()));
    colors.map(|wave| (128.0 + 90.0 * wave + rng.range(-35.0, 35.0)) as u8).collect()
}

/// The largest and the mean distance between views of the host and of the device.
fn distances(task: &Resolved, sizes: &[(usize, usize)], whole: bool, device: &ImageSlot) -> (f32, f32) {
    let same = sizes.iter().all(|size| *size == sizes[0]).then_some(sizes[0]);
    let maker = OnDevice::new(task, same).unwrap();
    assert_eq!(maker.whole, same.filter(|_| whole));
    let mut batch = Batch::new(&task.task.layout(task.shape), sizes.len());
    let mut sources = maker.sources(sizes.len());
    let slots = batch.slots().into_iter().zip(sources.slots()).zip(sizes);
    for (i, ((host, ours), &size)) in slots.enumerate() {
        let data = picture(i as u64, size, task.shape.channels);
        let image = ImageRef::new(&data, size.0, size.1, task.shape.channels).unwrap();
        let key = Key::new(9).with(i as u64);
        task.task.generate(image, key, task.shape, host).unwrap();
        maker.fill(image, key, ours).unwrap();
    }
    let made = maker.make(sources, device);
    assert_eq!(made.len(), batch.inputs.len());
    let (mut most, mut sum, mut count) = (0.0_f32, 0.0, 0);
    for ((x, per_image), host) in made.into_iter().zip(&batch.inputs) {
        let shape = host.shape;
        assert_eq!(
            (x.dims(), per_image),
            ([sizes.len() * per_image, shape.channels, shape.height, shape.width], host.per_image)
        );
        for (a, b) in host_tensor(x).data.iter().zip(&host.data) {
            assert!((0.0..=1.0).contains(a), "{a}");
            most = most.max((a - b).abs());
            sum += f64::from((a - b).abs());
            count += 1;
        }
    }
    (most, (sum / f64::from(count)) as f32)
}

fn task(name: &str, options: Value, shape: Shape) -> Resolved {
    Task::from_options(name, options).unwrap().resolve(shape).unwrap()
}

#[test]
fn views_are_those_of_the_host_up_to_rounding() {
    for device in devices() {
        for (name, options) in [
            ("simclr", json!({})),
            ("simclr", json!({"blur": 0.7})),
            ("byol", json!({})),
            ("dino", json!({"views": {"local": 3}})),
            ("simclr", json!({"views": {"preset": "weak", "fill": "edge", "vertical_flip": 0.5}})),
            ("simclr", json!({"views": {"preset": "none"}})),
        ] {
            for (shape, size) in [
                (Shape::new(1, 28, 28), (28, 28)),
                (Shape::new(3, 32, 32), (32, 32)),
                (Shape::new(3, 30, 21), (47, 33)),
                (Shape::new(3, 72, 72), (60, 90)),
                (Shape::new(1, 16, 16), (9, 11)),
            ] {
                let task = task(name, options.clone(), shape);
                let (most, mean) = distances(&task, &[size; 24], true, &device);
                assert!(most < 2e-4 && mean < 2e-6, "{name} {options} {shape:?} {size:?}: {most} {mean}");
            }
        }
    }
}

#[test]
fn images_of_different_sizes_are_cut_out_by_the_host() {
    for device in devices() {
        let sizes: Vec<(usize, usize)> = (0..24).map(|i| (30 + i * 7 % 40, 90 - 2 * i)).collect();
        for (name, gain) in [("simclr", 8.0), ("byol", 6.0), ("dino", 6.0)] {
            for shape in [Shape::new(3, 32, 32), Shape::new(1, 24, 36), Shape::new(3, 80, 80)] {
                // Brightness, contrast and saturation may each nearly double what was rounded.
                let (most, mean) = distances(&task(name, json!({}), shape), &sizes, false, &device);
                assert!(most < gain * HALF && mean < HALF, "{name} {shape:?}: {most} {mean}");
            }
        }
    }
}

#[test]
fn large_images_are_cut_out_by_the_host_even_where_all_are_alike() {
    let device = &devices()[0];
    let (most, mean) = distances(&task("simclr", json!({}), Shape::new(3, 16, 16)), &[(64, 48); 6], false, device);
    assert!(most < 8.0 * HALF && mean < HALF, "{most} {mean}");
}

#[test]
fn the_rare_operations_are_those_of_the_host_too() {
    let views = json!({"views": {
        "pad": 4, "fill": "zero", "posterize": 0.5, "bits": 3, "solarize": 0.5, "cutout": 0.6, "hue": 0.5, "jitter_p": 1.0,
        "sigma": [0.3, 9.0], "blur": 0.6, "preset": "simclr",
    }});
    for device in devices() {
        for shape in [Shape::new(3, 32, 32), Shape::new(3, 20, 44)] {
            let (most, mean) = distances(&task("simclr", views.clone(), shape), &[(32, 32); 24], true, &device);
            // Where rounding carries a value over the border of a level, it lands a whole level off.
            assert!(most < 0.15 && mean < 1e-4, "{shape:?}: {most} {mean}");
        }
    }
}

#[test]
fn what_a_device_cannot_do_stays_with_the_host() {
    let shape = Shape::new(3, 32, 32);
    let can = |name, options| OnDevice::new(&task(name, options, shape), Some((32, 32))).is_some();
    assert!(can("moco", json!({})));
    assert!(!can("rotation", json!({})));
    assert!(!can("simclr", json!({"views": {"rotate": 10}})));
    assert!(!can("simclr", json!({"views": {"second": {"equalize": 0.1}}})));
    assert!(!can("simclr", json!({"views": {"local": 2, "local_view": {"rotate": 5}}})));
    assert!(can("simclr", json!({"views": {"local": 0, "local_view": {"rotate": 5}}})));
    assert!(!can("simclr", json!({"views": {"channel_drop": 0.1}})));
    // Of other channels each changes by itself.
    let of_two = task("simclr", json!({}), Shape::new(2, 32, 32));
    assert!(OnDevice::new(&of_two, Some((32, 32))).is_none());
}

#[test]
fn an_image_of_another_size_than_announced_is_an_error() {
    let task = task("simclr", json!({}), Shape::new(1, 8, 8));
    let maker = OnDevice::new(&task, Some((8, 8))).unwrap();
    let data = [0; 63];
    let image = ImageRef::new(&data, 9, 7, 1).unwrap();
    let mut sources = maker.sources(1);
    assert!(maker.fill(image, Key::new(1), sources.slots().remove(0)).is_err());
}
