//! People who know every label, simulated: how good the classifier is after so many key presses, with images at random, with those that are
//! suggested, and with confirming by the screenful.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::page::{Page, Talk};

/// Key presses after which it is measured.
const AFTER: [usize; 7] = [50, 100, 150, 200, 300, 400, 600];
/// Images of a screenful.
const SCREEN: usize = 24;
/// Presses that the confirming person begins with, and after which suggestions take their turn again.
const BEGIN: usize = 60;
/// Suggestions between two rounds of confirming.
const TURN: usize = 24;

/// How somebody labels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Random,
    Suggested,
    Confirming,
}

impl Way {
    pub(super) const ALL: [Self; 3] = [Self::Random, Self::Suggested, Self::Confirming];

    const fn name(self) -> &'static str {
        match self {
            Self::Random => "one press a label, random order",
            Self::Suggested => "one press a label, suggested images",
            Self::Confirming => "suggestions and confirm mode in turn",
        }
    }
}

/// Images, what they are, and where their labels go.
pub(super) struct Simulation {
    pub(super) program: PathBuf,
    pub(super) data: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) encoder: String,
    /// The true classes by the names of images.
    truth: HashMap<String, String>,
}

impl Simulation {
    /// Of a dataset that has labels: what they are is read through `foretask` itself.
    pub(super) fn new(program: PathBuf, data: PathBuf, folder: PathBuf, encoder: String) -> Result<Self> {
        let truth_file = folder.join("truth.sqlite");
        clear(&truth_file);
        drop(Page::start(&program, &data, &truth_file, &["--encoder", "none"])?);
        let told = Command::new(&program).arg("labels").arg(&truth_file).arg("--json").output()?;
        ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told: Value = serde_json::from_slice(&told.stdout)?;
        let pair = |image: &Value| Some((image["image"].as_str()?.to_owned(), image["label"].as_str()?.to_owned()));
        let truth: HashMap<String, String> = told["images"].as_array().into_iter().flatten().filter_map(pair).collect();
        ensure!(!truth.is_empty(), "{} has no labels to simulate with", data.display());
        Ok(Self { program, data, folder, encoder, truth })
    }

    /// One person; the line of the table.
    pub(super) fn play(&self, way: Way) -> Result<String> {
        let labels = self.folder.join("simulated.sqlite");
        clear(&labels);
        let more = ["--ignore-labels", "--encoder", self.encoder.as_str()];
        let page = Page::start(&self.program, &self.data, &labels, &more)?;
        let mut person = Person::new(self, page.talk()?, way)?;
        let (mut cells, mut given) = (Vec::new(), Vec::new());
        for after in AFTER {
            person.work_until(after)?;
            let [open, all] = person.accuracy()?.map(|right| 100.0 * right);
            let (presses, labels) = (person.presses, person.labels);
            println!(
                "  {}: {presses} presses, {labels} labels: {open:.1} % of the others, {all:.1} % of all",
                way.name()
            );
            cells.push(format!("{open:.1} / {all:.1}"));
            given.push(person.labels.to_string());
        }
        let perfect = person.presses as f64 / person.labels.max(1) as f64;
        Ok(format!("| {} | {} | {} | {perfect:.2} |", way.name(), cells.join(" | "), given.join(" ")))
    }
}

/// The head of the table.
pub(super) fn head() -> String {
    let after: Vec<String> = AFTER.iter().map(|after| format!("after {after}")).collect();
    format!(
        "Percent named rightly of the images without a label / of all, labels being right\n\n| how | {} | labels by then | presses a label |\n|---|{}---|---|",
        after.join(" | "),
        "---|".repeat(AFTER.len())
    )
}

fn clear(labels: &Path) {
    for ending in ["sqlite", "sqlite-wal", "sqlite-shm", "csv"] {
        fs::remove_file(labels.with_extension(ending)).ok();
    }
}

struct Person<'a> {
    simulation: &'a Simulation,
    talk: Talk,
    way: Way,
    classes: HashMap<String, i64>,
    presses: usize,
    labels: usize,
    /// All rows in random order, for those who label so.
    order: Vec<usize>,
    /// Suggestions since the last round of confirming.
    suggested: usize,
    /// Whose turn it is to be confirmed.
    turn: usize,
}

impl<'a> Person<'a> {
    fn new(simulation: &'a Simulation, mut talk: Talk, way: Way) -> Result<Self> {
        let mut names: Vec<&String> = simulation.truth.values().collect();
        names.sort();
        names.dedup();
        let mut classes = HashMap::new();
        for name in names {
            let made = talk.post("/api/class", &json!({ "do": "add", "name": name }))?;
            classes.insert(name.clone(), made["id"].as_i64().context("a class has no number")?);
        }
        // The features are there when somebody begins; what happens before is the benchmark's other half.
        loop {
            let state = talk.json("/api/state")?;
            if state["standing"]["doing"] == "" && state["rounds"].as_u64().unwrap_or(0) > 0 {
                let mut order: Vec<usize> = (0..state["images"].as_u64().unwrap_or(0) as usize).collect();
                foretask_random::Key::new(1).named("annotator").rng().shuffle(&mut order);
                return Ok(Self {
                    simulation,
                    talk,
                    way,
                    classes,
                    presses: 0,
                    labels: 0,
                    order,
                    suggested: 0,
                    turn: 0,
                });
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn class_of(&self, item: &Value) -> Option<i64> {
        self.classes.get(self.simulation.truth.get(item["name"].as_str()?)?).copied()
    }

    fn work_until(&mut self, presses: usize) -> Result<()> {
        while self.presses < presses {
            let left = presses - self.presses;
            match self.way {
                Way::Random => self.at_random(left)?,
                Way::Suggested => self.suggested(left.min(SCREEN))?,
                Way::Confirming if self.presses < BEGIN || self.suggested < TURN => self.suggested(left.min(TURN))?,
                Way::Confirming => self.confirm()?,
            }
        }
        Ok(())
    }

    fn say(&mut self, said: &[(u64, i64)], kind: &str) -> Result<()> {
        self.labels += said.len();
        self.talk.post("/api/label", &json!({ "kind": kind, "said": said }))?;
        Ok(())
    }

    fn at_random(&mut self, count: usize) -> Result<()> {
        let rows: Vec<String> =
            self.order.split_off(self.order.len() - count).iter().map(ToString::to_string).collect();
        let found = self.talk.json(&format!("/api/list?view=these&q={}&count={count}", rows.join(",")))?;
        let items = found["items"].as_array().cloned().unwrap_or_default();
        let said: Vec<(u64, i64)> =
            items.iter().filter_map(|item| Some((item["row"].as_u64()?, self.class_of(item)?))).collect();
        self.presses += items.len();
        self.say(&said, "label")
    }

    fn suggested(&mut self, count: usize) -> Result<()> {
        self.wait_for_learning()?;
        let found = self.talk.json(&format!("/api/list?view=next&count={count}"))?;
        let items = found["items"].as_array().cloned().unwrap_or_default();
        ensure!(!items.is_empty(), "nothing is left to label");
        for item in &items {
            self.presses += 1;
            self.suggested += 1;
            if let (Some(row), Some(class)) = (item["row"].as_u64(), self.class_of(item)) {
                self.say(&[(row, class)], "label")?;
            }
        }
        Ok(())
    }

    /// A screenful of each class: a click for every wrong one, a key for all others.
    fn confirm(&mut self) -> Result<()> {
        self.suggested = 0;
        let mut classes: Vec<i64> = self.classes.values().copied().collect();
        classes.sort_unstable();
        self.wait_for_learning()?;
        // A fifth of the classes at a time: what the classifier is sure of teaches it little, and too much of it hides what it does
        // not know.
        for _ in 0..classes.len().div_ceil(5) {
            let class = classes[self.turn % classes.len()];
            self.turn += 1;
            let found = self.talk.json(&format!("/api/list?view=confirm&class={class}&count={SCREEN}"))?;
            let items = found["items"].as_array().cloned().unwrap_or_default();
            let right = |item: &&Value| self.class_of(item) == Some(class);
            let said: Vec<(u64, i64)> =
                items.iter().filter(right).filter_map(|item| Some((item["row"].as_u64()?, class))).collect();
            let wrong = items.len() - said.len();
            // Who sees mostly wrong ones goes on without confirming.
            if said.len() <= wrong {
                self.presses += 1;
                continue;
            }
            self.presses += wrong + 1;
            self.say(&said, "confirm")?;
        }
        Ok(())
    }

    /// A person looks at images that the latest answers have chosen.
    fn wait_for_learning(&mut self) -> Result<()> {
        while self.talk.json("/api/state")?["standing"]["learning"] == true {
            std::thread::sleep(Duration::from_millis(30));
        }
        Ok(())
    }

    /// Of the images that have no label the share which the classifier names rightly; and of all images, labels being right.
    fn accuracy(&mut self) -> Result<[f64; 2]> {
        self.wait_for_learning()?;
        let (mut right, mut open, mut offset) = (0_usize, 0_usize, 0_usize);
        loop {
            let found = self.talk.json(&format!("/api/list?view=open&offset={offset}&count=500"))?;
            let items = found["items"].as_array().cloned().unwrap_or_default();
            if items.is_empty() {
                let all = open + self.labels;
                return Ok(
                    [(right, open), (right + self.labels, all)].map(|(right, of)| right as f64 / of.max(1) as f64)
                );
            }
            offset += items.len();
            for item in &items {
                let Some(class) = self.class_of(item) else { continue };
                open += 1;
                right += usize::from(item["guess"][0][0].as_i64() == Some(class));
            }
        }
    }
}
