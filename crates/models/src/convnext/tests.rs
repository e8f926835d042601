//! Held against timm 1.0.31 on torch 2.9.
// Numbers stand as torch printed them.
#![allow(clippy::unreadable_literal)]

use foretask_backend::state_dict;

use super::ConvNextConfig;
use crate::BackboneConfig;
use crate::reference::{Reference, equals, waves};

fn atto(patch: usize) -> BackboneConfig {
    ConvNextConfig { patch: Some(patch), ..ConvNextConfig::default() }.into()
}

#[test]
fn it_equals_timms() {
    let features = [0.16222, 0.8116516, 0.1694512, 1.243077, -1.980626, 0.8207469, 0.9958793];
    equals(&Reference {
        config: atto(4),
        // Sides of 17, 8, 4, 2: what fills no patch is left out.
        shape: [2, 3, 70, 64],
        inference: features,
        training: features,
        gradients: &[
            ("stem.0.weight", 66.28983),
            ("stem.0.bias", 20.76386),
            ("stem.1.weight", 15.29981),
            ("stages.0.blocks.0.conv_dw.weight", 5.204278),
            ("stages.1.downsample.1.weight", 118.7878),
            ("stages.2.blocks.3.mlp.fc1.weight", 6.52066),
            ("stages.2.blocks.5.gamma", 15.29227),
            ("stages.3.blocks.1.norm.bias", 1.303494),
            ("head.norm.weight", 14.1719),
        ],
        statistics: &[],
    });
}

#[test]
fn one_of_single_pixels_equals_timms() {
    let features = [0.6172523, -1.244108, -0.726376, 1.972447, 0.9788029, 0.0212983, 0.9992142];
    equals(&Reference {
        config: atto(1),
        shape: [2, 3, 16, 24],
        inference: features,
        training: features,
        gradients: &[
            ("stem.0.weight", 16.37718),
            ("stages.0.blocks.0.conv_dw.weight", 4.966626),
            ("stages.1.downsample.1.weight", 119.5168),
            ("stages.2.blocks.5.gamma", 15.94791),
        ],
        statistics: &[],
    });
}

#[test]
fn tiles_smaller_than_its_patches_go_in() {
    let device = foretask_backend::device("flex").unwrap().plain();
    let config = atto(2);
    let net = config.init(3, 1, &device);
    for (height, width) in [(10, 8), (8, 40), (5, 3)] {
        let [rows, columns] = config.map_size(height, width);
        let map = net.forward_map(waves([2, 3, height, width], 1, &device));
        assert_eq!(map.dims(), [2, 320, rows, columns], "{height}x{width}");
    }
    // First weights: branches that begin as next to nothing.
    let state = state_dict(&net);
    assert!(state["stages.2.blocks.0.gamma"].data.iter().all(|value| *value == 1e-6));
    assert!(state["stem.0.bias"].data.iter().all(|value| *value == 0.0));
}
