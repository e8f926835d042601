//! A first look into a dataset: what is in it, and the pixels of a few labeled images.
//!
//!     cargo run --release -p foretask-data --example look -- datasets/fashion-mini

use foretask_data::{DataError, Images, LoadOptions, Manifest};

fn main() -> Result<(), DataError> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "datasets/fashion-mini".to_owned());
    let data = Manifest::open(&path)?;
    print!("{}", data.describe()?);
    if data.classes()?.is_empty() {
        return Ok(());
    }

    // Ten images of each class: the same ten on every machine, for ever.
    let few = data.labeled()?.per_class(10, 1)?;
    let images = Images::load(&few.samples()?, &LoadOptions::default())?;
    let stats = images.channel_stats();
    println!("{}: {} images, mean {:.3?}, sd {:.3?}", few.steps().join(" | "), images.len(), stats.mean, stats.std);

    let first = images.get(0)?;
    let bytes = first.data.bytes().unwrap_or_default();
    let class = images.label(0).map_or("none", |label| &images.classes()[label as usize]);
    println!("{}, class {class}, {}x{}", images.name(0), first.width, first.height);
    for row in bytes.chunks(first.width * first.channels).step_by(2) {
        let shades =
            row.iter().step_by(first.channels).map(|&value| [' ', '.', ':', 'o', '#'][usize::from(value) * 5 / 256]);
        println!("    {}", shades.collect::<String>());
    }
    Ok(())
}
