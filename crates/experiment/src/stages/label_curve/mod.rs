//! Accuracy against the number of labels: for every number, every way of learning is a stage per label draw like any
//! other, so that a curve resumes, shares points with the words themselves, and a change of one number keeps the others.

mod counts;
mod options;

use std::sync::Arc;

use foretask_eval::{Evaluation as Measured, KnnOptions};

pub use options::{Baseline, CurveMethod, CurveOptions, LabelsAsked};

use super::draws::need_labels;
use super::leakage::{self, Leakage};
use super::{Finetune, Knn, LinearProbe, PixelRegression};
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::values::{
    Classifiers, Dataset, DrawResult, Encoder, EncoderSource, Evaluation, Member, Network, Start, View,
};

/// No word draws labels more often.
const MOST_DRAWS: u64 = 100;

/// One curve, measured at every number of labels.
#[derive(Debug)]
pub struct Curve {
    /// Its name among the curves.
    pub name: String,
    /// What it starts from, by name.
    pub encoder: String,
    /// "finetune", "linear", "knn" or "pixels".
    pub method: &'static str,
    /// The curve from scratch that it is compared with.
    pub scratch: Option<String>,
    /// One for every number of labels.
    pub evaluations: Vec<Evaluation>,
    way: Way,
}

/// How a curve's classifiers come about.
#[derive(Debug, Clone)]
enum Way {
    Finetune(Encoder),
    Scratch(Network),
    Linear(Encoder),
    Knn(Encoder),
    Pixels,
}

/// Every curve at every number of labels.
#[derive(Debug, Clone)]
pub struct LabelCurves {
    /// Encoders, which are judged by every method, and networks, which are trained from scratch, by name.
    pub starts: Vec<(String, Start)>,
    /// Images whose labels are drawn.
    pub labeled: Dataset,
    /// Images to measure on.
    pub test: Dataset,
    /// How many labels, and how they are learned from.
    pub options: CurveOptions,
}

impl LabelCurves {
    /// Measures them: the numbers of labels, and the curves over those.
    ///
    /// # Errors
    /// When an option does not suit the images, images cannot be read, or training fails or is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<(Vec<LabelsAsked>, Vec<Curve>), Error> {
        let Self { starts, labeled, test, options } = self;
        let view = labeled.single("label_curve", Role::Few)?;
        let tested = test.single("label_curve", Role::Test)?;
        need_labels("label_curve", test, &*tested.samples()?).map_err(|error| error.at(Role::Test))?;
        if view.fingerprint()? == tested.fingerprint()? {
            return Err(Error::input("labels to learn from and images to measure on are the same images")
                .help("give two parts of the data: `data.split(\"train\")`, `data.split(\"test\")`")
                .at(Role::Test));
        }
        let labeled = with_labels(labeled, view)?;
        let asked = counts::asked(experiment, options, &*labeled.views[0].samples()?)?;
        let seeds = draw_seeds(experiment, options)?;
        check_channels(experiment, starts, &labeled)?;
        let mut curves = curves(experiment, starts, options);
        for count in &asked {
            let few = few(&labeled, *count, &seeds)?;
            for curve in &mut curves {
                let classifiers = classifiers(experiment, &curve.way, &few, options).map_err(Error::inner)?;
                let evaluation = super::evaluate(experiment, &classifiers, test, None).map_err(Error::inner)?;
                curve.evaluations.push(light(evaluation));
            }
        }
        // Once for all points.
        let points = curves.iter().flat_map(|curve| &curve.evaluations);
        let leaked = points.flat_map(|point| point.leaked.iter().copied()).collect();
        leakage::warn_or_refuse(experiment, "points of this curve", &*tested.samples()?, &leaked, Leakage::Warn)?;
        Ok((asked, curves))
    }
}

/// The rows that have a label.
fn with_labels(labeled: &Dataset, view: &View) -> Result<Dataset, Error> {
    let samples = view.samples()?;
    let found = samples.labels.iter().flatten().count();
    if found == samples.len() {
        return Ok(labeled.clone());
    }
    if found == 0 {
        need_labels("label_curve", labeled, &samples)?;
    }
    labeled.map(foretask_data::Manifest::labeled).map_err(|error| Error::from(error).at(Role::Few))
}

fn draw_seeds(experiment: &Experiment, options: &CurveOptions) -> Result<Vec<u64>, Error> {
    if !(1..=MOST_DRAWS).contains(&options.seeds) {
        return Err(Error::input(format!("`seeds` must be from 1 to {MOST_DRAWS}, not {}", options.seeds))
            .help("it is the number of label draws; 3 give an interval, 5 a firmer one")
            .option("seeds"));
    }
    let methods = &options.methods;
    if methods.is_empty() {
        return Err(Error::input("`methods` is empty").help("one or more of finetune, linear, knn").option("methods"));
    }
    if (1..methods.len()).any(|index| methods[..index].contains(&methods[index])) {
        return Err(Error::input("`methods` names a method twice").option("methods"));
    }
    let first = options.seed.unwrap_or_else(|| experiment.seed());
    Ok((0..options.seeds).map(|draw| first.wrapping_add(draw)).collect())
}

/// Found before anything is trained: an encoder of other channels.
fn check_channels(experiment: &Experiment, starts: &[(String, Start)], labeled: &Dataset) -> Result<(), Error> {
    let survey = experiment.survey(labeled, &labeled.views[0])?;
    for (name, start) in starts {
        let Start::Encoder(encoder) = start else { continue };
        let (wanted, found) = (encoder.sketch(&survey)?.input.channels, survey.channels);
        if wanted != found {
            return Err(Error::input(format!(
                "the encoder `{name}` takes images of {wanted} channel(s), but these have {found}"
            ))
            .help(format!("open the dataset with `channels: {wanted}`, or pretrain on images of {found}"))
            .at(Role::Start));
        }
    }
    Ok(())
}

/// The curves, still without points: each encoder by each method, the nets, the baselines that are missing.
fn curves(experiment: &Experiment, starts: &[(String, Start)], options: &CurveOptions) -> Vec<Curve> {
    let mut nets: Vec<(String, Network)> = Vec::new();
    for (name, start) in starts {
        if let Start::Network(net) = start {
            nets.push((name.clone(), net.clone()));
        }
    }
    let encoders: Vec<(&String, &Encoder, Network)> = starts
        .iter()
        .filter_map(|(name, start)| match start {
            Start::Encoder(encoder) => Some((name, encoder, Network(encoder.config().clone()))),
            Start::Network(_) => None,
        })
        .collect();
    let taken = |name: &str, nets: &[(String, Network)]| {
        starts.iter().any(|(other, _)| other == name) || nets.iter().any(|(other, _)| other == name)
    };
    if options.baselines.contains(&Baseline::Scratch) {
        for (_, _, net) in &encoders {
            if !nets.iter().any(|(_, other)| other.alike(net)) {
                let mut name = "scratch".to_owned();
                while taken(&name, &nets) {
                    name = if name == "scratch" { format!("scratch {}", net.0.name()) } else { name + "'" };
                }
                nets.push((name, net.clone()));
            }
        }
    }
    let scratch_of = |net: &Network| nets.iter().find(|(_, other)| other.alike(net)).map(|(name, _)| name.clone());
    let curve = |name: String, encoder: &str, method, scratch, way| Curve {
        name,
        encoder: encoder.to_owned(),
        method,
        scratch,
        evaluations: Vec::new(),
        way,
    };
    let mut curves = Vec::new();
    for (name, encoder, net) in &encoders {
        for method in &options.methods {
            let (word, said, way) = match method {
                CurveMethod::Finetune => ("finetune", "finetune", Way::Finetune((*encoder).clone())),
                CurveMethod::Linear => ("linear", "linear probe", Way::Linear((*encoder).clone())),
                CurveMethod::Knn => ("knn", "kNN", Way::Knn((*encoder).clone())),
            };
            let full = if options.methods.len() == 1 { (*name).clone() } else { format!("{name}, {said}") };
            curves.push(curve(full, name, word, scratch_of(net), way));
        }
    }
    for (name, net) in &nets {
        curves.push(curve(name.clone(), name, "finetune", None, Way::Scratch(net.clone())));
    }
    if options.baselines.contains(&Baseline::Random)
        && let Some(net) = encoders.first().map(|(_, _, net)| net).or_else(|| nets.first().map(|(_, net)| net))
    {
        let way = Way::Linear(Encoder::random(net.clone(), experiment.seed()));
        curves.push(curve("random encoder, linear probe".to_owned(), "random encoder", "linear", scratch_of(net), way));
    }
    if options.baselines.contains(&Baseline::Pixels) {
        curves.push(curve("raw pixels".to_owned(), "raw pixels", "pixels", None, Way::Pixels));
    }
    curves
}

/// The labeled images of one number: a draw per seed, or all.
fn few(labeled: &Dataset, count: LabelsAsked, seeds: &[u64]) -> Result<Dataset, Error> {
    match count {
        LabelsAsked::All => Ok(labeled.clone().called("all labels")),
        LabelsAsked::PerClass(n) => {
            let drawn = labeled.draw(seeds, |manifest, seed| manifest.per_class(n as usize, seed));
            let labels = if n == 1 { "label" } else { "labels" };
            Ok(drawn.map_err(|error| Error::from(error).at(Role::Few))?.called(&format!("{n} {labels} a class")))
        }
    }
}

/// The classifiers of one curve at one number of labels, by the words' own stages.
fn classifiers(
    experiment: &Experiment,
    way: &Way,
    few: &Dataset,
    options: &CurveOptions,
) -> Result<Classifiers, Error> {
    let few = few.clone();
    match way.clone() {
        Way::Finetune(encoder) => {
            Finetune { start: encoder.into(), few, options: options.finetune.clone() }.run(experiment)
        }
        Way::Scratch(net) => Finetune { start: net.into(), few, options: options.scratch.clone() }.run(experiment),
        Way::Linear(encoder) => {
            let pool = super::pool_of(&encoder);
            LinearProbe { encoder, few, pool, options: options.linear.clone() }.run(experiment)
        }
        Way::Knn(encoder) => {
            let fewest = few.views.iter().map(|view| Ok(view.samples()?.len())).collect::<Result<Vec<_>, Error>>()?;
            // With few labels all of them vote.
            let k = options.knn.k.min(fewest.into_iter().min().unwrap_or(1));
            Knn { encoder, few, options: KnnOptions { k, ..options.knn.clone() } }.run(experiment)
        }
        Way::Pixels => PixelRegression { few, options: options.linear.clone() }.run(experiment),
    }
}

/// Without weights, histories and predictions: a curve has a hundred evaluations, and large networks would fill the memory.
fn light(evaluation: Evaluation) -> Evaluation {
    let member = |member: &Member| Member { trained: None, history: Arc::new([]), ..member.clone() };
    let members = evaluation.classifiers.members.iter().map(member).collect();
    let draw = |draw: &DrawResult| {
        let measured = draw.measured.as_deref();
        let measured = measured.map(|found| Arc::new(Measured { predictions: Vec::new(), ..found.clone() }));
        DrawResult { measured, ..draw.clone() }
    };
    let draws = evaluation.draws.iter().map(draw).collect();
    Evaluation { classifiers: Classifiers { members, ..evaluation.classifiers }, draws, ..evaluation }
}

/// What people call an encoder.
pub fn short_name(encoder: &Encoder) -> String {
    match &encoder.source {
        EncoderSource::Pretrained(stage) => stage.name(),
        EncoderSource::File { path, .. } => {
            path.file_stem().map_or_else(|| "encoder".to_owned(), |stem| stem.to_string_lossy().into_owned())
        }
        EncoderSource::Random { .. } => "untrained".to_owned(),
    }
}
