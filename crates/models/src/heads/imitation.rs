//! From a student's features to those of its teachers.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::Linear;
use serde::{Deserialize, Serialize};

/// Spread of the first weights, as in lightly-train's distillation.
const FIRST_STD: f32 = 0.02;

/// What one teacher is imitated in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imitated {
    /// Length of its features.
    pub features: usize,
    /// Whether the places of its last map are imitated as well.
    pub places: bool,
}

/// Sizes of an [`ImitationHead`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImitationConfig {
    /// Length of the student's features.
    pub input: usize,
    /// Length of the places of its last map.
    pub place: usize,
    /// The teachers, in their order.
    pub teachers: Vec<Imitated>,
}

/// A linear layer for each teacher's features and for the places of its map (lightly-train's third distillation). It is thrown
/// away in the end: what was learned has to be in the student.
#[derive(Module, Debug)]
pub struct ImitationHead {
    /// A teacher's features from the student's, one each.
    pub pooled: Vec<Linear>,
    /// The places of a teacher's map from those of the student's, one each where they are imitated.
    pub places: Vec<Option<Linear>>,
}

impl ImitationHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &ImitationConfig) -> Self {
        let linear = |(level, input): (&str, usize), number: usize, output: usize| {
            Linear::normal(&scope.at(level).at(number), input, output, FIRST_STD)
        };
        let teachers = || config.teachers.iter().enumerate();
        Self {
            pooled: teachers()
                .map(|(number, teacher)| linear(("pooled", config.input), number, teacher.features))
                .collect(),
            places: teachers()
                .map(|(number, teacher)| {
                    teacher.places.then(|| linear(("places", config.place), number, teacher.features))
                })
                .collect(),
        }
    }

    /// Whether anybody's map is imitated.
    pub fn wants_map(&self) -> bool {
        self.places.iter().any(Option::is_some)
    }

    /// Features `[b, d]` to those of the teacher with this number, `[b, its d]`; `None` where there is no such teacher.
    pub fn features(&self, teacher: usize, features: Tensor<2>) -> Option<Tensor<2>> {
        Some(self.pooled.get(teacher)?.forward(features))
    }

    /// The last map `[b, d, h, w]` to places of the map of the teacher with this number, `[b, h w, its d]`, row by row; `None`
    /// where it is not imitated.
    pub fn places(&self, teacher: usize, map: Tensor<4>) -> Option<Tensor<3>> {
        let linear = self.places.get(teacher)?.as_ref()?;
        Some(linear.forward_tokens(places_of(map)))
    }
}

/// A map `[b, d, h, w]` as places `[b, h w, d]`, row by row.
pub fn places_of(map: Tensor<4>) -> Tensor<3> {
    let [b, d, h, w] = map.dims();
    map.permute([0, 2, 3, 1]).reshape([b, h * w, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::tests::{gradients, names, training, wave};

    fn head() -> ImitationHead {
        let teachers = vec![Imitated { features: 5, places: true }, Imitated { features: 7, places: false }];
        ImitationHead::new(&training(), &ImitationConfig { input: 6, place: 6, teachers })
    }

    #[test]
    fn every_teacher_has_a_layer_and_maps_have_one_where_they_count() {
        let head = head();
        assert!(head.wants_map());
        let all = [
            "places.0.bias",
            "places.0.weight",
            "pooled.0.bias",
            "pooled.0.weight",
            "pooled.1.bias",
            "pooled.1.weight",
        ];
        assert_eq!(names(&head), all);
        assert_eq!(head.features(1, wave([3, 6])).unwrap().dims(), [3, 7]);
        let map = || wave([2, 72]).reshape([2, 6, 3, 4]);
        assert_eq!(head.places(0, map()).unwrap().dims(), [2, 12, 5]);
        assert!(head.places(1, map()).is_none() && head.features(2, wave([3, 6])).is_none());
        let loss = head.features(0, wave([3, 6])).unwrap().sum() + head.places(0, map()).unwrap().sum();
        assert_eq!(gradients(&head, loss).len(), 4, "the second teacher was not asked");
    }

    #[test]
    fn places_are_counted_row_by_row() {
        let device = foretask_backend::device("flex").unwrap().plain();
        let map = Tensor::<1>::from_floats([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &device).reshape([1, 2, 2, 2]);
        let found = places_of(map).try_into_vec_as::<f32>().unwrap();
        assert_eq!(found, [0.0, 4.0, 1.0, 5.0, 2.0, 6.0, 3.0, 7.0]);
    }
}
