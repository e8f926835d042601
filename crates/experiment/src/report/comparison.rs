//! Results against one of them, draw by draw.

use std::sync::Arc;

use foretask_report::{Comparison as Plain, Role};

use super::rows;
use crate::error::{Error, Role as Part};
use crate::values::{Comparison, Evaluation};

/// Compares every result with `baseline`, or with the network from scratch if there is one, or else with the first.
///
/// # Errors
/// When two results were measured on different images, or learned from different labeled ones.
pub fn compare(results: &[(String, Evaluation)], baseline: Option<&str>) -> Result<Comparison, Error> {
    let scratch = results.iter().find(|(_, found)| rows::role(&found.classifiers.method) == Role::Scratch);
    let named = baseline.and_then(|name| results.iter().find(|(other, _)| other == name));
    let Some((baseline, reference)) = named.or(scratch).or(results.first()) else {
        return Err(Error::input("there is nothing to compare").at(Part::Results));
    };
    for (name, found) in results {
        let fault = |message: String| Error::input(message).item(Part::Results, name.as_str());
        if found.test.views[0].fingerprint()? != reference.test.views[0].fingerprint()? {
            return Err(fault(format!("`{name}` and `{baseline}` were measured on different images"))
                .label(format!("measured on {}", found.test.steps().join(", ")))
                .help(format!("evaluate both on {}", reference.test.steps().join(", "))));
        }
        if !rows::same_draws(found, reference)? {
            let few = |found: &Evaluation| {
                let few = &found.classifiers.few;
                format!("{}, {}", draws(few.views.len()), few.steps().join(", "))
            };
            return Err(fault(format!("`{name}` and `{baseline}` learned from different labeled images"))
                .label(few(found))
                .help(format!(
                    "only results of the same label draws can be compared draw by draw; `{baseline}` learned from {}",
                    few(reference)
                )));
        }
    }
    let mut compared = rows::rows(results)?;
    for (row, (name, found)) in compared.iter_mut().zip(results) {
        row.differences.clear();
        if name != baseline {
            row.differences.push(rows::difference(found, baseline, reference)?);
        }
    }
    compared.sort_by(|a, b| (a.name == *baseline).cmp(&(b.name == *baseline)).then(b.mean.total_cmp(&a.mean)));
    let evaluation = rows::evaluation(results)?;
    Ok(Comparison(Arc::new(Plain { baseline: baseline.clone(), evaluation, rows: compared })))
}

fn draws(count: usize) -> String {
    if count == 1 { "1 draw".to_owned() } else { format!("{count} draws") }
}
