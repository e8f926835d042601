//! Networks as `PyTorch` modules, for whoever wants to go on with the weights there: a Python text of just the network that a file holds,
//! whose state dict has the names of the file. Templates of the families lie beside; held against `PyTorch` by `tests.rs`, where Python
//! has it.

mod template;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub use self::template::only_what;
use crate::BackboneConfig;
use crate::convnext::ConvNextConfig;
use crate::efficientnet;
use crate::resnet::{ResNetConfig, Stem};
use crate::vit::{Pool, Positions, VitConfig, VitMlp};

/// A family's text, and what of it a network needs.
struct Family {
    template: &'static str,
    /// Sizes by name, as Python writes them.
    sizes: Vec<(&'static str, String)>,
    /// Names of the conditions that hold.
    holds: Vec<&'static str>,
}

impl BackboneConfig {
    /// Python that defines `Network`, a `torch.nn.Module` of this network without arguments: `features` gives what the encoder does,
    /// `[images, d]`, and `forward` the scores of `classes` classes, `[images, classes]`; the features again where there are none. Both
    /// take normalized images `[images, channels, height, width]`. `load_state_dict` takes a file of
    /// [`Classifier::export`](crate::Classifier::export), or of [`Encoder::save`](crate::Encoder::save) where there are no classes,
    /// strictly.
    ///
    /// It counts on `import torch`, `from torch import nn` and `from torch.nn import functional as F` before it. What the configuration
    /// leaves to the size of images is taken as for small ones.
    pub fn torch_network(&self, channels: usize, classes: usize) -> String {
        let Family { template, sizes, holds } = match self {
            Self::ResNet(config) => resnet(config),
            Self::EfficientNetLite0 => efficientnet(),
            Self::Vit(config) => vit(config),
            Self::ConvNext(config) => convnext(config),
        };
        let tells = classes > 0;
        let mut text = format!("CHANNELS = {channels}\nFEATURES = {}\n", self.feature_dim());
        if tells {
            let _ = writeln!(text, "OUTPUTS = {classes}");
        }
        for (name, value) in sizes {
            let _ = writeln!(text, "{name} = {value}");
        }
        text.push_str("\n\n");
        text.push_str(&only_what(template, |name| if name == "tells" { tells } else { holds.contains(&name) }));
        let (says, gives) = if tells {
            ("scores of the classes [images, OUTPUTS]", format!("self.{}(self.features(x))", self.classifier()))
        } else {
            ("features [images, FEATURES]", "self.features(x)".to_owned())
        };
        let _ = write!(
            text,
            "\n    def forward(self, x):\n        \"\"\"Normalized images [images, channels, height, width] to {says}.\"\"\"\n        \
             return {gives}\n"
        );
        text
    }
}

/// The names of the conditions that hold.
fn names<const N: usize>(all: [(&'static str, bool); N]) -> Vec<&'static str> {
    all.into_iter().filter_map(|(name, holds)| holds.then_some(name)).collect()
}

fn resnet(config: &ResNetConfig) -> Family {
    let (arch, (kernel, stride, _)) = (config.arch, config.stem.convolution());
    let mut sizes = vec![
        ("BLOCKS", format!("{:?}", arch.blocks())),
        ("WIDTH", config.width.to_string()),
        ("EXPANSION", arch.expansion().to_string()),
        ("STRIDE", stride.to_string()),
    ];
    if arch.is_bottleneck() {
        sizes.push(("WIDENING", arch.widening().to_string()));
    }
    if !arch.is_deep() {
        sizes.push(("KERNEL", kernel.to_string()));
    }
    let holds =
        [("bottleneck", arch.is_bottleneck()), ("deep", arch.is_deep()), ("pooled", config.stem == Stem::Imagenet)];
    Family { template: include_str!("resnet.py"), sizes, holds: names(holds) }
}

fn efficientnet() -> Family {
    let mut stages = "[  # blocks, kernel, stride, expansion, channels\n".to_owned();
    for efficientnet::Stage { blocks, kernel, stride, expansion, output } in &efficientnet::STAGES {
        let _ = writeln!(stages, "    ({blocks}, {kernel}, {stride}, {expansion}, {output}),");
    }
    stages.push(']');
    let sizes = vec![("STEM", efficientnet::STEM.to_string()), ("STAGES", stages)];
    Family { template: include_str!("efficientnet.py"), sizes, holds: Vec::new() }
}

fn convnext(config: &ConvNextConfig) -> Family {
    let sizes = vec![
        ("PATCH", config.patch_side().to_string()),
        ("WIDTHS", format!("{:?}", config.size.widths())),
        ("DEPTHS", format!("{:?}", config.size.depths())),
    ];
    Family { template: include_str!("convnext.py"), sizes, holds: Vec::new() }
}

fn vit(config: &VitConfig) -> Family {
    let learned = config.positions == Positions::Learned;
    let turns = config.positions == Positions::Rope;
    let mean = config.pool != Pool::Cls || !config.class_token;
    let both = config.pool == Pool::Both && config.class_token;
    let mut sizes = vec![
        ("WIDTH", config.size.width().to_string()),
        ("DEPTH", config.size.depth().to_string()),
        ("HEADS", config.size.heads().to_string()),
        ("HIDDEN", config.hidden().to_string()),
        ("PATCH", config.patch_side().to_string()),
        ("EPSILON", format!("{:?}", config.epsilon())),
    ];
    if turns || mean {
        sizes.push(("LEADING", format!("{}  # tokens before the patches'", config.leading())));
    }
    if config.registers > 0 {
        sizes.push(("REGISTERS", config.registers.to_string()));
    }
    if learned {
        let [rows, columns] = config.grid_sides();
        sizes.push(("GRID", format!("({rows}, {columns})")));
        sizes.push((
            "PLACED",
            format!("{}  # tokens before the patches' that have a position", u8::from(config.class_token)),
        ));
    }
    let holds = [
        ("scaled", config.layer_scale),
        ("turns", turns),
        ("sines", config.positions == Positions::Sincos),
        ("learned", learned),
        ("gated", config.mlp == VitMlp::Swiglu),
        ("class", config.class_token),
        ("registers", config.registers > 0),
        ("mean", mean && !both),
        ("both", both),
    ];
    Family { template: include_str!("vit.py"), sizes, holds: names(holds) }
}
