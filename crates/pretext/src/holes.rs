//! Which places of an image are hidden, and hiding them.

use foretask_random::Rng;

/// A bound on tries, reached only where nearly everything is to be hidden.
const TRIES: usize = 10_000;

/// Sets to 1 the middle of `mask` (`height * width`, 0 before), this share of its area.
pub(crate) fn center(mask: &mut [f32], height: usize, width: usize, share: f32) {
    let side = |side: usize| ((side as f32 * share.sqrt()).round() as usize).clamp(1, side);
    let (h, w) = (side(height), side(width));
    rectangle(mask, width, ((width - w) / 2, (height - h) / 2), (w, h));
}

/// Sets rectangles of an eighth to a third of each side to 1 until this share of `mask` is covered.
pub(crate) fn blocks(mask: &mut [f32], height: usize, width: usize, share: f32, rng: &mut Rng) {
    let goal = (share * mask.len() as f32).round() as usize;
    let mut side = |side: usize| {
        let (low, high) = ((side / 8).max(1), (side / 3).max(1));
        let size = low + rng.below((high - low + 1) as u64) as usize;
        (size, rng.below((side - size + 1) as u64) as usize)
    };
    let mut covered = 0;
    for _ in 0..TRIES {
        if covered >= goal {
            break;
        }
        let ((w, x), (h, y)) = (side(width), side(height));
        covered += rectangle(mask, width, (x, y), (w, h));
    }
}

/// Draws strokes of a round brush that wander about until this share of `mask` is covered.
pub(crate) fn strokes(mask: &mut [f32], height: usize, width: usize, share: f32, rng: &mut Rng) {
    let goal = (share * mask.len() as f32).round() as usize;
    let short = height.min(width) as f32;
    let mut covered = 0;
    let mut discs = 0;
    while covered < goal && discs < TRIES {
        let radius = rng.range(short / 16.0, short / 7.0).max(0.75);
        let (mut x, mut y) = (rng.range(0.0, width as f32), rng.range(0.0, height as f32));
        let mut angle = rng.range(0.0, std::f32::consts::TAU);
        for _ in 0..4 + rng.below(12) {
            covered += disc(mask, (height, width), (x, y), radius);
            discs += 1;
            if covered >= goal {
                break;
            }
            angle += 0.5 * rng.normal();
            x = (x + radius * angle.cos()).clamp(0.0, width as f32);
            y = (y + radius * angle.sin()).clamp(0.0, height as f32);
        }
    }
}

/// Hides exactly `hidden` of the squares of `unit` pixels; those at the far edges may be cut.
pub(crate) fn squares(mask: &mut [f32], (height, width): (usize, usize), unit: usize, hidden: usize, rng: &mut Rng) {
    let (rows, columns) = (height.div_ceil(unit), width.div_ceil(unit));
    for square in rng.permutation((rows * columns) as u32).into_iter().take(hidden) {
        let (x, y) = (square as usize % columns * unit, square as usize / columns * unit);
        rectangle(mask, width, (x, y), (unit.min(width - x), unit.min(height - y)));
    }
}

/// Gives hidden places of every plane the mean of its visible ones: nothing about the hidden ones shows through.
pub(crate) fn hide(data: &mut [f32], mask: &[f32]) {
    for plane in data.chunks_exact_mut(mask.len().max(1)) {
        let visible = plane.iter().zip(mask).filter(|(_, hidden)| **hidden == 0.0).map(|(value, _)| *value);
        let (sum, n) = visible.fold((0.0_f32, 0_usize), |(sum, n), value| (sum + value, n + 1));
        let mean = if n == 0 { 0.5 } else { (sum / n as f32).clamp(0.0, 1.0) };
        for (value, hidden) in plane.iter_mut().zip(mask) {
            if *hidden > 0.0 {
                *value = mean;
            }
        }
    }
}

/// Returns how many places are newly covered.
fn rectangle(mask: &mut [f32], stride: usize, (x, y): (usize, usize), (width, height): (usize, usize)) -> usize {
    let mut covered = 0;
    for row in mask.chunks_exact_mut(stride.max(1)).skip(y).take(height) {
        for place in &mut row[x..x + width] {
            covered += usize::from(*place == 0.0);
            *place = 1.0;
        }
    }
    covered
}

fn disc(mask: &mut [f32], (height, width): (usize, usize), (x, y): (f32, f32), radius: f32) -> usize {
    let mut covered = 0;
    let span = |at: f32, side: usize| (at - radius).max(0.0) as usize..((at + radius).ceil() as usize + 1).min(side);
    for row in span(y, height) {
        for column in span(x, width) {
            let (dx, dy) = (column as f32 + 0.5 - x, row as f32 + 0.5 - y);
            let place = &mut mask[row * width + column];
            if *place == 0.0 && dx * dx + dy * dy <= radius * radius {
                *place = 1.0;
                covered += 1;
            }
        }
    }
    covered
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn about_the_share_asked_for_is_hidden(h in 8..70_usize, w in 8..70_usize, share in 0.05..0.75_f32, key: u64) {
            let area = (h * w) as f32;
            for (kind, most) in [(0, 0.12), (1, 0.15), (2, 0.1)] {
                let mut mask = vec![0.0; h * w];
                match kind {
                    0 => blocks(&mut mask, h, w, share, &mut Key::new(key).rng()),
                    1 => strokes(&mut mask, h, w, share, &mut Key::new(key).rng()),
                    _ => center(&mut mask, h, w, share),
                }
                let hidden = mask.iter().sum::<f32>() / area;
                let least = if kind == 2 { share - most } else { share - 1.0 / area };
                prop_assert!(hidden >= least && hidden <= share + most, "{kind}: {hidden} {share}");
            }
        }

        #[test]
        fn squares_are_counted_exactly(h in 4..40_usize, w in 4..40_usize, unit in 1..9_usize, key: u64) {
            let (rows, columns) = (h.div_ceil(unit), w.div_ceil(unit));
            let hidden = rows * columns / 2;
            let mut mask = vec![0.0; h * w];
            squares(&mut mask, (h, w), unit, hidden, &mut Key::new(key).rng());
            let mut found = 0;
            for row in 0..rows {
                for column in 0..columns {
                    let inside = |y: usize, x: usize| y < h && x < w;
                    let places: Vec<f32> = (0..unit * unit)
                        .map(|i| (row * unit + i / unit, column * unit + i % unit))
                        .filter(|(y, x)| inside(*y, *x)).map(|(y, x)| mask[y * w + x]).collect();
                    prop_assert!(places.iter().all(|place| *place == places[0]));
                    found += usize::from(places[0] == 1.0);
                }
            }
            prop_assert_eq!(found, hidden);
        }
    }

    #[test]
    fn hidden_places_get_the_mean_of_the_visible_ones() {
        let mut data = [0.2, 0.4, 0.9, 0.1, 1.0, 0.0, 0.5, 0.5];
        hide(&mut data, &[0.0, 0.0, 1.0, 1.0]);
        assert!(
            data.iter().zip([0.2, 0.4, 0.3, 0.3, 1.0, 0.0, 0.5, 0.5]).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6)
        );
        let mut all = [0.2, 0.4];
        hide(&mut all, &[1.0, 1.0]);
        assert_eq!(all, [0.5, 0.5]);
    }
}
