//! Loss and health of each stage.

use serde::Serialize;

use super::csv::{Cell, Link};
use crate::plot::{Guide, LinePlot};
use crate::words::{self, count, counted, duration};
use crate::{HistoryPoint, Metric, Report, Stage};

#[derive(Serialize)]
pub(super) struct StageView {
    name: String,
    description: String,
    facts: Vec<String>,
    panels: Vec<Panel>,
    data: Link,
}

#[derive(Serialize)]
struct Panel {
    title: String,
    last: String,
    svg: String,
    hint: String,
    alarm: bool,
}

pub(super) fn view(report: &Report) -> Option<Vec<StageView>> {
    (!report.stages.is_empty()).then(|| report.stages.iter().map(stage).collect())
}

fn stage(stage: &Stage) -> StageView {
    let of = |value: fn(&HistoryPoint) -> f64| -> Vec<f64> { stage.history.iter().map(value).collect() };
    let mut panels = vec![
        panel(stage, "Loss", &of(|p| p.loss), diverged(stage)),
        panel(stage, "Gradient norm", &of(|p| p.gradient_norm), Shape { from_zero: true, ..Shape::default() }),
        embedding_std(stage),
        panel(
            stage,
            "Effective rank",
            &of(|p| p.effective_rank),
            Shape {
                from_zero: true,
                hint: stage.embedding_dim.map(|d| format!("of at most {d}: how many directions the features use")),
                ..Shape::default()
            },
        ),
    ];
    panels.extend(stage.metrics.iter().map(|measure| metric(stage, measure)));
    StageView {
        name: stage.name.clone(),
        description: stage.description.clone(),
        facts: facts(stage),
        panels: panels.into_iter().flatten().collect(),
        data: csv(stage),
    }
}

/// A line for each point of the curves.
fn csv(stage: &Stage) -> Link {
    let mut heads = ["step", "epoch", "loss", "gradient norm", "spread of embeddings", "effective rank"]
        .map(str::to_owned)
        .to_vec();
    heads.extend(stage.metrics.iter().map(|metric| metric.name.clone()));
    let row = |(at, point): (usize, &HistoryPoint)| {
        let HistoryPoint { step, epoch, loss, gradient_norm, embedding_std, effective_rank } = *point;
        let metrics = stage.metrics.iter().map(|metric| metric.values.get(at).copied().unwrap_or(f64::NAN));
        let own = [step as f64, epoch, loss, gradient_norm, embedding_std, effective_rank];
        own.into_iter().chain(metrics).map(Cell::Number).collect()
    };
    Link::of(&format!("curves {}", stage.name), &heads, stage.history.iter().enumerate().map(row))
}

fn facts(stage: &Stage) -> Vec<String> {
    let mut facts = Vec::new();
    if stage.steps > 0 {
        facts.push(counted(stage.steps as usize, "step", "steps"));
    }
    if stage.images > 0 {
        facts.push(format!("{} drawn", counted(stage.images as usize, "image", "images")));
    }
    facts.extend(stage.seconds.map(duration));
    facts.extend(stage.images_per_second.map(|rate| format!("{} images/s", count(rate.round() as u64))));
    facts.extend(stage.data_wait.map(|share| format!("{} of the time waiting for data", words::percent(share))));
    if stage.reused {
        facts.push("loaded from an earlier run".into());
    }
    facts
}

#[derive(Default)]
struct Shape {
    guides: Vec<Guide>,
    from_zero: bool,
    hint: Option<String>,
    unit: String,
    alarm: bool,
}

/// Whether epochs are known and only ever grow: a curve must not run back.
fn by_epoch(stage: &Stage) -> bool {
    let epochs = || stage.history.iter().map(|point| point.epoch).filter(|epoch| epoch.is_finite());
    epochs().next().is_some() && epochs().is_sorted()
}

fn panel(stage: &Stage, title: &str, values: &[f64], shape: Shape) -> Option<Panel> {
    let by_epoch = by_epoch(stage);
    let x = |point: &HistoryPoint| if by_epoch { point.epoch } else { point.step as f64 };
    let points: Vec<(f64, f64)> = stage.history.iter().map(x).zip(values.iter().copied()).collect();
    let last = points.iter().rev().find(|p| p.1.is_finite())?.1;
    let first = points.iter().find(|p| p.1.is_finite())?.1;
    let unit = if shape.unit.is_empty() { String::new() } else { format!("\u{a0}{}", shape.unit) };
    let alt = format!("{title} of {} from {}{unit} to {}{unit}", stage.name, words::value(first), words::value(last));
    let plot = LinePlot {
        alt: &alt,
        x_name: if by_epoch { "epoch" } else { "step" },
        points: &points,
        guides: &shape.guides,
        from_zero: shape.from_zero,
    };
    Some(Panel {
        title: title.into(),
        last: format!("{}{unit}", words::value(last)),
        svg: plot.svg()?,
        hint: shape.hint.unwrap_or_default(),
        alarm: shape.alarm,
    })
}

/// A loss is measured at every point, so a missing end means that training blew up.
fn diverged(stage: &Stage) -> Shape {
    let broken = stage.history.iter().rev().take_while(|point| !point.loss.is_finite()).last();
    Shape {
        hint: broken.map(|point| format!("not finite from step {} on", count(point.step))),
        alarm: broken.is_some(),
        ..Shape::default()
    }
}

/// The collapse gauge: on the unit sphere in d dimensions, spread-out embeddings have a deviation of 1/sqrt(d).
fn embedding_std(stage: &Stage) -> Option<Panel> {
    let value = |point: &HistoryPoint| point.embedding_std;
    stage.last(value)?;
    let (full, collapsed) = (stage.full_spread(), stage.collapsed());
    let hint = match full {
        _ if collapsed => Some("collapsed: all images get nearly the same embedding".into()),
        Some((d, full)) => Some(format!("1/√{d} = {} when spread out, 0 when collapsed", words::value(full))),
        None => Some("0 when collapsed".into()),
    };
    let guides = full.map(|(d, value)| Guide { value, name: format!("1/√{d}") }).into_iter().collect();
    panel(
        stage,
        "Spread of embeddings",
        &stage.history.iter().map(value).collect::<Vec<_>>(),
        Shape { guides, from_zero: true, hint, alarm: collapsed, ..Shape::default() },
    )
}

fn metric(stage: &Stage, metric: &Metric) -> Option<Panel> {
    let factor = if metric.unit == "%" { 100.0 } else { 1.0 };
    let guides = metric.chance.map(|chance| Guide {
        value: factor * chance,
        name: if metric.chance_name.is_empty() { "chance".into() } else { metric.chance_name.clone() },
    });
    let hint =
        guides.as_ref().map(|guide| format!("{}: {}\u{a0}{}", guide.name, words::value(guide.value), metric.unit));
    let mut title = metric.name.chars();
    let title: String = title.next().map(|c| c.to_uppercase().collect::<String>() + title.as_str()).unwrap_or_default();
    let shape = Shape { guides: guides.into_iter().collect(), hint, unit: metric.unit.clone(), ..Shape::default() };
    let values: Vec<f64> = metric.values.iter().map(|value| factor * value).collect();
    panel(stage, &title, &values, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(points: &[(u64, f64)], metrics: Vec<Metric>) -> Stage {
        let point = |(step, epoch): &(u64, f64)| HistoryPoint {
            step: *step,
            epoch: *epoch,
            loss: 1.0,
            ..HistoryPoint::default()
        };
        Stage { name: "s".into(), history: points.iter().map(point).collect(), metrics, ..Stage::default() }
    }

    #[test]
    fn every_measure_has_a_panel_with_its_own_level() {
        let metric = |name: &str, unit: &str, values: &[f64]| Metric {
            name: name.into(),
            unit: unit.into(),
            chance: Some(0.1),
            chance_name: "chance".into(),
            values: values.to_vec(),
        };
        let nan = f64::NAN;
        let metrics = vec![metric("PSNR", "dB", &[20.0, 21.5]), metric("online probe accuracy", "%", &[0.25, nan])];
        let view = super::stage(&stage(&[(1, 0.5), (2, 1.0)], metrics));
        let titles: Vec<&str> = view.panels.iter().map(|panel| panel.title.as_str()).collect();
        assert_eq!(titles, ["Loss", "PSNR", "Online probe accuracy"]);
        let last: Vec<String> = view.panels.iter().map(|panel| words::plain(&panel.last)).collect();
        assert_eq!(last, ["1.00", "21.5 dB", "25.0 %"]);
        assert_eq!(words::plain(&view.panels[2].hint), "chance: 10.0 %");
    }

    #[test]
    fn a_curve_never_runs_back() {
        let axis = |points: &[(u64, f64)]| super::stage(&stage(points, Vec::new())).panels[0].svg.clone();
        assert!(axis(&[(1, 0.5), (2, 1.0)]).contains(">epoch<"));
        // Rounds whose epochs begin anew: steps do not.
        assert!(axis(&[(1, 0.5), (2, 1.0), (3, 0.5), (4, 1.0)]).contains(">step<"));
    }
}
