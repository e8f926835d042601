//! Projection to the space where views are compared.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::Scope;
use foretask_backend::layers::{BatchNorm, Linear};
use serde::{Deserialize, Serialize};

use super::mlp::LastNorm;

/// Sizes of a [`ProjectionHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionConfig {
    /// Length of the features that come in.
    pub input: usize,
    /// Width of the hidden layers.
    pub hidden: usize,
    /// Length of the embedding that goes out.
    pub output: usize,
    /// Whether there is a second hidden layer: `SimSiam`, Barlow Twins, `VICReg`, NNCLR, `LeJEPA`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deep: bool,
    /// Batch norm on the embedding.
    #[serde(default, skip_serializing_if = "LastNorm::is_none")]
    pub last_norm: LastNorm,
}

impl ProjectionConfig {
    /// One hidden layer, no norm on the embedding: `SimCLR`'s, `MoCo`'s, BYOL's, `SwAV`'s.
    pub fn new(input: usize, hidden: usize, output: usize) -> Self {
        Self { input, hidden, output, deep: false, last_norm: LastNorm::None }
    }

    /// As wide as the features, 128 out (64 where the features are shorter): `SimCLR`'s proportions.
    pub fn for_features(input: usize) -> Self {
        Self::new(input, input, if input < 128 { 64 } else { 128 })
    }

    /// The same with a second hidden layer.
    #[must_use]
    pub fn deep(self) -> Self {
        Self { deep: true, ..self }
    }

    /// The same with a norm on the embedding.
    #[must_use]
    pub fn with_last_norm(self, last_norm: LastNorm) -> Self {
        Self { last_norm, ..self }
    }
}

/// Linear, batch norm, `ReLU`, linear (Chen et al. 2020, <https://arxiv.org/abs/2002.05709>); with a second hidden layer or
/// a norm on the embedding for methods that have them.
#[derive(Module, Debug)]
pub struct ProjectionHead {
    /// To the hidden layer, without bias (the norm has one).
    pub linear1: Linear,
    /// On the hidden layer.
    pub bn1: BatchNorm,
    /// To the embedding, or to the second hidden layer.
    pub linear2: Linear,
    /// On what `linear2` gives, where that is not the bare embedding.
    pub bn2: Option<BatchNorm>,
    /// From the second hidden layer to the embedding.
    pub linear3: Option<Linear>,
    /// On the embedding after a second hidden layer.
    pub bn3: Option<BatchNorm>,
}

impl ProjectionHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &ProjectionConfig) -> Self {
        let ProjectionConfig { input, hidden, output, deep, last_norm } = *config;
        // A layer under a norm has no bias.
        let linear = |name: &str, input: usize, output: usize, bare: bool| {
            let linear = Linear::new(&scope.at(name), input, output);
            if bare { linear } else { linear.without_bias() }
        };
        let linear1 = linear("linear1", input, hidden, false);
        let bn1 = BatchNorm::new(&scope.at("bn1"), hidden);
        let bare = last_norm == LastNorm::None;
        let last = |name: &str| last_norm.build(&scope.at(name), output);
        if deep {
            Self {
                linear1,
                bn1,
                linear2: linear("linear2", hidden, hidden, false),
                bn2: Some(BatchNorm::new(&scope.at("bn2"), hidden)),
                linear3: Some(linear("linear3", hidden, output, bare)),
                bn3: last("bn3"),
            }
        } else {
            Self {
                linear1,
                bn1,
                linear2: linear("linear2", hidden, output, bare),
                bn2: last("bn2"),
                linear3: None,
                bn3: None,
            }
        }
    }

    /// Features `[b, d]` to embeddings `[b, output]`, not normalized.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let mut x = self.linear2.forward(self.bn1.forward_relu(self.linear1.forward(features)));
        let Some(linear3) = &self.linear3 else { return normed(self.bn2.as_ref(), x) };
        if let Some(bn2) = &self.bn2 {
            x = bn2.forward_relu(x);
        }
        normed(self.bn3.as_ref(), linear3.forward(x))
    }
}

fn normed(norm: Option<&BatchNorm>, x: Tensor<2>) -> Tensor<2> {
    match norm {
        Some(norm) => norm.forward(x),
        None => x,
    }
}

#[cfg(test)]
mod tests {
    use foretask_backend::{load_state_dict, state_dict};

    use super::*;
    use crate::heads::tests::{assert_columns_standardized, gradients, names, training, wave};

    #[test]
    fn simclrs_head_has_the_names_and_the_json_it_always_had() {
        let config = ProjectionConfig::for_features(128);
        let head = ProjectionHead::new(&training(), &config);
        let expected = [
            "bn1.bias",
            "bn1.running_mean",
            "bn1.running_var",
            "bn1.weight",
            "linear1.weight",
            "linear2.bias",
            "linear2.weight",
        ];
        assert_eq!(names(&head), expected);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(json, r#"{"input":128,"hidden":128,"output":128}"#);
        assert_eq!(serde_json::from_str::<ProjectionConfig>(&json).unwrap(), config);
    }

    #[test]
    fn a_deep_head_has_a_second_hidden_layer() {
        let config = ProjectionConfig::new(6, 10, 4).deep();
        let head = ProjectionHead::new(&training(), &config);
        let shapes: Vec<_> = state_dict(&head).into_iter().filter(|(name, _)| name.ends_with("weight")).collect();
        let shapes: Vec<_> = shapes.iter().map(|(name, t)| (name.as_str(), t.shape.as_slice())).collect();
        let expected: [(&str, &[usize]); 5] = [
            ("bn1.weight", &[10]),
            ("bn2.weight", &[10]),
            ("linear1.weight", &[10, 6]),
            ("linear2.weight", &[10, 10]),
            ("linear3.weight", &[4, 10]),
        ];
        assert_eq!(shapes, expected);
        assert!(
            names(&head).contains(&"linear3.bias".to_owned()) && !names(&head).contains(&"linear2.bias".to_owned())
        );
        assert_eq!(head.forward(wave([5, 6])).dims(), [5, 4]);
        let json = r#"{"input":6,"hidden":10,"output":4,"deep":true}"#;
        assert_eq!(serde_json::to_string(&config).unwrap(), json);
    }

    #[test]
    fn a_norm_on_the_embedding_standardizes_it() {
        for deep in [false, true] {
            for last_norm in [LastNorm::Affine, LastNorm::Plain] {
                let config = ProjectionConfig { deep, ..ProjectionConfig::new(6, 10, 4).with_last_norm(last_norm) };
                let head = ProjectionHead::new(&training(), &config);
                assert_columns_standardized(head.forward(wave([8, 6])));
                assert!(!names(&head).iter().any(|name| name.starts_with("linear") && name.ends_with("bias")));
                let last = if deep { "bn3" } else { "bn2" };
                let trained = gradients(&head, head.forward(wave([8, 6])).powi_scalar(3).sum());
                assert_eq!(trained.contains(&format!("{last}.weight")), last_norm == LastNorm::Affine, "{trained:?}");
                // A copy through plain data stays as it was: what is not trained stays so.
                let copy = load_state_dict(ProjectionHead::new(&training(), &config), &state_dict(&head)).unwrap();
                assert_eq!(gradients(&copy, copy.forward(wave([8, 6])).powi_scalar(3).sum()), trained);
                assert!(!state_dict(&head.valid().train()).is_empty());
                let back = head.valid().train();
                assert_eq!(gradients(&back, back.forward(wave([8, 6])).powi_scalar(3).sum()), trained);
            }
        }
    }
}
