//! Views stay the same to the bit, whatever instructions the machine has and whoever makes the loops faster.

use foretask_pretext::{Augment, Shape, SimClr, Task};
use foretask_random::Key;

use super::{image, picture};

/// FNV-1a over the bits.
fn hash(state: u64, data: &[f32]) -> u64 {
    data.iter().fold(state, |hash, value| (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01B3))
}

fn of_augment(augment: &Augment, shape: Shape, size: (usize, usize)) -> u64 {
    (0..200).fold(0xCBF2_9CE4_8422_2325, |state, i| {
        let data = picture(size.0, size.1, shape.channels, i % 7);
        let mut out = vec![0.0; shape.len()];
        augment.apply(image(&data, size.0, size.1, shape.channels), Key::new(i), shape, &mut out).unwrap();
        hash(state, &out)
    })
}

fn of_simclr(shape: Shape, size: (usize, usize)) -> u64 {
    let task = Task::SimClr(SimClr::default());
    (0..200).fold(0xCBF2_9CE4_8422_2325, |state, i| {
        let data = picture(size.0, size.1, shape.channels, i % 7);
        let example = task.explain(image(&data, size.0, size.1, shape.channels), Key::new(i), shape).unwrap();
        example.inputs.iter().fold(state, |state, view| hash(state, &view.data))
    })
}

/// As commit 56756b5 made them, compiled for plain x86-64; the light of two channels (the last line's second and third) as it
/// has been since each channel changes by itself where there are neither one nor three. Sines, logarithms and exponentials come from the system's
/// library, hence the one system.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
fn results_stay_the_same_to_the_bit() {
    let strong = Augment::preset("strong").unwrap();
    for (shape, size, expected) in [
        (Shape::new(1, 28, 28), (28, 28), [0xa317_c13c_23ac_6b94, 0x3119_a060_9ff1_d395, 0xa55c_e482_4fc6_c5a9]),
        (Shape::new(3, 32, 32), (32, 32), [0xe2a8_f51c_78ed_a20f, 0x7df2_73f2_ea55_6e4a, 0x2882_ba14_d0c4_82ea]),
        (Shape::new(3, 33, 29), (47, 61), [0xa21f_d9b5_8bbc_b9fd, 0x10f8_71e5_ecb0_1068, 0xfeeb_c7f3_d482_b046]),
        (Shape::new(3, 80, 80), (110, 90), [0x85d4_215f_b22a_10ac, 0x7eee_6f5d_a852_9f5d, 0x19e1_ef29_dec8_22af]),
        (Shape::new(2, 24, 24), (31, 27), [0x269d_2e12_1dac_4e04, 0x4b00_7feb_5098_fc0d, 0x48af_1ffa_8a83_6c35]),
    ] {
        let ours =
            [of_augment(&Augment::default(), shape, size), of_augment(&strong, shape, size), of_simclr(shape, size)];
        assert_eq!(ours, expected, "weak, strong, simclr on {size:?} -> {shape:?}");
    }
}
