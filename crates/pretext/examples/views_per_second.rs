//! Measures how many views a core makes a second: `cargo run --release -p foretask-pretext --example views_per_second`.
//! Words after `--` select lines that contain them all: `-- 224 simclr`.
//!
//! Time is the thread's own on-CPU time where the system tells it (Linux), and the best of several rounds, so that a busy
//! machine spoils little.

use std::error::Error;
use std::time::Instant;

use foretask_pretext::{Augment, Batch, ImageRef, Shape, SimClr, TASKS, Task};
use foretask_random::Key;

const SECONDS: f64 = 1.0;

/// Seconds of a round.
const ROUND: f64 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:44} {:>10} {:>12} {:>9}", "", "us a view", "views/s/core", "same img/s");
    for (name, width, height, shape) in [
        ("28x28 gray", 28, 28, Shape::new(1, 28, 28)),
        ("32x32 color", 32, 32, Shape::new(3, 32, 32)),
        ("500x375 color -> 224x224", 500, 375, Shape::new(3, 224, 224)),
    ] {
        let channels = shape.channels;
        let images: Vec<Vec<u8>> = (0..16).map(|i| scene(width, height, channels, i)).collect();
        let images: Vec<ImageRef<'_>> =
            images.iter().map(|data| ImageRef::new(data, width, height, channels)).collect::<Result<_, _>>()?;

        let simclr = |options: SimClr| Task::SimClr(options).resolve(shape).map(|resolved| resolved.task);
        let tasks = [
            ("simclr, defaults", simclr(SimClr::default())?),
            ("simclr, blur 0.5", simclr(SimClr { blur: Some(0.5), ..SimClr::default() })?),
            ("simclr, no blur", simclr(SimClr { blur: Some(0.0), ..SimClr::default() })?),
            (
                "simclr, crop and flip only",
                simclr(SimClr { views: Augment::none().crop([0.2, 1.0]).flip(0.5).into(), ..SimClr::default() })?,
            ),
        ];
        // All others with their defaults, where they suit the images.
        let others = TASKS.iter().filter(|info| info.name != "simclr").filter_map(|info| {
            let resolved = Task::by_name(info.name).and_then(|task| task.resolve(shape)).ok()?;
            Some((info.name, resolved.task))
        });
        for (what, task) in &tasks.into_iter().chain(others).collect::<Vec<_>>() {
            let mut batch = Batch::new(&task.layout(shape), images.len());
            let per_image = task.layout(shape).inputs_per_image();
            measure(&format!("{name}: {what}"), images.len() * per_image, per_image, |round| {
                for (i, (slot, image)) in batch.slots().into_iter().zip(&images).enumerate() {
                    task.generate(*image, Key::new(round).with(i as u64), shape, slot)?;
                }
                Ok(())
            })?;
        }
        let mut out = vec![0.0; shape.len()];
        for preset in ["weak", "strong", "none"] {
            let augment = Augment::preset(preset)?;
            measure(&format!("{name}: augment {preset}"), images.len(), 1, |round| {
                for (i, image) in images.iter().enumerate() {
                    augment.apply(*image, Key::new(round).with(i as u64), shape, &mut out)?;
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Runs `work` for a while; `views` are made by each call, `per_image` of one image.
fn measure(
    name: &str,
    views: usize,
    per_image: usize,
    mut work: impl FnMut(u64) -> foretask_pretext::Result<()>,
) -> Result<(), Box<dyn Error>> {
    if !std::env::args().skip(1).all(|word| name.contains(&word)) {
        return Ok(());
    }
    work(0)?;
    let wall = Instant::now();
    let (mut calls, mut best) = (1, f64::INFINITY);
    // On a busy machine a round may take long.
    let going = |best: f64, seconds: f64| seconds < SECONDS || (best.is_infinite() && seconds < 20.0 * SECONDS);
    while going(best, wall.elapsed().as_secs_f64()) {
        let (start, begin) = (busy(), Instant::now());
        for call in 0..calls {
            work(call)?;
        }
        let seconds = match (start, busy()) {
            (Some(start), Some(end)) => end - start,
            _ => begin.elapsed().as_secs_f64(),
        };
        if seconds < ROUND {
            calls *= 2;
        } else {
            best = best.min(seconds / calls as f64);
        }
    }
    let rate = views as f64 / best;
    println!("{name:44} {:>10.2} {rate:>12.0} {:>9.0}", 1e6 / rate, rate / per_image as f64);
    Ok(())
}

/// Seconds this thread has run.
fn busy() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds * 1e-9)
}

/// Blobs and noise: photographs have many levels, which matters to nothing here but branches.
fn scene(width: usize, height: usize, channels: usize, number: u64) -> Vec<u8> {
    let mut rng = Key::new(number).rng();
    let [fx, fy] = [0.02 + 0.1 * rng.uniform(), 0.02 + 0.1 * rng.uniform()];
    let mut pixels = Vec::with_capacity(width * height * channels);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels {
                let wave = (x as f32 * fx + channel as f32).sin() * (y as f32 * fy).cos();
                pixels.push((128.0 + 90.0 * wave + 37.0 * rng.uniform()) as u8);
            }
        }
    }
    pixels
}
