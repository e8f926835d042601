//! Residual networks under the names of torchvision and timm, of Hugging Face, and counted through as lightly wraps them.

use std::collections::BTreeMap;

use super::ForeignOptions;
use super::fit::require;
use super::recognized::{Destination, Recognized, Refusal, choose_prefix, placed_shapes};
use crate::file::Shapes;
use crate::{Arch, BackboneConfig, InputSpec, Stem};

/// How a family calls its tensors.
struct Spelling {
    /// The tensors by which it is told.
    marks: [&'static str; 2],
    place: fn(&str) -> Option<String>,
}

const SPELLINGS: [Spelling; 5] = [
    Spelling { marks: ["conv1.weight", "layer4.0.conv1.weight"], place: of_torchvision },
    Spelling { marks: ["conv1.0.weight", "layer4.0.conv1.weight"], place: of_torchvision },
    Spelling {
        marks: ["embedder.embedder.convolution.weight", "encoder.stages.0.layers.0.layer.0.convolution.weight"],
        place: of_hugging_face,
    },
    // A sequence of torchvision's parts, relu and pooling counted, and one of lightly's own.
    Spelling { marks: ["0.weight", "7.0.conv1.weight"], place: |name| counted(name, 4) },
    Spelling { marks: ["0.weight", "5.0.conv1.weight"], place: |name| counted(name, 2) },
];

/// A residual network by its names; kind, width, stem and channels follow from the sizes.
pub(super) fn recognize(shapes: &Shapes, options: &ForeignOptions) -> Result<Option<Recognized>, Refusal> {
    for Spelling { marks, place } in &SPELLINGS {
        let mut notes = Vec::new();
        let Some(prefix) = choose_prefix(shapes, *marks, options.prefix.as_deref(), &mut notes)? else { continue };
        let own = |name: &String| Some(Destination::whole(place(name.strip_prefix(prefix.as_str())?)?));
        let names: BTreeMap<String, Destination> =
            shapes.keys().filter_map(|name| Some((name.clone(), own(name)?))).collect();
        let body = placed_shapes(shapes, &names);
        let Found { arch, width, channels, kernel } = infer(&body)?;
        notes.insert(0, format!("{} of width {width}, {channels} channel(s), from the shapes", arch.name()));
        let first = Stem::of_kernel(kernel).ok_or(Refusal::Unlike(String::new()))?;
        require(&BackboneConfig::resnet(arch, width).with_stem(first), channels, &body)?;
        let stem = stem(arch, kernel, options.stem, &mut notes).map_err(Refusal::Choice)?;
        let side = if stem == Stem::Imagenet { 224 } else { 32 };
        let input =
            if channels == 3 { InputSpec::imagenet(side, side) } else { InputSpec::centered(channels, side, side) };
        let config = BackboneConfig::resnet(arch, width).with_stem(stem);
        return Ok(Some(Recognized { config, names, positions: None, finish: |_| (), input, notes }));
    }
    Ok(None)
}

/// Names of a residual network's body.
fn of_torchvision(name: &str) -> Option<String> {
    let own = ["conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4."].iter().any(|part| name.starts_with(part));
    own.then(|| name.to_owned())
}

/// `4.0.conv1.weight` to `layer1.0.conv1.weight`, where the first stage has the number `first`.
fn counted(name: &str, first: usize) -> Option<String> {
    let (number, rest) = name.split_once('.')?;
    let number: usize = number.parse().ok()?;
    match number {
        0 => Some(format!("conv1.{rest}")),
        1 => Some(format!("bn1.{rest}")),
        _ => {
            let stage = number.checked_sub(first).filter(|stage| *stage < 4)?;
            Some(format!("layer{}.{rest}", stage + 1))
        }
    }
}

/// `encoder.stages.0.layers.1.layer.2.normalization.bias` to `layer1.1.bn3.bias`.
fn of_hugging_face(name: &str) -> Option<String> {
    for (from, to) in [("embedder.embedder.convolution.", "conv1."), ("embedder.embedder.normalization.", "bn1.")] {
        if let Some(rest) = name.strip_prefix(from) {
            return Some(format!("{to}{rest}"));
        }
    }
    let (stage, rest) = name.strip_prefix("encoder.stages.")?.split_once(".layers.")?;
    let (block, rest) = rest.split_once('.')?;
    let (stage, block): (usize, usize) = (stage.parse().ok()?, block.parse().ok()?);
    let at = format!("layer{}.{block}", stage + 1);
    for (from, to) in [("shortcut.convolution.", "downsample.0."), ("shortcut.normalization.", "downsample.1.")] {
        if let Some(rest) = rest.strip_prefix(from) {
            return Some(format!("{at}.{to}{rest}"));
        }
    }
    let (number, rest) = rest.strip_prefix("layer.")?.split_once('.')?;
    let number: usize = number.parse().ok()?;
    let (from, to) =
        [("convolution.", "conv"), ("normalization.", "bn")].into_iter().find(|(from, _)| rest.starts_with(from))?;
    Some(format!("{at}.{to}{}.{}", number + 1, &rest[from.len()..]))
}

/// What sizes tell.
struct Found {
    arch: Arch,
    width: usize,
    channels: usize,
    /// Of the first convolution.
    kernel: usize,
}

/// Kind, width, channels and kernel of the first convolution, from the sizes; which one is nearest, for residual networks that
/// are not here.
fn infer(shapes: &Shapes) -> Result<Found, Refusal> {
    let unlike = || Refusal::Unlike(String::new());
    let shape = |name: &str| shapes.get(name).map(Vec::as_slice);
    let deep = shape("conv1.0.weight").is_some();
    let first = shape(if deep { "conv1.0.weight" } else { "conv1.weight" });
    let Some(&[_, channels, kernel, _]) = first else { return Err(unlike()) };
    let &[width] = shape("bn1.weight").ok_or_else(unlike)? else { return Err(unlike()) };
    let bottleneck = shape("layer1.0.conv3.weight").is_some();
    let blocks = [1, 2, 3, 4].map(|stage| {
        (0..100).take_while(|block| shape(&format!("layer{stage}.{block}.conv1.weight")).is_some()).count()
    });
    let inner = shape("layer1.0.conv1.weight").and_then(<[usize]>::first).copied().unwrap_or(0);
    let widening = if bottleneck { inner / width.max(1) } else { 1 };
    let like = |arch: &Arch| arch.is_bottleneck() == bottleneck && arch.is_deep() == deep;
    let known = |arch: &Arch| like(arch) && arch.blocks() == blocks && arch.widening() == widening;
    let Some(arch) = Arch::ALL.into_iter().find(known) else {
        let far = |arch: &Arch| {
            let apart: usize = arch.blocks().iter().zip(blocks).map(|(one, two)| one.abs_diff(two)).sum();
            (usize::from(!like(arch)), apart, arch.widening().abs_diff(widening))
        };
        let nearest = Arch::ALL.into_iter().min_by_key(far).unwrap_or_default();
        let more = format!(
            " (blocks of its stages: {blocks:?}; the nearest known network is {}, which has {:?})",
            nearest.name(),
            nearest.blocks()
        );
        return Err(Refusal::Unlike(more));
    };
    BackboneConfig::resnet(arch, width).check().map_err(|_| unlike())?;
    Ok(Found { arch, width, channels, kernel })
}

/// The stem by the first convolution's size, and what was assumed.
fn stem(arch: Arch, kernel: usize, wanted: Option<Stem>, notes: &mut Vec<String>) -> Result<Stem, String> {
    match (kernel, wanted) {
        (3, None | Some(Stem::Auto)) if arch.is_deep() => {
            notes.push("stem = imagenet (as it is published; strides are not in the file)".into());
            Ok(Stem::Imagenet)
        }
        (3, Some(stem)) if arch.is_deep() => Ok(stem),
        (7, None | Some(Stem::Imagenet | Stem::Auto)) => Ok(Stem::Imagenet),
        (3, Some(stem @ (Stem::Small | Stem::Strided))) => Ok(stem),
        (3, None | Some(Stem::Auto)) => {
            notes.push("stem = small (a 3x3 first convolution; its stride is not in the file)".into());
            Ok(Stem::Small)
        }
        (_, wanted) => {
            let wanted = wanted.map_or("a known stem", Stem::name);
            Err(format!("a first convolution of {kernel}x{kernel}, which is not {wanted}; leave `stem` out"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_programs_become_torchvisions() {
        for (from, to) in [
            ("embedder.embedder.convolution.weight", Some("conv1.weight")),
            ("embedder.embedder.normalization.running_var", Some("bn1.running_var")),
            ("encoder.stages.2.layers.1.layer.2.normalization.bias", Some("layer3.1.bn3.bias")),
            ("encoder.stages.3.layers.0.shortcut.convolution.weight", Some("layer4.0.downsample.0.weight")),
            ("encoder.stages.3.layers.0.shortcut.normalization.weight", Some("layer4.0.downsample.1.weight")),
            ("classifier.1.weight", None),
        ] {
            assert_eq!(of_hugging_face(from).as_deref(), to, "{from}");
        }
        assert_eq!(counted("7.1.bn2.bias", 4).as_deref(), Some("layer4.1.bn2.bias"));
        assert_eq!(counted("1.weight", 4).as_deref(), Some("bn1.weight"));
        assert_eq!(counted("2.0.conv1.weight", 2).as_deref(), Some("layer1.0.conv1.weight"));
        assert_eq!((counted("8.weight", 4), counted("3.weight", 4)), (None, None));
    }
}
