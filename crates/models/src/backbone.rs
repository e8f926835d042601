//! A backbone of any kind.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::layers::global_avg_pool;

use crate::convnext::ConvNext;
use crate::efficientnet::EfficientNetLite;
use crate::resnet::ResNet;
use crate::vit::Vit;

/// From images to features. Made by [`BackboneConfig::init`](crate::BackboneConfig::init) or
/// [`Encoder::build`](crate::Encoder::build).
// There are few of them, and each is used for long.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Backbone {
    /// A residual network.
    ResNet(ResNet),
    /// EfficientNet-Lite.
    EfficientNetLite(EfficientNetLite),
    /// A vision transformer.
    Vit(Vit),
    /// A `ConvNeXt`.
    ConvNext(ConvNext),
}

impl Backbone {
    /// Normalized images `[b, c, h, w]` to features `[b, d]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        match self {
            Self::ResNet(net) => net.forward(x),
            Self::EfficientNetLite(net) => net.forward(x),
            Self::Vit(net) => net.forward(x),
            Self::ConvNext(net) => net.forward(x),
        }
    }

    /// Normalized images `[b, c, h, w]` to the last feature map `[b, d, h', w']`.
    pub fn forward_map(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::ResNet(net) => net.forward_map(x),
            Self::EfficientNetLite(net) => net.forward_map(x),
            Self::Vit(net) => net.forward_map(x),
            Self::ConvNext(net) => net.forward_map(x),
        }
    }

    /// Normalized images `[b, c, h, w]` to the last feature map `[b, d, h', w']` and the features `[b, d]`, both of one pass.
    pub fn forward_both(&self, x: Tensor<4>) -> (Tensor<4>, Tensor<2>) {
        match self {
            Self::ResNet(net) => pooled(net.forward_map(x)),
            Self::EfficientNetLite(net) => pooled(net.forward_map(x)),
            Self::Vit(net) => net.forward_both(x),
            Self::ConvNext(net) => net.forward_both(x),
        }
    }
}

/// A map with its mean, which some networks' features are.
fn pooled(map: Tensor<4>) -> (Tensor<4>, Tensor<2>) {
    (map.clone(), global_avg_pool(map))
}
