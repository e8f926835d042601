//! A color dataset drawn on the spot, for scripts whose own is not on every machine.

use std::path::PathBuf;
use std::sync::LazyLock;

use anyhow::{Context, Result};
use image::{Rgb, RgbImage};

use crate::run::root;

const SIDE: u32 = 32;
/// A shape of each color is a class.
const CLASSES: [(&str, [u8; 3]); 3] = [("disc", [220, 40, 40]), ("square", [40, 160, 60]), ("stripes", [40, 60, 210])];
/// Pictures of each class.
const SPLITS: [(&str, u32); 2] = [("train", 24), ("test", 8)];

/// The folder with them, drawn once: scripts read it while others begin.
pub(crate) fn folder() -> Result<PathBuf> {
    static DRAWN: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| drawn().map_err(|error| format!("{error:#}")));
    DRAWN.clone().map_err(anyhow::Error::msg)
}

fn drawn() -> Result<PathBuf> {
    let folder = root().join("target/ci-data/color");
    for (split, count) in SPLITS {
        for (class, color) in CLASSES {
            let pictures = folder.join(split).join(class);
            std::fs::create_dir_all(&pictures).with_context(|| format!("cannot make {}", pictures.display()))?;
            for number in 0..count {
                let path = pictures.join(format!("{number}.png"));
                draw(class, color, number).save(&path).with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
    }
    Ok(folder)
}

/// One shape, of another size, place and shade for every number.
fn draw(class: &str, color: [u8; 3], number: u32) -> RgbImage {
    let (size, left, top) = (6 + number % 7, 8 + number * 5 % 11, 8 + number * 3 % 11);
    let shade = |color: u8| color.saturating_add((number * 9 % 35) as u8);
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (across, down) = (x.abs_diff(left + 6), y.abs_diff(top + 6));
        let inside = match class {
            "disc" => across * across + down * down <= size * size,
            "square" => across <= size && down <= size,
            _ => across <= size && down <= size && y % 4 < 2,
        };
        if inside { Rgb(color.map(shade)) } else { Rgb([235, 230, 215]) }
    })
}
