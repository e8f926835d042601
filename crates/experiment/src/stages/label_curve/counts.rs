//! How many labels a curve is measured at.

use std::collections::BTreeMap;

use foretask_data::Samples;

use super::{CurveOptions, LabelsAsked};
use crate::error::Error;
use crate::experiment::Experiment;

/// What is asked for where nobody says, as far as there are so many images of each class.
const USUAL: [u64; 5] = [1, 5, 10, 50, 100];

/// What labels there are.
struct Labels<'a> {
    /// The class with the fewest.
    class: &'a str,
    /// So many it has.
    least: u64,
    /// Whether all classes have as many.
    even: bool,
}

impl<'a> Labels<'a> {
    fn of(samples: &'a Samples) -> Result<Self, Error> {
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for label in samples.labels.iter().flatten() {
            *counts.entry(*label).or_default() += 1;
        }
        let Some((&class, &least)) = counts.iter().min_by_key(|(_, count)| **count) else {
            return Err(Error::failed("there is no label"));
        };
        let class = samples.classes.get(class as usize).map_or("?", String::as_str);
        Ok(Self { class, least, even: counts.values().all(|count| *count == least) })
    }
}

/// The numbers of labels, checked against what there is.
pub(super) fn asked(
    experiment: &Experiment,
    options: &CurveOptions,
    samples: &Samples,
) -> Result<Vec<LabelsAsked>, Error> {
    let there = Labels::of(samples)?;
    let Some(asked) = &options.labels else { return Ok(usual(experiment, &there)) };
    if asked.is_empty() {
        return Err(Error::input("`labels` is empty: a curve needs at least one number of labels")
            .help("for example `labels: [1, 5, 10, 50, \"all\"]`")
            .option("labels"));
    }
    for (index, count) in asked.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| asked[before]);
        if let Some(error) = refused(before, *count, &there) {
            return Err(error.option(&format!("labels.{index}")));
        }
    }
    Ok(asked.clone())
}

fn usual(experiment: &Experiment, there: &Labels<'_>) -> Vec<LabelsAsked> {
    let Labels { class, least, even } = *there;
    let fits = |n: &u64| *n < least || (*n == least && !even);
    let left_out: Vec<String> = USUAL.iter().filter(|n| !fits(n)).map(u64::to_string).collect();
    if !left_out.is_empty() {
        let why = format!("class \"{class}\" has {least} labeled images");
        experiment.note(format!("label_curve leaves out {} labels a class: {why}", left_out.join(", ")));
    }
    let usual = USUAL.iter().copied().filter(fits).map(LabelsAsked::PerClass);
    usual.chain([LabelsAsked::All]).collect()
}

/// What is wrong with a number of labels behind another.
fn refused(before: Option<LabelsAsked>, count: LabelsAsked, there: &Labels<'_>) -> Option<Error> {
    use LabelsAsked::{All, PerClass};
    let Labels { class, least, even } = *there;
    Some(match (before, count) {
        (Some(All), All) => Error::input("`labels` holds \"all\" twice").label("a second time"),
        (Some(All), PerClass(n)) => {
            Error::input(format!("`labels` must ascend, but {n} stands behind \"all\"")).help("put \"all\" last")
        }
        (Some(PerClass(before)), PerClass(n)) if n == before => {
            Error::input(format!("`labels` holds {n} twice")).label("a second time")
        }
        (Some(PerClass(before)), PerClass(n)) if n < before => {
            Error::input(format!("`labels` must ascend, but {n} stands behind {before}"))
                .label("smaller than the one before")
        }
        (_, PerClass(n)) if n > least => Error::input(format!(
            "`labels` asks for {n} of each class, but class \"{class}\" has only {least} labeled images"
        ))
        .label("more than there are")
        .help(format!("ask for at most {least}; \"all\" takes every label, however many a class has")),
        (Some(PerClass(before)), All) if before == least && even => {
            Error::input(format!("\"all\" is the same as {before} here: every class has {least} labels"))
                .label("the same labels again")
        }
        _ => return None,
    })
}
