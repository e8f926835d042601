//! Image operations on planes of `f32` in 0..1. Plain loops over rows and planes, no allocation for an image (each thread
//! keeps its buffers), every definition that of torchvision or Pillow, whose values the tests hold.

mod blur;
mod color;
mod convert;
mod flip;
mod hue;
mod kernel;
mod resample;
mod shift;
mod turn;
mod view;

pub use blur::{MAX_SIGMA, blur_radius, gaussian_blur};
pub use color::{brightness, contrast, grayscale, saturation};
pub use convert::to_planes;
pub use flip::flip_horizontal;
pub use hue::hue;
pub use kernel::{Kernel, Weights};
pub use resample::resize;
pub use shift::{Fill, shift};
pub use turn::turn;
pub use view::{Rect, center_view, crop_resize};
