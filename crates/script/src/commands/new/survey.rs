//! What is in a folder, as far as a first script needs to know.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use foretask_data::{
    Images, LoadOptions, Manifest, OpenOptions, Samples, content_numbers, evaluation_rank, is_evaluation_split,
    is_held_out,
};
use foretask_experiment::thousands;

use crate::errors::Error;

/// Images that are decoded to see what they are; of more, an even part.
const LOOKED_AT: usize = 256;
/// Bad images that are named.
const NAMED: usize = 3;

/// How labels can be used.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Labels {
    /// None, or of a single class, which is named.
    None(Option<String>),
    /// Some, but too few to hold any out.
    Scarce,
    /// Enough to learn from some and measure on others.
    Measurable(HeldOut),
}

/// The images to measure on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum HeldOut {
    /// A split of their own, and the split to learn from, where it has a name.
    Split { test: String, train: Option<String> },
    /// A share of the labeled images, by what they show.
    Share { share: f64, seed: u64 },
}

/// What a folder holds.
#[derive(Debug, Clone)]
pub(super) struct DatasetSurvey {
    /// As the user wrote it.
    pub(super) folder: PathBuf,
    /// A table of labels for its images.
    pub(super) table: Option<PathBuf>,
    /// Where an encoder lies that was pretrained on these images.
    pub(super) encoder: Option<PathBuf>,
    pub(super) rows: usize,
    pub(super) labeled: usize,
    /// Classes with their labeled images.
    pub(super) classes: Vec<(String, usize)>,
    pub(super) labels: Labels,
    /// Labeled images to learn from of the smallest class, without those held out.
    pub(super) fewest: usize,
    pub(super) color: bool,
    /// (width, height) where all are alike.
    pub(super) size: Option<(usize, usize)>,
    pub(super) smallest: usize,
    pub(super) largest: usize,
    pub(super) looked_at: usize,
    /// Images among those that could not be read.
    pub(super) bad: Vec<String>,
    /// What is beside the images that somebody may miss, and what was assumed of them.
    pub(super) remarks: Vec<String>,
}

impl DatasetSurvey {
    pub(super) fn at(folder: &Path, table: Option<&Path>, encoder: Option<PathBuf>) -> Result<Self, Error> {
        let options =
            OpenOptions { labels: table.map(Path::to_path_buf).into_iter().collect(), ..OpenOptions::default() };
        let manifest = Manifest::open_with(folder, &options)?;
        let samples = manifest.samples()?;
        let splits = manifest.splits_of(&samples.rows)?;
        let images = some(&samples)?;
        let mut classes: Vec<(String, usize)> = samples.classes.iter().map(|name| (name.clone(), 0)).collect();
        for label in samples.labels.iter().flatten() {
            classes[*label as usize].1 += 1;
        }
        classes.retain(|(_, count)| *count > 0);
        let (labels, contents) = usable(&samples, splits.as_deref());
        Ok(Self {
            folder: folder.to_path_buf(),
            table: table.map(Path::to_path_buf),
            encoder,
            rows: samples.len(),
            labeled: samples.labels.iter().flatten().count(),
            classes,
            fewest: fewest(&samples, splits.as_deref(), &labels, &contents),
            labels,
            color: images.channels() == 3,
            size: images.uniform_size(),
            smallest: images.smallest_side(),
            largest: images.largest_side(),
            looked_at: images.len() + images.bad().len(),
            bad: images.bad().iter().map(ToString::to_string).collect(),
            remarks: remarks(&manifest, &images),
        })
    }

    /// What was found, a line each.
    pub(super) fn in_words(&self) -> Vec<String> {
        let mut lines = vec![format!("{} images, {}", thousands(self.rows as u64), self.kind())];
        let classes: Vec<String> =
            self.classes.iter().take(8).map(|(name, count)| format!("{name} {}", thousands(*count as u64))).collect();
        let more =
            if self.classes.len() > 8 { format!(", and {} more", self.classes.len() - 8) } else { String::new() };
        lines.push(match self.classes.len() {
            0 => "no labels: no subfolders of classes, no column `label`".to_owned(),
            1 => format!("a single class, {}: nothing to tell apart, so taken as unlabeled", self.classes[0].0),
            count => format!(
                "{} labeled, {count} classes: {}{more}",
                if self.labeled == self.rows { "all".to_owned() } else { thousands(self.labeled as u64) },
                classes.join(", ")
            ),
        });
        if let Some(encoder) = &self.encoder {
            lines.push(format!("{}: an encoder that has learned from these images, loaded", encoder.display()));
        }
        match &self.labels {
            Labels::None(_) => {}
            Labels::Scarce => {
                lines.push("some class has a single label, so none can be held out to measure on".to_owned());
            }
            Labels::Measurable(HeldOut::Split { test, .. }) => lines.push(format!("measured on the split \"{test}\"")),
            Labels::Measurable(HeldOut::Share { share, .. }) => {
                lines.push(format!(
                    "no test images: {:.0} % of the labeled ones are held out to measure on",
                    share * 100.0
                ));
            }
        }
        if !self.bad.is_empty() {
            let named = self.bad.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
            let more =
                if self.bad.len() > NAMED { format!("; and {} more", self.bad.len() - NAMED) } else { String::new() };
            lines.push(format!("{} of {} looked at cannot be read: {named}{more}", self.bad.len(), self.looked_at));
        }
        lines.extend_from_slice(&self.remarks);
        // Names of files and classes are other people's.
        lines.iter().map(|line| one_line(line)).collect()
    }

    /// "gray, 28x28 pixels".
    pub(super) fn kind(&self) -> String {
        let color = if self.color { "color" } else { "gray" };
        match self.size {
            Some((width, height)) => format!("{color}, {width}x{height} pixels"),
            None => format!("{color}, sides of {} to {} pixels", self.smallest, self.largest),
        }
    }
}

/// A text for a line of a comment or a terminal: its line breaks, and what would act on whoever shows it, are written out.
pub(super) fn one_line(text: &str) -> String {
    let breaks = [('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t")];
    let text = breaks.iter().fold(text.to_owned(), |text, (mark, written)| text.replace(*mark, written));
    foretask_report::shown(&text).into_owned()
}

fn remarks(manifest: &Manifest, images: &Images) -> Vec<String> {
    let left_out =
        manifest.passed_over().iter().filter(|passed| passed.missed).map(|passed| format!("left out: {passed}"));
    left_out.chain(images.remarks().iter().cloned()).collect()
}

/// An even part of the images, decoded; their size and channels are those of all, as far as anybody can tell.
fn some(samples: &Samples) -> Result<Images, Error> {
    let step = samples.len().div_ceil(LOOKED_AT).max(1);
    let picked: Vec<usize> = (0..samples.len()).step_by(step).collect();
    let few = Samples {
        rows: picked.iter().map(|&i| samples.rows[i]).collect(),
        labels: picked.iter().map(|&i| samples.labels[i]).collect(),
        classes: samples.classes.clone(),
        sources: picked.iter().map(|&i| samples.sources[i].clone()).collect(),
    };
    // Only looked at, not kept.
    let options = LoadOptions { max_bad_fraction: 1.0, cache_bytes: 0, ..LoadOptions::default() };
    Ok(Images::load(&few, &options)?)
}

/// Class and split of every labeled row, with the row.
fn labeled<'a>(samples: &'a Samples, splits: Option<&'a [Option<String>]>) -> Vec<(u64, u32, Option<&'a str>)> {
    let split = |i: usize| splits.and_then(|splits| splits.get(i)).and_then(|split| split.as_deref());
    let rows = samples.rows.iter().zip(&samples.labels).enumerate();
    rows.filter_map(|(i, (row, label))| Some((*row, (*label)?, split(i)))).collect()
}

/// How labels can be used, and where their contents decide it, the contents.
fn usable(samples: &Samples, splits: Option<&[Option<String>]>) -> (Labels, Vec<Option<u64>>) {
    let known = labeled(samples, splits);
    let mut present: Vec<u32> = known.iter().map(|(_, class, _)| *class).collect();
    present.sort_unstable();
    present.dedup();
    if present.len() < 2 {
        let only = present.first().and_then(|class| samples.classes.get(*class as usize).cloned());
        return (Labels::None(only), Vec::new());
    }
    let names: Vec<&str> = known.iter().filter_map(|(.., split)| *split).collect();
    // Of several, `test` before `val`.
    let test = names.iter().filter_map(|name| Some((evaluation_rank(name)?, name))).min().map(|(_, name)| name);
    if let Some(test) = test {
        let learned: Vec<&(u64, u32, Option<&str>)> =
            known.iter().filter(|(.., split)| !split.is_some_and(is_evaluation_split)).collect();
        let train = learned.first().and_then(|(.., split)| *split);
        let alike = learned.iter().all(|(.., split)| *split == train);
        if !learned.is_empty() {
            let train = train.filter(|_| alike).map(str::to_owned);
            return (Labels::Measurable(HeldOut::Split { test: (*test).to_owned(), train }), Vec::new());
        }
    }
    let contents = content_numbers(samples);
    (share(samples, &contents, present.len()).map_or(Labels::Scarce, Labels::Measurable), contents)
}

/// A fifth where every class then has images on both sides, else more; of several seeds the first that does.
fn share(samples: &Samples, contents: &[Option<u64>], classes: usize) -> Option<HeldOut> {
    const SEEDS: u64 = 50;
    let known: Vec<(u32, Option<u64>)> =
        samples.labels.iter().zip(contents).filter_map(|(label, content)| Some(((*label)?, *content))).collect();
    let on_side = |held: bool, share: f64, seed: u64| {
        let is = |content: &Option<u64>| content.is_some_and(|content| is_held_out(content, share, seed)) == held;
        let found: BTreeSet<u32> = known.iter().filter(|(_, content)| is(content)).map(|(class, _)| *class).collect();
        found.len()
    };
    let all = (0..4).flat_map(|step| (0..SEEDS).map(move |seed| ([0.2, 0.25, 0.33, 0.5][step], seed)));
    let found =
        all.into_iter().find(|&(share, seed)| [true, false].iter().all(|&held| on_side(held, share, seed) == classes));
    found.map(|(share, seed)| HeldOut::Share { share, seed })
}

/// Labeled images to learn from of the smallest class.
fn fewest(samples: &Samples, splits: Option<&[Option<String>]>, labels: &Labels, contents: &[Option<u64>]) -> usize {
    let mut counts = vec![0_usize; samples.classes.len()];
    for (at, label) in samples.labels.iter().enumerate() {
        let Some(class) = label else { continue };
        let split = splits.and_then(|splits| splits.get(at)).and_then(|split| split.as_deref());
        let learned = match labels {
            Labels::Measurable(HeldOut::Share { share, seed }) => {
                !contents.get(at).copied().flatten().is_some_and(|content| is_held_out(content, *share, *seed))
            }
            Labels::Measurable(HeldOut::Split { train: Some(train), .. }) => split == Some(train),
            Labels::Measurable(HeldOut::Split { test, train: None }) => split != Some(test),
            Labels::None(_) | Labels::Scarce => true,
        };
        counts[*class as usize] += usize::from(learned);
    }
    counts.into_iter().filter(|count| *count > 0).min().unwrap_or(0)
}
