//! Images that look alike whichever way up.

use super::{Suspicion, gray};
use crate::ops::{self, Kernel};
use crate::pixels::Planes;

/// Each image correlates with its own turns.
pub(super) fn symmetric(views: &[Planes]) -> Option<Suspicion> {
    let side = views[0].shape.height;
    if side != views[0].shape.width {
        return None;
    }
    let mut turned = vec![0.0; side * side];
    let mut sum = 0.0;
    for view in views {
        let gray = gray(view);
        for quarters in 1..4 {
            ops::turn(&gray, side, side, quarters, &mut turned);
            sum += f64::from(correlation(&gray, &turned)) / 3.0;
        }
    }
    let mean = sum / views.len() as f64;
    (mean > 0.9).then(|| Suspicion {
        what: format!("images correlate by {mean:.2} with their own turns"),
        why: "images that look alike whichever way up have no turn to tell: accuracy stays near 25 %".to_owned(),
        instead: instead(),
    })
}

fn instead() -> String {
    "take `simclr`, or `inpainting`, `masked_pixels` or `super_resolution` where views must not change colors"
        .to_owned()
}

/// A rule learned on half of the images fails to tell the turn of the other half: the nearest of four means of
/// brightness and edges.
pub(super) fn unoriented(views: &[Planes]) -> Option<Suspicion> {
    // Accuracy at chance is said of this many images at least.
    const LEAST: usize = 100;
    if views.len() < LEAST || views[0].shape.height != views[0].shape.width {
        return None;
    }
    let described: Vec<[Vec<f32>; 4]> =
        views.iter().map(|view| [0, 1, 2, 3].map(|turn| describe(view, turn))).collect();
    // Each half is asked about with what the other half taught.
    let right: usize = (0..2).map(|half| upright_told(&described, half)).sum();
    let n = views.len() as f64;
    let accuracy = right as f64 / n;
    let chance = 0.25 + 1.5 * (0.25 * 0.75 / n).sqrt();
    (accuracy < chance.min(0.28)).then(|| Suspicion {
        what: format!("a simple rule tells the turn of {:.0} % of {n} images: chance is 25 %", 100.0 * accuracy),
        why:
            "neither brightness nor edges differ between up, down and sideways; where that holds of everything in the \
              images (cells, satellite pictures, textures) accuracy stays near 25 %"
                .to_owned(),
        instead: format!("watch the accuracy in the first minute; if it stays low, {}", instead()),
    })
}

/// How many of one half are told to be upright. Asking about upright images is enough: the means are each other's
/// turns, so the turns of an image are all told right or all wrong.
fn upright_told(described: &[[Vec<f32>; 4]], half: usize) -> usize {
    let length = described[0][0].len();
    let mut means = [0; 4].map(|_| vec![0.0; length]);
    for turns in described.iter().skip(1 - half).step_by(2) {
        for (mean, description) in means.iter_mut().zip(turns) {
            for (sum, value) in mean.iter_mut().zip(description) {
                *sum += value;
            }
        }
    }
    let asked = described.iter().skip(half).step_by(2);
    let told = |turns: &&[Vec<f32>; 4]| {
        let scores = means.each_ref().map(|mean| correlation(mean, &turns[0]));
        scores[1..].iter().all(|score| *score < scores[0])
    };
    asked.filter(told).count()
}

/// Brightness on a 6x6 grid, of color images also blue against red (skies are blue), and the strength of horizontal and
/// vertical edges on a 2x2 grid; all of the image turned, each about its mean.
fn describe(view: &Planes, turn: u32) -> Vec<f32> {
    let side = view.shape.height;
    let mut turned = vec![0.0; side * side];
    ops::turn(&gray(view), side, side, turn, &mut turned);
    let mut described = coarse(&turned, side);
    let mut edges = [0.0_f32; 8];
    for y in 0..side - 1 {
        for x in 0..side - 1 {
            let at = y * side + x;
            let cell = (2 * y / side) * 2 + 2 * x / side;
            edges[2 * cell] += (turned[at] - turned[at + 1]).abs();
            edges[2 * cell + 1] += (turned[at] - turned[at + side]).abs();
        }
    }
    let most = edges.iter().fold(1e-6_f32, |a, b| a.max(*b));
    let mean = edges.iter().sum::<f32>() / 8.0;
    described.extend(edges.map(|edge| (edge - mean) / most));
    if view.shape.is_color() {
        let (red, blue) = (&view.data[..side * side], &view.data[2 * side * side..]);
        let tint: Vec<f32> = red.iter().zip(blue).map(|(red, blue)| 0.5 + (blue - red) / 2.0).collect();
        ops::turn(&tint, side, side, turn, &mut turned);
        described.extend(coarse(&turned, side).iter().map(|value| 2.0 * value));
    }
    described
}

/// The plane on a 6x6 grid, about its mean.
fn coarse(plane: &[f32], side: usize) -> Vec<f32> {
    const GRID: usize = 6;
    let mut coarse = vec![0.0; GRID * GRID];
    ops::resize(plane, (side, side), Kernel::Box, &mut coarse, (GRID, GRID));
    let mean = coarse.iter().sum::<f32>() / coarse.len() as f32;
    coarse.iter().map(|value| value - mean).collect()
}

/// Pearson's; 1 where one of both is even, for an even image is like its turns.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().max(1) as f32;
    let (ma, mb) = (a.iter().sum::<f32>() / n, b.iter().sum::<f32>() / n);
    let (mut ab, mut aa, mut bb) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma).powi(2);
        bb += (y - mb).powi(2);
    }
    if aa * bb < 1e-10 { 1.0 } else { ab / (aa * bb).sqrt() }
}
