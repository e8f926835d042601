//! Being like a larger network: its features, as held against those of other images, and the likenesses within an image.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::{LEAST_LENGTH, in_f32, l2_normalize};

/// The distance of a student's features from a teacher's, as both see other images: the Kullback-Leibler divergence of the
/// student's softmax over the rows of a queue from the teacher's, mean over images. This is the pooled half of
/// lightly-train's third distillation loss (`DistillationV3Loss`, 2026), which has 0.07 as its temperature.
///
/// `student` and `teacher` are `[n, d]` of the same n images, of any length; `queue` is `[size, d]`, the teacher's features of
/// other images at length 1 and, there, of the batch itself: enqueue *before* this. Shape `[1]`, 0 where they agree. Only
/// `student` gets a gradient.
///
/// # Panics
/// Where the shapes do not fit.
pub fn imitation(student: Tensor<2>, teacher: Tensor<2>, queue: Tensor<2>, temperature: f64) -> Tensor<1> {
    assert_eq!(student.dims(), teacher.dims(), "imitation needs a teacher's row for each of the student's");
    let others = queue.inner().transpose();
    let of = |features: Tensor<2>| l2_normalize(features).matmul(others.clone()).div_scalar(temperature);
    divergence(of(student), of(teacher.inner()))
}

/// The likeness of each place of a map to each other one of the same image: `[n, places, d]` to cosines `[n, places, places]`,
/// in f32. With `grid`, `[other, places]`, those of other places, each a mixture of these by a row of the grid: as if they had
/// been mixed before, but no more than `places` vectors of length `d` are ever held.
pub fn likenesses(places: Tensor<3>, grid: Option<Tensor<2>>) -> Tensor<3> {
    let places = in_f32(places);
    let mut products = places.clone().matmul(places.transpose());
    if let Some(grid) = grid {
        products = mixed(products, &grid).transpose();
        products = mixed(products, &grid).transpose();
    }
    let [n, count, _] = products.dims();
    let eye: Tensor<2> = Tensor::eye(count, &products.device().without_autodiff());
    let squares = products.clone().mul(eye.reshape([1, count, count])).sum_dim(2);
    let lengths = squares.clamp_min(LEAST_LENGTH * LEAST_LENGTH).sqrt();
    products.div(lengths.clone()).div(lengths.reshape([n, 1, count]))
}

/// `[n, rows, columns]` to `[n, rows, others]`: each row times the grid, `[others, columns]`.
fn mixed(rows: Tensor<3>, grid: &Tensor<2>) -> Tensor<3> {
    let ([n, count, columns], [others, _]) = (rows.dims(), grid.dims());
    rows.reshape([n * count, columns]).matmul(grid.clone().transpose()).reshape([n, count, others])
}

/// The distance of a student's [`likenesses`] from a teacher's (both `[n, places, places]`): the Kullback-Leibler divergence of
/// the softmax of each row, mean over all rows. This is the local half of lightly-train's third distillation loss. Shape `[1]`.
/// Only `student` gets a gradient.
///
/// # Panics
/// Where the shapes differ.
pub fn imitated_likenesses(student: Tensor<3>, teacher: Tensor<3>, temperature: f64) -> Tensor<1> {
    assert_eq!(student.dims(), teacher.dims(), "likenesses are compared place by place");
    let [n, rows, columns] = student.dims();
    let of = |likenesses: Tensor<3>| likenesses.reshape([n * rows, columns]).div_scalar(temperature);
    divergence(of(student), of(teacher.inner()))
}

/// One minus the cosine between each row of `student` and of `teacher` (both `[n, d]`, of any length), mean over rows: shape
/// `[1]`, from 0 to 2. Only `student` gets a gradient.
///
/// # Panics
/// Where the shapes differ.
pub fn imitated_directions(student: Tensor<2>, teacher: Tensor<2>) -> Tensor<1> {
    super::negative_cosine(student, teacher).add_scalar(1.0)
}

/// The mean squared difference between `student` and the directions of `teacher` (both `[n, d]`), which are brought to a mean
/// square of one, so that the loss does not depend on a teacher's scale. Shape `[1]`. Only `student` gets a gradient.
///
/// # Panics
/// Where the shapes differ.
pub fn imitated_values(student: Tensor<2>, teacher: Tensor<2>) -> Tensor<1> {
    let [_, d] = teacher.dims();
    let target = l2_normalize(teacher.inner()).mul_scalar((d as f64).sqrt());
    super::l2_loss(student, target)
}

/// The divergence of the softmax of each row of `from` from that of `of`, mean over rows.
fn divergence(from: Tensor<2>, of: Tensor<2>) -> Tensor<1> {
    let [rows, _] = from.dims();
    let (from, of) = (log_softmax(in_f32(from), 1), log_softmax(in_f32(of), 1));
    of.clone().exp().mul(of.sub(from)).sum().div_scalar(rows.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, assert_near, leaf, number, plain, receives_gradient, wave};

    fn queue() -> Tensor<2> {
        l2_normalize(wave([7, 6], 0.9, 1.0))
    }

    fn teacher() -> Tensor<2> {
        wave([4, 6], 0.5, 1.0)
    }

    #[test]
    fn a_case_worked_by_hand() {
        let row = |x: [f32; 2]| Tensor::<2>::from_floats([x], &plain());
        let axes = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 1.0]], &plain());
        // Cosines 1 and 0 of the teacher, 0 and 1 of the student, at temperature 1: p = e / (e + 1), so that the divergence is
        // p log(p / q) + q log(q / p) = (p - q) log(p / q) = (2 p - 1) * 1.
        let p = 1.0_f64.exp() / (1.0_f64.exp() + 1.0);
        assert_near(number(imitation(row([0.0, 3.0]), row([2.0, 0.0]), axes.clone(), 1.0)), 2.0 * p - 1.0, "loss");
        assert_near(number(imitation(row([5.0, 0.0]), row([2.0, 0.0]), axes, 0.07)), 0.0, "the same direction");
        // Two places at a right angle are like themselves alone, equal ones like each other as well.
        let places = Tensor::<3>::from_floats([[[2.0, 0.0], [0.0, 5.0]], [[1.0, 1.0], [3.0, 3.0]]], &plain());
        let found = likenesses(places, None).try_into_vec_as::<f32>().unwrap();
        for (found, expected) in found.iter().zip([1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]) {
            assert_near((*found).into(), expected, "likeness");
        }
        // Directions (0.6, 0.8) times sqrt(2), against 0: 0.72 + 1.28 over two numbers.
        assert_near(number(imitated_values(row([0.0, 0.0]), row([3.0, 4.0]))), 1.0, "values");
        assert_near(number(imitated_directions(row([0.0, 1.0]), row([3.0, 4.0]))), 0.2, "directions");
    }

    #[test]
    fn on_another_grid_they_are_those_of_the_mixtures() {
        let grid = wave([4, 3], 0.8, 1.0);
        let places = wave::<3>([2, 3, 5], 0.1, 1.0);
        let mixtures = grid.clone().unsqueeze::<3>().expand([2, 4, 3]).matmul(places.clone());
        let ours = likenesses(places, Some(grid)).try_into_vec_as::<f32>().unwrap();
        let expected = likenesses(mixtures, None).try_into_vec_as::<f32>().unwrap();
        assert_eq!(ours.len(), 2 * 4 * 4);
        for (ours, expected) in ours.iter().zip(&expected) {
            assert_near((*ours).into(), (*expected).into(), "likeness");
        }
    }

    #[test]
    fn values_and_gradients_are_those_of_the_formulas() {
        // numpy in f64, gradients by central differences.
        let pooled = |x: &[Tensor<2>]| imitation(x[0].clone(), teacher(), queue(), 0.07);
        let slope = [3.219_714_7, 0.146_015_0, 0.209_374_9, 0.272_266_9, -0.001_646_9];
        assert_matches(&[wave([4, 6], 0.1, 1.0)], pooled, 1.567_398_759, &[slope]);
        let places = |x: &[Tensor<3>]| {
            imitated_likenesses(likenesses(x[0].clone(), None), likenesses(wave([2, 3, 5], 0.5, 1.0), None), 0.07)
        };
        let slope = [0.728_162_3, -0.043_999_1, -0.257_628_3, 0.101_000_1, -0.000_008_8];
        assert_matches(&[wave([2, 3, 5], 0.1, 1.0)], places, 0.133_853_925, &[slope]);
        let values = |x: &[Tensor<2>]| imitated_values(x[0].clone(), teacher());
        let slope = [0.336_030_8, -0.064_202_0, -0.017_180_2, 0.065_631_7, -0.032_790_8];
        assert_matches(&[wave([4, 6], 0.1, 1.0)], values, 0.677_500_222, &[slope]);
        let directions = |x: &[Tensor<2>]| imitated_directions(x[0].clone(), teacher());
        let slope = [0.418_749_0, -0.082_886_1, -0.055_128_9, 0.041_318_4, -0.034_917_0];
        assert_matches(&[wave([4, 6], 0.1, 1.0)], directions, 0.480_299_464, &[slope]);
    }

    #[test]
    fn a_teacher_gets_no_gradient_and_a_copy_of_it_has_no_loss() {
        let (student, tracked) = (leaf(wave([4, 6], 0.1, 1.0)), leaf(teacher()));
        for loss in [imitated_directions, imitated_values, |s, t| imitation(s, t, queue(), 0.07)] {
            let loss = || loss(student.clone(), tracked.clone());
            assert!(receives_gradient(&student, &loss()) && !receives_gradient(&tracked, &loss()));
        }
        let copy = || teacher().mul_scalar(3.0);
        assert!(number(imitation(copy(), teacher(), queue(), 0.07)).abs() < 1e-5);
        assert!(number(imitated_directions(copy(), teacher())).abs() < 1e-6);
        let places = || likenesses(wave([2, 3, 5], 0.4, 1.0), None);
        assert!(number(imitated_likenesses(places(), places(), 0.07)).abs() < 1e-6);
    }
}
