//! Held against timm 1.0.31 on torch 2.9.
// Numbers stand as torch printed them.
#![allow(clippy::unreadable_literal)]

use crate::BackboneConfig;
use crate::reference::{Reference, equals};

#[test]
fn it_equals_timms() {
    equals(&Reference {
        config: BackboneConfig::EfficientNetLite0,
        // Sides of 70, 35, 18, 9, 5, 3 and 64, 32, …: padding with and without an odd zero.
        shape: [3, 3, 70, 64],
        inference: [4.415764, 0.737364, 0.4131773, 0.5957454, 0.0, 1.97019, 2.223959],
        training: [0.26708, 0.8983982, 0.08671849, 0.5416468, 0.2946882, 0.2806486, 0.4593962],
        gradients: &[
            ("conv_stem.weight", 2126.03),
            ("blocks.0.0.conv_dw.weight", 1111.111),
            ("blocks.2.1.bn2.weight", 91.55344),
            ("blocks.3.0.conv_dw.weight", 222.2329),
            ("blocks.5.2.conv_pwl.weight", 172.1957),
            ("conv_head.weight", 123.6627),
            ("bn2.bias", 18.24692),
        ],
        statistics: &[
            ("blocks.4.1.bn2.running_var", [0.5393351, 1.285709]),
            ("blocks.4.1.bn2.running_mean", [-0.04813137, -0.06236277]),
        ],
    });
}
