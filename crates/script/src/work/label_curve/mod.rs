//! Accuracy against the number of labels: for every number, every way of learning is a stage per label draw like any
//! other, so that a curve resumes, shares points with the words themselves, and a change of one number keeps the others.

mod options;

use std::collections::BTreeMap;
use std::sync::Arc;

use foretask_data::Samples;
use foretask_eval::{Evaluation as Measured, KnnOptions};

pub(crate) use options::{CurveMethod, CurveOptions, LabelsAsked, Yardstick};

use super::draws::need_labels;
use crate::errors::{Fault, Locus};
use crate::host::Host;
use crate::values::{Classifiers, Dataset, DrawResult, Encoder, EncoderSource, Evaluation, Member, Method, Net, View};

/// What is asked for where the script does not say, as far as there are so many images of each class.
const USUAL: [u64; 5] = [1, 5, 10, 50, 100];
/// No word draws labels more often.
const MOST_DRAWS: u64 = 100;

/// What a curve starts from.
#[derive(Debug, Clone)]
pub(crate) enum CurveStart {
    /// Judged by every method.
    Encoder(Encoder),
    /// Trained from scratch.
    Net(Net),
}

/// One curve, measured at every number of labels.
pub(crate) struct Curve {
    pub(crate) name: String,
    /// What it starts from, by name.
    pub(crate) encoder: String,
    /// "finetune", "linear", "knn" or "pixels".
    pub(crate) method: &'static str,
    /// The curve from scratch that it is compared with.
    pub(crate) scratch: Option<String>,
    pub(crate) evaluations: Vec<Evaluation>,
    way: Way,
}

/// How a curve's classifiers come about.
#[derive(Debug, Clone)]
enum Way {
    Finetune(Encoder),
    Scratch(Net),
    Linear(Encoder),
    Knn(Encoder),
    Pixels,
}

/// Every curve at every number of labels. `argument` is the place of the options among the word's arguments.
pub(crate) fn label_curve(
    host: &Host,
    line: usize,
    starts: &[(String, CurveStart)],
    labelled: &Dataset,
    test: &Dataset,
    options: &CurveOptions,
    argument: usize,
) -> Result<(Vec<LabelsAsked>, Vec<Curve>), Fault> {
    let view = labelled.single("label_curve", 1)?;
    let tested = test.single("label_curve", 2)?;
    need_labels("label_curve", test, &*tested.samples()?).map_err(|fault| fault.argument(argument - 1))?;
    if view.fingerprint()? == tested.fingerprint()? {
        return Err(Fault::input("labels to learn from and images to measure on are the same images")
            .help("give two parts of the data: `data.split(\"train\")`, `data.split(\"test\")`")
            .argument(argument - 1));
    }
    let labelled = with_labels(labelled, view)?;
    let samples = labelled.views[0].samples()?;
    let asked = asked(host, options, &samples, argument)?;
    let seeds = draw_seeds(host, options, argument)?;
    check_channels(host, starts, &labelled)?;
    let mut curves = curves(host, starts, options);
    for count in &asked {
        let few = few(&labelled, *count, &seeds)?;
        for curve in &mut curves {
            let classifiers = classifiers(host, line, &curve.way, &few, options).map_err(inner)?;
            let evaluation = super::evaluate(host, line, &classifiers, test).map_err(inner)?;
            curve.evaluations.push(light(evaluation));
        }
    }
    Ok((asked, curves))
}

/// What a part of the work finds wrong stands at no argument of this word.
fn inner(fault: Fault) -> Fault {
    fault.at(Locus::Word)
}

/// The rows that have a label.
fn with_labels(labelled: &Dataset, view: &View) -> Result<Dataset, Fault> {
    let samples = view.samples()?;
    let found = samples.labels.iter().flatten().count();
    if found == samples.len() {
        return Ok(labelled.clone());
    }
    if found == 0 {
        need_labels("label_curve", labelled, &samples)?;
    }
    labelled.map(foretask_data::Manifest::labeled).map_err(|error| Fault::from(error).argument(1))
}

/// The numbers of labels, checked against what there is.
fn asked(host: &Host, options: &CurveOptions, samples: &Samples, argument: usize) -> Result<Vec<LabelsAsked>, Fault> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for label in samples.labels.iter().flatten() {
        *counts.entry(*label).or_default() += 1;
    }
    let Some((&class, &least)) = counts.iter().min_by_key(|(_, count)| **count) else {
        return Err(Fault::failed("there is no label"));
    };
    let class = samples.classes.get(class as usize).map_or("?", String::as_str);
    let even = counts.values().all(|count| *count == least);
    let Some(asked) = &options.labels else {
        let fits = |n: &u64| *n < least || (*n == least && !even);
        let left_out: Vec<String> = USUAL.iter().filter(|n| !fits(n)).map(u64::to_string).collect();
        if !left_out.is_empty() {
            let why = format!("class \"{class}\" has {least} labelled images");
            host.note(format!("label_curve leaves out {} labels a class: {why}", left_out.join(", ")));
        }
        let usual = USUAL.iter().copied().filter(fits).map(LabelsAsked::PerClass);
        return Ok(usual.chain([LabelsAsked::All]).collect());
    };
    let at = |index: usize| Locus::Value(argument, vec!["labels".to_owned(), index.to_string()]);
    if asked.is_empty() {
        return Err(Fault::input("`labels` is empty: a curve needs at least one number of labels")
            .help("for example `labels: [1, 5, 10, 50, \"all\"]`")
            .at(Locus::Value(argument, vec!["labels".into()])));
    }
    for (index, count) in asked.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| asked[before]);
        match (before, *count) {
            (Some(LabelsAsked::All), LabelsAsked::All) => {
                return Err(Fault::input("`labels` holds \"all\" twice").label("a second time").at(at(index)));
            }
            (Some(LabelsAsked::All), LabelsAsked::PerClass(n)) => {
                return Err(Fault::input(format!("`labels` must ascend, but {n} stands behind \"all\""))
                    .help("put \"all\" last")
                    .at(at(index)));
            }
            (Some(LabelsAsked::PerClass(before)), LabelsAsked::PerClass(n)) if n == before => {
                return Err(Fault::input(format!("`labels` holds {n} twice")).label("a second time").at(at(index)));
            }
            (Some(LabelsAsked::PerClass(before)), LabelsAsked::PerClass(n)) if n < before => {
                return Err(Fault::input(format!("`labels` must ascend, but {n} stands behind {before}"))
                    .label("smaller than the one before")
                    .at(at(index)));
            }
            (_, LabelsAsked::PerClass(n)) if n > least => {
                return Err(Fault::input(format!(
                    "`labels` asks for {n} of each class, but class \"{class}\" has only {least} labelled images"
                ))
                .label("more than there are")
                .help(format!("ask for at most {least}; \"all\" takes every label, however many a class has"))
                .at(at(index)));
            }
            (Some(LabelsAsked::PerClass(before)), LabelsAsked::All) if before == least && even => {
                return Err(Fault::input(format!(
                    "\"all\" is the same as {before} here: every class has {least} labels"
                ))
                .label("the same labels again")
                .at(at(index)));
            }
            _ => {}
        }
    }
    Ok(asked.clone())
}

fn draw_seeds(host: &Host, options: &CurveOptions, argument: usize) -> Result<Vec<u64>, Fault> {
    let at = |key: &str| Locus::Value(argument, vec![key.to_owned()]);
    if !(1..=MOST_DRAWS).contains(&options.seeds) {
        return Err(Fault::input(format!("`seeds` must be from 1 to {MOST_DRAWS}, not {}", options.seeds))
            .help("it is the number of label draws; 3 give an interval, 5 a firmer one")
            .at(at("seeds")));
    }
    let methods = &options.methods;
    if methods.is_empty() {
        return Err(Fault::input("`methods` is empty").help("one or more of finetune, linear, knn").at(at("methods")));
    }
    if (1..methods.len()).any(|index| methods[..index].contains(&methods[index])) {
        return Err(Fault::input("`methods` names a method twice").at(at("methods")));
    }
    let first = options.seed.unwrap_or_else(|| host.seed());
    Ok((0..options.seeds).map(|draw| first.wrapping_add(draw)).collect())
}

/// Found before anything is trained: an encoder of other channels.
fn check_channels(host: &Host, starts: &[(String, CurveStart)], labelled: &Dataset) -> Result<(), Fault> {
    let glance = labelled.glance(host, &labelled.views[0])?;
    for (name, start) in starts {
        let CurveStart::Encoder(encoder) = start else { continue };
        let (wanted, found) = (encoder.sketch(&glance)?.input.channels, glance.channels());
        if wanted != found {
            return Err(Fault::input(format!(
                "the encoder `{name}` takes images of {wanted} channel(s), but these have {found}"
            ))
            .help(format!("open the dataset with `channels: {wanted}`, or pretrain on images of {found}"))
            .argument(0));
        }
    }
    Ok(())
}

/// The curves, still without points: each encoder by each method, the nets, the yardsticks that are missing.
fn curves(host: &Host, starts: &[(String, CurveStart)], options: &CurveOptions) -> Vec<Curve> {
    let mut nets: Vec<(String, Net)> = Vec::new();
    for (name, start) in starts {
        if let CurveStart::Net(net) = start {
            nets.push((name.clone(), net.clone()));
        }
    }
    let encoders: Vec<(&String, &Encoder, Net)> = starts
        .iter()
        .filter_map(|(name, start)| match start {
            CurveStart::Encoder(encoder) => Some((name, encoder, Net(encoder.config().clone()))),
            CurveStart::Net(_) => None,
        })
        .collect();
    let taken = |name: &str, nets: &[(String, Net)]| {
        starts.iter().any(|(other, _)| other == name) || nets.iter().any(|(other, _)| other == name)
    };
    if options.yardsticks.contains(&Yardstick::Scratch) {
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
    let scratch_of = |net: &Net| nets.iter().find(|(_, other)| other.alike(net)).map(|(name, _)| name.clone());
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
    if options.yardsticks.contains(&Yardstick::Random)
        && let Some(net) = encoders.first().map(|(_, _, net)| net).or_else(|| nets.first().map(|(_, net)| net))
    {
        let way = Way::Linear(Encoder::random(net.clone(), host.seed()));
        curves.push(curve("random encoder, linear probe".to_owned(), "random encoder", "linear", scratch_of(net), way));
    }
    if options.yardsticks.contains(&Yardstick::Pixels) {
        curves.push(curve("raw pixels".to_owned(), "raw pixels", "pixels", None, Way::Pixels));
    }
    curves
}

/// The labelled images of one number: a draw per seed, or all.
fn few(labelled: &Dataset, count: LabelsAsked, seeds: &[u64]) -> Result<Dataset, Fault> {
    match count {
        LabelsAsked::All => Ok(labelled.clone().called("all labels")),
        LabelsAsked::PerClass(n) => {
            let drawn = labelled.draw(seeds, |manifest, seed| manifest.per_class(n as usize, seed));
            let labels = if n == 1 { "label" } else { "labels" };
            Ok(drawn.map_err(|error| Fault::from(error).argument(1))?.called(&format!("{n} {labels} a class")))
        }
    }
}

/// The classifiers of one curve at one number of labels, by the words' own stages.
fn classifiers(
    host: &Host,
    line: usize,
    way: &Way,
    few: &Dataset,
    options: &CurveOptions,
) -> Result<Classifiers, Fault> {
    match way {
        Way::Finetune(encoder) => {
            super::finetune(host, line, Method::Finetune(encoder.clone()), few, &options.finetune)
        }
        Way::Scratch(net) => super::finetune(host, line, Method::Scratch(net.clone()), few, &options.scratch),
        Way::Linear(encoder) => {
            let pool = super::pool_of(encoder);
            super::linear_probe(host, line, encoder, few, pool.as_ref(), &options.linear)
        }
        Way::Knn(encoder) => {
            let fewest = few.views.iter().map(|view| Ok(view.samples()?.len())).collect::<Result<Vec<_>, Fault>>()?;
            // With few labels all of them vote.
            let k = options.knn.k.min(fewest.into_iter().min().unwrap_or(1));
            super::knn(host, encoder, few, &KnnOptions { k, ..options.knn.clone() })
        }
        Way::Pixels => super::pixel_probe(host, line, few, &options.linear),
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
pub(crate) fn short_name(encoder: &Encoder) -> String {
    match &encoder.source {
        EncoderSource::Pretrained(stage) => stage.name(),
        EncoderSource::File { path, .. } => {
            path.file_stem().map_or_else(|| "encoder".to_owned(), |stem| stem.to_string_lossy().into_owned())
        }
        EncoderSource::Random { .. } => "untrained".to_owned(),
    }
}
