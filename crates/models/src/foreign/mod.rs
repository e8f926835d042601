//! Weights of other programs: torchvision, timm, Hugging Face, the authors of `DINO`, `MAE`, `MoCo`, `I-JEPA` and `ConvNeXt`, VISSL,
//! lightly, solo-learn, in `.safetensors`, `.pth` or `.pt`.

mod convnext;
mod efficientnet;
mod fit;
mod kind;
#[cfg(test)]
mod parity;
mod recognized;
mod resnet;
mod vit;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use foretask_backend::{HostTensor, StateDict};

pub(crate) use self::kind::named;
use self::recognized::{Destination, Recognized, Refusal};
use crate::file::{self, Opened, Shapes};
use crate::{Encoder, InputSpec, ModelError, Result, Seen, Stem};

/// What shapes alone cannot tell.
#[derive(Clone, Debug, Default)]
pub struct ForeignOptions {
    /// Part of the file to take, such as `module.encoder_q.`; found by itself where there is only one.
    pub prefix: Option<String>,
    /// The stem where the first convolution is 3x3: `Small` (as CIFAR versions have it) unless said otherwise.
    pub stem: Option<Stem>,
    /// Pixels a side that the input is to have, where that decides about the weights: learned positions are brought to it. What
    /// the weights were made for, unless said otherwise.
    pub side: Option<usize>,
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

/// Reads weights written by `PyTorch` programs; the network, its sizes and channels follow from names and shapes.
///
/// # Errors
/// A file that cannot be read, or that holds no network of a known kind.
pub fn load_torch_weights(path: impl AsRef<Path>, options: &ForeignOptions) -> Result<Imported> {
    let path = path.as_ref();
    by_shapes(path, file::open(path)?, options)
}

/// So many names of what is left out are said.
const NAMED: usize = 3;

fn by_shapes(path: &Path, opened: Opened, options: &ForeignOptions) -> Result<Imported> {
    let shapes = opened.shapes();
    let refused = |refusal| match refusal {
        Refusal::Choice(reason) => ModelError::Choice { path: path.into(), reason },
        Refusal::Unlike(more) => ModelError::Architecture { path: path.into(), found: named(&shapes) + &more },
    };
    let found = recognize(&shapes, options).map_err(refused)?;
    let Recognized { config, names, positions, finish, input, mut notes } =
        found.ok_or_else(|| refused(Refusal::Unlike(String::new())))?;
    let input = options.input.clone().unwrap_or_else(|| {
        let [c, h, w] = [input.channels, input.height, input.width];
        notes.push(format!("input = {c}x{h}x{w}, mean {:?}, std {:?} (assumed)", input.mean, input.std));
        input
    });
    input.check()?;
    let ignored: Vec<String> = shapes.keys().filter(|name| !names.contains_key(*name)).cloned().collect();
    if !ignored.is_empty() {
        let more = if ignored.len() > NAMED { ", …" } else { "" };
        let some = ignored.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        notes.push(format!("left out: {} tensor(s) that are no part of it ({some}{more})", ignored.len()));
    }
    let state = opened.read(|name| names.contains_key(name))?;
    let mut state = placed(state, &names);
    finish(&mut state);
    if let (Some(moved), Some(tensor)) = (positions, state.get_mut("pos_embed")) {
        *tensor = moved.apply(tensor);
    }
    let origin = path.file_name().map_or_else(|| "weights".into(), |name| name.to_string_lossy().into_owned());
    let encoder = Encoder { config, input, state: Arc::new(state), origin, seen: Seen::unknown(), license: None };
    encoder.fits(path)?;
    Ok(Imported { encoder, ignored, notes })
}

/// The file's tensors under the network's names; parts of one are put together.
fn placed(state: StateDict, names: &BTreeMap<String, Destination>) -> StateDict {
    let mut parts: BTreeMap<(String, usize), HostTensor> = BTreeMap::new();
    for (name, tensor) in state {
        if let Some(Destination { name, part }) = names.get(&name) {
            parts.insert((name.clone(), *part), tensor);
        }
    }
    let mut placed = StateDict::new();
    for ((name, part), tensor) in parts {
        match placed.get_mut(&name) {
            Some(whole) if part > 0 => {
                whole.shape[0] += tensor.shape.first().copied().unwrap_or(0);
                whole.data.extend(tensor.data);
            }
            _ => {
                placed.insert(name, tensor);
            }
        }
    }
    placed
}

/// The network that these tensors are of; none where nobody knows it.
fn recognize(shapes: &Shapes, options: &ForeignOptions) -> Result<Option<Recognized>, Refusal> {
    for known in [efficientnet::recognize, vit::recognize, convnext::recognize, resnet::recognize] {
        if let Some(found) = known(shapes, options)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arch, BackboneConfig};

    fn foreign(folder: &Path, arch: Arch, stem: Stem, prefix: &str) -> std::path::PathBuf {
        let config = BackboneConfig::resnet(arch, 4).with_stem(stem);
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
            assert_eq!(imported.encoder.config, BackboneConfig::resnet(arch, 4).with_stem(stem));
            assert_eq!(imported.encoder.input.channels, 3);
            assert!(imported.ignored.contains(&"head.weight".to_owned()));
            assert!(imported.notes[0].starts_with(arch.name()));
        }
        let path = foreign(folder.path(), Arch::ResNet10, Stem::Strided, "");
        let options = ForeignOptions { stem: Some(Stem::Strided), ..ForeignOptions::default() };
        assert_eq!(
            load_torch_weights(&path, &options).unwrap().encoder.config,
            BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided)
        );
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
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
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
