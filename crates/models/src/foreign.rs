//! Weights of other programs: torchvision, VISSL, lightly, solo-learn, in `.safetensors`, `.pth` or `.pt`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use burn::store::pytorch_reader::{self, PytorchReader};
use burn::tensor::DType;
use foretask_backend::StateDict;

use crate::file::{read_safetensors, to_f32};
use crate::{Arch, BackboneConfig, Encoder, InputSpec, ModelError, Result, Stem};

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

/// Reads a residual network's weights written by `PyTorch` programs; kind, width, stem and channels follow from the shapes.
///
/// # Errors
/// A file that cannot be read, or that holds no residual network of a known kind.
pub fn load_torch_weights(path: impl AsRef<Path>, options: &ForeignOptions) -> Result<Imported> {
    let path = path.as_ref();
    let tensors = read_any(path)?;
    let wrong = |reason: String| ModelError::Architecture { path: path.into(), reason };
    let prefix = choose_prefix(&tensors, options.prefix.as_deref()).map_err(wrong)?;
    let mut ignored = Vec::new();
    let mut state = StateDict::new();
    for (name, tensor) in tensors {
        match name.strip_prefix(prefix.as_str()).filter(|rest| is_backbone(rest)) {
            Some(rest) => {
                state.insert(rest.to_owned(), tensor);
            }
            None => ignored.push(name),
        }
    }
    let (config, channels, mut notes) = infer(&state, options.stem).map_err(wrong)?;
    let input = options.input.clone().unwrap_or_else(|| {
        let side = if config.stem == Stem::Imagenet { 224 } else { 32 };
        let input =
            if channels == 3 { InputSpec::imagenet(side, side) } else { InputSpec::centered(channels, side, side) };
        notes.push(format!("input = {channels}x{side}x{side}, mean {:?}, std {:?} (assumed)", input.mean, input.std));
        input
    });
    let origin = path.file_name().map_or_else(|| "weights".into(), |name| name.to_string_lossy().into_owned());
    let encoder = Encoder { config, input, state: Arc::new(state), origin };
    encoder.build(&foretask_backend::device("flex")?.plain())?;
    Ok(Imported { encoder, ignored, notes })
}

fn read_any(path: &Path) -> Result<StateDict> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("safetensors") => Ok(read_safetensors(path)?.tensors),
        Some("pth" | "pt" | "tar" | "ckpt" | "bin") => read_pickle(path),
        _ => Err(ModelError::Format { path: path.into(), reason: "its extension is unknown".into() }),
    }
}

fn read_pickle(path: &Path) -> Result<StateDict> {
    std::fs::metadata(path).map_err(|source| ModelError::File { action: "read", path: path.into(), source })?;
    let wrong = |reason: String| ModelError::Format { path: path.into(), reason };
    let reader = PytorchReader::new(path).map_err(|error| wrong(error.to_string()))?;
    let mut tensors = StateDict::new();
    for (name, tensor) in reader.into_tensors() {
        let dtype = match tensor.dtype() {
            pytorch_reader::DType::F64 => DType::F64,
            pytorch_reader::DType::F32 => DType::F32,
            pytorch_reader::DType::F16 => DType::F16,
            pytorch_reader::DType::BF16 => DType::BF16,
            _ => continue,
        };
        let bytes = tensor.read().map_err(|error| wrong(error.to_string()))?;
        tensors.insert(name, to_f32(bytes, tensor.shape(), dtype));
    }
    Ok(tensors)
}

/// Whether a name without its prefix belongs to a residual network's body.
fn is_backbone(name: &str) -> bool {
    ["conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4."].iter().any(|part| name.starts_with(part))
}

/// What stands before `conv1.weight` of the network to take.
fn choose_prefix(tensors: &StateDict, wanted: Option<&str>) -> Result<String, String> {
    let heads = tensors.keys().filter_map(|name| name.strip_suffix("conv1.weight"));
    let found: BTreeSet<&str> =
        heads.filter(|prefix| tensors.contains_key(&format!("{prefix}layer4.0.conv1.weight"))).collect();
    match (wanted, found.len()) {
        (Some(wanted), _) if found.contains(wanted) => Ok(wanted.to_owned()),
        (Some(wanted), _) => Err(format!("nothing under the prefix \"{wanted}\"; prefixes found: {}", list(&found))),
        (None, 1) => Ok(found.first().copied().unwrap_or_default().to_owned()),
        (None, 0) => {
            let some: Vec<&str> = tensors.keys().take(3).map(String::as_str).collect();
            Err(format!("no conv1.weight with layer1 to layer4 beside it; its first tensors are {}", some.join(", ")))
        }
        (None, _) => Err(format!("several networks in one file; choose one with prefix: {}", list(&found))),
    }
}

fn list(prefixes: &BTreeSet<&str>) -> String {
    let quoted: Vec<String> = prefixes.iter().map(|prefix| format!("\"{prefix}\"")).collect();
    if quoted.is_empty() { "none".into() } else { quoted.join(", ") }
}

/// Kind, width, stem and channels from the shapes.
fn infer(state: &StateDict, stem: Option<Stem>) -> Result<(BackboneConfig, usize, Vec<String>), String> {
    let shape = |name: &str| state.get(name).map(|tensor| tensor.shape.as_slice());
    let Some(&[width, channels, kernel, _]) = shape("conv1.weight") else {
        return Err("conv1.weight is not four-dimensional".into());
    };
    let bottleneck = shape("layer1.0.conv3.weight").is_some();
    let blocks = [1, 2, 3, 4].map(|stage| {
        (0..100).take_while(|block| shape(&format!("layer{stage}.{block}.conv1.weight")).is_some()).count()
    });
    let known = [Arch::ResNet10, Arch::ResNet18, Arch::ResNet34, Arch::ResNet50];
    let Some(arch) = known.into_iter().find(|arch| arch.is_bottleneck() == bottleneck && arch.blocks() == blocks)
    else {
        let kind = if bottleneck { "bottleneck" } else { "basic" };
        return Err(format!("{blocks:?} {kind} blocks; known are resnet10, resnet18, resnet34 and resnet50"));
    };
    let mut notes = Vec::new();
    let stem = match (kernel, stem) {
        (7, None | Some(Stem::Imagenet | Stem::Auto)) => Stem::Imagenet,
        (3, Some(stem @ (Stem::Small | Stem::Strided))) => stem,
        (3, None | Some(Stem::Auto)) => {
            notes.push("stem = small (a 3x3 first convolution; its stride is not in the file)".into());
            Stem::Small
        }
        (_, wanted) => {
            let wanted = wanted.map_or("a known stem", Stem::name);
            return Err(format!("its first convolution is {kernel}x{kernel}, which is not {wanted}"));
        }
    };
    let config = BackboneConfig::new(arch, width).with_stem(stem);
    notes.insert(0, format!("{} of width {width}, {channels} channel(s), from the shapes", arch.name()));
    Ok((config, channels, notes))
}

#[cfg(test)]
mod tests {
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
        let options = ForeignOptions { prefix: Some("b.".into()), ..ForeignOptions::default() };
        let error = load_torch_weights(&path, &options).unwrap_err().to_string();
        assert!(error.contains("\"b.\"") && error.contains("\"a.\""), "{error}");
        let options = ForeignOptions { stem: Some(Stem::Imagenet), ..ForeignOptions::default() };
        let error = load_torch_weights(&path, &options).unwrap_err().to_string();
        assert!(error.contains("3x3") && error.contains("imagenet"), "{error}");
        let error = load_torch_weights(folder.path().join("x.onnx"), &options).unwrap_err().to_string();
        assert!(error.contains("extension"), "{error}");
        std::fs::write(folder.path().join("x.pth"), b"garbage").unwrap();
        assert!(
            load_torch_weights(folder.path().join("x.pth"), &options).unwrap_err().to_string().contains("no readable")
        );
    }
}
