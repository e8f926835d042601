//! Verbs about runs of the past: runs, report.

use crate::args::ReportArguments;
use crate::browser;
use crate::out::{self, note, say};
use std::path::{Path, PathBuf};

use foretask_experiment::run;
use foretask_script::Error;

use super::print_json;
use crate::lines::{duration, table};

pub(crate) fn list(out: &Path, script: Option<&str>, json: bool) -> Result<(), Error> {
    let runs = run::list_runs(out, script)?;
    if json {
        return print_json(&runs);
    }
    if runs.is_empty() {
        say!("No runs yet in {}.", out.display());
        return Ok(());
    }
    let mut rows = vec![["run", "status", "device", "time", "set", "results"].map(str::to_owned).to_vec()];
    for run in &runs {
        let results: Vec<String> = run
            .results
            .iter()
            .map(|result| {
                let sd = result.sd.map_or_else(String::new, |sd| format!(" ± {:.1}", sd * 100.0));
                format!("{} {:.1}{sd}", result.name, result.mean * 100.0)
            })
            .collect();
        rows.push(vec![
            run.folder.display().to_string(),
            run.status.clone(),
            run.device.clone(),
            run.seconds.map_or_else(String::new, duration),
            run.params.join(" "),
            results.join(", "),
        ]);
    }
    out::print(&table(&rows));
    if runs.len() > 1 {
        say!("\n`foretask report RUN RUN` puts runs side by side.");
    }
    Ok(())
}

pub(crate) fn report(arguments: &ReportArguments) -> Result<(), Error> {
    let overwrite = arguments.replace.force;
    let pages = if let [run] = &arguments.runs[..] {
        run::rewrite_report(run, overwrite)?
    } else {
        let compared = run::compare_runs(&arguments.runs, &arguments.output, overwrite)?;
        out::print(&compared.text);
        say!("");
        vec![compared.page]
    };
    for page in &pages {
        say!("{}", page.display());
    }
    if arguments.open {
        show(&pages);
    }
    Ok(())
}

/// Shows pages in the browser, or says that there is none.
fn show(pages: &[PathBuf]) {
    // Browsers are started elsewhere: a page has to be named from the root.
    let shown =
        pages.iter().all(|page| browser::show(std::path::absolute(page).as_deref().unwrap_or(page).as_os_str()));
    if !shown {
        note!(
            "Note: there is no screen to show it on; copy the file to where there is one: it needs nothing beside it."
        );
    }
}
