//! Where a report's numbers come from: data, options, machine, and what went wrong on the way.

use std::collections::BTreeSet;

use foretask_report::{BadImage, BadImages, DataUse, Entry, EntryGroup, Note, NoteKind, Origin};
use serde_json::Value;

use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::{PlannedAuto, PlannedParam};
use crate::run::RunFolder;
use crate::values::{Dataset, Evaluation, Pretrained};

/// Bad images that a report lists; the others are counted.
const SHOWN: usize = 50;

/// Every set of images a report rests on, once, with what it was used for.
fn uses<'a>(results: &'a [(String, Evaluation)], pretrained: &'a [Pretrained]) -> Vec<(&'static str, &'a Dataset)> {
    let mut uses: Vec<(&'static str, &Dataset)> = Vec::new();
    uses.extend(pretrained.iter().map(|stage| ("pretraining", stage.data())));
    uses.extend(results.iter().map(|(_, evaluation)| ("labels", &evaluation.classifiers.few)));
    let pools = results.iter().filter_map(|(_, evaluation)| evaluation.classifiers.pool.as_ref());
    uses.extend(pools.map(|pool| ("without labels", pool)));
    uses.extend(results.first().map(|(_, evaluation)| ("evaluation", &evaluation.test)));
    uses
}

/// The data sets and views that were used.
pub(super) fn data(results: &[(String, Evaluation)], pretrained: &[Pretrained]) -> Result<Vec<DataUse>, Error> {
    let mut seen = BTreeSet::new();
    let mut data = Vec::new();
    for (purpose, dataset) in uses(results, pretrained) {
        for (draw, view) in dataset.views.iter().enumerate() {
            let (samples, fingerprint) = (view.samples()?, view.fingerprint()?);
            if !seen.insert((purpose, fingerprint.clone())) {
                continue;
            }
            let purpose =
                if dataset.views.len() > 1 { format!("{purpose}, draw {}", draw + 1) } else { purpose.to_owned() };
            data.push(DataUse {
                purpose,
                steps: view.manifest.steps().to_vec(),
                images: samples.len(),
                labeled: samples.labels.iter().flatten().count(),
                fingerprint,
            });
        }
    }
    Ok(data)
}

/// Images that could not be read, of everything that was used.
pub(super) fn bad_images(
    experiment: &Experiment,
    results: &[(String, Evaluation)],
    pretrained: &[Pretrained],
) -> Result<BadImages, Error> {
    let mut found = BadImages { action: "skipped".into(), ..BadImages::default() };
    let mut seen = BTreeSet::new();
    let mut counted = BTreeSet::new();
    for (_, dataset) in uses(results, pretrained) {
        for view in dataset.views.iter() {
            if !seen.insert(view.fingerprint()?) {
                continue;
            }
            found.checked += view.samples()?.len();
            let name = view.manifest.steps().first().cloned().unwrap_or_default();
            for bad in experiment.images_of(dataset, view)?.bad() {
                if !counted.insert((name.clone(), bad.row)) {
                    continue;
                }
                found.count += 1;
                if found.images.len() < SHOWN {
                    found.images.push(BadImage {
                        dataset: name.clone(),
                        row: bad.row,
                        path: bad.path.clone(),
                        reason: bad.reason.clone(),
                    });
                }
            }
        }
    }
    Ok(found)
}

/// What the program chose, and what it warned of.
pub(super) fn notes(experiment: &Experiment, run: &RunFolder) -> Vec<Note> {
    let mut notes: Vec<Note> = experiment
        .plan()
        .warnings
        .into_iter()
        .map(|text| Note { kind: NoteKind::Warning, subject: String::new(), value: None, text })
        .collect();
    let mut chosen: Vec<(PlannedAuto, String, usize)> = Vec::new();
    for stage in run.stages() {
        for auto in stage.autos {
            // The points of a label curve choose much alike: that is told once.
            match chosen.iter_mut().find(|(known, ..)| *known == auto) {
                Some((.., more)) => *more += 1,
                None => chosen.push((auto, stage.title.clone(), 0)),
            }
        }
        for text in stage.notes {
            notes.push(Note { kind: NoteKind::Remark, subject: stage.title.clone(), value: None, text });
        }
    }
    notes.extend(chosen.into_iter().map(|(auto, title, more)| {
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        let subject = format!("{title}{others}: {}", auto.name);
        Note { kind: NoteKind::Auto, subject, value: Some(auto.value), text: auto.reason }
    }));
    notes
}

/// Whose weights stand behind the results, and under which license what was made of them is.
pub(super) fn licenses(results: &[(String, Evaluation)], named: &[(String, Pretrained)]) -> Vec<Note> {
    let behind = results.iter().filter_map(|(_, evaluation)| evaluation.classifiers.method.encoder());
    let behind = behind.chain(named.iter().flat_map(|(_, stage)| stage.behind()));
    let mut notes: Vec<Note> = Vec::new();
    for encoder in behind {
        let Some(license) = encoder.license() else { continue };
        let text = format!("made with published weights; license: {license}, of everything saved from it, too");
        let note = Note { kind: NoteKind::Remark, subject: encoder.describe(), value: None, text };
        if !notes.iter().any(|known| known.subject == note.subject) {
            notes.push(note);
        }
    }
    notes
}

/// Resolved options, a group per stage, and the script's params.
pub(super) fn options(experiment: &Experiment, run: &RunFolder) -> Vec<EntryGroup> {
    let mut groups = Vec::new();
    let params = experiment.params();
    if !params.is_empty() {
        let entry = |param: PlannedParam| Entry {
            name: param.name,
            value: param.value,
            origin: if param.set { Origin::CommandLine } else { Origin::Script },
        };
        groups.push(EntryGroup { name: "Params".into(), entries: params.into_iter().map(entry).collect() });
    }
    for stage in run.stages().into_iter().filter(|stage| !stage.later_draw) {
        let autos: BTreeSet<String> = stage.autos.iter().map(|auto| auto.name.clone()).collect();
        let mut entries = Vec::new();
        for part in ["plan", "recipe", "options"] {
            flatten(&stage.decided_by[part], "", &autos, &mut entries);
            // A plan or recipe holds every option, resolved.
            if !entries.is_empty() {
                break;
            }
        }
        let name = if stage.line == 0 { stage.title } else { format!("{}, line {}", stage.title, stage.line) };
        groups.push(EntryGroup { name, entries });
    }
    groups
}

/// Nested JSON as `task.crop = [0.2, 1.0]`.
fn flatten(value: &Value, path: &str, autos: &BTreeSet<String>, entries: &mut Vec<Entry>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(value, &path, autos, entries);
            }
        }
        Value::Null if path.is_empty() => {}
        value => {
            let last = path.rsplit('.').next().unwrap_or(path);
            let origin = if autos.contains(last) { Origin::Auto } else { Origin::Unknown };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            entries.push(Entry { name: path.to_owned(), value, origin });
        }
    }
}

/// Device, versions, seed, times.
pub(super) fn environment(experiment: &Experiment, started: &str, seconds: f64) -> Result<Vec<EntryGroup>, Error> {
    let entry = |name: &str, value: String| Entry { name: name.to_owned(), value, origin: Origin::Unknown };
    let device = experiment.device()?;
    let mut machine = vec![
        entry("device", device.name().to_owned()),
        entry("compute threads", foretask_backend::threads().to_string()),
        entry("peak memory so far", crate::plan::bytes(foretask_backend::peak_memory_bytes())),
    ];
    machine.extend(
        foretask_backend::doctor()
            .into_iter()
            .filter(|finding| matches!(finding.what.as_str(), "CPU" | "memory" | "libtorch" | "GPU"))
            .map(|finding| entry(&finding.what, finding.state)),
    );
    let run = vec![
        entry("foretask", env!("CARGO_PKG_VERSION").to_owned()),
        entry("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        entry("started", started.to_owned()),
        entry("time until this report", crate::plan::duration(seconds)),
        entry("seed", experiment.seed().to_string()),
        entry(
            "same numbers every time",
            if device.is_deterministic() { "yes, on this kind of device" } else { "no, GPUs add in varying order" }
                .to_owned(),
        ),
    ];
    Ok(vec![EntryGroup { name: "Machine".into(), entries: machine }, EntryGroup { name: "Run".into(), entries: run }])
}
