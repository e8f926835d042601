//! Held against timm 1.0.31 on torch 2.9.
// Numbers stand as torch printed them.
#![allow(clippy::unreadable_literal)]

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::{host_tensor, state_dict};

use super::positions::{Resize, resized};
use super::{Places, Pool, Positions, Turn, Vit, VitConfig, VitMlp};
use crate::reference::{Reference, equals, noise, waves};
use crate::{Backbone, BackboneConfig};

/// Positions of 7x7 patches brought to 4x5: the first three numbers, the last three, the root mean square.
const SCALED_WITH_OFFSET: [f64; 7] = [0.3213543, -0.4722512, -0.1666628, 0.02213013, -0.2967852, -0.1295977, 0.3872028];
const SCALED: [f64; 7] = [0.3027229, -0.4460883, -0.2119154, -0.005413361, -0.3858396, -0.3293579, 0.3888723];
const SMOOTHED: [f64; 7] = [0.2222747, -0.3556771, -0.1694805, -0.02995122, -0.1756576, -0.327677, 0.2713131];

fn tiny() -> VitConfig {
    VitConfig { patch: Some(8), grid: Some([3, 5]), ..VitConfig::default() }
}

#[test]
fn the_class_token_equals_timms() {
    let features = [0.0194311, 1.027926, -0.0442348, -0.416844, -0.2657177, -0.01791428, 1.017179];
    equals(&Reference {
        config: tiny().into(),
        shape: [2, 3, 24, 40],
        inference: features,
        training: features,
        gradients: &[
            ("patch_embed.proj.weight", 110.1193),
            ("patch_embed.proj.bias", 22.55472),
            ("cls_token", 34.49115),
            ("blocks.0.attn.qkv.weight", 114.1214),
            ("blocks.4.norm2.weight", 1.038692),
            ("blocks.11.mlp.fc2.weight", 14.29672),
            ("norm.bias", 9.840449),
            ("pos_embed", 37.14455),
            ("blocks.3.attn.qkv.bias", 1.588908),
        ],
        statistics: &[],
    });
}

#[test]
fn the_mean_of_the_patches_equals_timms() {
    let features = [0.02749526, 0.8985846, -0.6774222, -0.5770761, -0.2164035, 0.1095949, 0.9565255];
    equals(&Reference {
        config: VitConfig { pool: Pool::Mean, ..tiny() }.into(),
        shape: [2, 3, 24, 40],
        inference: features,
        training: features,
        gradients: &[
            ("patch_embed.proj.weight", 93.19809),
            ("cls_token", 19.58703),
            ("blocks.0.attn.qkv.weight", 91.76393),
            ("blocks.4.norm2.weight", 0.8891279),
            ("norm.bias", 9.840449),
            ("pos_embed", 22.82647),
        ],
        statistics: &[],
    });
}

#[test]
fn both_are_the_class_token_and_the_mean() {
    let device = foretask_backend::device("flex").unwrap().plain();
    let of = |pool| {
        let config = BackboneConfig::from(VitConfig { pool, ..tiny() });
        let features = config.init(3, 1, &device).forward(Tensor::ones([2, 3, 16, 24], &device));
        assert_eq!(features.dims(), [2, config.feature_dim()]);
        assert_eq!(config.map_dim(), 192);
        features
    };
    let apart = Tensor::cat(vec![of(Pool::Cls), of(Pool::Mean)], 1);
    assert_eq!(host_tensor(of(Pool::Both)).data, host_tensor(apart).data);
    let none = BackboneConfig::from(VitConfig { class_token: false, pool: Pool::Mean, ..tiny() });
    assert!(none.with_pool(Pool::Both).unwrap_err().to_string().contains("class token"));
    assert!(BackboneConfig::EfficientNetLite0.with_pool(Pool::Mean).unwrap_err().to_string().contains("transformers"));
}

#[test]
fn registers_and_layer_scale_equal_timms() {
    let features = [-0.7893501, 1.490256, 0.2120513, 0.6580383, 1.555866, 0.292576, 1.02503];
    equals(&Reference {
        config: VitConfig { registers: 4, layer_scale: true, ..tiny() }.into(),
        shape: [2, 3, 24, 40],
        inference: features,
        training: features,
        gradients: &[
            ("patch_embed.proj.weight", 143.3106),
            ("cls_token", 91.97612),
            ("blocks.0.attn.qkv.weight", 125.6402),
            ("blocks.11.mlp.fc2.weight", 20.11743),
            ("reg_token", 155.5967),
            ("blocks.5.ls1.gamma", 22.91688),
        ],
        statistics: &[],
    });
}

#[test]
fn gates_equal_timms() {
    let features = [0.980678, -0.1242538, 0.611839, 0.04697873, -0.2450269, -0.1757174, 1.004942];
    equals(&Reference {
        config: VitConfig { mlp: VitMlp::Swiglu, ..tiny() }.into(),
        shape: [2, 3, 24, 40],
        inference: features,
        training: features,
        gradients: &[
            ("patch_embed.proj.weight", 704.2626),
            ("blocks.0.attn.qkv.weight", 726.9857),
            ("blocks.11.mlp.fc2.weight", 18.90452),
            ("blocks.2.mlp.fc1.weight", 78.09473),
        ],
        statistics: &[],
    });
}

#[test]
fn without_a_class_token_it_equals_timms() {
    let features = [0.02922545, 1.094238, -0.749405, -0.6398314, -0.1761861, -0.07312103, 0.9464297];
    equals(&Reference {
        config: VitConfig { class_token: false, pool: Pool::Mean, ..tiny() }.into(),
        shape: [2, 3, 24, 40],
        inference: features,
        training: features,
        gradients: &[
            ("patch_embed.proj.weight", 101.4565),
            ("blocks.0.attn.qkv.weight", 96.69348),
            ("blocks.11.mlp.fc2.weight", 13.47618),
            ("pos_embed", 13.01933),
        ],
        statistics: &[],
    });
}

#[test]
fn turned_queries_and_keys_equal_timms() {
    let features = [-0.8577937, 2.044772, 0.1141756, 0.4589477, 0.5981884, 0.7826613, 1.013743];
    equals(&Reference {
        config: VitConfig { positions: Positions::Rope, registers: 4, layer_scale: true, ..tiny() }.into(),
        shape: [2, 3, 24, 40],
        inference: features,
        training: features,
        gradients: &[
            ("patch_embed.proj.weight", 136.2045),
            ("cls_token", 112.5224),
            ("blocks.0.attn.qkv.weight", 81.7883),
            ("blocks.11.mlp.fc2.weight", 18.62167),
            ("reg_token", 84.6186),
            ("blocks.5.ls1.gamma", 19.89312),
        ],
        statistics: &[],
    });
}

#[test]
fn branches_are_left_out_while_training_and_only_there() {
    let device = foretask_backend::device("flex").unwrap();
    let config = BackboneConfig::from(VitConfig { drop_path: 0.5.try_into().unwrap(), ..tiny() });
    let net = config.init(3, 1, &device.training());
    let bits = |x: Tensor<2>| x.into_data().try_to_vec::<f32>().unwrap();
    let x = || waves([4, 3, 24, 40], 0, &device.plain());
    let plain = bits(net.valid().forward(x()));
    let drawn = |key| {
        foretask_backend::layers::with_draws(foretask_random::Key::new(key), || {
            bits(net.forward(Tensor::from_inner(x())))
        })
    };
    assert_eq!(bits(net.forward(Tensor::from_inner(x()))), plain, "no draws, nothing left out");
    assert_eq!(drawn(1), drawn(1));
    assert!(drawn(1) != plain && drawn(1) != drawn(2));
}

#[test]
fn positions_are_resized_as_each_family_does_it() {
    let learned: Vec<f32> = noise(49 * 2, 3).map(|value| value as f32).collect();
    for (how, wanted) in [
        (Resize::Scaled { offset: 0.1 }, SCALED_WITH_OFFSET),
        (Resize::Scaled { offset: 0.0 }, SCALED),
        (Resize::Smoothed, SMOOTHED),
    ] {
        let found = resized(&learned, 2, [7, 7], [4, 5], how);
        assert_eq!(found.len(), 40);
        let square = found.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / 40.0;
        let ends = [found[0], found[1], found[2], found[37], found[38], found[39]].map(f64::from);
        for (found, wanted) in ends.into_iter().chain([square.sqrt()]).zip(wanted) {
            assert!((found - wanted).abs() < 1e-5, "{how:?}: {found} instead of {wanted}");
        }
        assert_eq!(resized(&learned, 2, [7, 7], [7, 7], how), learned);
    }
}

fn built(config: VitConfig) -> Vit {
    let device = foretask_backend::device("flex").unwrap().plain();
    let Backbone::Vit(net) = BackboneConfig::from(config).init(3, 1, &device) else { panic!("another network") };
    net
}

#[test]
fn tokens_of_every_kind_come_out_and_other_sizes_go_in() {
    let device = foretask_backend::device("flex").unwrap().plain();
    for positions in [Positions::Learned, Positions::Sincos, Positions::Rope] {
        let net = built(VitConfig { registers: 2, positions, ..tiny() });
        assert_eq!(state_dict(&net).contains_key("pos_embed"), positions == Positions::Learned);
        let x = waves([2, 3, 24, 40], 0, &device);
        let tokens = net.forward_tokens(x.clone());
        assert_eq!(
            (tokens.class.unwrap().dims(), tokens.patches.dims(), tokens.grid),
            ([2, 192], [2, 15, 192], [3, 5])
        );
        assert_eq!(tokens.registers.unwrap().dims(), [2, 2, 192]);
        // Row by row: the token of the second row's first patch is the map's value there.
        let value = |x: Tensor<1>| x.into_data().try_to_vec::<f32>().unwrap();
        let map = net.forward_map(x);
        let (token, there) =
            (tokens.patches.slice([1..2, 5..6, 7..8]).flatten(0, 2), map.slice([1..2, 7..8, 1..2, 0..1]).flatten(0, 3));
        assert_eq!(value(token), value(there));
        // A tile, smaller than the images and no multiple of the patch.
        let small = net.forward_map(waves([1, 3, 10, 8], 1, &device));
        assert_eq!(small.dims(), [1, 192, 2, 1]);
    }
}

#[test]
fn sines_tell_every_place_apart() {
    // By hand: the second column of the first row, width 8: sin and cos of 1 and of 1 / 100, then of the row 0.
    let device = foretask_backend::device("flex").unwrap().plain();
    let values = super::positions::sines([2, 2], 8, &device).into_data().try_to_vec::<f32>().unwrap();
    let wanted = [1.0_f32.sin(), 0.01_f32.sin(), 1.0_f32.cos(), 0.01_f32.cos(), 0.0, 0.0, 1.0, 1.0];
    for (found, wanted) in values[8..16].iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-6, "{values:?}");
    }
}

/// Which of fifteen patches of two images are hidden: as many in both.
const HIDDEN: [bool; 30] = {
    let mut hidden = [true; 30];
    let seen = [0, 4, 7, 13, 16, 17, 25, 29];
    let mut i = 0;
    while i < seen.len() {
        hidden[seen[i]] = false;
        i += 1;
    }
    hidden
};

#[test]
fn what_is_hidden_is_not_looked_at_and_all_that_is_seen_is_the_image() {
    let device = foretask_backend::device("flex").unwrap().plain();
    let values = |x: Tensor<3>| x.into_data().try_to_vec::<f32>().unwrap();
    for positions in [Positions::Learned, Positions::Sincos, Positions::Rope] {
        let net = built(VitConfig { registers: 2, positions, ..tiny() });
        let x = waves([2, 3, 24, 40], 0, &device);
        let all = Places::new(&[false; 30], 15, &device).unwrap();
        let (whole, seen) = (net.forward_tokens(x.clone()), net.forward_seen(x.clone(), &all));
        assert_eq!(values(whole.patches.clone()), values(seen.patches), "{positions:?}");
        assert_eq!(whole.grid, seen.grid);
        let nowhere = Tensor::zeros([2, 15, 1], &device);
        let token = Tensor::ones([1, 1, 192], &device);
        let shown = net.forward_hidden(x.clone(), nowhere, token.clone());
        assert_eq!(values(whole.patches.clone()), values(shown.patches), "{positions:?}");

        // Other pixels in hidden patches.
        let flags: Vec<f32> = HIDDEN.iter().map(|hidden| f32::from(u8::from(*hidden))).collect();
        let hidden = Tensor::<1>::from_floats(flags.as_slice(), &device);
        let pixels = hidden.clone().reshape([2, 1, 3, 1, 5, 1]).expand([2, 1, 3, 8, 5, 8]).reshape([2, 1, 24, 40]);
        let other = x.clone() + pixels * 3.0;
        let places = Places::new(&HIDDEN, 15, &device).unwrap();
        let [one, two] = [x.clone(), other.clone()].map(|x| net.forward_seen(x, &places));
        assert_eq!(one.patches.dims(), [2, 4, 192]);
        assert_eq!(values(one.patches.clone()), values(two.patches));
        let hidden: Tensor<3> = hidden.reshape([2, 15, 1]);
        let [three, four] = [x, other].map(|x| values(net.forward_hidden(x, hidden.clone(), token.clone()).patches));
        assert_eq!(three, four);
        // The others look at what was hidden from these.
        assert_ne!(values(places.seen(whole.patches)), values(one.patches));
    }
}

#[test]
fn places_keep_their_turn() {
    let device = foretask_backend::device("flex").unwrap().plain();
    let places = Places::new(&HIDDEN, 15, &device).unwrap();
    for leading in [0, 3] {
        // One head of eight numbers.
        let queries: Tensor<4> = waves([2, 1, leading + 15, 8], 2, &device);
        let tokens = queries.clone().squeeze_dim::<3>(1);
        let turn = Turn::new([3, 5], leading, 8, &tokens);
        let some = |x: Tensor<4>| {
            let x: Tensor<3> = x.squeeze_dim(1);
            let seen = places.seen(x.clone().narrow(1, leading, 15));
            let kept = if leading == 0 { seen } else { Tensor::cat(vec![x.narrow(1, 0, leading), seen], 1) };
            kept.unsqueeze_dim::<4>(1)
        };
        let values = |x: Tensor<4>| x.into_data().try_to_vec::<f32>().unwrap();
        let wanted = values(some(turn.of(queries.clone())));
        assert_eq!(values(turn.at(&places, leading).of(some(queries))), wanted, "{leading}");
    }
}
