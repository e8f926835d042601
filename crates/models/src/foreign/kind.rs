//! What network a file of another program holds, by the names and sizes of its tensors.

use crate::file::Shapes;

/// The network in words: "a vision transformer (ViT-S/16 …)"; where nobody knows it, the first names.
pub(crate) fn named(shapes: &Shapes) -> String {
    let names = Names(shapes);
    let rules = [other_than_images, transformer, convolutional, residual];
    rules.iter().find_map(|rule| rule(&names)).unwrap_or_else(|| unknown(shapes))
}

fn unknown(shapes: &Shapes) -> String {
    let some: Vec<&str> = shapes.keys().take(3).map(String::as_str).collect();
    if some.is_empty() {
        return "no tensor of floating-point numbers".to_owned();
    }
    format!("a network of an unknown kind (its first tensors are {})", some.join(", "))
}

struct Names<'a>(&'a Shapes);

impl Names<'_> {
    /// Whether any name has this part.
    fn any(&self, part: &str) -> bool {
        self.0.keys().any(|name| name.contains(part))
    }

    /// The first tensor whose name ends so.
    fn ending(&self, end: &str) -> Option<(&str, &[usize])> {
        let ends = |name: &str| name.strip_suffix(end).is_some_and(|front| front.is_empty() || front.ends_with('.'));
        self.0.iter().find(|(name, _)| ends(name)).map(|(name, shape)| (name.as_str(), shape.as_slice()))
    }

    fn size(&self, name: &str) -> Option<&[usize]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// How many parts are counted between these two.
    fn parts(&self, before: &str, after: &str) -> usize {
        (0..1000).take_while(|number| self.any(&format!("{before}{number}{after}"))).count()
    }
}

/// The first of some parts that any name has decides.
fn by_parts(names: &Names<'_>, known: &[(&[&str], &str)]) -> Option<String> {
    let all = |parts: &[&str]| parts.iter().all(|part| names.any(part));
    known.iter().find(|(parts, _)| all(parts)).map(|(_, what)| (*what).to_owned())
}

fn other_than_images(names: &Names<'_>) -> Option<String> {
    const KNOWN: &[(&[&str], &str)] = &[
        (&["lora_"], "a LoRA (changes to the weights of a network, not a network)"),
        (&["visual.", "token_embedding."], "CLIP (a network of images and one of texts)"),
        (&["vision_model.", "text_model."], "CLIP (a network of images and one of texts)"),
        (&["word_embeddings."], "a language model"),
        (&["embed_tokens."], "a language model"),
        (&["wte."], "a language model"),
        (&["tok_embeddings."], "a language model"),
        (&["down_blocks.", "up_blocks."], "a diffusion model"),
        (&["input_blocks.", "output_blocks."], "a diffusion model"),
    ];
    by_parts(names, KNOWN)
}

fn transformer(names: &Names<'_>) -> Option<String> {
    const PATCHES: [&str; 4] = [
        "patch_embed.proj.weight",
        "conv_proj.weight",
        "patch_embeddings.projection.weight",
        "embeddings.patch_embeddings.weight",
    ];
    const BLOCKS: [(&str, &str); 4] =
        [("blocks.", "."), ("encoder.layer.", "."), ("encoder_layer_", "."), ("encoder.layers.", ".")];
    if names.any("relative_position_bias_table") {
        return Some("a Swin transformer".to_owned());
    }
    let (_, shape) = PATCHES.iter().find_map(|end| names.ending(end))?;
    let &[width, _, patch, _] = shape else { return Some("a vision transformer (ViT)".to_owned()) };
    let size = match width {
        192 => "-Ti",
        384 => "-S",
        768 => "-B",
        1024 => "-L",
        1280 => "-H",
        1408 | 1536 => "-g",
        _ => "",
    };
    let blocks = BLOCKS.iter().map(|(before, after)| names.parts(before, after)).max().unwrap_or(0);
    let more = match (names.any("decoder_embed."), names.any("register_tokens")) {
        (true, _) => ", with the decoder of a masked autoencoder",
        (false, true) => ", with registers",
        (false, false) => "",
    };
    Some(format!("a vision transformer (ViT{size}/{patch}: {blocks} blocks of width {width}{more})"))
}

fn convolutional(names: &Names<'_>) -> Option<String> {
    const KNOWN: &[(&[&str], &str)] = &[
        (&["stages.0.blocks.0.conv_dw.", ".grn."], "a ConvNeXt V2 (with response normalization)"),
        (&["stages.0.0.dwconv.", ".grn."], "a ConvNeXt V2 (with response normalization)"),
        (&["stages.0.blocks.0.conv_dw."], "a ConvNeXt"),
        (&["stages.0.layers.0.dwconv."], "a ConvNeXt"),
        (&["stages.0.0.dwconv."], "a ConvNeXt"),
        (&["features.1.0.layer_scale"], "a ConvNeXt"),
        (&["_blocks.0._depthwise_conv."], "an EfficientNet"),
        (&["conv_stem.", "conv_dw."], "an EfficientNet or MobileNet"),
        (&["features.1.0.block.0.0.weight"], "an EfficientNet"),
        (&["features.1.conv.0.0.weight"], "a MobileNet"),
        (&["features.1.block.0.0.weight"], "a MobileNet"),
        (&["denseblock1.denselayer1."], "a DenseNet"),
        (&["trunk_output.block1."], "a RegNet"),
        (&["s1.b1.conv1.conv."], "a RegNet"),
        (&["Mixed_5b."], "an Inception network"),
        (&["inception3a."], "a GoogLeNet"),
        (&["stage2.0.branch2."], "a ShuffleNet"),
        (&["features.3.squeeze."], "a SqueezeNet"),
        (&["classifier.6.weight", "features.0.weight"], "a VGG or AlexNet"),
        (&["embedder.embedder.convolution."], "a ResNet under Hugging Face's names"),
        (&["model.0.conv.weight", "model.1.conv.weight"], "a YOLO detector"),
    ];
    by_parts(names, KNOWN)
}

/// Residual networks under torchvision's names, also those that this program does not have.
fn residual(names: &Names<'_>) -> Option<String> {
    let (first, conv1) = names.ending("layer1.0.conv1.weight")?;
    let prefix = first.strip_suffix("layer1.0.conv1.weight")?;
    let blocks = [1, 2, 3, 4].map(|stage| {
        (0..100).take_while(|block| names.size(&format!("{prefix}layer{stage}.{block}.conv1.weight")).is_some()).count()
    });
    let bottleneck = names.size(&format!("{prefix}layer1.0.conv3.weight")).is_some();
    let depth = 2 + blocks.iter().sum::<usize>() * if bottleneck { 3 } else { 2 };
    let inner = names.size(&format!("{prefix}layer1.0.conv2.weight"));
    let width = names.size(&format!("{prefix}bn1.weight")).and_then(<[usize]>::first).copied();
    let classes = match names.size(&format!("{prefix}fc.weight")) {
        Some([classes, _]) => format!(", with {classes} classes that have no names"),
        _ => String::new(),
    };
    let groups = inner.and_then(|shape| Some((*shape.first()?, *shape.get(1)?)));
    let what = match (groups, width) {
        _ if names.any("layer1.0.se.") || names.any("layer1.0.se_module.") => format!("an SE-ResNet-{depth}"),
        (Some((out, each)), _) if bottleneck && each > 0 && out > each => {
            format!("a ResNeXt-{depth} ({} groups of {each} channels)", out / each)
        }
        _ if names.size(&format!("{prefix}conv1.0.weight")).is_some() => {
            format!("a ResNet-{depth}-D (a stem of three convolutions)")
        }
        (_, Some(width)) if bottleneck && conv1.first().is_some_and(|inner| *inner > width) => {
            let times = conv1.first().unwrap_or(&0) / width.max(1);
            format!("a wide ResNet-{depth} ({times} times as wide inside)")
        }
        (_, Some(width)) => format!("a ResNet-{depth} of width {width}"),
        _ => format!("a ResNet-{depth}"),
    };
    Some(what + &classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(tensors: &[(&str, &[usize])]) -> Shapes {
        tensors.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect()
    }

    /// A residual network's tensors that tell it: blocks of each stage, sizes of the first block's convolutions.
    fn residual(prefix: &str, blocks: [usize; 4], conv1: &[usize], conv2: &[usize], bottleneck: bool) -> Shapes {
        let mut found = Shapes::new();
        for (stage, count) in blocks.into_iter().enumerate() {
            for block in 0..count {
                found.insert(format!("{prefix}layer{}.{block}.conv1.weight", stage + 1), conv1.to_vec());
            }
        }
        found.insert(format!("{prefix}layer1.0.conv2.weight"), conv2.to_vec());
        if bottleneck {
            found.insert(format!("{prefix}layer1.0.conv3.weight"), vec![256, conv2[0], 1, 1]);
        }
        found.insert(format!("{prefix}bn1.weight"), vec![64]);
        found
    }

    #[test]
    fn networks_are_called_by_their_names() {
        // Names and sizes as torchvision, timm, Hugging Face and Meta publish them.
        let block = |index: usize| format!("blocks.{index}.attn.qkv.weight");
        let blocks: Vec<String> = (0..12).map(block).collect();
        let mut vit = shapes(&[("patch_embed.proj.weight", &[384, 3, 16, 16]), ("pos_embed", &[1, 197, 384])]);
        vit.extend(blocks.iter().map(|name| (name.clone(), vec![1152, 384])));
        assert_eq!(named(&vit), "a vision transformer (ViT-S/16: 12 blocks of width 384)");
        vit.insert("register_tokens".into(), vec![1, 4, 384]);
        assert!(named(&vit).ends_with("with registers)"));
        let cases: &[(&str, &[usize], &str)] = &[
            ("conv_proj.weight", &[768, 3, 32, 32], "ViT-B/32"),
            ("vit.embeddings.patch_embeddings.projection.weight", &[192, 3, 16, 16], "ViT-Ti/16"),
            ("layers.0.blocks.0.attn.relative_position_bias_table", &[169, 3], "Swin"),
            ("features.1.0.layer_scale", &[96, 1, 1], "ConvNeXt"),
            ("stages.0.blocks.0.conv_dw.weight", &[96, 1, 7, 7], "ConvNeXt"),
            ("_blocks.0._depthwise_conv.weight", &[32, 1, 3, 3], "EfficientNet"),
            ("features.denseblock1.denselayer1.conv1.weight", &[128, 64, 1, 1], "DenseNet"),
            ("bert.embeddings.word_embeddings.weight", &[30522, 768], "language model"),
            ("unheard.of", &[1], "unknown kind (its first tensors are unheard.of)"),
        ];
        for (name, shape, expected) in cases {
            let found = named(&shapes(&[(name, shape)]));
            assert!(found.contains(expected), "{name}: {found}");
        }
        assert_eq!(named(&Shapes::new()), "no tensor of floating-point numbers");
    }

    #[test]
    fn residual_networks_that_are_not_here_are_told_apart() {
        let found = |blocks, conv1: &[usize], conv2: &[usize], bottleneck| {
            named(&residual("module.", blocks, conv1, conv2, bottleneck))
        };
        assert_eq!(
            found([3, 4, 6, 3], &[128, 64, 1, 1], &[128, 4, 3, 3], true),
            "a ResNeXt-50 (32 groups of 4 channels)"
        );
        assert_eq!(
            found([3, 4, 6, 3], &[128, 64, 1, 1], &[128, 128, 3, 3], true),
            "a wide ResNet-50 (2 times as wide inside)"
        );
        assert_eq!(found([3, 4, 23, 3], &[64, 64, 1, 1], &[64, 64, 3, 3], true), "a ResNet-101 of width 64");
        assert_eq!(found([2, 2, 2, 2], &[64, 64, 3, 3], &[64, 64, 3, 3], false), "a ResNet-18 of width 64");
        let mut squeezed = residual("", [3, 4, 6, 3], &[64, 64, 1, 1], &[64, 64, 3, 3], true);
        squeezed.insert("layer1.0.se.fc1.weight".into(), vec![8, 256, 1, 1]);
        squeezed.insert("fc.weight".into(), vec![1000, 2048]);
        assert_eq!(named(&squeezed), "an SE-ResNet-50, with 1000 classes that have no names");
    }
}
