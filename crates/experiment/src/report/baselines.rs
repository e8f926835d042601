//! Baselines that stand beside every few-label result: the same network from scratch, a random frozen encoder, raw
//! pixels, each with all label draws.

use foretask_train::{FinetuneOptions, ProbeOptions};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::stages::{Finetune, LinearProbe, PixelRegression, evaluate, pool_of};
use crate::values::{Encoder, EncoderSource, Evaluation, Method, Network};

/// Adds what is missing. Nothing is added twice, and nothing that the script measured itself.
pub(super) fn add(experiment: &Experiment, results: &mut Vec<(String, Evaluation)>) -> Result<(), Error> {
    let asked = results.clone();
    for (_, evaluation) in &asked {
        let few = &evaluation.classifiers.few;
        let test = &evaluation.test;
        let same_labels = |other: &Evaluation| {
            other.classifiers.few.views.len() == few.views.len()
                && other
                    .classifiers
                    .few
                    .views
                    .iter()
                    .zip(few.views.iter())
                    .all(|(a, b)| matches!((a.fingerprint(), b.fingerprint()), (Ok(a), Ok(b)) if a == b))
        };
        if let Some(net) = net_of(evaluation) {
            let has_scratch = |other: &Evaluation| match &other.classifiers.method {
                Method::Scratch(own) => same_labels(other) && own.alike(&net),
                _ => false,
            };
            if !results.iter().any(|(_, other)| has_scratch(other)) {
                let options = FinetuneOptions { seed: experiment.seed(), ..FinetuneOptions::default() };
                let scratch = Finetune { start: net.clone().into(), few: few.clone(), options }.run(experiment)?;
                let name = free_name("scratch", results);
                results.push((name, evaluate(experiment, &scratch, test, None)?));
            }
            let has_random = |other: &Evaluation| match other.classifiers.method.encoder().map(|e| &e.source) {
                Some(EncoderSource::Random { net: own, .. }) => same_labels(other) && own.alike(&net),
                _ => false,
            };
            if !results.iter().any(|(_, other)| has_random(other)) {
                let encoder = Encoder::random(net.clone(), experiment.seed());
                let options = ProbeOptions { seed: experiment.seed(), ..ProbeOptions::default() };
                // The same statistics as for the encoder it is compared with.
                let pool = asked.iter().find_map(|(_, other)| pool_of(other.classifiers.method.encoder()?));
                let random = LinearProbe { encoder, few: few.clone(), pool, options }.run(experiment)?;
                let name = free_name("random encoder", results);
                results.push((name, evaluate(experiment, &random, test, None)?));
            }
        }
        let has_pixels =
            |other: &Evaluation| matches!(other.classifiers.method, Method::PixelProbe) && same_labels(other);
        if !results.iter().any(|(_, other)| has_pixels(other)) {
            let options = ProbeOptions { seed: experiment.seed(), ..ProbeOptions::default() };
            let pixels = PixelRegression { few: few.clone(), options }.run(experiment)?;
            let name = free_name("raw pixels", results);
            results.push((name, evaluate(experiment, &pixels, test, None)?));
        }
    }
    Ok(())
}

/// The network a result was made with.
fn net_of(evaluation: &Evaluation) -> Option<Network> {
    match &evaluation.classifiers.method {
        Method::Scratch(net) => Some(net.clone()),
        method => method.encoder().map(|encoder| Network(encoder.config().clone())),
    }
}

fn free_name(name: &str, results: &[(String, Evaluation)]) -> String {
    let taken = |name: &str| results.iter().any(|(other, _)| other == name);
    if !taken(name) {
        return name.to_owned();
    }
    // Among one more than are taken, one is free.
    let mut names = (2..=results.len() + 2).map(|number| format!("{name} {number}"));
    names.find(|name| !taken(name)).unwrap_or_default()
}
