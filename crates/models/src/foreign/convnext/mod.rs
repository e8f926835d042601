//! `ConvNeXt` under the names of timm, torchvision, its authors, `DINOv3` and Hugging Face.

mod names;

use std::collections::BTreeMap;

use foretask_backend::StateDict;

use self::names::{of_authors, of_hugging_face, of_hugging_face_dinov3, of_timm, of_torchvision};
use super::ForeignOptions;
use super::fit::require;
use super::recognized::{Destination, Recognized, Refusal, choose_prefix, placed_shapes, without_ones};
use crate::file::Shapes;
use crate::{BackboneConfig, ConvNextConfig, ConvNextSize, InputSpec};

/// How a family calls its tensors.
struct Spelling {
    name: &'static str,
    /// The tensors by which it is told.
    marks: [&'static str; 2],
    place: fn(&str) -> Option<String>,
}

const SPELLINGS: [Spelling; 5] = [
    Spelling { name: "timm", marks: ["stem.0.weight", "stages.0.blocks.0.conv_dw.weight"], place: of_timm },
    Spelling {
        name: "its authors",
        marks: ["downsample_layers.0.0.weight", "stages.0.0.dwconv.weight"],
        place: of_authors,
    },
    Spelling { name: "torchvision", marks: ["features.0.0.weight", "features.1.0.layer_scale"], place: of_torchvision },
    Spelling {
        name: "Hugging Face",
        marks: ["embeddings.patch_embeddings.weight", "encoder.stages.0.layers.0.dwconv.weight"],
        place: of_hugging_face,
    },
    Spelling {
        name: "Hugging Face's DINOv3",
        marks: ["stages.0.downsample_layers.0.weight", "stages.0.layers.0.depthwise_conv.weight"],
        place: of_hugging_face_dinov3,
    },
];

/// A `ConvNeXt` by its names; size, patch and channels follow from the sizes.
pub(super) fn recognize(shapes: &Shapes, options: &ForeignOptions) -> Result<Option<Recognized>, Refusal> {
    for Spelling { name: family, marks, place } in &SPELLINGS {
        let mut notes = Vec::new();
        let Some(prefix) = choose_prefix(shapes, *marks, options.prefix.as_deref(), &mut notes)? else { continue };
        // Transformers 5 has the stages, but not the last norm, one level deeper.
        let outer = prefix.strip_suffix("model.").unwrap_or(&prefix);
        let own = |name: &String| {
            let inner = name.strip_prefix(prefix.as_str()).and_then(place);
            Some(Destination::whole(inner.or_else(|| place(name.strip_prefix(outer)?))?))
        };
        let names: BTreeMap<String, Destination> =
            shapes.keys().filter_map(|name| Some((name.clone(), own(name)?))).collect();
        let mut body = placed_shapes(shapes, &names);
        for (name, shape) in &mut body {
            if let Some(least) = linear(name) {
                *shape = without_ones(shape, least);
            }
        }
        let (config, channels) = infer(&body)?;
        require(&config.clone().into(), channels, &body)?;
        if options.stem.is_some() {
            return Err(Refusal::Choice("a ConvNeXt, which has one stem; leave `stem` out".into()));
        }
        let (network, patch) = (BackboneConfig::from(config.clone()), config.patch_side());
        let (network, side) = (network.network(), 56 * patch);
        let what = format!("{network} with a stem of {patch}x{patch} pixels, {channels} channel(s)");
        notes.insert(0, format!("{what}, from names and shapes; taken for weights under the names of {family}"));
        let input =
            if channels == 3 { InputSpec::imagenet(side, side) } else { InputSpec::centered(channels, side, side) };
        return Ok(Some(Recognized { config: config.into(), names, positions: None, finish: flatten, input, notes }));
    }
    Ok(None)
}

/// The rank of what some files have as 1x1 convolutions, or with sizes of 1.
fn linear(name: &str) -> Option<usize> {
    match name.rsplit('.').next() {
        Some("gamma") => Some(1),
        Some("weight") if name.contains(".mlp.") => Some(2),
        _ => None,
    }
}

fn flatten(state: &mut StateDict) {
    for (name, tensor) in state {
        if let Some(least) = linear(name) {
            tensor.shape = without_ones(&tensor.shape, least);
        }
    }
}

/// Size, patch and channels; which one is nearest, for those that are not here.
fn infer(body: &Shapes) -> Result<(ConvNextConfig, usize), Refusal> {
    let shape = |name: &str| body.get(name).map(Vec::as_slice);
    let Some(&[width, channels, patch, _]) = shape("stem.0.weight") else {
        return Err(Refusal::Unlike(String::new()));
    };
    let depths = [0, 1, 2, 3].map(|stage| {
        (0..1000).take_while(|block| shape(&format!("stages.{stage}.blocks.{block}.conv_dw.weight")).is_some()).count()
    });
    let known = |size: &ConvNextSize| size.widths()[0] == width && size.depths() == depths;
    if let Some(size) = ConvNextSize::ALL.into_iter().find(known) {
        let config = ConvNextConfig { size, patch: Some(patch), ..ConvNextConfig::default() };
        if config.check().is_ok() {
            return Ok((config, channels));
        }
    }
    let far = |size: &ConvNextSize| {
        let apart: usize = size.depths().iter().zip(depths).map(|(one, two)| one.abs_diff(two)).sum();
        size.widths()[0].abs_diff(width) + apart
    };
    let nearest = ConvNextSize::ALL.into_iter().min_by_key(far).unwrap_or_default();
    Err(Refusal::Unlike(format!(
        " ({width} channels behind the stem, blocks {depths:?}; the nearest known network is convnext_{}, with {} and {:?})",
        nearest.name(),
        nearest.widths()[0],
        nearest.depths()
    )))
}
