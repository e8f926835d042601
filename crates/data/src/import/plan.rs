//! The rows of a source without their images, and which of them to keep.

use polars::prelude::DataFrame;

use super::{ImportOptions, PerClass};
use crate::{
    error::{DataError, Result},
    find::PassedOver,
    manifest::{ClassCount, SplitCount, smallest_per_class},
    nearest::nearest,
};

pub(super) use crate::manifest::intern;

/// All rows of a source, in its order.
///
/// A row's number is its position in the source.
pub(super) struct ImportPlan {
    pub(super) labels: Vec<Option<u32>>,
    pub(super) classes: Vec<String>,
    /// Index into `split_names`.
    pub(super) splits: Vec<Option<u32>>,
    pub(super) split_names: Vec<String>,
    /// Further columns of the source; without columns where it has none.
    pub(super) extra: DataFrame,
    /// What of the source is none of its rows.
    pub(super) passed_over: Vec<PassedOver>,
}

impl ImportPlan {
    pub(super) fn new(
        labels: Vec<Option<u32>>,
        classes: Vec<String>,
        (mut splits, mut split_names): (Vec<Option<u32>>, Vec<String>),
        options: &ImportOptions,
    ) -> Self {
        if let Some(name) = &options.split
            && splits.iter().any(Option::is_none)
        {
            let number = intern(name, &mut split_names);
            for split in &mut splits {
                *split = split.or(number);
            }
        }
        Self { labels, classes, splits, split_names, extra: DataFrame::default(), passed_over: Vec::new() }
    }

    /// With further columns of the source, a row for each of its rows.
    pub(super) fn with_extra(mut self, extra: DataFrame) -> Self {
        self.extra = extra;
        self
    }

    /// With what was passed over.
    pub(super) fn with_passed(mut self, passed_over: Vec<PassedOver>) -> Self {
        self.passed_over = passed_over;
        self
    }

    /// Rows in all.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    pub(super) fn class(&self, position: usize) -> Option<&str> {
        self.labels[position].map(|label| self.classes[label as usize].as_str())
    }

    pub(super) fn split(&self, position: usize) -> Option<&str> {
        self.splits[position].map(|split| self.split_names[split as usize].as_str())
    }

    /// Whether labels can be stored as the integers they are.
    pub(super) fn has_integer_labels(&self) -> bool {
        !self.classes.is_empty()
            && self.classes.iter().all(|class| class.parse::<i64>().is_ok_and(|n| n.to_string() == *class))
    }

    /// Positions of the rows to keep, ascending.
    pub(super) fn choose(&self, options: &ImportOptions) -> Result<Vec<usize>> {
        let Some(per_class) = &options.per_class else { return Ok((0..self.len()).collect()) };
        if let PerClass::Splits(wanted) = per_class
            && let Some(name) = wanted.keys().find(|name| !self.split_names.contains(name))
        {
            return Err(DataError::UnknownSplit {
                table: "the source".to_owned(),
                name: name.clone(),
                known: self.split_names.clone(),
                suggestion: nearest(name, self.split_names.iter().map(String::as_str)),
            });
        }
        let mut kept = Vec::new();
        for split in (0..self.split_names.len() as u32).map(Some).chain([None]) {
            let members = || (0..self.len()).filter(move |&position| self.splits[position] == split);
            let name = split.map(|split| self.split_names[split as usize].as_str());
            let Some(n) = per_class.of(name) else {
                kept.extend(members());
                continue;
            };
            let rows: Vec<u64> = members().map(|position| position as u64).collect();
            let labels: Vec<Option<u32>> = members().map(|position| self.labels[position]).collect();
            let drawn = smallest_per_class(&rows, &labels, n, options.seed).map_err(|short| DataError::TooFewRows {
                class: self.classes[short.class as usize].clone(),
                found: short.found,
                wanted: n,
                most: short.found,
                view: name.map_or("the source".to_owned(), |name| format!("split {name}")),
            })?;
            kept.extend(drawn.into_iter().map(|row| row as usize));
        }
        if kept.is_empty() {
            let view = "per_class: the source has no labels".to_owned();
            return Err(DataError::Empty { view });
        }
        kept.sort_unstable();
        Ok(kept)
    }

    /// Rows by split and by class.
    pub(super) fn count(&self, written: &[usize]) -> (Vec<SplitCount>, Vec<ClassCount>) {
        let rows = |fits: &dyn Fn(usize) -> bool| written.iter().filter(|&&position| fits(position)).count();
        let names = (0..self.split_names.len() as u32).map(Some).chain([None]);
        let splits = names.map(|split| SplitCount {
            name: split.map(|split| self.split_names[split as usize].clone()),
            rows: rows(&|position| self.splits[position] == split),
        });
        let mut classes: Vec<ClassCount> =
            self.classes.iter().map(|name| ClassCount { name: name.clone(), rows: 0 }).collect();
        for label in written.iter().filter_map(|&position| self.labels[position]) {
            classes[label as usize].rows += 1;
        }
        (splits.filter(|split| split.rows > 0).collect(), classes)
    }
}

/// The names of integer classes.
pub(super) fn rename(classes: Vec<String>, names: Option<&Vec<String>>) -> Result<Vec<String>, String> {
    let Some(names) = names else { return Ok(classes) };
    let name = |class: &String| {
        let number: usize = class.parse().map_err(|_| {
            format!("class \"{class}\" is not a number; class names can be given to the integer labels 0, 1, 2, … only")
        })?;
        names
            .get(number)
            .cloned()
            .ok_or_else(|| format!("label {number} has no name; {} class names are given", names.len()))
    };
    classes.iter().map(name).collect()
}
