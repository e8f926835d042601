//! Changes of light and color, as torchvision defines them on floats: the host's operations, on all views at once. What
//! happens to no view of the batch is left out.

use burn::tensor::Tensor;

use super::table::{
    AFTER, BEFORE, BLEND, BLENDS, FACTOR, GRAY, HUE, LEVELS, OF_GRAY, OF_MEAN, POSTERIZE, SOLARIZE, Table,
};

/// Weights of red, green and blue in torchvision's gray (ITU-R 601).
const SHARES: [f64; 3] = [0.2989, 0.587, 0.114];

/// Brightness, contrast, saturation and hue in each view's own order, then gray, then fewer levels. `[n, channels, …]`.
pub(super) fn change(mut x: Tensor<4>, table: &Table, color: bool) -> Tensor<4> {
    for slot in 0..BEFORE {
        x = blend(x, table, BLENDS + slot * BLEND, color);
    }
    if table.uses(HUE) && color {
        x = turn_hue(x, table.column(HUE));
    }
    for slot in BEFORE..BEFORE + AFTER {
        x = blend(x, table, BLENDS + slot * BLEND, color);
    }
    if table.uses(GRAY) && color {
        let gray = gray(&x).repeat_dim(1, 3);
        x = instead(x, gray, table.column(GRAY));
    }
    if table.uses(POSTERIZE) {
        let wanted = table.column::<4>(POSTERIZE);
        // 1 where all levels are kept, so that nothing is divided by 0.
        let levels = table.column(LEVELS).add(wanted.clone().neg().add_scalar(1.0));
        let level = x.clone().mul(levels.clone()).floor().min_pair(levels.clone().sub_scalar(1.0));
        x = instead(x, level.div(levels), wanted);
    }
    x
}

/// Inverts what is bright, where it was drawn.
pub(super) fn solarize(x: Tensor<4>, table: &Table) -> Tensor<4> {
    if !table.uses(SOLARIZE) {
        return x;
    }
    let inverted = x.clone().neg().add_scalar(1.0);
    let solarized = x.clone().mask_where(x.clone().greater_equal_elem(0.5), inverted);
    instead(x, solarized, table.column(SOLARIZE))
}

/// The second where `chosen` is 1, the first where it is 0.
fn instead(x: Tensor<4>, other: Tensor<4>, chosen: Tensor<4>) -> Tensor<4> {
    x.mul(chosen.clone().neg().add_scalar(1.0)).add(other.mul(chosen))
}

/// `[n, 1, height, width]`.
fn gray(x: &Tensor<4>) -> Tensor<4> {
    let [red, green, blue] = [0, 1, 2].map(|channel| x.clone().narrow(1, channel, 1).mul_scalar(SHARES[channel]));
    red.add(green).add(blue)
}

/// One of the blends of [`super::table`].
fn blend(x: Tensor<4>, table: &Table, slot: usize, color: bool) -> Tensor<4> {
    if !table.uses(slot + FACTOR) {
        return x;
    }
    let (of_mean, of_gray) = (table.uses(slot + OF_MEAN), table.uses(slot + OF_GRAY) && color);
    let gray = if color && (of_mean || of_gray) { gray(&x) } else { x.clone() };
    let mut y = x.mul(table.column(slot + FACTOR));
    if of_mean {
        y = y.add(gray.clone().mean_dims(&[1, 2, 3]).mul(table.column(slot + OF_MEAN)));
    }
    if of_gray {
        y = y.add(gray.mul(table.column(slot + OF_GRAY)));
    }
    y.clamp(0.0, 1.0)
}

/// Turns the hue by `shift` whole turns, `[n, 1, 1, 1]`; as the host does, without sectors: each channel is read off its
/// trapezoid.
fn turn_hue(x: Tensor<4>, shift: Tensor<4>) -> Tensor<4> {
    let [red, green, blue] = [0, 1, 2].map(|channel| x.clone().narrow(1, channel, 1));
    let high = red.clone().max_pair(green.clone()).max_pair(blue.clone());
    let low = red.clone().min_pair(green.clone()).min_pair(blue.clone());
    let chroma = high.clone().sub(low);
    let scale = chroma.clone().mask_fill(chroma.clone().equal_elem(0.0), 1.0).recip();
    let (is_red, is_green) = (high.clone().equal(red.clone()), high.clone().equal(green.clone()));
    // Sectors of a sixth of a turn: red at 0, green at 2, blue at 4.
    let at_red = green.clone().sub(blue.clone()).mul(scale.clone());
    let at_green = blue.sub(red.clone()).mul(scale.clone()).add_scalar(2.0);
    let at_blue = red.sub(green).mul(scale).add_scalar(4.0);
    let hue = at_blue.mask_where(is_green, at_green).mask_where(is_red, at_red).add(shift.mul_scalar(6.0));
    let channel = |from_own: f64| {
        let distance = hue.clone().add_scalar(from_own);
        let sector = distance.clone().sub(distance.div_scalar(6.0).floor().mul_scalar(6.0));
        let lacks = sector.clone().min_pair(sector.neg().add_scalar(4.0)).clamp(0.0, 1.0);
        high.clone().sub(chroma.clone().mul(lacks)).clamp_min(0.0)
    };
    Tensor::cat(vec![channel(5.0), channel(3.0), channel(1.0)], 1)
}
