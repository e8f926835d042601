//! Image operations on planes of `f32` in 0..1. Plain loops over rows and planes, no allocation for an image (each
//! thread keeps its buffers), every definition that of torchvision or Pillow, whose values the tests hold. Resampling is in `f32`
//! from end to end: Pillow rounds to bytes between its two passes, so that bicubic and Lanczos, which overshoot, differ from its
//! result by up to 21 levels where it is cut off in between.

mod blur;
mod color;
mod convert;
mod equalize;
mod erase;
mod flip;
mod hue;
mod jitter;
mod kernel;
mod lab;
mod noise;
mod resample;
mod rotate;
mod shift;
mod simd;
mod tile;
mod tone;
mod turn;
mod view;
mod weigh;

pub use blur::{MAX_SIGMA, blur_radius, blur_weights, gaussian_blur};
pub use color::{brightness, contrast, grayscale, saturation};
pub use convert::to_planes;
pub use equalize::equalize;
pub use erase::{drop_channel, erase, random_erasing};
pub use flip::{flip_horizontal, flip_vertical};
pub use hue::hue;
pub use jitter::{Change, Factors, jitter};
pub use kernel::{Kernel, Weights};
pub use lab::{lab_of_rgb, lightness_of_rgb, rgb_of_lab};
pub use noise::{drop_pixels, gaussian_noise, salt_and_pepper};
pub use resample::resize;
pub use rotate::rotate;
pub use shift::{Fill, shift};
pub use tile::{cut, standardize};
pub use tone::{posterize, solarize};
pub use turn::turn;
pub use view::{Rect, center_view, crop_resize};
