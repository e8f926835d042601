//! A race of pretext tasks by successive halving, each rung made of pretraining stages.

mod score;
mod verdict;

use std::time::Duration;

use foretask_eval::Summary;
use foretask_train::{Budget, Length, PretrainOptions, fewest_per_class};
use serde::{Deserialize, Serialize};

use super::PretrainFrom;
use super::draws::need_labels;
use crate::errors::{Fault, Locus};
use crate::host::Host;
use crate::plan::{PlannedStage, duration};
use crate::stage::planned;
use crate::values::{Contestant, Dataset, Picked, Pretrained, Task};
use score::{Score, score};

/// A race that nobody says the length of.
const BUDGET: Budget = Budget(Duration::from_mins(10));
/// A task's part of the first rung, at least; calibration alone would take it all.
const LEAST_SECONDS: f64 = 0.2;
/// With fewer steps than this the first rung tells little.
const FEW_STEPS: u64 = 20;

/// Options of `pick_task`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PickOptions {
    /// Time of pretraining in the whole race.
    pub(crate) budget: Option<Budget>,
    /// Updates in the last rung.
    pub(crate) steps: Option<u64>,
    /// Parts of the cross-validation.
    pub(crate) folds: usize,
    /// How often they are dealt anew.
    pub(crate) repeats: usize,
    pub(crate) seed: u64,
    /// What all tasks have in common.
    pub(crate) pretrain: PretrainOptions,
}

impl Default for PickOptions {
    fn default() -> Self {
        Self { budget: None, steps: None, folds: 5, repeats: 5, seed: 0, pretrain: PretrainOptions::default() }
    }
}

impl PickOptions {
    /// The option at fault and what is wrong with it, where one cannot work.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Self { budget: Some(_), steps: Some(_), .. } => {
                Err(("steps", "give one length only: `budget` or `steps`".into()))
            }
            Self { steps: Some(0), .. } => Err(("steps", "`steps` must be a whole number from 1".into())),
            Self { folds: 0 | 1, .. } => Err(("folds", "`folds` must be a whole number from 2".into())),
            Self { repeats: 0, .. } => Err(("repeats", "`repeats` must be a whole number from 1".into())),
            Self { repeats, .. } if *repeats > 100 => Err(("repeats", "`repeats` must be at most 100".into())),
            _ => Ok(()),
        }
    }
}

/// One task in the race.
struct Runner {
    name: String,
    task: Task,
    pretrained: Pretrained,
    score: Option<Score>,
    /// Updates of the first rung.
    first_steps: u64,
}

/// Races the tasks and says which one to use.
pub(crate) fn pick_task(
    host: &Host,
    line: usize,
    from: &PretrainFrom,
    images: &Dataset,
    few: &Dataset,
    tasks: &[(String, Task)],
    options: &PickOptions,
) -> Result<Picked, Fault> {
    check_labels(few)?;
    let fields = fields(tasks.len());
    let first = first_length(&fields, options)?;
    let mut table = Vec::new();
    let mut told = Vec::new();
    let mut runners: Vec<Runner> = Vec::new();
    for (rung, &field) in fields.iter().enumerate() {
        if rung == 0 {
            for (name, task) in tasks {
                let pretrained = pretrain(host, line, from, task, images, options, first)?;
                runners.push(Runner {
                    name: name.clone(),
                    task: task.clone(),
                    pretrained,
                    score: None,
                    first_steps: 0,
                });
            }
        } else {
            for runner in &mut runners {
                let steps = match options.steps {
                    Some(last) => halved(last, fields.len() - 1 - rung),
                    // The same share of the time for fewer tasks.
                    None => (runner.first_steps * tasks.len() as u64).div_ceil(field as u64),
                };
                let length = Length::Steps(steps);
                runner.pretrained = pretrain(host, line, from, &runner.task, images, options, length)?;
            }
        }
        for runner in &mut runners {
            runner.score = score(host, &runner.pretrained, few, options)?;
            if let (0, Some(score)) = (rung, &runner.score) {
                runner.first_steps = score.steps;
            }
        }
        // While planning, only a race that was run before says who goes on.
        let Some(ranking) = ranking(&runners) else {
            plan_rest(host, line, images, &fields, rung, options);
            break;
        };
        let few_steps = ranking.iter().map(|&(at, _)| runners[at].first_steps).min().unwrap_or(0);
        if rung == 0 && few_steps < FEW_STEPS {
            host.warn(format!("pick_task: {few_steps} steps in the first rung tell little; give the race a longer `budget` or more `steps`"));
        }
        let stay = fields.get(rung + 1).copied().unwrap_or(1);
        for (place, (at, summary)) in ranking.iter().enumerate() {
            table.push(row(&runners[*at], rung + 1, summary, place < stay));
        }
        told.push(verdict::rung(rung + 1, fields.len(), &runners, &ranking, stay));
        if !host.planning() {
            host.note(told.last().cloned().unwrap_or_default());
        }
        let verdict = (rung + 1 == fields.len()).then(|| verdict::last(&runners, &ranking)).transpose()?;
        let mut kept: Vec<Option<Runner>> = runners.into_iter().map(Some).collect();
        runners = ranking.iter().take(stay).filter_map(|(at, _)| kept[*at].take()).collect();
        if let Some(verdict) = verdict {
            told.insert(0, verdict);
        }
    }
    let winner = runners.into_iter().next().ok_or_else(|| Fault::failed("the race has no winner"))?;
    let verdict = if told.is_empty() { format!("Picked({}, before the race)", winner.name) } else { told.join("\n") };
    Ok(Picked { task: winner.task, name: winner.name, pretrained: winner.pretrained, table: table.into(), verdict })
}

/// How many tasks each rung has: all, half of them, …, two.
fn fields(tasks: usize) -> Vec<usize> {
    let mut fields = vec![tasks];
    while let Some(&last @ 3..) = fields.last() {
        fields.push(last.div_ceil(2));
    }
    fields
}

/// Steps of the rung that is so many before the last.
fn halved(last: u64, before: usize) -> u64 {
    (last >> before.min(63)).max(1)
}

/// How long each task pretrains in the first rung.
fn first_length(fields: &[usize], options: &PickOptions) -> Result<Length, Fault> {
    if let Some(last) = options.steps {
        return Ok(Length::Steps(halved(last, fields.len() - 1)));
    }
    let whole = options.budget.unwrap_or(BUDGET);
    let parts = fields.len() * fields[0];
    let each = whole.0.as_secs_f64() / parts as f64;
    if each < LEAST_SECONDS {
        let needed = (LEAST_SECONDS * parts as f64).ceil();
        return Err(Fault::input(format!(
            "a budget of {whole} leaves {each:.2} s to each of {} tasks in the first rung",
            fields[0]
        ))
        .label("too short")
        .help(format!("give at least \"{needed}s\"; some minutes for a result that means something"))
        .at(Locus::Value(4, vec!["budget".into()])));
    }
    // Whole milliseconds read better, and name the same stage.
    Ok(Length::Budget(Budget(Duration::from_millis((each * 1000.0).floor() as u64))))
}

/// The labels must allow to hold some out.
fn check_labels(few: &Dataset) -> Result<(), Fault> {
    if few.views.len() > 1 {
        return Err(Fault::input(format!(
            "`pick_task` decides by one set of labels, and this holds {} label draws",
            few.views.len()
        ))
        .label("several label draws")
        .help("draw once: `per_class(n)`. What one draw has picked would know the labels of the others")
        .argument(2));
    }
    let samples = few.views[0].samples()?;
    need_labels("pick_task", few, &samples).map_err(|fault| fault.argument(2))?;
    let labels: Vec<u32> = samples.labels.iter().copied().flatten().collect();
    let classes = samples.classes.len();
    let count = |class: u32| labels.iter().filter(|&&label| label == class).count();
    if fewest_per_class(&labels, classes) < 2 {
        let lonely =
            (0..classes as u32).find(|&class| count(class) == 1).map_or("?", |class| &samples.classes[class as usize]);
        return Err(Fault::input(format!(
            "the class \"{lonely}\" has a single labelled image, and cross-validation holds some out while it learns from others"
        ))
        .label("too few labels")
        .help("label at least two images of each class: `per_class(2)`, better 5 or more")
        .argument(2));
    }
    if (0..classes as u32).filter(|&class| count(class) > 0).count() < 2 {
        return Err(Fault::input("all labelled images are of one class, so there is nothing to tell apart")
            .help("label images of at least two classes")
            .argument(2));
    }
    Ok(())
}

fn pretrain(
    host: &Host,
    line: usize,
    from: &PretrainFrom,
    task: &Task,
    images: &Dataset,
    options: &PickOptions,
    length: Length,
) -> Result<Pretrained, Fault> {
    let mut pretrain = options.pretrain.clone();
    match length {
        Length::Steps(steps) => pretrain.steps = Some(steps),
        Length::Budget(budget) => pretrain.budget = Some(budget),
        Length::Epochs(epochs) => pretrain.epochs = Some(epochs),
    }
    super::pretrain(host, line, from, task, images, &pretrain, None).map_err(|fault| match fault.at {
        // The images stand elsewhere than in `pretrain`.
        Locus::Argument(2) => fault.argument(1),
        // Which of the tasks it was, unless it says so itself.
        Locus::Word if fault.message.contains(&task.0.name()) => fault.argument(3),
        Locus::Word => Fault { message: format!("{}: {}", task.0.name(), fault.message), ..fault }.argument(3),
        _ => fault,
    })
}

/// Places in `runners` with what they scored, the best first; `None` where a score is missing.
fn ranking(runners: &[Runner]) -> Option<Vec<(usize, Summary)>> {
    let mut ranking = Vec::new();
    for (at, runner) in runners.iter().enumerate() {
        ranking.push((at, Summary::of(&runner.score.as_ref()?.right).ok()?));
    }
    let loss = |at: usize| runners[at].score.as_ref().map_or(f64::INFINITY, |score| score.loss);
    // With few labels accuracies tie; the held-out loss hardly does.
    ranking.sort_by(|(a, one), (b, other)| other.mean.total_cmp(&one.mean).then(loss(*a).total_cmp(&loss(*b))));
    Some(ranking)
}

fn row(runner: &Runner, rung: usize, summary: &Summary, stays: bool) -> Contestant {
    let (low, high) = summary.interval.unwrap_or((summary.mean, summary.mean));
    let score = runner.score.as_ref();
    Contestant {
        task: runner.name.clone(),
        rung,
        steps: score.map_or(0, |score| score.steps),
        seconds: score.map_or(0.0, |score| score.seconds),
        accuracy: summary.mean,
        low: low.max(0.0),
        high: high.min(1.0),
        stays,
    }
}

/// The rungs after number `rung`, as far as they are known: not by whom.
fn plan_rest(host: &Host, line: usize, images: &Dataset, fields: &[usize], rung: usize, options: &PickOptions) {
    let count = images.views[0].samples().map_or(0, |samples| samples.len());
    for (before, &field) in fields.iter().enumerate().skip(rung + 1) {
        let length = if let Some(last) = options.steps {
            format!("{} steps each", halved(last, fields.len() - 1 - before))
        } else {
            let each = options.budget.unwrap_or(BUDGET).0.as_secs_f64() / fields.len() as f64 / field as f64;
            format!("about {} each", duration(each))
        };
        host.with_plan(|plan| {
            plan.stages.push(PlannedStage {
                images: count,
                length,
                notes: vec!["which tasks is known once the race has come so far; in this plan the first one stands for the winner".into()],
                ..planned(format!("pick_task: the better {field} of {} pretrain longer", fields[before - 1]), line)
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_halves_until_two_are_left() {
        assert_eq!(fields(2), [2]);
        assert_eq!(fields(3), [3, 2]);
        assert_eq!(fields(5), [5, 3, 2]);
        assert_eq!(fields(8), [8, 4, 2]);
        assert_eq!(fields(11), [11, 6, 3, 2]);
    }

    #[test]
    fn steps_halve_towards_the_beginning_and_a_budget_is_shared() {
        assert_eq!([2, 1, 0].map(|before| halved(300, before)), [75, 150, 300]);
        assert_eq!(halved(3, 5), 1);
        let options = PickOptions { steps: Some(300), ..PickOptions::default() };
        assert_eq!(first_length(&[4, 2], &options).unwrap(), Length::Steps(150));
        // Two minutes, two rungs, four tasks: 15 seconds each.
        let options = PickOptions { budget: Some(Budget::parse("2m").unwrap()), ..PickOptions::default() };
        assert_eq!(first_length(&[4, 2], &options).unwrap(), Length::Budget(Budget::parse("15s").unwrap()));
        let options = PickOptions { budget: Some(Budget::parse("1s").unwrap()), ..PickOptions::default() };
        let fault = first_length(&[8, 4, 2], &options).unwrap_err();
        assert!(fault.message.contains("0.04 s to each of 8 tasks") && fault.help.unwrap().contains("\"5s\""));
    }
}
