//! The verb `clean`: what stages hold, and what of it can go.

use crate::out::{self, note, say};
use std::path::{Path, PathBuf};

use foretask_experiment::run::{self, Removed, Standing, Stock, StoredStage};
use foretask_script::Error;
use serde::Serialize;

use super::print_json;
use crate::args::CleanArguments;
use crate::lines::{size, table, thousands};

/// What `--json` prints.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    stock: &'a Stock,
    removed: Option<Removed>,
}

pub(crate) fn clean(CleanArguments { out, yes, json }: &CleanArguments) -> Result<(), Error> {
    let (yes, json) = (*yes, *json);
    let stock = run::stock(out)?;
    if json {
        let removed = if yes { Some(stock.remove()?) } else { None };
        return print_json(&Told { stock: &stock, removed });
    }
    if stock.stages.is_empty() {
        say!("No stages in {}.", out.display());
        return Ok(());
    }
    print(&stock);
    let (count, bytes) = stock.going().fold((0, 0), |(count, bytes), stage| (count + 1, bytes + stage.own_bytes));
    say!(
        "\n{}, {} in all; {} of them can go, {}.",
        stages(stock.stages.len()),
        size(stock.bytes()),
        count,
        size(bytes)
    );
    if yes {
        let removed = stock.remove()?;
        say!("Removed: {}, {}.", stages(removed.stages), size(removed.bytes));
        if removed.busy > 0 {
            note!("Note: {} stayed: processes work on them.", stages(removed.busy));
        }
    } else if let Some(run) = stock.running.first() {
        note!("Note: nothing can be removed before the run {} has ended.", run.display());
    } else if count > 0 {
        say!("Nothing was removed. To remove what can go: foretask clean{} --yes", elsewhere(out));
    }
    Ok(())
}

/// The argument that says which folder of results, where it is not the usual one.
fn elsewhere(out: &Path) -> String {
    if out == Path::new("runs") { String::new() } else { format!(" --out {}", out.display()) }
}

fn stages(count: usize) -> String {
    format!("{} {}", thousands(count as u64), if count == 1 { "stage" } else { "stages" })
}

fn print(stock: &Stock) {
    let mut rows = vec![["stage", "size", "what", "stays for"].map(str::to_owned).to_vec()];
    for stage in &stock.stages {
        let short = stage.key.get(..12).unwrap_or(&stage.key);
        rows.push(vec![short.to_owned(), size(stage.bytes), what(stage), reason(stage)]);
    }
    out::print(&table(&rows));
}

fn what(stage: &StoredStage) -> String {
    match (&stage.title, stage.standing) {
        (Some(title), _) => title.clone(),
        (None, Standing::Damaged) => "damaged".to_owned(),
        (None, Standing::Going) => "half removed".to_owned(),
        (None, Standing::Finished | Standing::Unfinished) => "unfinished".to_owned(),
    }
}

fn reason(stage: &StoredStage) -> String {
    let name = |run: &PathBuf| run.display().to_string();
    match (stage.runs.as_slice(), stage.stays) {
        ([], None) => "nothing: it can go".to_owned(),
        ([], Some(why)) => why.to_owned(),
        ([run], _) => name(run),
        ([.., last], _) => format!("{} and {} more", name(last), stage.runs.len() - 1),
    }
}
