//! Garments drawn in code: enough like photographs of clothes to judge the page by.

use foretask_random::{Key, Rng};
use foretask_report::Picture;

pub(crate) const CLASSES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];
pub(crate) const SIDE: usize = 28;

/// A square grey image, values 0..1.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) side: usize,
    pub(crate) data: Vec<f32>,
}

impl Image {
    fn new(side: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        Self { side, data: (0..side * side).map(|i| value(i % side, i / side)).collect() }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.side + x]
    }

    pub(crate) fn turned(&self, quarters: usize) -> Self {
        let last = self.side - 1;
        (0..quarters).fold(self.clone(), |image, _| Self::new(self.side, |x, y| image.at(last - y, x)))
    }

    /// Box-averaged by `factor` and enlarged again without smoothing.
    pub(crate) fn coarse(&self, factor: usize) -> Self {
        let mean = |x0: usize, y0: usize| {
            let cells = (0..factor * factor).map(|i| self.at(x0 + i % factor, y0 + i / factor));
            cells.sum::<f32>() / (factor * factor) as f32
        };
        Self::new(self.side, |x, y| mean(x / factor * factor, y / factor * factor))
    }

    pub(crate) fn blurred(&self) -> Self {
        let clamp = |v: usize, d: i32| (v as i32 + d).clamp(0, self.side as i32 - 1) as usize;
        Self::new(self.side, |x, y| {
            let around = (0..9).map(|i| self.at(clamp(x, i % 3 - 1), clamp(y, i / 3 - 1)));
            around.sum::<f32>() / 9.0
        })
    }

    /// A random crop, enlarged, perhaps mirrored, with other brightness and contrast.
    pub(crate) fn view(&self, rng: &mut Rng) -> Self {
        let side = rng.range(0.5, 1.0) * self.side as f32;
        let (x0, y0) = (rng.uniform() * (self.side as f32 - side), rng.uniform() * (self.side as f32 - side));
        let (mirror, contrast, light) = (rng.chance(0.5), rng.range(0.5, 1.5), rng.range(-0.2, 0.2));
        Self::new(self.side, |x, y| {
            let x = if mirror { self.side - 1 - x } else { x };
            let at =
                |from: f32, v: usize| ((from + (v as f32 + 0.5) * side / self.side as f32) as usize).min(self.side - 1);
            (self.at(at(x0, x), at(y0, y)) * contrast + light).clamp(0.0, 1.0)
        })
    }

    pub(crate) fn picture(&self) -> Picture {
        let bytes: Vec<u8> = self.data.iter().map(|v| (255.0 * v) as u8).collect();
        let mut png = std::io::Cursor::new(Vec::new());
        let side = self.side as u32;
        image::write_buffer_with_format(&mut png, &bytes, side, side, image::ColorType::L8, image::ImageFormat::Png)
            .ok()
            .and_then(|()| Picture::from_png(png.get_ref()).ok())
            .unwrap_or_default()
    }
}

/// One garment of a class; every number varies it.
pub(crate) fn garment(class: usize, number: u64) -> Image {
    let mut rng = Key::new(7).with(class as u64).with(number).named("garment").rng();
    let (wide, tall, tone) = (rng.range(0.85, 1.12), rng.range(0.9, 1.05), rng.range(0.45, 0.95));
    let (sleeve, stripe, noise) = (rng.range(0.8, 1.15), rng.uniform(), rng.range(0.02, 0.12));
    let grain: Vec<f32> = (0..SIDE * SIDE).map(|_| rng.normal() * noise).collect();
    Image::new(SIDE, |column, row| {
        let (x, y) = ((column as f32 + 0.5) / 14.0 - 1.0, (row as f32 + 0.5) / 14.0 - 1.0);
        let (u, v) = ((x / wide).abs(), y / tall);
        if !covers(class, x / wide, u, v, sleeve) {
            return 0.0;
        }
        let stripes = if stripe > 0.7 { 0.18 * (y * 22.0).sin() } else { 0.0 };
        (tone + stripes - 0.25 * u + grain[row * SIDE + column]).clamp(0.05, 1.0)
    })
}

fn covers(class: usize, x: f32, u: f32, v: f32, sleeve: f32) -> bool {
    let body = |half: f32, top: f32, bottom: f32| u < half && v > top && v < bottom;
    let neck = |depth: f32| u < 0.22 && v < -0.85 + depth;
    match class {
        0 => {
            (body(0.48, -0.85, 0.85) || (u < 0.85 * sleeve && v > -0.8 + 0.35 * (u - 0.4) && v < -0.35 + 0.2 * u))
                && !neck(0.12)
        }
        1 => u > 0.06 * (v + 0.6) && u < 0.42 + 0.05 * v && v.abs() < 0.95 && (v < -0.6 || u > 0.05),
        2 => {
            (body(0.5, -0.85, 0.85) || (u < 0.92 && v > -0.8 + 0.5 * (u - 0.4) && v < 0.75 * sleeve && u > 0.56))
                && !neck(0.08)
        }
        3 => {
            (u < 0.26 + 0.14 * (v + 0.3).max(0.0) || (v < -0.45 && u < 0.36))
                && v.abs() < 0.97
                && !(u < 0.14 && v < -0.75)
        }
        4 => {
            (body(0.52, -0.85, 0.95) || (u < 0.9 && v > -0.8 + 0.5 * (u - 0.4) && v < 0.8 * sleeve && u > 0.58))
                && !(u < 0.035 && v > -0.7)
        }
        5 => {
            v > 0.45 - 0.35 * x && v < 0.6 - 0.1 * x
                || (v > -0.1 && v < 0.5 && ((x * 5.0 + v * 3.0).sin() > 0.55) && u < 0.8)
        }
        6 => {
            (body(0.46, -0.85, 0.88)
                || (u < 0.86 * sleeve && v > -0.8 + 0.4 * (u - 0.4) && v < 0.3 * sleeve && u > 0.5))
                && !(u < 0.03 || neck(0.16))
        }
        7 => v > 0.05 + 0.35 * (x + 0.2).abs().min(0.5) - 0.3 * f32::from(x > 0.35) && v < 0.5 && u < 0.94,
        8 => {
            body(0.78, -0.25, 0.75)
                || (v > -0.75 && v < -0.2 && (u - 0.42).abs() < 0.07)
                || (v > -0.8 && v < -0.66 && u < 0.49)
        }
        _ => {
            (x > 0.05 && x < 0.72 && v > -0.85 && v < 0.75) || (v > 0.05 - 0.2 * x && v < 0.75 && x > -0.9 && x < 0.72)
        }
    }
}
