//! Letters of 5x7 pixels, drawn in `font.txt` where they can be read: six bands of up to sixteen, from space to `~`.

use std::sync::OnceLock;

/// Width of a letter without the gap after it.
pub(super) const WIDTH: usize = 5;
/// Height of a letter.
pub(super) const HEIGHT: usize = 7;

const DRAWN: &str = include_str!("font.txt");
const BAND: usize = 16;
const FIRST: u32 = ' ' as u32;
const COUNT: usize = 95;

type Glyph = [[bool; WIDTH]; HEIGHT];

/// The letter's pixels; a box for what is not ASCII.
pub(super) fn glyph(letter: char) -> Glyph {
    static GLYPHS: OnceLock<Vec<Glyph>> = OnceLock::new();
    let glyphs = GLYPHS.get_or_init(read);
    let index = (letter as u32).wrapping_sub(FIRST) as usize;
    glyphs.get(index).copied().unwrap_or_else(|| {
        let mut unknown = [[false; WIDTH]; HEIGHT];
        for (y, row) in unknown.iter_mut().enumerate() {
            for (x, dot) in row.iter_mut().enumerate() {
                *dot = x == 0 || x == WIDTH - 1 || y == 0 || y == HEIGHT - 1;
            }
        }
        unknown
    })
}

fn read() -> Vec<Glyph> {
    let mut glyphs = vec![[[false; WIDTH]; HEIGHT]; COUNT];
    let rows = DRAWN.lines().filter(|line| !line.is_empty());
    for (i, line) in rows.enumerate() {
        let (band, y) = (i / HEIGHT, i % HEIGHT);
        for (column, dots) in line.split(' ').enumerate() {
            let Some(glyph) = glyphs.get_mut(band * BAND + column) else { continue };
            for (dot, ink) in glyph[y].iter_mut().zip(dots.bytes()) {
                *dot = ink == b'#';
            }
        }
    }
    glyphs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_drawn_and_no_two_are_alike() {
        let lines: Vec<_> = DRAWN.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 6 * HEIGHT);
        assert!(lines.iter().flat_map(|line| line.split(' ')).all(|dots| dots.len() == WIDTH));
        let glyphs: std::collections::HashSet<_> = (' '..='~').map(glyph).collect();
        assert_eq!(glyphs.len(), COUNT);
        assert_eq!(glyph(' '), [[false; WIDTH]; HEIGHT]);
        assert_eq!(glyph('T')[0], [true; WIDTH]);
        assert_eq!(glyph('~'), read()[COUNT - 1]);
        assert_eq!(glyph('é'), glyph('→'));
    }
}
