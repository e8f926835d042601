//! How long the neighbors of all rows take, how much memory, and how many of them are the true ones.
//!
//!     cargo run --release -p foretask-eval --example neighbors -- --rows 1000000 --groups 100
//!     cargo run --release -p foretask-eval --example neighbors -- --file features.f32 --dim 128
//!
//! Rows are drawn from a mixture of Gaussians, each wide in a few directions of its own and hardly in the others, as features of
//! images are; or read from a file of numbers as numpy's `astype("<f4").tofile(…)` writes it.

use std::collections::HashMap;
use std::time::Instant;

use foretask_backend::{peak_memory_bytes, threads, tune_memory, tune_threads};
use foretask_eval::{Chooser, EXACT_ROWS, Neighbor, nearest};
use foretask_random::Key;
use foretask_train::Features;
use rayon::prelude::*;

/// Neighbors of a row, beside itself.
const NEIGHBORS: usize = 15;
/// Rows whose true neighbors are found: few enough for [`nearest`] to hold them against all of a million rows.
const ASKED: usize = 2000;
/// Directions in which a Gaussian is wide.
const WIDE: usize = 24;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tune_memory();
    tune_threads();
    let mut given: HashMap<String, String> = HashMap::new();
    let mut words = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        given.insert(name, value);
    }
    let number = |name: &str, default: usize| given.get(name).map_or(Ok(default), |text| text.parse());
    let dim = number("--dim", 128)?;
    let features = match given.get("--file") {
        Some(path) => read(path, dim)?,
        None => timed("rows made", || Ok(mixture(number("--rows", 200_000)?, dim, number("--groups", 1000)?)))?,
    };
    let how = if features.len() > EXACT_ROWS { "in cells" } else { "exactly" };
    println!("{} rows of {dim} numbers, {} threads, sought {how}", features.len(), threads());
    let found = timed("neighbors of all", || Ok(nearest(&features, &features, NEIGHBORS + 1)?))?;
    let some: Vec<u32> = evenly(features.len());
    let truth = timed("true neighbors of some", || Ok(nearest(&features, &features.select(&some), NEIGHBORS + 1)?))?;
    let hits = |(&row, truth): (&u32, &Vec<Neighbor>)| {
        let others = |list: &[Neighbor]| -> Vec<u32> {
            list.iter().map(|near| near.index).filter(|index| *index != row).take(NEIGHBORS).collect()
        };
        let found = others(&found[row as usize]);
        others(truth).into_iter().filter(|index| found.contains(index)).count()
    };
    let hits: usize = some.iter().zip(&truth).map(hits).sum();
    let recall = hits as f64 / (some.len() * NEIGHBORS) as f64;
    println!("recall@{NEIGHBORS} {recall:.4} of {} rows", some.len());
    drop((found, truth));
    timed("graph of all", || Ok(Chooser::new(&features, NEIGHBORS)?))?;
    println!("{:.2} GB at most", peak_memory_bytes() as f64 / 1e9);
    Ok(())
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn timed<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let begin = Instant::now();
    let made = work()?;
    println!("{:>8.1} s  {what}", begin.elapsed().as_secs_f64());
    Ok(made)
}

fn evenly(rows: usize) -> Vec<u32> {
    let count = rows.min(ASKED);
    (0..count).map(|at| (at * rows / count) as u32).collect()
}

fn read(path: &str, dim: usize) -> Outcome<Features> {
    let bytes = std::fs::read(path)?;
    let data: Vec<f32> =
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect();
    if dim == 0 || data.is_empty() || !data.len().is_multiple_of(dim) {
        return Err(format!("{path} holds {} numbers, which are no rows of {dim}", data.len()).into());
    }
    let rows = (0..(data.len() / dim) as u64).collect();
    Ok(Features { data, dim, rows })
}

/// `rows` around `groups` centers, each with directions of its own, the first the widest.
fn mixture(rows: usize, dim: usize, groups: usize) -> Features {
    let draw = |name: &str, place: usize, count: usize| {
        let mut rng = Key::new(0).named(name).with(place as u64).rng();
        (0..count).map(|_| rng.normal()).collect::<Vec<f32>>()
    };
    let shapes: Vec<Vec<f32>> = (0..groups).map(|group| draw("group", group, (1 + WIDE) * dim)).collect();
    let mut data = vec![0.0; rows * dim];
    data.par_chunks_mut(dim).enumerate().for_each(|(row, out)| {
        let shape = &shapes[(Key::new(1).with(row as u64).value() % groups as u64) as usize];
        let along = draw("row", row, WIDE + dim);
        for (axis, value) in out.iter_mut().enumerate() {
            *value = shape[axis] + 0.1 * along[WIDE + axis];
        }
        for (wide, direction) in shape[dim..].chunks_exact(dim).enumerate() {
            let far = along[wide] / (1.0 + wide as f32).sqrt();
            out.iter_mut().zip(direction).for_each(|(value, part)| *value += far * part);
        }
    });
    Features { data, dim, rows: (0..rows as u64).collect() }
}
