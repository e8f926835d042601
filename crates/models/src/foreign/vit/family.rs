//! What a family of weights was made with.

use crate::file::Shapes;
use crate::vit::Resize;
use crate::{Pool, Positions, VitConfig};

/// See the module.
pub(super) struct VitFamily {
    pub(super) name: &'static str,
    /// Mean and deviation 0.5 instead of `ImageNet`'s.
    pub(super) centered: bool,
    pub(super) pool: Pool,
    pub(super) how: Resize,
}

/// By what only one of them has; `DINO`'s and supervised weights of timm differ in the classifier alone.
pub(super) fn family(shapes: &Shapes, prefix: &str, config: &VitConfig, patches: &str) -> VitFamily {
    let has = |name: &str| shapes.contains_key(&format!("{prefix}{name}"));
    let plain = Resize::Scaled { offset: 0.0 };
    let scaled = Resize::Scaled { offset: 0.1 };
    let (name, centered, pool, how) = if config.positions == Positions::Rope {
        ("DINOv3", false, Pool::Cls, plain)
    } else if !config.class_token {
        ("I-JEPA", false, Pool::Mean, plain)
    } else if shapes.keys().any(|name| name.contains("decoder_embed.")) {
        ("MAE", false, Pool::Mean, plain)
    } else if prefix.contains("base_encoder") || prefix.contains("momentum_encoder") {
        ("MoCo v3", false, Pool::Cls, plain)
    } else if patches == "conv_proj.weight" {
        ("torchvision", false, Pool::Cls, plain)
    } else if config.layer_scale && config.registers > 0 {
        ("DINOv2 with registers", false, Pool::Cls, Resize::Smoothed)
    } else if config.layer_scale {
        ("DINOv2", false, Pool::Cls, scaled)
    } else if patches.starts_with("embeddings.") {
        ("Hugging Face ViT", true, Pool::Cls, plain)
    } else if has("head.weight") {
        ("timm, with a classifier", true, Pool::Cls, Resize::Smoothed)
    } else {
        ("DINO", false, Pool::Cls, scaled)
    };
    VitFamily { name, centered, pool, how }
}
