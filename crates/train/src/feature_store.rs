//! Who remembers what encoders have said of images.

use foretask_models::Encoder;

/// Remembers features, so that an encoder that does not change looks at an image once.
pub trait FeatureStore: Sync {
    /// Whether what this encoder says of so many images is worth remembering, and how: `Some(true)` where half precision is
    /// enough.
    fn wants(&self, encoder: &Encoder, images: usize) -> Option<bool>;

    /// What was kept under a name.
    fn load(&self, name: &str) -> Option<Vec<f32>>;

    /// Keeps numbers under a name, and gives them back as [`load`](Self::load) will.
    fn keep(&self, name: &str, half: bool, numbers: Vec<f32>) -> Vec<f32>;
}
