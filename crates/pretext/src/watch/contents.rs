//! Images with too little of what a task needs: color, structure in every tile, sharpness, pixels.

use super::{Suspicion, gray, percent};
use crate::ops::{self, Kernel};
use crate::pixels::{ImageRef, Planes, Shape};
use crate::task::Task;

/// Images with hardly any color.
pub(super) fn pale(views: &[Planes]) -> Option<Suspicion> {
    // Chroma, the distance from gray in Lab; 2 is just noticeable, photographs have about 15 to 25 in the mean.
    const PALE: f32 = 5.0;
    let chroma = |view: &Planes| {
        let plane = view.shape.plane();
        let color = |place: usize| {
            let [_, a, b] = ops::lab_of_rgb([0, 1, 2].map(|k| view.data[k * plane + place]));
            a.hypot(b)
        };
        // Every seventh pixel is enough.
        let places = (0..plane).step_by(7);
        let n = places.len() as f32;
        places.map(color).sum::<f32>() / n
    };
    let pale = views.iter().filter(|view| view.shape.is_color() && chroma(view) < PALE).count();
    (pale * 4 >= views.len()).then(|| Suspicion {
        what: format!("{} % of the images are nearly gray", percent(pale, views.len())),
        why: "an image without color has no color to tell; the answer `gray` is right without a look at it".to_owned(),
        instead: "leave the gray images out with `.filter`, or take `inpainting`, `denoising` or `rotation`".to_owned(),
    })
}

/// Tiles that show nothing.
pub(super) fn empty_tiles(views: &[Planes], task: &Task, shape: Shape) -> Option<Suspicion> {
    const EVEN: f32 = 0.02;
    let (tile, per_image) = *task.layout(shape).inputs.first()?;
    let grid = per_image.isqrt();
    let mut out = vec![0.0; tile.len()];
    let mut empty = 0;
    for view in views {
        for cell in 0..grid * grid {
            // The middle of each cell stands for all places the tile may move to.
            let middle = |cell: usize, side: usize, tile: usize| cell * (side / grid) + (side / grid - tile) / 2;
            let (x, y) = (middle(cell % grid, shape.width, tile.width), middle(cell / grid, shape.height, tile.height));
            ops::cut(&view.data, shape, ops::Rect { x, y, width: tile.width, height: tile.height }, &mut out);
            let deviation = out.chunks_exact(tile.plane().max(1)).map(deviation).fold(0.0, f32::max);
            empty += usize::from(deviation < EVEN);
        }
    }
    let all = views.len() * grid * grid;
    (empty * 10 >= all * 3).then(|| Suspicion {
        what: format!("{} % of the tiles of {}x{} pixels show nothing", percent(empty, all), tile.width, tile.height),
        why: "a tile without content fits everywhere, so its place cannot be told, and the even ones betray the edge"
            .to_owned(),
        instead: "crop images closer, use `grid: 2` where there is the option, or take `rotation` or `simclr`"
            .to_owned(),
    })
}

/// Inputs larger than the images.
pub(super) fn enlarged(images: &[ImageRef<'_>], shape: Shape) -> Option<Suspicion> {
    let small =
        images.iter().filter(|image| image.width * 5 < shape.width * 4 || image.height * 5 < shape.height * 4).count();
    (small * 2 >= images.len()).then(|| Suspicion {
        what: format!(
            "{} % of the images have fewer pixels than the inputs of {}x{} they are enlarged to",
            percent(small, images.len()),
            shape.width,
            shape.height
        ),
        why: "enlarging adds pixels but no detail: there is less to see than the size promises".to_owned(),
        instead: format!(
            "set `image_size` to at most {}",
            images.iter().map(|image| image.width.min(image.height)).max().unwrap_or(0)
        ),
    })
}

/// Images without fine detail.
pub(super) fn blurred(views: &[Planes]) -> Option<Suspicion> {
    let mut blurred = 0;
    for view in views {
        let (height, width) = (view.shape.height, view.shape.width);
        let half = (height.div_ceil(2), width.div_ceil(2));
        let gray = gray(view);
        let (mut coarse, mut back) = (vec![0.0; half.0 * half.1], vec![0.0; gray.len()]);
        ops::resize(&gray, (height, width), Kernel::Bicubic, &mut coarse, half);
        ops::resize(&coarse, half, Kernel::Bicubic, &mut back, (height, width));
        let lost = gray.iter().zip(&back).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / gray.len() as f32;
        // Less than 3 % of the deviation goes with half of the resolution.
        blurred += usize::from(lost.sqrt() < 0.03 * deviation(&gray));
    }
    (blurred * 2 >= views.len()).then(|| Suspicion {
        what: format!(
            "{} % of the images lose next to nothing at half of their resolution",
            percent(blurred, views.len())
        ),
        why: "they are blurred or enlarged: fine detail, which is what is to be restored, is not there".to_owned(),
        instead: "halve `image_size`, or raise `factor`, or take `inpainting` or `rotation`".to_owned(),
    })
}

/// Images that are mostly even ground.
pub(super) fn even(views: &[Planes]) -> Option<Suspicion> {
    const CELLS: usize = 7;
    let mut out = Vec::new();
    let (mut even, mut all) = (0, 0);
    for view in views {
        let (width, height) = ((view.shape.width / CELLS).max(1), (view.shape.height / CELLS).max(1));
        out.resize(view.shape.channels * width * height, 0.0);
        for y in (0..=view.shape.height - height).step_by(height) {
            for x in (0..=view.shape.width - width).step_by(width) {
                ops::cut(&view.data, view.shape, ops::Rect { x, y, width, height }, &mut out);
                let deviation = out.chunks_exact(width * height).map(deviation).fold(0.0, f32::max);
                even += usize::from(deviation < 0.01);
                all += 1;
            }
        }
    }
    (even * 4 >= all * 3).then(|| Suspicion {
        what: format!("{} % of the area is even", percent(even, all)),
        why: "what is hidden is mostly ground, which needs no understanding to be painted".to_owned(),
        instead: "crop images closer to what they show, or take `simclr` or `rotation`".to_owned(),
    })
}

fn deviation(plane: &[f32]) -> f32 {
    let n = plane.len().max(1) as f32;
    let mean = plane.iter().sum::<f32>() / n;
    (plane.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / n).sqrt()
}
