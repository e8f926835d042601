//! Verbs that take or make a script: run, check, preview, new.

use crate::out::{self, note, say};
use std::path::Path;

use foretask_experiment::{ErrorKind, Ranks, Settings};
use foretask_script::{Error, PreviewRequest};

use super::print_json;
use crate::args::{Common, NewArguments};
use crate::lines::duration;
use crate::pictures::{Pictures, Screen};
use crate::ranks::{self, Part};
use crate::{interrupt, progress, terminal};

/// Settings with somebody watching; nobody listens for Ctrl-C yet.
pub(super) fn watched(common: Common) -> Result<Settings, Error> {
    let mut settings = Settings::new(common.out);
    settings.device = common.device;
    for (name, value) in common.set {
        if settings.set.insert(name.clone(), value).is_some() {
            return Err(Error::input(format!("`--set {name}` is given twice"), "give each param once".to_owned()));
        }
    }
    settings.listener = progress::listener();
    settings.width = terminal::stdout_columns();
    Ok(settings)
}

fn settings(common: Common) -> Result<Settings, Error> {
    let settings = watched(common)?;
    interrupt::listen()?;
    interrupt::goes_to(&settings.interrupt);
    Ok(settings)
}

pub(crate) fn run(script: &Path, common: Common, asked: Option<usize>) -> Result<(), Error> {
    let source = foretask_script::read_script(script)?;
    if let Part::Start(ranks) = ranks::part(asked)? {
        return match ranks::start(ranks)? {
            0 => Ok(()),
            // The ranks have said all there is to say.
            code => std::process::exit(code.into()),
        };
    }
    let start = std::time::Instant::now();
    let mut settings = settings(common)?;
    let set = settings.set.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ");
    let device = settings.device.clone().unwrap_or_else(|| "auto".to_owned());
    let facts = [("the script", source.text.clone()), ("what `--set` gives", set), ("what `--device` gives", device)];
    settings.ranks = Ranks::join(&facts.map(|(name, value)| (name.to_owned(), value)), &settings.interrupt)?;
    let follows = settings.ranks.as_ref().is_some_and(|ranks| !ranks.leads());
    if settings.ranks.is_some() {
        interrupt::counts_once(follows);
        ranks::look_for_starter(&settings.interrupt);
    }
    if follows {
        settings.listener = std::sync::Arc::new(|_| ());
    }
    let finished = foretask_script::run(source, &settings);
    if follows {
        return match finished {
            // Rank 0 says where it was saved.
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                drop(settings);
                std::process::exit(130)
            }
            finished => finished.map(drop),
        };
    }
    let finished = finished?;
    for report in &finished.reports {
        say!("Report: {}", report.display());
    }
    note!("Results: {} ({})", finished.folder.display(), duration(start.elapsed().as_secs_f64()));
    Ok(())
}

pub(crate) fn check(script: &Path, common: Common, json: bool) -> Result<(), Error> {
    let source = foretask_script::read_script(script)?;
    let plan = foretask_script::check(source, &settings(common)?)?;
    if json {
        return print_json(&plan);
    }
    out::print(&plan.to_text());
    say!("\nThe script is fine. `foretask run {}` runs it.", script.display());
    Ok(())
}

pub(crate) fn preview(
    script: &Path,
    common: Common,
    request: &PreviewRequest,
    pictures: Pictures,
) -> Result<(), Error> {
    let source = foretask_script::read_script(script)?;
    let sheets = foretask_script::preview(source, &settings(common)?, request)?;
    let screen = Screen::of_stdout(pictures);
    for sheet in sheets {
        say!("{}: {}", sheet.title, sheet.path.display());
        if let Some(screen) = &screen {
            out::bytes(screen.show(&sheet).as_bytes());
        }
    }
    Ok(())
}

pub(crate) fn new(arguments: &NewArguments) -> Result<(), Error> {
    let force = arguments.replace.force;
    // Without a folder the command line says `--example`.
    let Some(folder) = &arguments.folder else { return super::example::write(force) };
    let written = foretask_script::new_script(folder, arguments.labels.as_deref(), arguments.output.as_deref(), force)?;
    for found in &written.found {
        say!("{found}");
    }
    let path = written.path.display();
    say!("\n{path}: `foretask check {path}` says what it will do, `foretask run {path}` does it.");
    Ok(())
}
