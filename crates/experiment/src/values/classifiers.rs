//! Classifiers of the script: one per draw of labels, trained in whatever way.

use std::sync::Arc;

use foretask_eval::{KnnOptions, SelfTrainOptions, SpreadOptions};
use foretask_models::Classifier;
use foretask_train::{HealthLine, PixelProbe, Retained};

use super::{Dataset, Encoder, Network};
use crate::stage::StageKey;

/// How the classifiers came about.
#[derive(Debug, Clone)]
pub enum Method {
    /// The whole network trained on the labels, from an encoder.
    Finetune(Encoder),
    /// The whole network trained on the labels, from random weights.
    Scratch(Network),
    /// Logistic regression on frozen features.
    LinearProbe(Encoder),
    /// A vote of the nearest labeled images.
    Knn(Encoder, KnnOptions),
    /// Logistic regression on frozen features of images to which the few labels were spread.
    Spread(Encoder, SpreadOptions),
    /// An encoder that went on learning from unlabeled images to which the few labels were spread.
    SelfTrain(SelfStart, Arc<SelfTrainOptions>),
    /// Logistic regression on raw pixels.
    PixelProbe,
}

/// What self-training starts from.
#[derive(Debug, Clone)]
pub enum SelfStart {
    /// One encoder for all draws.
    Encoder(Encoder),
    /// The encoder of each draw's classifier.
    Classifiers(Arc<Classifiers>),
}

impl Method {
    /// The encoder it starts from.
    pub fn encoder(&self) -> Option<&Encoder> {
        match self {
            Self::Finetune(encoder) | Self::LinearProbe(encoder) | Self::Knn(encoder, _) | Self::Spread(encoder, _) => {
                Some(encoder)
            }
            Self::SelfTrain(SelfStart::Encoder(encoder), _) => Some(encoder),
            Self::SelfTrain(SelfStart::Classifiers(start), _) => start.method.encoder(),
            Self::Scratch(_) | Self::PixelProbe => None,
        }
    }

    /// In words, as far as it is known before anything is trained; afterwards see [`Classifiers::protocol`].
    pub fn describe(&self) -> String {
        match self {
            Self::Finetune(encoder) => format!("{} by `finetune`", encoder.describe()),
            Self::Scratch(net) => format!("{} from random weights, trained to convergence", net.0.network()),
            Self::LinearProbe(encoder) => format!("logistic regression on frozen features of {}", encoder.describe()),
            Self::Knn(encoder, options) => {
                format!("vote of the {} nearest in features of {}", options.k, encoder.describe())
            }
            Self::Spread(encoder, options) => format!(
                "labels spread over the {} nearest in features of {}, then logistic regression",
                options.neighbors,
                encoder.describe()
            ),
            Self::SelfTrain(SelfStart::Encoder(encoder), options) => self_trained(&encoder.describe(), options),
            Self::SelfTrain(SelfStart::Classifiers(start), options) => self_trained(&start.method.describe(), options),
            Self::PixelProbe => "logistic regression on raw pixels".to_owned(),
        }
    }
}

fn self_trained(start: &str, options: &SelfTrainOptions) -> String {
    let rounds = if options.rounds == 1 { "1 round".to_owned() } else { format!("{} rounds", options.rounds) };
    format!("{start}, self-trained from spread labels ({rounds}), then logistic regression")
}

/// "draw 2" or "draws 1, 3".
fn draws(places: &[usize]) -> String {
    let names: Vec<String> = places.iter().map(|place| (place + 1).to_string()).collect();
    format!("draw{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}

/// What training on one draw gave.
#[derive(Debug, Clone)]
pub enum Trained {
    /// An encoder with a linear classifier on it.
    Network(Arc<Classifier>),
    /// Nothing to train: the labeled images vote.
    Neighbors(Arc<foretask_models::Encoder>),
    /// Weights on pixels.
    Pixels(Arc<PixelProbe>),
}

/// One draw's classifier.
#[derive(Debug, Clone)]
pub struct Member {
    /// Decides the result; evaluations build upon it.
    pub key: StageKey,
    /// Seed of the label draw.
    pub seed: u64,
    /// `None` in a planning pass.
    pub trained: Option<Trained>,
    /// Seconds of training.
    pub seconds: f64,
    /// Whether it was loaded from an earlier run.
    pub reused: bool,
    /// Whether training came to rest; `None` where the question makes no sense.
    pub converged: Option<bool>,
    /// Which of its two answers fine-tuning kept; `None` before it, and where there is one only.
    pub kept: Option<Retained>,
    /// Updates of the weights.
    pub steps: u64,
    /// The curves of its training.
    pub history: Arc<[HealthLine]>,
}

impl Member {
    /// One that is not trained yet.
    pub(crate) fn planned(key: StageKey, seed: u64) -> Self {
        Self {
            key,
            seed,
            trained: None,
            seconds: 0.0,
            reused: false,
            converged: Some(true),
            kept: None,
            steps: 0,
            history: Arc::new([]),
        }
    }
}

/// All draws together.
#[derive(Debug, Clone)]
pub struct Classifiers {
    /// How they came about.
    pub method: Method,
    /// What they learned from.
    pub few: Dataset,
    /// Images without labels from which these classifiers themselves have learned.
    pub pool: Option<Dataset>,
    /// One for each label draw.
    pub members: Arc<[Member]>,
}

impl Classifiers {
    /// Whether training came to rest in every draw.
    pub fn converged(&self) -> Option<bool> {
        self.members
            .iter()
            .map(|member| member.converged)
            .collect::<Option<Vec<_>>>()
            .map(|all| all.into_iter().all(|c| c))
    }

    /// Whether the encoder of one draw's classifier is as it came: what it says of images is asked for again and again.
    pub(crate) fn is_frozen(&self, draw: usize) -> bool {
        match self.method {
            Method::LinearProbe(_) | Method::Knn(..) | Method::Spread(..) => true,
            Method::Finetune(_) => self.members.get(draw).is_some_and(|member| member.kept == Some(Retained::Probe)),
            Method::Scratch(_) | Method::SelfTrain(..) | Method::PixelProbe => false,
        }
    }

    /// How the classifiers really came about: the table's "protocol".
    pub fn protocol(&self) -> String {
        let of = |kept: Retained| -> Vec<usize> {
            (0..self.members.len()).filter(|draw| self.members[*draw].kept == Some(kept)).collect()
        };
        let ways = [
            (Retained::Finetuned, "fine-tuned in {}"),
            (Retained::Probe, "in {} `finetune` kept its probe on frozen features"),
            (Retained::Scratch, "in {} it started from scratch, since these features were worth less than none"),
        ];
        let ways: Vec<String> = ways
            .into_iter()
            .map(|(kept, words)| (of(kept), words))
            .filter(|(places, _)| !places.is_empty())
            .map(|(places, words)| words.replace("{}", &draws(&places)))
            .collect();
        if ways.len() < 2 {
            return self.members.first().map_or_else(|| self.method.describe(), |member| self.protocol_of(member));
        }
        let encoder = self.method.encoder().map(Encoder::describe).unwrap_or_default();
        let mut text = format!("{encoder}, {}", ways[0]);
        for way in &ways[1..] {
            text = format!("{text}; {way}");
        }
        text
    }

    /// How the classifier of one draw came about.
    pub(crate) fn protocol_of(&self, member: &Member) -> String {
        match (&self.method, member.kept) {
            (Method::Finetune(encoder), Some(Retained::Finetuned)) => format!("{}, fine-tuned", encoder.describe()),
            (Method::Finetune(encoder), Some(Retained::Probe)) => format!(
                "logistic regression on frozen features of {} (the probe that `finetune` kept)",
                encoder.describe()
            ),
            (Method::Finetune(encoder), Some(Retained::Scratch)) => format!(
                "{} from random weights (`finetune` found the features of {} worth less than none)",
                encoder.config().network(),
                encoder.describe()
            ),
            (Method::SelfTrain(SelfStart::Classifiers(start), options), _) => self_trained(&start.protocol(), options),
            (method, _) => method.describe(),
        }
    }

    /// Seconds of all draws.
    pub fn seconds(&self) -> f64 {
        self.members.iter().map(|member| member.seconds).sum()
    }
}
