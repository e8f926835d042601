//! Between configurations and what stands in files for them.

use crate::BackboneConfig;
use crate::convnext::{ConvNextConfig, ConvNextSize};
use crate::resnet::{Arch, ResNetConfig};
use crate::vit::{VitConfig, VitMlp, VitSize};
use crate::written::{Network, Written};

/// The residual networks by the word that a file has for them.
const RESIDUAL: [(Network, Arch); 9] = [
    (Network::ResNet10, Arch::ResNet10),
    (Network::ResNet18, Arch::ResNet18),
    (Network::ResNet34, Arch::ResNet34),
    (Network::ResNet50, Arch::ResNet50),
    (Network::ResNet101, Arch::ResNet101),
    (Network::ResNet152, Arch::ResNet152),
    (Network::WideResNet50, Arch::WideResNet50),
    (Network::WideResNet101, Arch::WideResNet101),
    (Network::ResNet50d, Arch::ResNet50d),
];

impl From<BackboneConfig> for Written {
    fn from(config: BackboneConfig) -> Self {
        match config {
            BackboneConfig::ResNet(ResNetConfig { arch, width, stem, zero_init_residual }) => Self {
                arch: RESIDUAL.iter().find(|(_, known)| *known == arch).map(|(name, _)| *name).unwrap_or_default(),
                width: Some(width),
                stem: Some(stem),
                zero_init_residual: Some(zero_init_residual),
                ..Self::default()
            },
            BackboneConfig::EfficientNetLite0 => Self { arch: Network::EfficientNetLite0, ..Self::default() },
            BackboneConfig::Vit(config) => {
                let VitConfig { size, patch, grid, registers, layer_scale, positions, pool, .. } = config;
                Self {
                    arch: Network::Vit,
                    size: Some(size.name().to_owned()),
                    patch,
                    grid,
                    registers: Some(registers),
                    layer_scale: Some(layer_scale),
                    positions: Some(positions),
                    pool: Some(pool),
                    mlp: Some(config.mlp).filter(|mlp| *mlp != VitMlp::default()),
                    class_token: (!config.class_token).then_some(false),
                    drop_path: Some(config.drop_path).filter(|rate| !rate.is_none()),
                    ..Self::default()
                }
            }
            BackboneConfig::ConvNext(ConvNextConfig { size, patch, drop_path }) => Self {
                arch: Network::ConvNext,
                size: Some(size.name().to_owned()),
                patch,
                drop_path: Some(drop_path).filter(|rate| !rate.is_none()),
                ..Self::default()
            },
        }
    }
}

impl TryFrom<Written> for BackboneConfig {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let beyond = written.beyond();
        let config = match written.arch {
            Network::EfficientNetLite0 => Self::EfficientNetLite0,
            Network::Vit => {
                let plain = VitConfig::default();
                let size = written.size.as_deref().map(|name| named(name, &VitSize::ALL, VitSize::name));
                Self::Vit(VitConfig {
                    size: size.transpose()?.unwrap_or(plain.size),
                    patch: written.patch,
                    grid: written.grid,
                    registers: written.registers.unwrap_or(plain.registers),
                    layer_scale: written.layer_scale.unwrap_or(plain.layer_scale),
                    positions: written.positions.unwrap_or(plain.positions),
                    pool: written.pool.unwrap_or(plain.pool),
                    mlp: written.mlp.unwrap_or(plain.mlp),
                    class_token: written.class_token.unwrap_or(plain.class_token),
                    drop_path: written.drop_path.unwrap_or(plain.drop_path),
                })
            }
            Network::ConvNext => {
                let size = written.size.as_deref().map(|name| named(name, &ConvNextSize::ALL, ConvNextSize::name));
                Self::ConvNext(ConvNextConfig {
                    size: size.transpose()?.unwrap_or_default(),
                    patch: written.patch,
                    drop_path: written.drop_path.unwrap_or_default(),
                })
            }
            network => {
                let plain = ResNetConfig::default();
                let arch = RESIDUAL.iter().find(|(known, _)| *known == network).map(|(_, arch)| *arch);
                Self::ResNet(ResNetConfig {
                    arch: arch.unwrap_or_default(),
                    width: written.width.unwrap_or(plain.width),
                    stem: written.stem.unwrap_or(plain.stem),
                    zero_init_residual: written.zero_init_residual.unwrap_or(plain.zero_init_residual),
                })
            }
        };
        match beyond {
            Some(field) => Err(format!("{} has no `{field}`", config.network())),
            None => Ok(config),
        }
    }
}

/// The size of this name.
fn named<T: Copy>(name: &str, all: &[T], of: impl Fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|size| of(*size) == name).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|size| of(*size)).collect();
        format!("size is {:?}; expected one of {}", name.chars().take(20).collect::<String>(), known.join(", "))
    })
}
