//! Weights of other programs: torchvision, VISSL, lightly, solo-learn, in `.safetensors`, `.pth` or `.pt`.

mod kind;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

pub(crate) use self::kind::named;
use crate::file::{self, Opened, Shapes};
use crate::{Arch, BackboneConfig, Encoder, InputSpec, ModelError, Result, Seen, Stem};

/// What shapes alone cannot tell.
#[derive(Clone, Debug, Default)]
pub struct ForeignOptions {
    /// Part of the file to take, such as `module.encoder_q.`; found by itself where there is only one.
    pub prefix: Option<String>,
    /// The stem where the first convolution is 3x3: `Small` (as CIFAR versions have it) unless said otherwise.
    pub stem: Option<Stem>,
    /// Preprocessing: `ImageNet`'s for three channels, mean and deviation 0.5 otherwise.
    pub input: Option<InputSpec>,
}

/// Weights that were read, and what was left behind.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The encoder.
    pub encoder: Encoder,
    /// Names of tensors that are no part of it: a classifier, a projection head, an optimizer's state.
    pub ignored: Vec<String>,
    /// What was assumed, in words.
    pub notes: Vec<String>,
}

/// An encoder of a file of either kind: one that this program has written, or weights of another program.
///
/// # Errors
/// As [`Encoder::load`] and [`load_torch_weights`]: a file of this program's that is damaged is never taken for another's.
pub fn load_weights(path: impl AsRef<Path>, options: &ForeignOptions) -> Result<Imported> {
    let path = path.as_ref();
    match file::open(path)?.ours() {
        Ok((metadata, tensors)) => {
            let encoder = Encoder::of_file(path, &metadata, tensors)?;
            Ok(Imported { encoder, ignored: Vec::new(), notes: Vec::new() })
        }
        Err(opened) => by_shapes(path, opened, options),
    }
}

/// Reads a residual network's weights written by `PyTorch` programs; kind, width, stem and channels follow from the shapes.
///
/// # Errors
/// A file that cannot be read, or that holds no residual network of a known kind.
pub fn load_torch_weights(path: impl AsRef<Path>, options: &ForeignOptions) -> Result<Imported> {
    let path = path.as_ref();
    by_shapes(path, file::open(path)?, options)
}

fn by_shapes(path: &Path, opened: Opened, options: &ForeignOptions) -> Result<Imported> {
    let shapes = opened.shapes();
    let choice = |reason: String| ModelError::Choice { path: path.into(), reason };
    let architecture = |more: String| ModelError::Architecture { path: path.into(), found: named(&shapes) + &more };
    let unknown = || architecture(String::new());
    let prefix = choose_prefix(&shapes, options.prefix.as_deref()).map_err(choice)?.ok_or_else(unknown)?;
    let own = |name: &str| name.strip_prefix(prefix.as_str()).filter(|rest| is_backbone(rest)).map(str::to_owned);
    let body: Shapes = shapes.iter().filter_map(|(name, shape)| Some((own(name)?, shape.clone()))).collect();
    let ignored = shapes.keys().filter(|name| own(name).is_none()).cloned().collect();
    let (config, channels, kernel) = infer(&body).ok_or_else(unknown)?;
    let (found, expected) = (numbers(&body), config.stored_numbers(channels));
    if found != expected {
        // Groups, squeezes and wider insides, which the name tells; or something is missing.
        let name = config.arch.name();
        return Err(architecture(format!(" ({found} numbers where a plain {name} of this width has {expected})")));
    }
    let BackboneConfig { arch, width, .. } = config;
    let mut notes = vec![format!("{} of width {width}, {channels} channel(s), from the shapes", arch.name())];
    let stem = stem(kernel, options.stem, &mut notes).map_err(choice)?;
    let config = BackboneConfig::new(arch, width).with_stem(stem);
    let input = options.input.clone().unwrap_or_else(|| {
        let side = if config.stem == Stem::Imagenet { 224 } else { 32 };
        let input =
            if channels == 3 { InputSpec::imagenet(side, side) } else { InputSpec::centered(channels, side, side) };
        notes.push(format!("input = {channels}x{side}x{side}, mean {:?}, std {:?} (assumed)", input.mean, input.std));
        input
    });
    input.check()?;
    let state = opened.read(|name| own(name).is_some())?;
    let state = state.into_iter().filter_map(|(name, tensor)| Some((own(&name)?, tensor))).collect();
    let origin = path.file_name().map_or_else(|| "weights".into(), |name| name.to_string_lossy().into_owned());
    let encoder = Encoder { config, input, state: Arc::new(state), origin, seen: Seen::unknown() };
    encoder.fits(path)?;
    Ok(Imported { encoder, ignored, notes })
}

/// Whether a name without its prefix belongs to a residual network's body.
fn is_backbone(name: &str) -> bool {
    ["conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4."].iter().any(|part| name.starts_with(part))
}

/// What stands before `conv1.weight` of the network to take; none where there is no residual network.
fn choose_prefix(shapes: &Shapes, wanted: Option<&str>) -> Result<Option<String>, String> {
    let heads = shapes.keys().filter_map(|name| name.strip_suffix("conv1.weight"));
    let found: BTreeSet<&str> =
        heads.filter(|prefix| shapes.contains_key(&format!("{prefix}layer4.0.conv1.weight"))).collect();
    match (wanted, found.len()) {
        (_, 0) => Ok(None),
        (Some(wanted), _) if found.contains(wanted) => Ok(Some(wanted.to_owned())),
        (Some(wanted), _) => Err(format!("nothing under the prefix \"{wanted}\"; its prefixes are {}", list(&found))),
        (None, 1) => Ok(found.first().map(ToString::to_string)),
        (None, _) => Err(format!("several networks; `load_encoder` takes one with prefix: {}", list(&found))),
    }
}

fn list(prefixes: &BTreeSet<&str>) -> String {
    prefixes.iter().map(|prefix| format!("\"{prefix}\"")).collect::<Vec<_>>().join(", ")
}

/// Network, channels and kernel of the first convolution, from the sizes; none for residual networks that are not here.
fn infer(shapes: &Shapes) -> Option<(BackboneConfig, usize, usize)> {
    let shape = |name: &str| shapes.get(name).map(Vec::as_slice);
    let &[width, channels, kernel, _] = shape("conv1.weight")? else { return None };
    let bottleneck = shape("layer1.0.conv3.weight").is_some();
    let blocks = [1, 2, 3, 4].map(|stage| {
        (0..100).take_while(|block| shape(&format!("layer{stage}.{block}.conv1.weight")).is_some()).count()
    });
    let known = [Arch::ResNet10, Arch::ResNet18, Arch::ResNet34, Arch::ResNet50];
    let arch = known.into_iter().find(|arch| arch.is_bottleneck() == bottleneck && arch.blocks() == blocks)?;
    let config = BackboneConfig::new(arch, width).with_stem(Stem::of_kernel(kernel)?);
    config.check().ok()?;
    Some((config, channels, kernel))
}

fn numbers(shapes: &Shapes) -> u64 {
    shapes.values().map(|shape| file::numbers(shape)).fold(0, u64::saturating_add)
}

/// The stem by the first convolution's size, and what was assumed.
fn stem(kernel: usize, wanted: Option<Stem>, notes: &mut Vec<String>) -> Result<Stem, String> {
    match (kernel, wanted) {
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
    use foretask_backend::StateDict;

    use super::*;

    fn foreign(folder: &Path, arch: Arch, stem: Stem, prefix: &str) -> std::path::PathBuf {
        let config = BackboneConfig::new(arch, 4).with_stem(stem);
        let mut encoder = Encoder::random(&config, &InputSpec::centered(3, 32, 32), 1).unwrap();
        let renamed = encoder.state.iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor.clone()));
        let mut state: StateDict = renamed.collect();
        state.insert("head.weight".into(), state[&format!("{prefix}conv1.weight")].clone());
        encoder.state = Arc::new(state);
        let path = folder.join("weights.safetensors");
        encoder.save(&path).unwrap();
        path
    }

    #[test]
    fn kind_width_stem_and_channels_follow_from_the_shapes() {
        let folder = tempfile::tempdir().unwrap();
        for (arch, stem) in
            [(Arch::ResNet10, Stem::Small), (Arch::ResNet18, Stem::Imagenet), (Arch::ResNet50, Stem::Imagenet)]
        {
            let path = foreign(folder.path(), arch, stem, "module.backbone.");
            let imported = load_torch_weights(&path, &ForeignOptions::default()).unwrap();
            assert_eq!(imported.encoder.config, BackboneConfig::new(arch, 4).with_stem(stem));
            assert_eq!(imported.encoder.input.channels, 3);
            assert!(imported.ignored.contains(&"head.weight".to_owned()));
            assert!(imported.notes[0].starts_with(arch.name()));
        }
        let path = foreign(folder.path(), Arch::ResNet10, Stem::Strided, "");
        let options = ForeignOptions { stem: Some(Stem::Strided), ..ForeignOptions::default() };
        assert_eq!(load_torch_weights(&path, &options).unwrap().encoder.config.stem, Stem::Strided);
    }

    #[test]
    fn what_is_no_resnet_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = foreign(folder.path(), Arch::ResNet10, Stem::Small, "a.");
        let failed = |options: &ForeignOptions| load_torch_weights(&path, options).unwrap_err().to_string();
        let error = failed(&ForeignOptions { prefix: Some("b.".into()), ..ForeignOptions::default() });
        assert!(
            error.contains("\"b.\"") && error.contains("\"a.\"") && error.contains("weights.safetensors"),
            "{error}"
        );
        let error = failed(&ForeignOptions { stem: Some(Stem::Imagenet), ..ForeignOptions::default() });
        assert!(
            error.contains("3x3") && error.contains("imagenet") && error.contains("weights.safetensors"),
            "{error}"
        );
        let wrong = InputSpec { std: vec![0.0; 3], ..InputSpec::centered(3, 32, 32) };
        let error = failed(&ForeignOptions { input: Some(wrong), ..ForeignOptions::default() });
        assert!(error.contains("std"), "{error}");
        std::fs::write(folder.path().join("x.pth"), b"\x80\x02garbage").unwrap();
        let error =
            load_torch_weights(folder.path().join("x.pth"), &ForeignOptions::default()).unwrap_err().to_string();
        assert!(error.contains("x.pth cannot be read"), "{error}");
    }

    #[test]
    fn a_file_of_ours_is_never_taken_for_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let config = BackboneConfig::new(Arch::ResNet10, 4).with_stem(Stem::Strided);
        let encoder = Encoder::random(&config, &InputSpec::centered(1, 16, 16), 1).unwrap();
        let path = folder.path().join("ours.safetensors");
        encoder.save(&path).unwrap();
        assert_eq!(load_weights(&path, &ForeignOptions::default()).unwrap().encoder, encoder);
        // The same tensors under a description that cannot be.
        let bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(7).position(|part| part == b"strided").unwrap();
        std::fs::write(&path, [&bytes[..at], b"strid3d", &bytes[at + 7..]].concat()).unwrap();
        let error = load_weights(&path, &ForeignOptions::default()).unwrap_err().to_string();
        assert!(error.contains("`config.stem`") && error.contains("ours.safetensors"), "{error}");
    }
}
