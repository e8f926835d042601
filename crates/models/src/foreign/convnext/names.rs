//! The network's names by those of the families.

/// timm's, which are the network's.
pub(super) fn of_timm(name: &str) -> Option<String> {
    let own = ["stem.", "stages.", "head.norm."].iter().any(|part| name.starts_with(part));
    own.then(|| name.to_owned())
}

/// Facebook's: `ConvNeXt`'s authors and `DINOv3`.
pub(super) fn of_authors(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("norm.") {
        return Some(format!("head.norm.{rest}"));
    }
    if let Some(rest) = name.strip_prefix("downsample_layers.") {
        return lowered(rest, |rest| Some(rest.to_owned()));
    }
    let (stage, block, part) = block_of(name, "")?;
    let known = [
        ("dwconv.", "conv_dw."),
        ("norm.", "norm."),
        ("pwconv1.", "mlp.fc1."),
        ("pwconv2.", "mlp.fc2."),
        ("gamma", "gamma"),
    ];
    within(stage, block, part, &known)
}

/// torchvision's.
pub(super) fn of_torchvision(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("classifier.0.") {
        return Some(format!("head.norm.{rest}"));
    }
    let (number, rest) = name.strip_prefix("features.")?.split_once('.')?;
    let number: usize = number.parse().ok()?;
    let stage = number / 2;
    match number {
        0 => Some(format!("stem.{rest}")),
        2 | 4 | 6 => Some(format!("stages.{stage}.downsample.{rest}")),
        1 | 3 | 5 | 7 => {
            let (block, part) = rest.split_once('.')?;
            let known = [
                ("block.0.", "conv_dw."),
                ("block.2.", "norm."),
                ("block.3.", "mlp.fc1."),
                ("block.5.", "mlp.fc2."),
                ("layer_scale", "gamma"),
            ];
            within(stage, block.parse().ok()?, part, &known)
        }
        _ => None,
    }
}

/// Hugging Face's `convnext`.
pub(super) fn of_hugging_face(name: &str) -> Option<String> {
    for (from, to) in [
        ("embeddings.patch_embeddings.", "stem.0."),
        ("embeddings.layernorm.", "stem.1."),
        ("layernorm.", "head.norm."),
    ] {
        if let Some(rest) = name.strip_prefix(from) {
            return Some(format!("{to}{rest}"));
        }
    }
    let rest = name.strip_prefix("encoder.stages.")?;
    if let Some((stage, rest)) = rest.split_once(".downsampling_layer.") {
        let stage: usize = stage.parse().ok()?;
        return Some(format!("stages.{stage}.downsample.{rest}"));
    }
    let (stage, block, part) = block_of(name.strip_prefix("encoder.")?, "layers.")?;
    let known = [
        ("dwconv.", "conv_dw."),
        ("layernorm.", "norm."),
        ("pwconv1.", "mlp.fc1."),
        ("pwconv2.", "mlp.fc2."),
        ("layer_scale_parameter", "gamma"),
    ];
    within(stage, block, part, &known)
}

/// Hugging Face's `dinov3_convnext`.
pub(super) fn of_hugging_face_dinov3(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("layer_norm.") {
        return Some(format!("head.norm.{rest}"));
    }
    let rest = name.strip_prefix("stages.")?;
    if rest.contains(".downsample_layers.") {
        return lowered(rest, |rest| rest.strip_prefix("downsample_layers.").map(str::to_owned));
    }
    let (stage, block, part) = block_of(name, "layers.")?;
    let known = [
        ("depthwise_conv.", "conv_dw."),
        ("layer_norm.", "norm."),
        ("pointwise_conv1.", "mlp.fc1."),
        ("pointwise_conv2.", "mlp.fc2."),
        ("gamma", "gamma"),
    ];
    within(stage, block, part, &known)
}

/// `0.1.weight` to the stem's norm, `2.0.weight` to the norm in front of the third stage.
fn lowered(rest: &str, inner: impl Fn(&str) -> Option<String>) -> Option<String> {
    let (stage, rest) = rest.split_once('.')?;
    let (stage, rest): (usize, String) = (stage.parse().ok()?, inner(rest)?);
    Some(if stage == 0 { format!("stem.{rest}") } else { format!("stages.{stage}.downsample.{rest}") })
}

/// Stage, block and part of `stages.S.{between}L.part`.
fn block_of<'a>(name: &'a str, between: &str) -> Option<(usize, usize, &'a str)> {
    let (stage, rest) = name.strip_prefix("stages.")?.split_once('.')?;
    let (block, part) = rest.strip_prefix(between)?.split_once('.')?;
    Some((stage.parse().ok()?, block.parse().ok()?, part))
}

fn within(stage: usize, block: usize, part: &str, known: &[(&str, &str)]) -> Option<String> {
    let (from, to) = known.iter().find(|(from, _)| part.starts_with(from))?;
    Some(format!("stages.{stage}.blocks.{block}.{}", part.replacen(from, to, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (fn(&str) -> Option<String>, &'static str, Option<&'static str>);

    #[test]
    fn names_of_other_programs_become_timms() {
        let cases: [Case; 16] = [
            (of_authors, "downsample_layers.0.1.bias", Some("stem.1.bias")),
            (of_authors, "downsample_layers.3.1.weight", Some("stages.3.downsample.1.weight")),
            (of_authors, "stages.2.8.pwconv1.weight", Some("stages.2.blocks.8.mlp.fc1.weight")),
            (of_authors, "stages.2.8.gamma", Some("stages.2.blocks.8.gamma")),
            (of_authors, "norms.3.weight", None),
            (of_torchvision, "features.0.0.weight", Some("stem.0.weight")),
            (of_torchvision, "features.6.0.bias", Some("stages.3.downsample.0.bias")),
            (of_torchvision, "features.5.2.block.5.bias", Some("stages.2.blocks.2.mlp.fc2.bias")),
            (of_torchvision, "features.1.0.layer_scale", Some("stages.0.blocks.0.gamma")),
            (of_torchvision, "classifier.2.weight", None),
            (of_hugging_face, "encoder.stages.1.downsampling_layer.1.bias", Some("stages.1.downsample.1.bias")),
            (of_hugging_face, "encoder.stages.1.layers.0.dwconv.bias", Some("stages.1.blocks.0.conv_dw.bias")),
            (of_hugging_face, "layernorm.bias", Some("head.norm.bias")),
            (of_hugging_face_dinov3, "stages.0.downsample_layers.1.bias", Some("stem.1.bias")),
            (of_hugging_face_dinov3, "stages.2.downsample_layers.0.bias", Some("stages.2.downsample.0.bias")),
            (of_hugging_face_dinov3, "stages.2.layers.4.layer_norm.bias", Some("stages.2.blocks.4.norm.bias")),
        ];
        for (place, from, to) in cases {
            assert_eq!(place(from).as_deref(), to, "{from}");
        }
    }
}
