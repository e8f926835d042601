//! Folders of mutated pictures, in every format that is read.

use std::fs;
use std::io::Cursor;

use anyhow::{Context, Result};
use image::{DynamicImage, ImageFormat};

use super::case::{Case, Tried};
use super::mutate::mutated;
use super::verdict;
use super::workshop::Workshop;

/// Formats by their endings.
pub(super) const KINDS: &[&str] = &["png", "jpg", "webp", "bmp", "gif", "tiff", "ppm"];

/// Pictures of one case, all in one folder.
const PICTURES: u64 = 32;

pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    let mut rng = case.rng();
    let place = case.place()?;
    fs::create_dir_all(place.join("photos"))?;
    let whole = encoded(shop, case.kind)?;
    for number in 0..PICTURES {
        let bytes = &whole[rng.below(whole.len() as u64) as usize];
        // One in four is left as it is, so that there is something to go on with.
        let bytes = if number % 4 == 0 { bytes.clone() } else { mutated(bytes, &mut rng) };
        fs::write(place.join("photos").join(format!("{number}.{}", case.kind)), bytes)?;
    }
    let encoder = super::weights::encoder(shop)?;
    let encoder = encoder.to_string_lossy();
    let command: &[&str] = match rng.below(4) {
        0 => &["import", "photos", "-o", "photos.parquet"],
        1 => &["pack", "photos", "-o", "packed", "--max-side", "16"],
        2 => &["embed", &encoder, "photos", "-o", "features.csv"],
        _ => &["new", "photos", "-o", "first.rhai"],
    };
    let done = case.look(&mut shop.foretask(&place, command))?;
    verdict::orderly_about(&done, &["photos", verdict::BAD_ROWS])?;
    Ok(Tried::Held)
}

/// Some pictures in this format: color, gray, with an alpha channel, of 16 bits; those that the format has.
fn encoded(shop: &Workshop, ending: &str) -> Result<Vec<Vec<u8>>> {
    let path = shop.images().join("train/disc/0.png");
    let picture = image::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let format = ImageFormat::from_extension(ending).context("an unknown ending")?;
    let variants: [DynamicImage; 5] = [
        picture.to_rgb8().into(),
        picture.to_luma8().into(),
        picture.to_rgba8().into(),
        picture.to_luma16().into(),
        picture.to_rgb16().into(),
    ];
    let encode = |picture: DynamicImage| {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), format).ok()?;
        Some(bytes)
    };
    Ok(variants.into_iter().filter_map(encode).collect())
}
