//! EfficientNet-Lite0 under timm's names and those of the package `efficientnet-lite-pytorch`.

use std::collections::BTreeMap;

use super::ForeignOptions;
use super::fit::{require, shapes_of};
use super::recognized::{Destination, Recognized, Refusal, choose_prefix, placed_shapes};
use crate::efficientnet::block_counts;
use crate::file::Shapes;
use crate::{BackboneConfig, InputSpec};

/// EfficientNet-Lite0 by its names and the number of its weights.
pub(super) fn recognize(shapes: &Shapes, options: &ForeignOptions) -> Result<Option<Recognized>, Refusal> {
    let timms = ["conv_stem.weight", "blocks.0.0.conv_dw.weight"];
    let packages = ["_conv_stem.weight", "_blocks.0._depthwise_conv.weight"];
    let wanted = options.prefix.as_deref();
    for (marks, rename) in [(timms, of_timm as fn(&str) -> Option<String>), (packages, of_package)] {
        let mut notes = Vec::new();
        let Some(prefix) = choose_prefix(shapes, marks, wanted, &mut notes)? else { continue };
        let Some(&[_, channels, _, _]) = shapes.get(&format!("{prefix}{}", marks[0])).map(Vec::as_slice) else {
            continue;
        };
        let own = |name: &String| Some(Destination::whole(rename(name.strip_prefix(prefix.as_str())?)?));
        let config = BackboneConfig::EfficientNetLite0;
        let names: BTreeMap<String, Destination> =
            shapes.keys().filter_map(|name| Some((name.clone(), own(name)?))).collect();
        let body = placed_shapes(shapes, &names);
        if !nearly(&config, channels, &body) {
            // Another network of this family.
            continue;
        }
        require(&config, channels, &body)?;
        if options.stem.is_some() {
            return Err(Refusal::Choice("an EfficientNet-Lite0, which has one stem; leave `stem` out".into()));
        }
        notes.insert(0, format!("efficientnet_lite0, {channels} channel(s), from names and shapes"));
        let input = input(channels);
        return Ok(Some(Recognized { config, names, positions: None, finish: |_| (), input, notes }));
    }
    Ok(None)
}

/// Whether most of the tensors are those of this network.
fn nearly(config: &BackboneConfig, channels: usize, body: &Shapes) -> bool {
    let Some(wanted) = shapes_of(config, channels) else { return false };
    let same = wanted.iter().filter(|(name, shape)| body.get(*name) == Some(*shape)).count();
    10 * same >= 9 * wanted.len().max(body.len())
}

/// What TensorFlow's weights were trained on: `(x - 127) / 128` of pixels from 0 to 255.
fn input(channels: usize) -> InputSpec {
    let input = InputSpec::centered(channels, 224, 224);
    InputSpec { mean: vec![127.0 / 255.0; channels], std: vec![128.0 / 255.0; channels], ..input }
}

fn of_timm(name: &str) -> Option<String> {
    let own = ["conv_stem.", "bn1.", "blocks.", "conv_head.", "bn2."].iter().any(|part| name.starts_with(part));
    own.then(|| name.to_owned())
}

/// `_blocks.3._bn1.weight` to `blocks.2.0.bn2.weight`.
fn of_package(name: &str) -> Option<String> {
    let first = [("_conv_stem.", "conv_stem."), ("_bn0.", "bn1."), ("_conv_head.", "conv_head."), ("_bn1.", "bn2.")];
    if let Some((from, to)) = first.into_iter().find(|(from, _)| name.starts_with(from)) {
        return Some(name.replacen(from, to, 1));
    }
    let (number, part) = name.strip_prefix("_blocks.")?.split_once('.')?;
    let mut left: usize = number.parse().ok()?;
    let counts = block_counts();
    let stage = counts.iter().position(|count| {
        let here = left < *count;
        left = if here { left } else { left - count };
        here
    })?;
    // The only block of the first stage widens nothing: what is second elsewhere is first there.
    let parts = if stage == 0 {
        [("_depthwise_conv.", "conv_dw."), ("_bn1.", "bn1."), ("_project_conv.", "conv_pw."), ("_bn2.", "bn2.")]
            .to_vec()
    } else {
        let own = [("_expand_conv.", "conv_pw."), ("_bn0.", "bn1."), ("_depthwise_conv.", "conv_dw.")];
        [own.as_slice(), &[("_bn1.", "bn2."), ("_project_conv.", "conv_pwl."), ("_bn2.", "bn3.")]].concat()
    };
    let (from, to) = parts.into_iter().find(|(from, _)| part.starts_with(from))?;
    Some(format!("blocks.{stage}.{left}.{}", part.replacen(from, to, 1)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use foretask_backend::StateDict;

    use super::*;
    use crate::{Encoder, load_torch_weights};

    #[test]
    fn blocks_counted_through_become_blocks_of_stages() {
        let cases = [
            ("_conv_stem.weight", "conv_stem.weight"),
            ("_bn0.running_var", "bn1.running_var"),
            ("_blocks.0._depthwise_conv.weight", "blocks.0.0.conv_dw.weight"),
            ("_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"),
            ("_blocks.1._expand_conv.weight", "blocks.1.0.conv_pw.weight"),
            ("_blocks.2._bn1.bias", "blocks.1.1.bn2.bias"),
            ("_blocks.14._bn2.weight", "blocks.5.3.bn3.weight"),
            ("_blocks.15._project_conv.weight", "blocks.6.0.conv_pwl.weight"),
            ("_bn1.weight", "bn2.weight"),
        ];
        for (from, to) in cases {
            assert_eq!(of_package(from).as_deref(), Some(to), "{from}");
        }
        for other in ["_blocks.16._bn1.bias", "_fc.weight", "_blocks.1._se_reduce.weight"] {
            assert_eq!(of_package(other), None);
        }
    }

    /// The package's name of a tensor of ours.
    fn back(name: &str) -> String {
        let candidates = (0..16).flat_map(|block| {
            ["_expand_conv", "_depthwise_conv", "_project_conv", "_bn0", "_bn1", "_bn2"]
                .map(|part| format!("_blocks.{block}.{part}"))
        });
        let candidates = candidates.chain(["_conv_stem", "_conv_head", "_bn0", "_bn1"].map(str::to_owned));
        let last = name.rsplit('.').next().unwrap();
        let mut all = candidates.map(|front| format!("{front}.{last}"));
        all.find(|candidate| of_package(candidate).as_deref() == Some(name)).unwrap()
    }

    #[test]
    fn both_spellings_are_read_to_the_same_bits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let encoder = Encoder::random(&BackboneConfig::EfficientNetLite0, &input(3), 1).unwrap();
        let packages = |name: &str| format!("module.{}", back(name));
        for rename in [&(|name: &str| format!("backbone.{name}")) as &dyn Fn(&str) -> String, &packages] {
            let mut state: StateDict =
                encoder.state.iter().map(|(name, tensor)| (rename(name), tensor.clone())).collect();
            let head = state.values().next().unwrap().clone();
            state.insert("classifier.weight".into(), head);
            Encoder { state: Arc::new(state), ..encoder.clone() }.save(&path).unwrap();
            let imported = load_torch_weights(&path, &ForeignOptions::default()).unwrap();
            assert_eq!(imported.encoder.state, encoder.state);
            assert_eq!(imported.encoder.input, encoder.input);
            assert_eq!(imported.ignored, ["classifier.weight"]);
            assert!(imported.notes[0].starts_with("efficientnet_lite0, 3 channel(s)"), "{:?}", imported.notes);
        }
        // One tensor short, it is another network of its family.
        let mut state = (*encoder.state).clone();
        state.remove("blocks.6.0.bn3.bias").unwrap();
        Encoder { state: Arc::new(state), ..encoder }.save(&path).unwrap();
        let error = load_torch_weights(&path, &ForeignOptions::default()).unwrap_err().to_string();
        assert!(error.contains("EfficientNet") && error.contains("efficientnet_lite0"), "{error}");
        assert!(error.contains("missing: 1 (blocks.6.0.bn3.bias)"), "{error}");
    }
}
