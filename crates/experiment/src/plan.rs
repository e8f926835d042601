//! What a script will do, known without training anything.

use std::fmt::Write as _;

use foretask_pretext::Task;
use serde::Serialize;

use crate::stage::StageState;
use crate::values::Dataset;

/// The whole plan of a script.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Plan {
    /// The device that would compute.
    pub device: String,
    /// Every `param`, with the value it has.
    pub params: Vec<PlannedParam>,
    /// Data as words use it.
    pub data: Vec<PlannedData>,
    /// Long work in the order it is done.
    pub stages: Vec<PlannedStage>,
    /// Names of the reports.
    pub reports: Vec<String>,
    /// What should be looked at before running.
    pub warnings: Vec<String>,
    /// Pretext tasks with the images they work on.
    #[serde(skip)]
    pub previews: Vec<PlannedPreview>,
}

/// A task and the images it works on.
#[derive(Debug, Clone)]
pub struct PlannedPreview {
    /// The task, its options as they were given.
    pub task: Task,
    /// The images.
    pub data: Dataset,
    /// Side of the square that images are brought to; from the images where left out.
    pub image_size: Option<usize>,
}

impl PartialEq for PlannedPreview {
    fn eq(&self, other: &Self) -> bool {
        self.task == other.task && self.image_size == other.image_size && self.data.steps() == other.data.steps()
    }
}

/// A value declared by `param`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedParam {
    /// Its name.
    pub name: String,
    /// Its value in this run.
    pub value: String,
    /// Whether `--set` gave it.
    pub set: bool,
}

/// A view of data that some word uses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedData {
    /// How it was made, step by step.
    pub steps: String,
    /// Images.
    pub images: usize,
    /// Images with a label.
    #[serde(rename = "labelled")] // typos: ignore
    pub labeled: usize,
}

/// One piece of long work.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedStage {
    /// Line of the script.
    pub line: usize,
    /// What it is.
    pub title: String,
    /// Which label draw it is, where its word has several.
    #[serde(skip)]
    pub draw: Option<LabelDraw>,
    /// How far it is already.
    pub state: StageState,
    /// Images to learn from.
    pub images: usize,
    /// How long it trains: "budget 2m", "20 epochs = 780 steps".
    pub length: String,
    /// Parameters that are trained.
    pub parameters: usize,
    /// Estimated memory in bytes; `None` where it is negligible.
    pub memory: Option<u64>,
    /// Values chosen by the program, with reasons.
    pub autos: Vec<PlannedAuto>,
    /// The stage's folder below `runs/.stages`.
    pub key: String,
    /// What else should be known before it runs.
    pub notes: Vec<String>,
}

/// One of several label draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelDraw {
    /// What all of them are.
    pub all: String,
    /// Which of them, from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
}

impl LabelDraw {
    /// As the title of a stage.
    pub(crate) fn title(&self) -> String {
        format!("{}, label draw {} of {}", self.all, self.number, self.count)
    }
}

impl PlannedStage {
    /// What it is, whichever label draw.
    fn undrawn(&self) -> &str {
        self.draw.as_ref().map_or(&self.title, |draw| &draw.all)
    }
}

/// A planned stage with nothing but its title.
pub(crate) fn planned(title: impl Into<String>) -> PlannedStage {
    PlannedStage {
        line: 0,
        title: title.into(),
        draw: None,
        state: StageState::New,
        images: 0,
        length: String::new(),
        parameters: 0,
        memory: None,
        autos: Vec::new(),
        key: String::new(),
        notes: Vec::new(),
    }
}

/// A value that the program chose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedAuto {
    /// The option.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Why this value.
    pub reason: String,
}

impl From<&foretask_pretext::Auto> for PlannedAuto {
    fn from(auto: &foretask_pretext::Auto) -> Self {
        Self { name: auto.name.clone(), value: auto.value.clone(), reason: auto.reason.clone() }
    }
}

impl Plan {
    /// The plan as text for a terminal.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "Device   {}", self.device);
        for param in &self.params {
            let how = if param.set { "set on the command line" } else { "default" };
            let _ = writeln!(text, "Param    {} = {} ({how})", param.name, param.value);
        }
        for data in &self.data {
            let labels = if data.labeled == 0 {
                "no labels used".to_owned()
            } else {
                format!("{} labeled", thousands(data.labeled as u64))
            };
            let _ = writeln!(text, "Data     {}: {} images, {labels}", data.steps, thousands(data.images as u64));
        }
        if !self.stages.is_empty() {
            text.push('\n');
        }
        let mut number = 0;
        let mut rest = self.stages.as_slice();
        while let Some(stage) = rest.first() {
            // The label draws of one word stand together; they differ in nothing but their labels.
            let same = |other: &PlannedStage| other.line == stage.line && other.undrawn() == stage.undrawn();
            let draws = rest.iter().take_while(|other| same(other)).count();
            let (group, after) = rest.split_at(draws);
            rest = after;
            number += 1;
            let times = if draws > 1 { format!(", {draws} label draws") } else { String::new() };
            let line = if stage.line == 0 { String::new() } else { format!(" (line {})", stage.line) };
            let title = format!("{}{times}{line}", stage.undrawn());
            let _ = writeln!(text, "{number:>3}. {title}: {}", states(group));
            let mut facts = vec![format!("{} images", thousands(stage.images as u64)), stage.length.clone()];
            if stage.parameters > 0 {
                facts.push(format!("{} parameters", thousands(stage.parameters as u64)));
            }
            if let Some(memory) = stage.memory {
                facts.push(format!("about {} of memory", bytes(memory)));
            }
            facts.retain(|fact| !fact.is_empty());
            let _ = writeln!(text, "     {}", facts.join(", "));
            for auto in &stage.autos {
                let _ = writeln!(text, "     auto {} = {} ({})", auto.name, auto.value, auto.reason);
            }
            for note in &stage.notes {
                let _ = writeln!(text, "     note: {note}");
            }
        }
        for report in &self.reports {
            let _ = writeln!(text, "\nReport   \"{report}\"");
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "Warning  {warning}");
        }
        text
    }
}

/// How far a group of stages is, in words.
fn states(stages: &[PlannedStage]) -> String {
    let count = |state: StageState| stages.iter().filter(|stage| stage.state == state).count();
    let words = [
        (StageState::Done, "done before, will be loaded"),
        (StageState::Damaged, "done before, but damaged on the disk: will be made again"),
        (StageState::Begun, "begun, will go on from its checkpoint"),
        (StageState::New, "to do"),
    ];
    let parts: Vec<String> = words
        .iter()
        .filter(|(state, _)| count(*state) > 0)
        .map(|(state, words)| match count(*state) {
            all if all == stages.len() => (*words).to_owned(),
            some => format!("{some} {words}"),
        })
        .collect();
    parts.join("; ")
}

/// 12345678 as "12,345,678".
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes as MiB or GiB.
pub(crate) fn bytes(n: u64) -> String {
    let mib = n as f64 / f64::from(1 << 20);
    if mib < 1000.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

/// Seconds as "45 s", "2 min 5 s", "1 h 3 min".
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_draws_stand_together() {
        let stage = |number: usize, state| PlannedStage {
            draw: Some(LabelDraw { all: "fine-tune x".into(), number, count: 2 }),
            line: 7,
            images: 100,
            state,
            ..planned("")
        };
        let plan = Plan { stages: vec![stage(1, StageState::Done), stage(2, StageState::New)], ..Plan::default() };
        let text = plan.to_text();
        assert!(
            text.contains("1. fine-tune x, 2 label draws (line 7): 1 done before, will be loaded; 1 to do"),
            "{text}"
        );
        assert!(!text.contains("  2. "), "{text}");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(12), "12");
        assert_eq!(bytes(3 << 20), "3 MiB");
        assert_eq!(bytes(3 << 30), "3.0 GiB");
        assert_eq!(duration(3.21), "3.2 s");
        assert_eq!(duration(125.0), "2 min 5 s");
    }
}
