//! Every instruction set gives the same, and so does any number of threads.

use foretask_random::Key;

use super::geometry::Padding;
use super::norm::{After, Backward};
use super::relu::{Activation, Relu};
use super::simd::Level;
use super::thread_team::ThreadTeam;
use super::{Geometry, conv, conv_weight, depthwise, norm};

fn random(name: &str, len: usize) -> Vec<f32> {
    let mut rng = Key::new(9).named(name).rng();
    (0..len).map(|_| rng.normal()).collect()
}

#[track_caller]
fn near(found: &[f32], wanted: &[f32], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let largest = wanted.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-5 * largest, "{what}: {found} instead of {wanted}");
    }
}

fn geometries() -> [Geometry; 4] {
    let base = Geometry {
        images: 29,
        height: 7,
        width: 6,
        input: 20,
        output: 36,
        kernel: [3, 3],
        stride: 1,
        padding: Padding::Zeros(1),
    };
    [
        base,
        Geometry { stride: 2, ..base },
        Geometry { kernel: [1, 1], stride: 2, padding: Padding::Same, images: 3, ..base },
        Geometry { input: 1, output: 8, images: 200, height: 14, width: 14, ..base },
    ]
}

/// All passes of one geometry.
fn passes(g: &Geometry, team: ThreadTeam) -> [Vec<f32>; 4] {
    let x = random("x", g.images * g.in_len());
    let weight = random("w", g.output * g.input * g.taps());
    let grad = random("g", g.images * g.out_len());
    let (scale, shift) = (random("s", g.output), random("b", g.output));
    let after = After { shortcut: Some(&grad), activation: Activation::Relu };
    [
        conv::forward(&x, &weight, g, team),
        conv::input_gradient(&grad, &weight, g, team),
        conv_weight::weight_gradient(&x, &grad, g, team),
        conv::forward_affine(&x, &weight, conv::Affine { scale: &scale, shift: &shift, after }, g, team),
    ]
}

/// All passes of a depthwise convolution.
fn depthwise_passes(g: &Geometry, team: ThreadTeam) -> [Vec<f32>; 4] {
    let x = random("x", g.images * g.in_len());
    let weight = random("w", g.input * g.taps());
    let grad = random("g", g.images * g.out_len());
    let (scale, shift) = (random("s", g.output), random("b", g.output));
    let relu6 = depthwise::End { scale: &scale, shift: &shift, activation: Activation::Relu6 };
    [
        depthwise::forward(&x, &weight, g, team),
        depthwise::input_gradient(&grad, &weight, g, team),
        depthwise::weight_gradient(&x, &grad, g, team),
        depthwise::forward_affine(&x, &weight, &relu6, g, team),
    ]
}

#[test]
fn instruction_sets_and_threads_agree_on_depthwise_convolutions() {
    for (channels, stride) in [(20, 1), (48, 2), (7, 2)] {
        let g = Geometry::depthwise([29, channels, 12, 11], [channels, 1, 5, 5], stride, Padding::Same);
        let portable = depthwise_passes(&g, ThreadTeam::rayon().with(Level::Portable));
        for level in Level::available() {
            let found = depthwise_passes(&g, ThreadTeam::rayon().with(level));
            for (found, wanted) in found.iter().zip(&portable) {
                near(found, wanted, &format!("{level:?} {g:?}"));
            }
        }
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| depthwise_passes(&g, ThreadTeam::rayon()))
        };
        assert!(on(1) == on(3));
    }
}

#[test]
fn instruction_sets_agree_on_convolutions() {
    for g in geometries() {
        let [y, dx, dw, affine] = passes(&g, ThreadTeam::rayon().with(Level::Portable));
        for level in Level::available() {
            let found = passes(&g, ThreadTeam::rayon().with(level));
            near(&found[0], &y, &format!("{level:?} forward {g:?}"));
            near(&found[1], &dx, &format!("{level:?} input gradient {g:?}"));
            near(&found[2], &dw, &format!("{level:?} weight gradient {g:?}"));
            near(&found[3], &affine, &format!("{level:?} with a norm {g:?}"));
        }
    }
}

#[test]
fn a_norm_folded_into_a_convolution_equals_one_after_the_other() {
    for g in geometries() {
        let (x, weight) = (random("x", g.images * g.in_len()), random("w", g.output * g.input * g.taps()));
        let (scale, shift) = (random("s", g.output), random("b", g.output));
        let shortcut = random("g", g.images * g.out_len());
        for after in [
            After { shortcut: None, activation: Activation::None },
            After { shortcut: None, activation: Activation::Relu },
            After { shortcut: Some(&shortcut), activation: Activation::Relu },
            After { shortcut: None, activation: Activation::Relu6 },
        ] {
            for level in Level::available() {
                let team = ThreadTeam::rayon().with(level);
                let y: Vec<f32> = conv::forward(&x, &weight, &g, team);
                let wanted: Vec<f32> = norm::scale_shift(&y, &scale, &shift, after, team);
                let affine = conv::Affine { scale: &scale, shift: &shift, after };
                let found: Vec<f32> = conv::forward_affine(&x, &weight, affine, &g, team);
                near(&found, &wanted, &format!("{level:?} {g:?}"));
            }
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let norm_pass = || {
        let x = random("x", 96 * 5000);
        let (mean, variance) = norm::statistics(&x, 96, ThreadTeam::rayon());
        let after = After { shortcut: None, activation: Activation::Relu };
        let result: Vec<f32> = norm::scale_shift(&x, &variance, &mean, after, ThreadTeam::rayon());
        let grad = random("g", x.len());
        let pass = Backward {
            x: &x,
            grad: &grad,
            scale: &variance,
            mean: &mean,
            variance: &variance,
            epsilon: 1e-5,
            relu: Relu::ByResult(&result, f32::INFINITY),
            shortcut: true,
        };
        let gradients: norm::Gradients<Vec<f32>> = norm::backward(&pass, ThreadTeam::rayon());
        (mean, variance, gradients.x, gradients.scale, gradients.shift, gradients.shortcut)
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (geometries().map(|g| passes(&g, ThreadTeam::rayon())), norm_pass()))
    };
    let one = on(1);
    assert!(on(3) == one && on(8) == one);
}

#[test]
fn a_far_off_mean_does_not_swallow_the_variance() {
    // 1000 with a spread of 0.01: squares in f32 alone would lose it all.
    let x: Vec<f32> = random("x", 4 * 3000).iter().map(|value| 1000.0 + 0.01 * value).collect();
    let (mean, variance) = norm::statistics(&x, 4, ThreadTeam::rayon());
    for channel in 0..4 {
        let column: Vec<f64> = x.iter().skip(channel).step_by(4).map(|value| f64::from(*value)).collect();
        let exact = column.iter().sum::<f64>() / 3000.0;
        let spread = column.iter().map(|value| (value - exact).powi(2)).sum::<f64>() / 3000.0;
        assert!((f64::from(mean[channel]) - exact).abs() < 1e-4);
        assert!((f64::from(variance[channel]) / spread - 1.0).abs() < 1e-3, "{} {spread}", variance[channel]);
    }
}
