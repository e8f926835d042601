//! Draws a picture in code, lets every pretext task make labels of it, and writes a contact sheet for each.
//!
//! `cargo run --release -p foretask-pretext --example sheets -- FOLDER` writes `FOLDER/rotation.png` and so on; without
//! a folder it writes to the current one.

use std::error::Error;
use std::path::PathBuf;

use foretask_pretext::{ImageRef, Shape, SheetStyle, TASKS, Task, contact_sheet};
use foretask_random::Key;

const SIDE: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let houses: Vec<Vec<u8>> = (0..3).map(house).collect();
    for info in TASKS {
        let resolved = Task::by_name(info.name)?.resolve(Shape::new(3, SIDE, SIDE))?;
        println!("{}: {}", info.name, info.summary);
        for note in &resolved.notes {
            println!("  {} = {} ({})", note.name, note.value, note.reason);
        }
        let mut examples = Vec::new();
        for (i, pixels) in houses.iter().enumerate() {
            let image = ImageRef::new(pixels, SIDE, SIDE, 3)?;
            let key = Key::new(1).with(0).with(i as u64); // seed, epoch, sample
            examples.push(resolved.task.explain(image, key, resolved.shape)?);
        }
        let style = SheetStyle { title: format!("{}: {}", info.name, info.summary), ..SheetStyle::default() };
        let file = folder.join(format!("{}.png", info.name));
        std::fs::write(&file, contact_sheet(&examples, &style).to_png()?)?;
        println!("  -> {}", file.display());
    }
    Ok(())
}

/// A house in a meadow under a sky; each has other colors and a door somewhere else.
fn house(number: usize) -> Vec<u8> {
    let walls = [[200, 60, 50], [230, 200, 120], [120, 140, 200]][number % 3];
    let door = 13 + 4 * number;
    let mut pixels = Vec::with_capacity(SIDE * SIDE * 3);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let roof = (8..18).contains(&y) && x.abs_diff(SIDE / 2) <= y - 6;
            let wall = (18..32).contains(&y) && x.abs_diff(SIDE / 2) < 10;
            let opening = wall && y > 23 && (door..door + 4).contains(&x);
            let sun = x.abs_diff(33).pow(2) + y.abs_diff(6).pow(2) <= 9;
            pixels.extend_from_slice(&match (roof, opening, wall, sun) {
                (true, ..) => [120, 50, 40],
                (_, true, ..) => [60, 40, 30],
                (_, _, true, _) => walls,
                (_, _, _, true) => [255, 230, 90],
                _ if y >= 30 => [70, 150 + (x * 7 % 30) as u8, 60],
                _ => [150, 190, 235 - y as u8],
            });
        }
    }
    pixels
}
