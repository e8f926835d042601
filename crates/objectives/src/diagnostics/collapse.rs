//! Whether a representation has collapsed, and what to do about it.

use std::fmt;

/// Embeddings whose spread is below this part of an even spread are all but the same.
const LEAST_SPREAD: f64 = 0.1;
/// Features of an effective rank below this lie on a line.
const LEAST_RANK: f64 = 1.5;
/// A teacher's entropy above this part of the highest tells nothing.
const UNDECIDED: f64 = 0.99;
/// Fewer prototypes in use than this, on average, are one.
const LEAST_PROTOTYPES: f64 = 1.5;

/// What keeps a method from collapsing, which decides the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CollapseRisk {
    /// Negatives: `simclr`, `moco`, `nnclr`, `supcon`, `exemplar`.
    Contrastive,
    /// A predictor and a stopped gradient or a slow teacher: `byol`, `simsiam`.
    Prediction,
    /// Statistics of the batch: `barlow_twins`, `vicreg`, `lejepa`.
    Statistics,
    /// Balanced assignments: `swav`, `deepcluster`.
    Clustering,
    /// Centering and sharpening: `dino`.
    Distillation,
    /// Anything else: restoring images, made-up classes.
    Other,
    /// Nothing can: `mae`, `simmim`. Hidden places of an image are restored by what its seen ones say, so that tokens that say the same
    /// of every image never pay; a class token, which nobody asks, may well be the same for long.
    Restored,
}

impl CollapseRisk {
    /// What to do, in words.
    fn remedy(self, spread_out: bool) -> &'static str {
        match self {
            Self::Contrastive => {
                "lower the learning rate or lengthen the warm-up; a larger batch or queue gives more to be told apart from, and \
                 a higher temperature is gentler"
            }
            Self::Prediction => {
                "lower the learning rate, raise the teacher's momentum (0.99 to 0.996), keep batch norm in projector and \
                 predictor, and give the predictor a higher learning rate; a method with negatives such as simclr cannot \
                 collapse this way"
            }
            Self::Statistics => {
                "use a larger batch (the statistics need more images than the embedding has independent dimensions), a smaller \
                 projector, or a higher weight of the variance (lejepa: lambda) term"
            }
            Self::Clustering => {
                "lower the learning rate, freeze the prototypes for the first epoch, use fewer prototypes (no more than a tenth \
                 of the images), and a queue if batches are small"
            }
            Self::Distillation if spread_out => {
                "the teacher tells nothing: lower its temperature (0.04 or less at the beginning), and use fewer outputs"
            }
            Self::Distillation => {
                "one output has won: keep the centering on (center momentum 0.9), raise the teacher's temperature a little, lower \
                 the learning rate, freeze the last layer for the first epoch, and use fewer outputs on small data"
            }
            Self::Other | Self::Restored => {
                "lower the learning rate or lengthen the warm-up, and look at the preview whether the task can be solved"
            }
        }
    }
}

/// What is known of a batch; what is not measured stays `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CollapseEvidence {
    /// See [`embedding_std`](crate::embedding_std).
    pub embedding_std: Option<f64>,
    /// Length of the embeddings that it is of.
    pub dimensions: usize,
    /// See [`effective_rank`](crate::effective_rank).
    pub effective_rank: Option<f64>,
    /// The highest it could be: the smaller of rows and dimensions.
    pub effective_rank_limit: f64,
    /// See [`mean_entropy`](crate::mean_entropy), of the teacher or the codes.
    pub teacher_entropy: Option<f64>,
    /// See [`PrototypeUse::perplexity`](crate::PrototypeUse).
    pub prototype_perplexity: Option<f64>,
    /// Number of prototypes or outputs that the last two are of.
    pub prototypes: usize,
}

/// A collapse: what shows it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collapse {
    /// The reading and what it should be.
    pub sign: String,
    /// In plain words.
    pub remedy: &'static str,
}

impl fmt::Display for Collapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the representation has collapsed: {}. Remedy: {}", self.sign, self.remedy)
    }
}

/// Whether a representation has collapsed: embeddings all but the same, features on a line, a teacher that prefers nothing
/// or always the same. The limits are wide: a healthy network passes them within its first steps and never comes back, so
/// ask after the warm-up. A few bad steps are no collapse: ask for two readings in a row. `None` where nothing can collapse.
pub fn collapsed(risk: CollapseRisk, evidence: &CollapseEvidence) -> Option<Collapse> {
    if risk == CollapseRisk::Restored {
        return None;
    }
    let found = |sign: String, spread_out: bool| Some(Collapse { sign, remedy: risk.remedy(spread_out) });
    let even = 1.0 / (evidence.dimensions.max(1) as f64).sqrt();
    if let Some(std) = evidence.embedding_std.filter(|std| evidence.dimensions > 1 && *std < LEAST_SPREAD * even) {
        return found(
            format!(
                "the embeddings of different images are nearly the same (standard deviation {std:.4}, evenly spread {even:.4})"
            ),
            false,
        );
    }
    let prototypes = evidence.prototypes as f64;
    if let Some(used) = evidence.prototype_perplexity.filter(|used| prototypes > 4.0 && *used < LEAST_PROTOTYPES) {
        return found(format!("nearly all images fall to one of {prototypes} prototypes ({used:.2} in use)"), false);
    }
    let highest = prototypes.max(1.0).ln();
    if let Some(entropy) = evidence.teacher_entropy.filter(|entropy| prototypes > 1.0 && *entropy > UNDECIDED * highest)
    {
        return found(format!("the teacher prefers no output (entropy {entropy:.3} of at most {highest:.3})"), true);
    }
    let limit = evidence.effective_rank_limit;
    if let Some(rank) = evidence.effective_rank.filter(|rank| limit >= 8.0 && *rank < LEAST_RANK) {
        return found(
            format!("the features of all images lie on a line (effective rank {rank:.2} of at most {limit:.0})"),
            false,
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEALTHY: CollapseEvidence = CollapseEvidence {
        embedding_std: Some(0.08),
        dimensions: 128,
        effective_rank: Some(40.0),
        effective_rank_limit: 128.0,
        teacher_entropy: Some(2.0),
        prototype_perplexity: Some(300.0),
        prototypes: 1024,
    };

    #[test]
    fn healthy_readings_and_none_at_all_pass() {
        for risk in [CollapseRisk::Contrastive, CollapseRisk::Distillation, CollapseRisk::Other] {
            assert_eq!(collapsed(risk, &HEALTHY), None);
            assert_eq!(collapsed(risk, &CollapseEvidence::default()), None);
        }
    }

    #[test]
    fn each_sign_is_seen_and_has_its_remedy() {
        let cases = [
            (
                CollapseRisk::Prediction,
                CollapseEvidence { embedding_std: Some(0.002), ..HEALTHY },
                "nearly the same",
                "predictor",
            ),
            (
                CollapseRisk::Contrastive,
                CollapseEvidence { effective_rank: Some(1.1), ..HEALTHY },
                "on a line",
                "larger batch",
            ),
            (
                CollapseRisk::Clustering,
                CollapseEvidence { prototype_perplexity: Some(1.01), ..HEALTHY },
                "one of 1024",
                "freeze the prototypes",
            ),
            (
                CollapseRisk::Distillation,
                CollapseEvidence { teacher_entropy: Some(6.92), ..HEALTHY },
                "prefers no output",
                "lower its temperature",
            ),
            (
                CollapseRisk::Distillation,
                CollapseEvidence { prototype_perplexity: Some(1.2), ..HEALTHY },
                "one of 1024",
                "centering",
            ),
            (
                CollapseRisk::Statistics,
                CollapseEvidence { embedding_std: Some(0.0), ..HEALTHY },
                "nearly the same",
                "variance",
            ),
            (CollapseRisk::Other, CollapseEvidence { effective_rank: Some(1.0), ..HEALTHY }, "on a line", "preview"),
        ];
        for (risk, evidence, sign, remedy) in cases {
            let text = collapsed(risk, &evidence).unwrap().to_string();
            assert!(text.starts_with("the representation has collapsed") && text.contains(sign), "{text}");
            assert!(text.contains(remedy), "{text}");
        }
    }

    #[test]
    fn a_class_token_that_nobody_asks_is_no_collapse() {
        let evidence = CollapseEvidence { embedding_std: Some(0.0), effective_rank: Some(1.0), ..HEALTHY };
        assert_eq!(collapsed(CollapseRisk::Restored, &evidence), None);
        assert!(collapsed(CollapseRisk::Other, &evidence).is_some());
    }

    #[test]
    fn few_rows_and_few_dimensions_are_no_evidence() {
        let evidence =
            CollapseEvidence { effective_rank: Some(1.2), effective_rank_limit: 4.0, ..CollapseEvidence::default() };
        assert_eq!(collapsed(CollapseRisk::Contrastive, &evidence), None);
        let evidence = CollapseEvidence { embedding_std: Some(0.0), dimensions: 1, ..CollapseEvidence::default() };
        assert_eq!(collapsed(CollapseRisk::Contrastive, &evidence), None);
    }
}
