//! Data, script, options, machine, and what went wrong on the way.

use serde::Serialize;

use super::code;
use crate::words::{self, count, counted};
use crate::{EntryGroup, Leakage, NoteKind, Origin, Report};

#[derive(Serialize)]
pub(super) struct BadImagesView {
    summary: String,
    rows: Vec<(String, String, String, String)>,
    more: Option<String>,
}

pub(super) fn bad_images(report: &Report) -> Option<BadImagesView> {
    let bad = report.bad_images.as_ref()?;
    let checked = counted(bad.checked, "image", "images");
    let summary = if bad.count == 0 {
        format!("All {checked} could be read.")
    } else {
        let share = 100.0 * bad.count as f64 / bad.checked.max(1) as f64;
        let action = if bad.action.is_empty() { String::new() } else { format!(" Action: {}.", bad.action) };
        format!("{} of {checked} ({}\u{a0}%) could not be read.{action}", count(bad.count as u64), words::value(share))
    };
    let more = bad.count.saturating_sub(bad.images.len());
    Some(BadImagesView {
        summary,
        rows: bad
            .images
            .iter()
            .map(|image| {
                (image.dataset.clone(), count(image.row), image.path.clone().unwrap_or_default(), image.reason.clone())
            })
            .collect(),
        more: (more > 0).then(|| format!("{} more are not listed.", count(more as u64))),
    })
}

#[derive(Serialize)]
pub(super) struct LeakageView {
    found: bool,
    summary: String,
    pairs: Vec<(String, String)>,
    more: Option<String>,
    limits: Vec<String>,
}

pub(super) fn leakage(report: &Report) -> Option<LeakageView> {
    let leakage = report.leakage.as_ref()?;
    let evaluation = counted(leakage.evaluation, "evaluation image", "evaluation images");
    let pool = count(leakage.pool as u64);
    let summary = match leakage.count {
        0 => format!("None of {evaluation} is among the {pool} images learned from. Compared by decoded content."),
        n => format!(
            "{} of {evaluation} {} also among the {pool} images learned from. Compared by decoded content. What has learned from \
             an image knows it, so accuracies may be too high.",
            count(n as u64),
            if n == 1 { "is" } else { "are" }
        ),
    };
    let more = leakage.count.saturating_sub(leakage.examples.len());
    Some(LeakageView {
        found: leakage.count > 0,
        summary,
        pairs: leakage.examples.iter().map(|leak| (leak.evaluation.clone(), leak.pool.clone())).collect(),
        more: (more > 0 && !leakage.examples.is_empty())
            .then(|| format!("{} more are not listed.", count(more as u64))),
        limits: limits(leakage),
    })
}

/// What could not be compared.
fn limits(leakage: &Leakage) -> Vec<String> {
    let unknown = leakage.unknown.iter().map(|name| {
        format!(
            "What taught {name} is not known: its file does not say, so nobody can tell whether evaluation images did."
        )
    });
    let sampled = leakage.sampled.iter().map(|(name, compared)| {
        let evaluation = counted(leakage.evaluation, "evaluation image", "evaluation images");
        let compared = count(*compared as u64);
        format!("The file of {name} remembers a sample of the images that taught it: {compared} of {evaluation} could be compared.")
    });
    unknown.chain(sampled).collect()
}

#[derive(Serialize)]
pub(super) struct NotesView {
    chosen: Vec<(String, String, String)>,
    remarks: Vec<(String, String, bool)>,
}

pub(super) fn notes(report: &Report) -> Option<NotesView> {
    let notes = &report.notes;
    (!notes.is_empty()).then(|| NotesView {
        chosen: notes
            .iter()
            .filter(|note| note.kind == NoteKind::Auto)
            .map(|note| (note.subject.clone(), note.value.clone().unwrap_or_default(), note.text.clone()))
            .collect(),
        remarks: notes
            .iter()
            .filter(|note| note.kind != NoteKind::Auto)
            .map(|note| (note.subject.clone(), note.text.clone(), note.kind == NoteKind::Warning))
            .collect(),
    })
}

#[derive(Serialize)]
pub(super) struct ScriptView {
    path: String,
    lines: Vec<String>,
}

pub(super) fn script(report: &Report) -> Option<ScriptView> {
    report.script.as_ref().map(|script| ScriptView { path: script.path.clone(), lines: code::lines(&script.text) })
}

#[derive(Serialize)]
pub(super) struct Settings {
    data: Vec<DataRow>,
    options: Vec<GroupView>,
    environment: Vec<GroupView>,
}

#[derive(Serialize)]
struct DataRow {
    purpose: String,
    steps: Vec<String>,
    images: String,
    labeled: String,
    fingerprint: String,
    short: String,
}

#[derive(Serialize)]
struct GroupView {
    name: String,
    entries: Vec<(String, String, &'static str)>,
}

pub(super) fn settings(report: &Report) -> Option<Settings> {
    let settings = Settings {
        data: report
            .data
            .iter()
            .map(|data| DataRow {
                purpose: data.purpose.clone(),
                steps: data.steps.clone(),
                images: count(data.images as u64),
                labeled: count(data.labeled as u64),
                short: data.fingerprint.chars().take(12).collect(),
                fingerprint: data.fingerprint.clone(),
            })
            .collect(),
        options: report.options.iter().map(group).collect(),
        environment: report.environment.iter().map(group).collect(),
    };
    let empty = settings.data.is_empty() && settings.options.is_empty() && settings.environment.is_empty();
    (!empty).then_some(settings)
}

fn group(group: &EntryGroup) -> GroupView {
    let origin = |origin| match origin {
        Origin::Unknown => "",
        Origin::Default => "default",
        Origin::Script => "script",
        Origin::CommandLine => "command line",
        Origin::Auto => "auto",
    };
    GroupView {
        name: group.name.clone(),
        entries: group.entries.iter().map(|e| (e.name.clone(), e.value.clone(), origin(e.origin))).collect(),
    }
}
