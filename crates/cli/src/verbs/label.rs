//! Verbs about labels: label, labels.

use crate::out::{self, note, say};
use std::path::Path;
use std::sync::Arc;

use foretask_experiment::{Interrupt, Settings};
use foretask_label::{
    EncoderChoice, Exchange, ExportRequest, ForeignLabels, LabelRequest, LabelsFile, MakeScript, RunScript, Scripts,
};
use foretask_script::Error;

use super::print_json;
use crate::args::{LabelArguments, LabelsArguments};
use crate::lines::{table, thousands};
use crate::{browser, interrupt};

pub(crate) fn label(arguments: LabelArguments) -> Result<(), Error> {
    let (no_open, host) = (arguments.no_open, arguments.host);
    let request = LabelRequest {
        data: arguments.images,
        classes: arguments.classes,
        labels: arguments.labels,
        ignore_labels: arguments.ignore_labels,
        output: arguments.output,
        encoder: EncoderChoice::of(&arguments.encoder)?,
        device: arguments.device,
        host,
        port: arguments.port,
        overwrite: arguments.replace.force,
        person: arguments.name.unwrap_or_else(account),
    };
    interrupt::listen()?;
    let asked = Interrupt::new();
    let serving = foretask_label::label(
        &request,
        Some(Scripts { make: script_maker(), run: script_runner(request.device.clone()) }),
    )?;
    interrupt::goes_to(&asked);
    for note in &serving.notes {
        note!("Note: {note}");
    }
    say!("{}: {} images", request.data.display(), thousands(serving.images as u64));
    say!("Labels: {}; for scripts: {}", serving.labels.display(), serving.manifest.display());
    say!("\n  {}\n", serving.address);
    if let Some(elsewhere) = &serving.elsewhere {
        note!(
            "Warning: it listens to other machines. Whoever has the address {elsewhere} can see the images and change labels, and \
             what is sent is not encrypted: use it in a network you trust, or through an SSH tunnel without --host."
        );
    }
    say!("Ctrl-C ends it. Every label is on the disk when the page says so.");
    if !no_open {
        browser::show(serving.address.as_ref());
    }
    serving.until(&asked);
    Ok(())
}

/// What `foretask new` does with labels, as the page's button.
fn script_maker() -> MakeScript {
    Box::new(|data, labels| {
        let made = foretask_script::new_script(data, Some(labels), None, false);
        match made {
            Ok(made) => Ok((made.path, made.found)),
            Err(error) => Err(foretask_experiment::Error::input(error.to_string())),
        }
    })
}

/// What `foretask run` does, told to the page.
fn script_runner(device: Option<String>) -> RunScript {
    Arc::new(move |script, listener, interrupt| {
        let wrong = |error: Error| {
            let plain = foretask_experiment::Error::failed(error.to_string());
            foretask_experiment::Error { kind: error.kind(), ..plain }
        };
        let source = foretask_script::read_script(script).map_err(wrong)?;
        let (interrupt, device) = (interrupt.clone(), device.clone());
        let settings = Settings { device, listener, interrupt, ..Settings::new("runs") };
        Ok(foretask_script::run(source, &settings).map_err(wrong)?.reports)
    })
}

/// The name of whoever is logged in.
fn account() -> String {
    let named = ["USER", "USERNAME", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_else(|| "me".to_owned())
}

pub(crate) fn labels(arguments: &LabelsArguments) -> Result<(), Error> {
    let file = &arguments.file;
    let is_labels = file.extension().is_some_and(|ending| ending == "sqlite");
    let path = if is_labels { file.clone() } else { foretask_label::default_labels_path(file) };
    if !is_labels
        && !path.is_file()
        && let Some(foreign) = foretask_label::foreign_labels(file)?
    {
        return converted(&foreign, arguments);
    }
    let found = foretask_label::read_labels(&path, arguments.history)?;
    if let (Some(format), Some(output)) = (&arguments.export, &arguments.output) {
        return export(format, &path, &found, (output, arguments));
    }
    if let Some(output) = &arguments.output {
        let count = foretask_label::export_labels(&found, output, arguments.replace.force)?;
        say!("{}: {} images", output.display(), thousands(count as u64));
        return Ok(());
    }
    if arguments.json {
        return print_json(&found);
    }
    print(&found);
    Ok(())
}

/// Labels of another program, as a table or in a sentence.
fn converted(foreign: &ForeignLabels, arguments: &LabelsArguments) -> Result<(), Error> {
    let (labels, without) = (thousands(foreign.labels.len() as u64), thousands(foreign.unlabeled as u64));
    say!("{}: {labels} images with a label, {without} without", foreign.what);
    foreign.notes.iter().for_each(|note| note!("Note: {note}"));
    if let Some(output) = &arguments.output {
        foreign.write(output, arguments.replace.force)?;
        say!("{}", output.display());
    } else {
        say!(
            "Write a table with -o labels.csv, or take them over: foretask label IMAGES --labels {}",
            arguments.file.display()
        );
    }
    Ok(())
}

/// Labels for another program.
fn export(
    format: &str,
    path: &Path,
    found: &LabelsFile,
    (output, arguments): (&Path, &LabelsArguments),
) -> Result<(), Error> {
    let unknown = || foretask_experiment::Error::input(format!("there is no format {format}"));
    let format = Exchange::ALL.into_iter().find(|known| known.name() == format).ok_or_else(unknown)?;
    // The images, or where labels of them lie by default.
    let own = (arguments.file != path).then(|| arguments.file.clone());
    let beside = || {
        let name = path.file_stem()?.to_str()?.strip_suffix("-labels")?;
        Some(path.with_file_name(name)).filter(|images| images.exists())
    };
    let images = arguments.images.clone().or(own).or_else(beside);
    let request = ExportRequest {
        labels: found,
        images: images.as_deref(),
        predictions: arguments.predictions.as_deref(),
        output,
        link: arguments.link,
        overwrite: arguments.replace.force,
    };
    let done = foretask_label::export_to(format, &request)?;
    let (images, labeled) = (thousands(done.images as u64), thousands(done.labeled as u64));
    for written in &done.written {
        say!("{}", written.display());
    }
    say!("{images} images, {labeled} of them with a label");
    done.notes.iter().for_each(|note| note!("Note: {note}"));
    Ok(())
}

fn print(found: &LabelsFile) {
    let labeled: usize = found.classes.iter().map(|class| class.1).sum();
    say!("{} images labeled, {} acts", thousands(labeled as u64), thousands(found.acts as u64));
    let row = |name: &str, count: usize| vec![format!("  {name}"), thousands(count as u64)];
    let mut rows: Vec<Vec<String>> = found.classes.iter().map(|(name, count)| row(name, *count)).collect();
    let rest = [("unsure", found.unsure), ("not usable", found.unusable), ("disputed", found.disputed.len())];
    rows.extend(rest.into_iter().filter(|rest| rest.1 > 0).map(|(name, count)| row(name, count)));
    out::print(&table(&rows));
    if found.people.len() > 1 {
        say!("\nPeople:");
        let rows: Vec<Vec<String>> = found.people.iter().map(|(name, count)| row(name, *count)).collect();
        out::print(&table(&rows));
    }
    for two in &found.agreement {
        let [one, other] = &two.people;
        let kappa = two.kappa.map_or_else(String::new, |kappa| format!(", kappa {kappa:.2}"));
        say!(
            "  {one} and {other} agree on {} of {} images{kappa}",
            thousands(two.same as u64),
            thousands(two.both as u64)
        );
    }
    for (image, said) in found.disputed.iter().take(20) {
        let said: Vec<String> = said.iter().map(|(who, answer)| format!("{who}: {answer}")).collect();
        say!("  disputed: {image} ({})", said.join(", "));
    }
    if !found.history.is_empty() {
        say!("\nLatest acts:");
        let rows = found.history.iter().map(|line| {
            let more = if line.images > 1 { format!(" and {} more", line.images - 1) } else { String::new() };
            let change = match (line.before.as_str(), line.after.as_str()) {
                ("", after) => after.to_owned(),
                (before, "") => format!("no longer {before}"),
                (before, after) => format!("{before} -> {after}"),
            };
            let undone = if line.act.undone.is_some() { "(taken back)" } else { "" };
            let when = foretask_label::in_utc(line.act.at);
            [
                format!("  {when}"),
                line.act.who.clone(),
                line.act.kind.clone(),
                format!("{}{more}", line.what),
                change,
                undone.into(),
            ]
            .to_vec()
        });
        out::print(&table(&rows.collect::<Vec<_>>()));
    }
}
