//! Verbs about labels: label, labels.

use crate::out::{self, note, say};

use foretask_experiment::Interrupt;
use foretask_label::{LabelRequest, LabelsFile, MakeScript};
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
        encoder: arguments.encoder,
        device: arguments.device,
        host,
        port: arguments.port,
        overwrite: arguments.replace.force,
        person: arguments.name.unwrap_or_else(account),
    };
    interrupt::listen()?;
    let asked = Interrupt::new();
    let serving = foretask_label::label(&request, Some(script_maker()))?;
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

/// The name of whoever is logged in.
fn account() -> String {
    let named = ["USER", "USERNAME", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_else(|| "me".to_owned())
}

pub(crate) fn labels(arguments: &LabelsArguments) -> Result<(), Error> {
    let file = &arguments.file;
    let is_labels = file.extension().is_some_and(|ending| ending == "sqlite");
    let path = if is_labels { file.clone() } else { foretask_label::default_labels_path(file) };
    let found = foretask_label::read_labels(&path, arguments.history)?;
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
