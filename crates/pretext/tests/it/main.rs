//! Properties of the public interface: what holds for every task, image, size and thread count.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod any_image;
mod augment;
mod custom;
mod fill;
mod fill_auto;
mod options;
mod reference;
mod same_pixels;
mod sheet;
mod tasks;
mod threads;
mod tiles;
mod views;
mod watch;

use foretask_pretext::{Augment, Example, ExampleTarget, ImageRef, Resolved, Shape, TASKS, Task};
use foretask_random::Key;

/// A picture without symmetries.
fn picture(width: usize, height: usize, channels: usize, seed: u64) -> Vec<u8> {
    let mut rng = Key::new(seed).rng();
    let (fx, fy) = (0.1 + 0.3 * rng.uniform(), 0.1 + 0.3 * rng.uniform());
    let mut data = Vec::with_capacity(width * height * channels);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels {
                let wave = (x as f32 * fx + channel as f32).sin() + (y as f32 * fy).cos();
                data.push((120.0 + 50.0 * wave + 30.0 * rng.uniform()) as u8);
            }
        }
    }
    data
}

fn image(data: &[u8], width: usize, height: usize, channels: usize) -> ImageRef<'_> {
    ImageRef::new(data, width, height, channels).unwrap()
}

fn all_tasks() -> Vec<Task> {
    TASKS.iter().map(|info| Task::by_name(info.name).unwrap()).collect()
}

/// The evaluation view.
fn view(image: ImageRef<'_>, shape: Shape) -> Vec<f32> {
    let mut out = vec![-1.0; shape.len()];
    Augment::none().apply(image, Key::new(0), shape, &mut out).unwrap();
    out
}

/// Every task that works on inputs of `shape`, with its options filled.
fn resolved(shape: Shape) -> Vec<Resolved> {
    all_tasks().into_iter().filter_map(|task| task.resolve(shape).ok()).collect()
}

fn explain(task: &Task, data: &[u8], size: (usize, usize), shape: Shape, key: u64) -> Example {
    task.explain(image(data, size.0, size.1, shape.channels), Key::new(key), shape).unwrap()
}

fn target_of(example: &Example) -> &[f32] {
    match &example.target {
        ExampleTarget::Image(planes) => &planes.data,
        other => panic!("{other:?}"),
    }
}
