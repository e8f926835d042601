//! Which part of an image a view shows, where, and what of it is cut out: crop, resize, move and mirror as two products of
//! matrices, whose rows are the weights of one line.

use burn::tensor::{Device, Int, Tensor};
use foretask_backend::upload;
use foretask_pretext::{Drawn, Shape};

use super::table::{AXIS, BLACK, COLUMNS, END, FIRST, LOW, ROWS, SCALE, SHIFT, SIGN, Table};

/// Sources `[m, height, width * channels]` in 0..1 to views `[n, channels, …]`; `n` is a multiple of `m`, and so many
/// views in a row are of the same source. Anti-aliased bilinear weights, as the host's `crop_resize`.
pub(super) fn show(x: Tensor<3>, table: &Table, (width, height): (usize, usize), shape: Shape) -> Tensor<4> {
    let device = x.device();
    let (n, [sources, ..]) = (table.count(), x.dims());
    let Shape { channels, .. } = shape;
    let rows = weights(table, ROWS, shape.height, height, &device);
    let columns = weights(table, COLUMNS, shape.width, width, &device);
    // Every view of a source in one product.
    let per_source = n / sources.max(1);
    let x = rows.reshape([sources, per_source * shape.height, height]).matmul(x);
    let x = x.reshape([n, shape.height, width, channels]).permute([0, 3, 1, 2]);
    let x = x.reshape([n, channels * shape.height, width]).matmul(columns.swap_dims(1, 2));
    // Rounding may exceed 1 by a hair.
    x.reshape([n, channels, shape.height, shape.width]).clamp(0.0, 1.0)
}

/// What each of `lines` lines of a view takes of each of `size` lines of its source, `[n, lines, size]`.
fn weights(table: &Table, axis: usize, lines: usize, size: usize, device: &Device) -> Tensor<3> {
    debug_assert!(axis == ROWS || axis == ROWS + AXIS);
    let number = |which: usize| table.column::<3>(axis + which);
    let count = |n: usize| Tensor::<1, Int>::arange(0..n as i64, device).float();
    let line = count(lines).reshape([1, lines, 1]).mul(number(SIGN)).add(number(SHIFT));
    let nearest = line.clone().clamp(0.0, lines as f64 - 1.0);
    let beyond = line.sub(nearest.clone()).abs().clamp(0.0, 1.0);
    let scale = number(SCALE);
    let middle = nearest.add_scalar(0.5).mul(scale.clone()).add(number(LOW));
    let pixel = count(size).add_scalar(0.5).reshape([1, 1, size]);
    // Middles of pixels lie half a pixel off every border, so that this is 0 or 1.
    let border = |far: Tensor<3>| far.mul_scalar(2.0).clamp(0.0, 1.0);
    let within = border(pixel.clone().sub(number(FIRST))).mul(border(number(END).sub(pixel.clone())));
    let triangle = pixel.sub(middle).abs().div(scale.clamp_min(1.0)).neg().add_scalar(1.0).clamp_min(0.0);
    let weights = triangle.mul(within);
    let sum = weights.clone().sum_dim(2);
    let shown = beyond.mul(number(BLACK)).neg().add_scalar(1.0);
    weights.div(sum).mul(shown)
}

/// Blackens a rectangle of those views for which one was drawn.
pub(super) fn cut_out(x: Tensor<4>, drawn: &[Drawn], device: &Device) -> Tensor<4> {
    if drawn.iter().all(|drawn| drawn.cutout.is_none()) {
        return x;
    }
    let [n, _, height, width] = x.dims();
    let (mut rows, mut columns) = (vec![0.0; n * height], vec![0.0; n * width]);
    let lines = rows.chunks_exact_mut(height.max(1)).zip(columns.chunks_exact_mut(width.max(1)));
    for ((rows, columns), drawn) in lines.zip(drawn) {
        if let Some(rect) = drawn.cutout {
            rows[rect.y..rect.y + rect.height].fill(1.0);
            columns[rect.x..rect.x + rect.width].fill(1.0);
        }
    }
    let black = upload(rows, [n, 1, height, 1], device).mul(upload(columns, [n, 1, 1, width], device));
    x.mul(black.neg().add_scalar(1.0))
}
