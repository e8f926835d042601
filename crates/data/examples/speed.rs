//! How long the steps from a dataset on disk to pixels in memory take.
//!
//!     cargo run --release -p foretask-data --example speed -- datasets/fashion-mini

use std::time::Instant;

use foretask_data::{DataError, Images, LoadOptions, Manifest};

fn main() -> Result<(), DataError> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "datasets/fashion-mini".to_owned());
    // Twice: the second round finds the file in the system's cache and the threads started.
    for round in 1..=2 {
        println!("round {round}");
        let data = timed("open", || Manifest::open(&path))?;
        timed("classes", || data.classes())?;
        if !data.classes()?.is_empty() {
            timed("one labeled row per class", || data.labeled()?.per_class(1, 1)?.samples())?;
        }
        let samples = timed("samples of all rows", || data.samples())?;
        timed("fingerprint", || Ok(samples.fingerprint()))?;
        for threads in [1, 2] {
            let options = LoadOptions { threads, ..LoadOptions::default() };
            let images = timed(&format!("decode {} images, {threads} thread(s)", samples.len()), || {
                Images::load(&samples, &options)
            })?;
            timed("channel statistics", || Ok(images.channel_stats()))?;
        }
    }
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    let start = Instant::now();
    let result = work();
    println!("  {:>9.2} ms  {what}", start.elapsed().as_secs_f64() * 1000.0);
    result
}
