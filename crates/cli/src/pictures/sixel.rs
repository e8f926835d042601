//! Sixels (DEC's manual of the VT340, chapter 14): a palette, then bands of six rows, color by color.

use std::collections::HashMap;
use std::fmt::Write as _;

use color_quant::NeuQuant;
use foretask_experiment::preview::Picture;

use super::scale::pixel;

/// Colors that every such terminal has.
const COLORS: usize = 256;
/// Every so many pixels one is looked at to find the colors: the usual compromise.
const LOOKED_AT: i32 = 10;
/// Rows of a band.
const BAND: usize = 6;

/// Shows the picture pixel by pixel.
pub(super) fn show(picture: &Picture) -> String {
    let (palette, indices) = indexed(picture);
    // No pixel is left out, so the background does not matter; square pixels.
    let mut text = format!("\x1bP0;1;0q\"1;1;{};{}", picture.width, picture.height);
    for (number, color) in palette.iter().enumerate() {
        let [red, green, blue] = color.map(|value| (u32::from(value) * 100 + 127) / 255);
        let _ = write!(text, "#{number};2;{red};{green};{blue}");
    }
    for band in indices.chunks((picture.width * BAND).max(1)) {
        let mut first = true;
        for (color, columns) in by_color(band, picture.width) {
            if !first {
                text.push('$');
            }
            first = false;
            let _ = write!(text, "#{color}");
            run_lengths(&columns, &mut text);
        }
        text.push('-');
    }
    text.push_str("\x1b\\\n");
    text
}

/// For every color of a band, in order: which of the six rows of each column have it.
fn by_color(band: &[u8], width: usize) -> Vec<(u8, Vec<u8>)> {
    let mut place = [None; COLORS];
    let mut found: Vec<(u8, Vec<u8>)> = Vec::new();
    for (at, &color) in band.iter().enumerate() {
        let place = *place[usize::from(color)].get_or_insert_with(|| {
            found.push((color, vec![0; width]));
            found.len() - 1
        });
        found[place].1[at % width] |= 1 << (at / width);
    }
    found
}

/// Six bits are a letter from `?` on; more than three alike are counted.
fn run_lengths(columns: &[u8], text: &mut String) {
    let used = columns.iter().rposition(|bits| *bits != 0).map_or(0, |last| last + 1);
    for run in columns[..used].chunk_by(|a, b| a == b) {
        let letter = char::from(b'?' + run[0]);
        if run.len() > 3 {
            let _ = write!(text, "!{}{letter}", run.len());
        } else {
            text.extend(std::iter::repeat_n(letter, run.len()));
        }
    }
}

/// At most 256 colors, and for each pixel the number of its own: the exact one where there are so few, else the nearest.
fn indexed(picture: &Picture) -> (Vec<[u8; 3]>, Vec<u8>) {
    let mut numbers: HashMap<[u8; 3], u8> = HashMap::new();
    let mut palette: Vec<[u8; 3]> = Vec::new();
    let mut indices = Vec::with_capacity(picture.width * picture.height);
    let pixels = || (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| pixel(picture, x, y)));
    for color in pixels() {
        let known = numbers.get(&color).copied();
        let Some(number) = known.or_else(|| u8::try_from(palette.len()).ok()) else {
            return quantized(pixels());
        };
        if known.is_none() {
            numbers.insert(color, number);
            palette.push(color);
        }
        indices.push(number);
    }
    (palette, indices)
}

fn quantized(pixels: impl Iterator<Item = [u8; 3]>) -> (Vec<[u8; 3]>, Vec<u8>) {
    let pixels: Vec<[u8; 3]> = pixels.collect();
    let opaque: Vec<u8> = pixels.iter().flat_map(|&[red, green, blue]| [red, green, blue, 255]).collect();
    let network = NeuQuant::new(LOOKED_AT, COLORS, &opaque);
    let palette = network.color_map_rgb().chunks_exact(3).map(|color| [color[0], color[1], color[2]]).collect();
    let mut numbers: HashMap<[u8; 3], u8> = HashMap::new();
    let number = |&[red, green, blue]: &[u8; 3]| {
        *numbers
            .entry([red, green, blue])
            .or_insert_with(|| network.index_of(&[red, green, blue, 255]).min(COLORS - 1) as u8)
    };
    let indices = pixels.iter().map(number).collect();
    (palette, indices)
}

#[cfg(test)]
mod tests {
    use std::iter::Peekable;
    use std::str::Bytes;

    use super::*;

    fn number(bytes: &mut Peekable<Bytes<'_>>) -> u32 {
        let mut value = 0;
        while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
            value = value * 10 + u32::from(digit - b'0');
        }
        value
    }

    /// A reader of sixels, as plain as the manual: width, height and the color in percent of each pixel.
    fn read(text: &str) -> (usize, usize, Vec<[u32; 3]>) {
        let body = text.strip_prefix("\x1bP0;1;0q\"1;1;").unwrap().strip_suffix("\x1b\\\n").unwrap();
        let mut bytes = body.bytes().peekable();
        let width = number(&mut bytes) as usize;
        assert_eq!(bytes.next(), Some(b';'));
        let height = number(&mut bytes) as usize;
        let mut pixels = vec![[999; 3]; width * height];
        let mut palette = HashMap::new();
        let (mut color, mut x, mut top) = (0, 0, 0);
        while let Some(byte) = bytes.next() {
            match byte {
                b'#' => {
                    color = number(&mut bytes);
                    if bytes.next_if_eq(&b';').is_some() {
                        assert_eq!(number(&mut bytes), 2);
                        let percent = [(); 3].map(|()| {
                            assert_eq!(bytes.next(), Some(b';'));
                            number(&mut bytes)
                        });
                        palette.insert(color, percent);
                    }
                }
                b'$' => x = 0,
                b'-' => (x, top) = (0, top + BAND),
                first => {
                    let (count, letter) =
                        if first == b'!' { (number(&mut bytes), bytes.next().unwrap()) } else { (1, first) };
                    assert!((b'?'..=b'~').contains(&letter), "{letter}");
                    for _ in 0..count {
                        for row in (0..BAND).filter(|row| (letter - b'?') >> row & 1 == 1) {
                            pixels[(top + row) * width + x] = palette[&color];
                        }
                        x += 1;
                    }
                }
            }
        }
        (width, height, pixels)
    }

    fn picture(width: usize, height: usize, color: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
        let data = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
        Picture { width, height, data }
    }

    fn percent(color: [u8; 3]) -> [u32; 3] {
        color.map(|value| (f64::from(value) / 2.55).round() as u32)
    }

    #[test]
    fn few_colors_arrive_exactly() {
        // 13 rows: two bands and a third of one row.
        let color = |x: usize, y: usize| [(x * 13 % 5 * 60) as u8, (y * 20) as u8, if x > 9 { 255 } else { 0 }];
        let (width, height, pixels) = read(&show(&picture(20, 13, color)));
        assert_eq!((width, height), (20, 13));
        for (at, found) in pixels.iter().enumerate() {
            assert_eq!(*found, percent(color(at % 20, at / 20)), "pixel {at}");
        }
    }

    #[test]
    fn many_colors_are_brought_to_near_ones() {
        let color = |x: usize, y: usize| [(x * 4) as u8, (y * 4) as u8, ((x + y) * 2) as u8];
        let (width, _, pixels) = read(&show(&picture(64, 64, color)));
        let error: u32 = pixels
            .iter()
            .enumerate()
            .flat_map(|(at, found)| {
                let wanted = percent(color(at % width, at / width));
                found.iter().zip(wanted).map(|(a, b)| a.abs_diff(b)).collect::<Vec<_>>()
            })
            .sum();
        let mean = f64::from(error) / (pixels.len() * 3) as f64;
        assert!(mean < 4.0, "off by {mean} percent on average");
    }
}
