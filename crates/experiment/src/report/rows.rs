//! The numbers of a report: a row per result, paired differences, curves, confusion.

use foretask_eval::{ClassScore, Summary, paired, wilson};
use foretask_report::{
    ClassShare, Confidence, Confusion, Difference, Draw, Evaluation as Measured, HistoryPoint, Interval, Metric,
    ResultRow, Role, Stage,
};
use foretask_train::HealthLine;

use super::stage_of;
use crate::error::Error;
use crate::values::{ClassEstimate, EncoderSource, Evaluation, Method, Pretrained, SelfStart, Trained};

const LEVEL: f64 = 0.95;

/// What all results were measured on.
pub(super) fn evaluation(results: &[(String, Evaluation)]) -> Result<Option<Measured>, Error> {
    let Some((_, first)) = results.first() else { return Ok(None) };
    let samples = first.test.views[0].samples()?;
    let measured = first.draws.first().and_then(|draw| draw.measured.as_ref());
    Ok(Some(Measured {
        name: first.test.steps().join(", "),
        images: samples.len(),
        classes: samples.classes.to_vec(),
        chance: Some(first.chance),
        majority: measured.map(|found| ClassShare { class: found.majority_class.clone(), share: found.majority }),
    }))
}

/// What a result stands for.
pub(super) fn role(method: &Method) -> Role {
    match method {
        Method::Scratch(_) => Role::Scratch,
        Method::PixelProbe => Role::Baseline,
        Method::SelfTrain(SelfStart::Classifiers(start), _) => match role(&start.method) {
            // What began with random weights is no baseline any more once unlabeled images have trained it.
            Role::Scratch => Role::Other,
            role => role,
        },
        Method::Finetune(encoder)
        | Method::LinearProbe(encoder)
        | Method::Knn(encoder, _)
        | Method::Spread(encoder, _)
        | Method::SelfTrain(SelfStart::Encoder(encoder), _) => match encoder.source {
            EncoderSource::Random { .. } => Role::Baseline,
            EncoderSource::Pretrained(_) | EncoderSource::File { .. } => Role::Pretrained,
        },
    }
}

/// A row per result, each compared with every scratch network and baseline that has the same draws.
pub(super) fn rows(results: &[(String, Evaluation)]) -> Result<Vec<ResultRow>, Error> {
    results
        .iter()
        .map(|(name, evaluation)| {
            let classifiers = &evaluation.classifiers;
            let samples = classifiers.few.views[0].samples()?;
            let labels = samples.labels.iter().flatten().count();
            let accuracies = evaluation.accuracies();
            let summary = Summary::of(&accuracies)?;
            let role = role(&classifiers.method);
            let mut differences = Vec::new();
            for (other_name, other) in results.iter().filter(|(other, _)| other != name) {
                let baseline = !matches!(self::role(&other.classifiers.method), Role::Pretrained | Role::Other);
                if baseline && role != Role::Baseline && same_draws(evaluation, other)? {
                    differences.push(difference(evaluation, other_name, other)?);
                }
            }
            let stage = stage_of(evaluation);
            Ok(ResultRow {
                name: name.clone(),
                role,
                protocol: classifiers.protocol(),
                labels,
                labels_per_class: per_class(&samples.labels, samples.classes.len()),
                draws: draws(evaluation, &accuracies),
                over_draws: summary.interval.map(|(low, high)| interval(low, high, accuracies.len())),
                over_images: over_images(evaluation, summary.mean),
                mean: summary.mean,
                sd: summary.sd,
                differences,
                seconds: Some(classifiers.seconds() + evaluation.draws.iter().map(|draw| draw.seconds).sum::<f64>()),
                pretraining_seconds: stage.map(Pretrained::seconds),
                converged: match classifiers.method {
                    Method::Scratch(_)
                    | Method::LinearProbe(_)
                    | Method::Spread(..)
                    | Method::SelfTrain(..)
                    | Method::PixelProbe => classifiers.converged(),
                    // From an encoder there is nothing to wait for; neighbors are not trained.
                    Method::Finetune(_) | Method::Knn(..) => None,
                },
                stage: stage.map(Pretrained::name),
                confidence: confidence(evaluation),
                weights: Vec::new(),
            })
        })
        .collect()
}

/// How far the probabilities of a result can be believed; none where nothing was measured.
fn confidence(evaluation: &Evaluation) -> Option<Confidence> {
    evaluation.draws.first()?.measured.as_ref()?;
    let classifiers: Vec<_> = evaluation
        .classifiers
        .members
        .iter()
        .filter_map(|member| match &member.trained {
            Some(Trained::Network(classifier)) => Some(classifier),
            _ => None,
        })
        .collect();
    let calibrated = classifiers.iter().any(|classifier| classifier.temperature != 1.0);
    let temperatures = classifiers.iter().map(|classifier| f64::from(classifier.temperature));
    Some(Confidence {
        temperature: calibrated.then(|| temperatures.sum::<f64>() / classifiers.len() as f64),
        reason: classifiers.first().and_then(|classifier| classifier.calibration.clone()).unwrap_or_default(),
        log_loss: evaluation.mean_of(|found| found.log_loss),
        calibration_error: evaluation.mean_of(|found| found.calibration_error),
    })
}

/// The number of labels of each class, where all classes have as many.
fn per_class(labels: &[Option<u32>], classes: usize) -> Option<usize> {
    let mut counts = vec![0_usize; classes];
    for label in labels.iter().flatten() {
        *counts.get_mut(*label as usize)? += 1;
    }
    counts.retain(|count| *count > 0);
    let first = *counts.first()?;
    counts.iter().all(|count| *count == first).then_some(first)
}

fn draws(evaluation: &Evaluation, values: &[f64]) -> Vec<Draw> {
    evaluation.draws.iter().zip(values).map(|(draw, value)| Draw { seed: draw.seed, accuracy: *value }).collect()
}

/// Whether two results learned from the same labeled images, draw by draw.
pub(super) fn same_draws(a: &Evaluation, b: &Evaluation) -> Result<bool, Error> {
    let (a, b) = (&a.classifiers.few.views, &b.classifiers.few.views);
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter().zip(b.iter()) {
        if a.fingerprint()? != b.fingerprint()? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn difference(ours: &Evaluation, name: &str, other: &Evaluation) -> Result<Difference, Error> {
    let found = paired(&ours.accuracies(), &other.accuracies())?;
    Ok(Difference {
        reference: name.to_owned(),
        draws: draws(ours, &found.difference.values),
        mean: found.difference.mean,
        interval: found.difference.interval.map(|(low, high)| interval(low, high, found.difference.values.len())),
    })
}

/// An interval of the mean over `draws` draws.
pub(super) fn interval(low: f64, high: f64, draws: usize) -> Interval {
    let freedom = draws.saturating_sub(1);
    Interval { low, high, level: LEVEL, method: format!("Student's t, {freedom} degrees of freedom") }
}

/// The interval of a mean accuracy by the number of images it was measured on.
fn over_images(evaluation: &Evaluation, mean: f64) -> Option<Interval> {
    let images = evaluation.draws.first()?.measured.as_ref()?.count;
    let (low, high) = wilson(mean, images);
    Some(Interval { low, high, level: LEVEL, method: format!("Wilson, {} images", crate::plan::thousands(images)) })
}

/// The interval of each class's recall by the number of its images.
fn by_class(evaluation: &Evaluation, classes: &[ClassScore]) -> Vec<Option<Interval>> {
    let measured = evaluation.classes();
    let one = |class: &ClassScore| {
        let ClassEstimate { count, low, high, .. } = measured.iter().find(|found| found.class == class.name)?;
        let method = format!("Wilson, {} images", crate::plan::thousands(*count as u64));
        Some(Interval { low: *low, high: *high, level: LEVEL, method })
    };
    classes.iter().map(one).collect()
}

/// Which classes were taken for which, over all draws.
pub(super) fn confusions(results: &[(String, Evaluation)]) -> Vec<Confusion> {
    let mut confusions = Vec::new();
    for (name, evaluation) in results {
        let measured: Vec<_> = evaluation.draws.iter().filter_map(|draw| draw.measured.as_ref()).collect();
        let Some(first) = measured.first() else { continue };
        let mut counts = first.confusion.clone();
        for other in &measured[1..] {
            for (row, more) in counts.iter_mut().zip(&other.confusion) {
                row.iter_mut().zip(more).for_each(|(count, more)| *count += more);
            }
        }
        let basis = if measured.len() == 1 {
            "one label draw".to_owned()
        } else {
            format!("sum of {} label draws", measured.len())
        };
        confusions.push(Confusion {
            result: name.clone(),
            basis,
            classes: first.classes().map(str::to_owned).collect(),
            counts,
            intervals: by_class(evaluation, &first.per_class),
        });
    }
    confusions
}

/// Curves: every pretraining, and the first draw of every network trained on labels.
pub(super) fn stages(pretrained: &[Pretrained], results: &[(String, Evaluation)]) -> Vec<Stage> {
    let mut stages: Vec<Stage> = pretrained
        .iter()
        .filter_map(|stage| {
            let result = stage.result()?;
            let seconds = stage.seconds();
            Some(Stage {
                name: stage.name(),
                description: format!(
                    "pretraining {} with {} on {} images ({}){}",
                    stage.config().name(),
                    stage.name(),
                    crate::plan::thousands(stage.data().views[0].samples().map_or(0, |samples| samples.len() as u64)),
                    stage.data().steps().join(", "),
                    result.continued.as_ref().map_or_else(String::new, |found| format!("; {}", found.in_words()))
                ),
                steps: result.steps,
                images: result.images_seen,
                seconds: Some(seconds),
                images_per_second: (seconds > 0.0).then(|| result.images_seen as f64 / seconds),
                data_wait: (result.seconds > 0.0).then(|| result.waited / result.seconds),
                reused: stage.reused(),
                embedding_dim: embedding_dim(&result.history),
                metrics: metrics(&result.history),
                history: result.history.iter().map(point).collect(),
            })
        })
        .collect();
    for (name, evaluation) in results {
        let Some(member) = evaluation.classifiers.members.first() else { continue };
        if member.history.is_empty() {
            continue;
        }
        stages.push(Stage {
            name: format!("{name}, label draw 1"),
            description: evaluation.classifiers.protocol_of(member),
            steps: member.steps,
            images: member.history.last().map_or(0, |line| line.images),
            seconds: Some(member.seconds),
            images_per_second: None,
            data_wait: None,
            reused: member.reused,
            embedding_dim: None,
            metrics: metrics(&member.history),
            history: member.history.iter().map(point).collect(),
        });
    }
    stages
}

/// The gauge of evenly spread embeddings is 1/sqrt(d).
fn embedding_dim(history: &[HealthLine]) -> Option<usize> {
    let even = history.iter().find_map(|line| line.diagnostics.embedding_std_even)?;
    (even > 0.0).then(|| (1.0 / (even * even)).round() as usize)
}

/// Every measure that some line holds, in the order in which they appear.
fn metrics(history: &[HealthLine]) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for found in history.iter().flat_map(|line| &line.diagnostics.metrics) {
        if names.contains(&found.name.as_str()) {
            continue;
        }
        names.push(&found.name);
        let value = |line: &HealthLine| {
            line.diagnostics.metrics.iter().find(|own| own.name == found.name).map_or(f64::NAN, |own| own.value)
        };
        let (name, unit) = named(&found.name);
        metrics.push(Metric {
            name,
            unit: unit.to_owned(),
            chance: found.reference.as_ref().map(|reference| reference.value),
            chance_name: found.reference.as_ref().map_or_else(String::new, |reference| reference.name.clone()),
            values: history.iter().map(value).collect(),
        });
    }
    metrics
}

/// A measure's name as people read it, and its unit.
fn named(metric: &str) -> (String, &'static str) {
    match metric {
        "online_knn" => ("online kNN accuracy on the labeled few".to_owned(), "%"),
        "online_probe" => ("online probe accuracy on the labeled few".to_owned(), "%"),
        "psnr" => ("PSNR".to_owned(), "dB"),
        "psnr_hidden" => ("PSNR of what was hidden".to_owned(), "dB"),
        "restored_variance" => ("restored variance of what was hidden".to_owned(), "%"),
        "ssim" => ("SSIM".to_owned(), ""),
        "accuracy on the few" | "sure of" | "as spread" => (metric.to_owned(), "%"),
        accuracy if accuracy.ends_with("accuracy") => (accuracy.replace('_', " "), "%"),
        other => (other.replace('_', " "), ""),
    }
}

fn point(line: &HealthLine) -> HistoryPoint {
    HistoryPoint {
        step: line.step,
        epoch: line.epoch,
        loss: line.loss,
        gradient_norm: line.gradient_norm,
        embedding_std: line.diagnostics.embedding_std.unwrap_or(f64::NAN),
        effective_rank: line.diagnostics.effective_rank.unwrap_or(f64::NAN),
    }
}
