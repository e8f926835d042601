//! Images of a pack in random order and window by window, from a disk whose cache is cold:
//!
//!     cargo run --release -p foretask-data --example reading -- PACKED random|windows [MEMORY] [IMAGES]
//!
//! To make it cold without touching what others have in memory (Linux): `dd if=PACKED/images-00000.pack iflag=nocache count=0`
//! for each shard. MEMORY (such as "64m") is what images may take; IMAGES is how many of them are visited.

use std::time::{Duration, Instant};

use foretask_data::{DataError, Images, LoadOptions, Manifest, Windows, epoch_order, parse_bytes};

fn main() -> Result<(), DataError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [packed, how, rest @ ..] = arguments.as_slice() else {
        eprintln!("reading PACKED random|windows [MEMORY] [IMAGES]");
        return Ok(());
    };
    let cache_bytes = parse_bytes("memory", rest.first().map_or("64m", String::as_str))?;
    let start = Instant::now();
    let samples = Manifest::open(packed)?.samples()?;
    let images = Images::load(&samples, &LoadOptions { cache_bytes, ..LoadOptions::default() })?;
    println!("{} images known after {:.2} s", images.len(), start.elapsed().as_secs_f64());
    let most = rest.get(1).and_then(|n| n.parse().ok()).unwrap_or(usize::MAX).min(images.len());

    let (start, mut reading) = (Instant::now(), Duration::ZERO);
    let mut bytes = 0;
    match (how.as_str(), images.windows()) {
        ("windows", Some(windows)) => {
            let Windows { block, blocks } = windows;
            println!("windows of {blocks} blocks of {block} images");
            let order = windows.order(1, 0, images.len());
            let mut at = 0;
            for window in windows.of_epoch(1, 0, images.len()) {
                let begin = Instant::now();
                let ahead = images.read_ahead(&window);
                reading += begin.elapsed();
                for &i in &order[at..(at + ahead.len()).min(most)] {
                    bytes += images.get(i as usize)?.data.len();
                }
                at += ahead.len();
                if at >= most {
                    break;
                }
            }
        }
        ("windows", None) => println!("these images fit into the memory given: nothing to be measured"),
        _ => {
            for &i in &epoch_order(1, 0, images.len())[..most] {
                bytes += images.get(i as usize)?.data.len();
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{most} images, {} MB decoded, {seconds:.2} s on one thread, {:.0} images/s; {:.2} s of it reading ahead",
        bytes / 1_000_000,
        most as f64 / seconds,
        reading.as_secs_f64()
    );
    Ok(())
}
