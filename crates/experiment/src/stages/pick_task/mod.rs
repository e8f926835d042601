//! A race of pretext tasks by successive halving, each rung made of pretraining stages.

pub(super) mod labels;
mod options;
mod runner;
pub(super) mod score;
mod verdict;

use std::time::Duration;

use foretask_eval::Summary;
use foretask_train::{Budget, Length};

use super::Pretrain;
use crate::error::{Blame, Error, Role};
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, duration, planned};
use crate::values::{Contestant, Dataset, Encoder, Picked, Pretrained, Start, Task};
pub use options::PickOptions;
use runner::Runner;
use score::score;

/// A race that nobody says the length of.
const BUDGET: Budget = Budget(Duration::from_mins(10));
/// A task's part of the first rung, at least; calibration alone would take it all.
const LEAST_SECONDS: f64 = 0.2;
/// With fewer steps than this the first rung tells little.
const FEW_STEPS: u64 = 20;

/// A race of pretext tasks.
#[derive(Debug, Clone)]
pub struct PickTask {
    /// What each task trains.
    pub start: Start,
    /// What it learns from.
    pub images: Dataset,
    /// Labeled images that decide.
    pub few: Dataset,
    /// The tasks with their names; two or more.
    pub tasks: Vec<(String, Task)>,
    /// How long, and how the labels decide.
    pub options: PickOptions,
}

impl PickTask {
    /// Races the tasks and says which one to use.
    ///
    /// # Errors
    /// When the labels cannot decide, an option does not suit the images, or training fails or is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<Picked, Error> {
        labels::check("pick_task", &self.few)?;
        let fields = fields(self.tasks.len());
        let mut race = Race { experiment, request: self, fields: &fields, table: Vec::new(), told: Vec::new() };
        let mut runners = race.first_rung()?;
        for rung in 0..fields.len() {
            if rung > 0 {
                race.train_longer(&mut runners, rung)?;
            }
            for runner in &mut runners {
                let encoder = Encoder::pretrained(runner.pretrained.clone());
                let dealing = (self.options.folds, self.options.repeats, self.options.seed);
                runner.score = score(experiment, &encoder, &self.few, dealing)?;
                if let (0, Some(score)) = (rung, &runner.score) {
                    runner.first_steps = score.steps;
                }
            }
            // While planning, only a race that was run before says who goes on.
            let Some(ranking) = ranking(&runners) else {
                plan_rest(experiment, &self.images, &fields, rung, &self.options);
                break;
            };
            runners = race.score_rung(rung, runners, &ranking)?;
        }
        let Race { table, told, .. } = race;
        let winner = runners.into_iter().next().ok_or_else(|| Error::failed("the race has no winner"))?;
        let verdict =
            if told.is_empty() { format!("Picked({}, before the race)", winner.name) } else { told.join("\n") };
        Ok(Picked { task: winner.task, name: winner.name, pretrained: winner.pretrained, table: table.into(), verdict })
    }
}

/// A race as far as it has come.
struct Race<'a> {
    experiment: &'a Experiment,
    request: &'a PickTask,
    /// How many tasks each rung has.
    fields: &'a [usize],
    table: Vec<Contestant>,
    told: Vec<String>,
}

impl Race<'_> {
    /// Every task, pretrained shortly.
    fn first_rung(&self) -> Result<Vec<Runner>, Error> {
        let length = first_length(self.fields, &self.request.options)?;
        let runner = |(name, task): &(String, Task)| {
            let pretrained = self.pretrain(task, length)?;
            Ok(Runner { name: name.clone(), task: task.clone(), pretrained, score: None, first_steps: 0 })
        };
        self.request.tasks.iter().map(runner).collect()
    }

    /// Those that are left, pretrained as long as the rung asks for.
    fn train_longer(&self, runners: &mut [Runner], rung: usize) -> Result<(), Error> {
        for runner in runners {
            let steps = match self.request.options.steps {
                Some(last) => halved(last, self.fields.len() - 1 - rung),
                // The same share of the time for fewer tasks.
                None => (runner.first_steps * self.request.tasks.len() as u64).div_ceil(self.fields[rung] as u64),
            };
            runner.pretrained = self.pretrain(&runner.task, Length::Steps(steps))?;
        }
        Ok(())
    }

    fn pretrain(&self, task: &Task, length: Length) -> Result<Pretrained, Error> {
        let PickTask { start, images, options, .. } = self.request;
        let mut options = options.pretrain.clone();
        match length {
            Length::Steps(steps) => options.steps = Some(steps),
            Length::Budget(budget) => options.budget = Some(budget),
            Length::Epochs(epochs) => options.epochs = Some(epochs),
        }
        let (start, images) = (start.clone(), images.clone());
        let request = Pretrain { start, task: task.clone(), images, options, online: None };
        request.run(self.experiment).map_err(|error| match error.at {
            // Which of the tasks it was, unless it says so itself.
            Blame::Request | Blame::Named(_) if error.message.contains(&task.mix.name()) => error.at(Role::Task),
            Blame::Request | Blame::Named(_) => {
                Error { message: format!("{}: {}", task.mix.name(), error.message), ..error }.at(Role::Task)
            }
            _ => error,
        })
    }

    /// Tells how the rung ended; those that go on, the best first.
    fn score_rung(
        &mut self,
        rung: usize,
        runners: Vec<Runner>,
        ranking: &[(usize, Summary)],
    ) -> Result<Vec<Runner>, Error> {
        let experiment = self.experiment;
        let few_steps = ranking.iter().map(|&(at, _)| runners[at].first_steps).min().unwrap_or(0);
        if rung == 0 && few_steps < FEW_STEPS {
            experiment.warn(format!("pick_task: {few_steps} steps in the first rung tell little; give the race a longer `budget` or more `steps`"));
        }
        let stay = self.fields.get(rung + 1).copied().unwrap_or(1);
        for (place, (at, summary)) in ranking.iter().enumerate() {
            self.table.push(row(&runners[*at], rung + 1, summary, place < stay));
        }
        let text = verdict::rung((rung + 1, self.fields.len()), &runners, ranking, stay);
        if !experiment.planning() {
            experiment.note(text.clone());
        }
        self.told.push(text);
        if rung + 1 == self.fields.len() {
            self.told.insert(0, verdict::last(&runners, ranking)?);
        }
        let mut kept: Vec<Option<Runner>> = runners.into_iter().map(Some).collect();
        Ok(ranking.iter().take(stay).filter_map(|(at, _)| kept[*at].take()).collect())
    }
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
fn first_length(fields: &[usize], options: &PickOptions) -> Result<Length, Error> {
    if let Some(last) = options.steps {
        return Ok(Length::Steps(halved(last, fields.len() - 1)));
    }
    let whole = options.budget.unwrap_or(BUDGET);
    let parts = fields.len() * fields[0];
    let each = whole.0.as_secs_f64() / parts as f64;
    if each < LEAST_SECONDS {
        let needed = (LEAST_SECONDS * parts as f64).ceil();
        return Err(Error::input(format!(
            "a budget of {whole} leaves {each:.2} s to each of {} tasks in the first rung",
            fields[0]
        ))
        .label("too short")
        .help(format!("give at least \"{needed}s\"; some minutes for a result that means something"))
        .option("budget"));
    }
    // Whole milliseconds read better, and name the same stage.
    Ok(Length::Budget(Budget(Duration::from_millis((each * 1000.0).floor() as u64))))
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
fn plan_rest(experiment: &Experiment, images: &Dataset, fields: &[usize], rung: usize, options: &PickOptions) {
    let line = experiment.line();
    let count = images.views[0].samples().map_or(0, |samples| samples.len());
    for (before, &field) in fields.iter().enumerate().skip(rung + 1) {
        let length = if let Some(last) = options.steps {
            format!("{} steps each", halved(last, fields.len() - 1 - before))
        } else {
            let each = options.budget.unwrap_or(BUDGET).0.as_secs_f64() / fields.len() as f64 / field as f64;
            format!("about {} each", duration(each))
        };
        experiment.with_plan(|plan| {
            plan.stages.push(PlannedStage {
                line,
                images: count,
                length,
                notes: vec!["which tasks is known once the race has come so far; in this plan the first one stands for the winner".into()],
                ..planned(format!("pick_task: the better {field} of {} pretrain longer", fields[before - 1]))
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
