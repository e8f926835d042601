//! Bars and marks at fixed places: they turn with the image and say by how much.

use super::{Suspicion, gray, percent};
use crate::pixels::Planes;

/// Levels nearer than this are the same: JPEG leaves bars a little uneven.
const SAME: f32 = 6.0 / 255.0;

/// Bars at two opposite sides: letterboxes, padding to a square.
pub(super) fn bars(views: &[Planes]) -> Option<Suspicion> {
    let barred = views.iter().filter(|view| has_bars(view)).count();
    if barred * 10 < views.len() {
        return None;
    }
    Some(Suspicion {
        what: format!("{} % of the images have even bars at two opposite sides", percent(barred, views.len())),
        why: "bars turn with the image, so they tell turns by a quarter from the others without a look at the content"
            .to_owned(),
        instead:
            "crop the bars before importing, or crop squares instead of padding to them; `simclr` does not mind bars"
                .to_owned(),
    })
}

/// Even lines at both ends of one axis, none at those of the other, and content over the full width between them: a
/// thing on even ground is no bar.
fn has_bars(view: &Planes) -> bool {
    let (height, width) = (view.shape.height, view.shape.width);
    let gray = gray(view);
    let row = |y: usize| gray[y * width..][..width].to_vec();
    let column = |x: usize| gray.iter().skip(x).step_by(width).copied().collect::<Vec<_>>();
    let (top, bottom) = ends(height, row);
    let (left, right) = ends(width, column);
    let axis = |(a, b): (usize, usize), side: usize| a.min(b) >= 2.max(side / 25) && a + b < side * 9 / 10;
    let free = |(a, b): (usize, usize)| a + b <= 1;
    axis((top, bottom), height) && free((left, right)) && full(&gray[..width], &row(top), &row(height - 1 - bottom))
        || axis((left, right), width)
            && free((top, bottom))
            && full(&column(0), &column(left), &column(width - 1 - right))
}

/// How many lines at each end are even and of the color of the first.
fn ends(count: usize, line: impl Fn(usize) -> Vec<f32>) -> (usize, usize) {
    let run = |lines: &mut dyn Iterator<Item = usize>| {
        let mut first = None;
        lines
            .take_while(|i| {
                let line = line(*i);
                let color = *first.get_or_insert(line[0]);
                line.iter().all(|value| (value - color).abs() <= SAME)
            })
            .count()
    };
    (run(&mut (0..count)), run(&mut (0..count).rev()))
}

/// The first lines behind both bars differ from them nearly everywhere.
fn full(bar: &[f32], first: &[f32], last: &[f32]) -> bool {
    let differ =
        |line: &[f32]| line.iter().filter(|value| (**value - bar[0]).abs() > SAME).count() * 4 >= line.len() * 3;
    differ(first) && differ(last)
}

/// Something drawn at the same place in all images: a logo, a date, a scale bar, a frame on one side.
pub(super) fn marks(views: &[Planes]) -> Option<Suspicion> {
    let (height, width) = (views[0].shape.height, views[0].shape.width);
    let grays: Vec<Vec<f32>> = views.iter().map(gray).collect();
    let n = grays.len() as f32;
    let moments = |place: usize| {
        let mean = grays.iter().map(|gray| gray[place]).sum::<f32>() / n;
        let square = grays.iter().map(|gray| (gray[place] - mean).powi(2)).sum::<f32>() / n;
        (mean, square.sqrt())
    };
    let places: Vec<(f32, f32)> = (0..height * width).map(moments).collect();
    // A fixed pixel beside a fixed pixel of another level: an edge that is the same in all images.
    let fixed = |place: usize| places[place].1 < SAME;
    let edge = |a: usize, b: usize| fixed(a) && fixed(b) && (places[a].0 - places[b].0).abs() > 0.15;
    let edges = (0..height * width)
        .filter(|place| {
            let right = (place + 1) % width != 0 && edge(*place, place + 1);
            let below = place + width < height * width && edge(*place, place + width);
            right || below
        })
        .count();
    // Edges of a frame all around are alike whichever way up; a mark has few.
    let round = 2 * (height + width);
    if edges < 6 || edges > round {
        return None;
    }
    Some(Suspicion {
        what: format!("{edges} pixels at the same places hold the same edge in all {} images looked at", views.len()),
        why: "a mark that is always there (logo, date, scale bar, frame) turns with the image and gives the turn away"
            .to_owned(),
        instead: "crop or cover it before importing; `simclr` with crops minds it less".to_owned(),
    })
}
