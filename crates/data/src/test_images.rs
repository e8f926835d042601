//! Images that the tests draw themselves.

use std::{fs, io::Cursor, path::Path};

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};

/// A grey gradient that differs for each `seed`.
pub(crate) fn grey(width: u32, height: u32, seed: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([(x * 7 + y * 13 + seed * 29) as u8]))
}

/// A colored gradient that differs for each `seed`.
pub(crate) fn color(width: u32, height: u32, seed: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 9 + seed) as u8, (y * 11 + seed * 3) as u8, (x + y + seed * 7) as u8])
    })
}

pub(crate) fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn png(seed: u32) -> Vec<u8> {
    encode(grey(6, 5, seed), ImageFormat::Png)
}

pub(crate) fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A file made by another program; see `fixtures/README.md`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
}

/// A CSV of `rows` small images: classes `a`, `b`, `c` in turn, every fourth row `test`, the rest `train`, `size` the row.
pub(crate) fn dataset(folder: &Path, rows: u32) {
    let mut csv = String::from("path,label,split,size\n");
    for row in 0..rows {
        write(folder.join(format!("images/{row}.png")), png(row));
        let class = ["a", "b", "c"][row as usize % 3];
        let split = if row % 4 == 3 { "test" } else { "train" };
        csv.extend([format!("images/{row}.png,{class},{split},{row}\n")]);
    }
    write(folder.join("manifest.csv"), csv);
}
