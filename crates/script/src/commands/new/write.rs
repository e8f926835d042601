//! The script's text.

use std::fmt::Write as _;
use std::path::Path;

use foretask_experiment::thousands;

use super::survey::{DatasetSurvey, HeldOut, Labels, one_line};

/// Fewer images than this tell too little apart for views to be compared with each other.
const COMPARABLE: usize = 64;
/// Labels of a class that a first experiment pretends to have, where there are more.
const FEW: usize = 10;
/// From so many images on, labels have somewhere to spread to.
const SPREADABLE: usize = 200;
/// Images that a person labels in one session; of fewer images, at most half.
const SITTING: usize = 50;
/// Images up to this side keep it; larger ones are reduced to it by `pretrain`.
const KEPT_SIDE: usize = 128;

/// A script for what was found; `path` is where it will stand.
pub(super) fn script(survey: &DatasetSurvey, path: &Path) -> String {
    let mut text = head(survey, path);
    let name = path.file_stem().map_or_else(|| "photos".into(), |stem| stem.to_string_lossy().into_owned());
    match &survey.labels {
        Labels::None(_) => without_labels(&mut text, survey, &name),
        Labels::Scarce => scarce(&mut text, survey, &name),
        Labels::Measurable(held) => measurable(&mut text, survey, held, &name),
    }
    text
}

/// Adds a line; writing into a string cannot fail.
macro_rules! line {
    ($text:expr) => { $text.push('\n') };
    ($text:expr, $($part:tt)*) => {{ let _ = writeln!($text, $($part)*); }};
}

fn head(survey: &DatasetSurvey, path: &Path) -> String {
    let mut text = String::new();
    let path = one_line(&path.display().to_string());
    line!(
        text,
        "// What can the images in {} teach a network? Written by `foretask new`; change what you like.",
        one_line(&survey.folder.display().to_string())
    );
    line!(text, "//");
    line!(text, "//   foretask check {path}                        what it will do, without doing it");
    line!(text, "//   foretask preview {path}                      the pretext task as a sheet of pictures");
    line!(text, "//   foretask run {path} --set quick=true         whether it runs, in little time");
    line!(text, "//   foretask run {path}                          in earnest; run it again and it resumes");
    line!(text, "//");
    for found in survey.in_words() {
        line!(text, "// Found: {}.", one_line(&found));
    }
    line!(text);
    let options = if survey.bad.is_empty() {
        String::new()
    } else {
        line!(
            text,
            "// Images that cannot be read are left out and listed in the report; more than this share is an error."
        );
        format!("max_bad_fraction: {}", tolerance(survey))
    };
    let labels = survey.table.as_ref().map(|table| format!("labels: \"{}\"", quoted(&table.display().to_string())));
    let options = [labels.unwrap_or_default(), options].into_iter().filter(|option| !option.is_empty());
    let options = options.collect::<Vec<_>>().join(", ");
    let options = if options.is_empty() { options } else { format!(", #{{ {options} }}") };
    line!(text, "let data = dataset(\"{}\"{options});", quoted(&survey.folder.display().to_string()));
    line!(text);
    text
}

/// Twice the share of bad images that were seen, in tenths.
fn tolerance(survey: &DatasetSurvey) -> f64 {
    let seen = survey.bad.len() as f64 / survey.looked_at.max(1) as f64;
    ((20.0 * seen).ceil() + 1.0).clamp(1.0, 10.0) / 10.0
}

/// The encoder, loaded where it was saved before; what it is called.
fn encoder(text: &mut String, survey: &DatasetSurvey, pool: &str) -> &'static str {
    let Some(saved) = &survey.encoder else {
        pretraining(text, survey, pool);
        return "pre.encoder";
    };
    line!(
        text,
        "// The network, and what it learned from all of these images when there were no labels yet. It has seen those to measure"
    );
    line!(
        text,
        "// on, too, without labels; the report says so. To leave them out, pretrain anew: `foretask words pretrain`."
    );
    line!(text, "let net = resnet10(#{{ width: 16 }});");
    line!(text, "let encoder = load_encoder(\"{}\");", quoted(&saved.display().to_string()));
    line!(text, "let quick = param(\"quick\", false);");
    line!(text);
    "encoder"
}

/// The network, the task and the pretraining on `pool`, with their reasons.
fn pretraining(text: &mut String, survey: &DatasetSurvey, pool: &str) {
    let large = survey.smallest > KEPT_SIDE;
    line!(text, "// A small network, quick on any CPU; with a GPU or hours of time take width 64, or `resnet18`.");
    line!(text, "let net = resnet10(#{{ width: 16 }});");
    line!(text);
    if large {
        line!(
            text,
            "// The images are brought to squares of {KEPT_SIDE} pixels: enough to tell things apart, and quick. If what matters is small,"
        );
        line!(text, "// give `image_size: 224` to `pretrain` (three times the time an image).");
    } else if survey.size.is_none() {
        line!(
            text,
            "// The images differ in size: they are brought to squares of the shorter side that 9 of 10 have (32 to 128 pixels)."
        );
    }
    if survey.rows < COMPARABLE {
        line!(
            text,
            "// The pretext task. With {} images there is too little to tell apart by views (`simclr`, the first choice from some",
            survey.rows
        );
        line!(
            text,
            "// hundreds on), so the network finds out which way up they are. If they look alike whichever way up: `jigsaw()`."
        );
        line!(text, "let task = rotation();");
    } else {
        line!(
            text,
            "// The pretext task: two altered views of an image are to lie close together, far from all other images. Of all tasks it gave the"
        );
        line!(
            text,
            "// best features for few labels, on gray and on color images. If your things have an upright position, `rotation()` is as good"
        );
        line!(text, "// after fine-tuning and half as dear; `foretask words simclr` says when not to take it.");
        line!(text, "let task = simclr();");
    }
    line!(text);
    line!(
        text,
        "// A time budget is turned into a fixed number of steps at first, so that running again gives the same."
    );
    line!(text, "let quick = param(\"quick\", false);");
    line!(
        text,
        "let length = if quick {{ #{{ steps: 4 }} }} else {{ #{{ budget: param(\"budget\", \"{}\") }} }};",
        budget(survey)
    );
    line!(text, "let pre = pretrain(net, task, {pool}, length);");
    line!(text);
}

/// Minutes that a CPU needs to go over the images a few dozen times, roughly.
fn budget(survey: &DatasetSurvey) -> &'static str {
    let large = survey.smallest > 64;
    match (survey.rows, large) {
        (..2000, false) => "2m",
        (..2000, true) | (2000..20_000, false) => "5m",
        (2000..20_000, true) | (20_000.., false) => "15m",
        (20_000.., true) => "30m",
    }
}

/// Labels on a second look: training is short only when a first impression is wanted.
fn training(text: &mut String) {
    line!(text, "let training = if quick {{ #{{ steps: 20 }} }} else {{ #{{}} }};");
}

fn without_labels(text: &mut String, survey: &DatasetSurvey, name: &str) {
    if let Labels::None(Some(class)) = &survey.labels {
        line!(text, "// All labels say \"{}\", so there is nothing to learn from them.", one_line(class));
        line!(text);
    }
    pretraining(text, survey, "data.unlabeled()");
    line!(
        text,
        "// What the network has learned, for other programs and later scripts: its weights, and a vector for each image, by which like"
    );
    line!(text, "// images lie close together (search, clustering, plots).");
    line!(text, "pre.encoder.save(\"{}-encoder.safetensors\");", quoted(name));
    line!(text, "pre.encoder.embed(data.unlabeled(), \"{}-features.parquet\");", quoted(name));
    line!(text);
    line!(
        text,
        "// How to go on: the images whose labels help most are chosen here, far apart from each other and each like many others. The sheet"
    );
    line!(
        text,
        "// shows them, the table lists them with an empty column `label`: fill it in with any spreadsheet, ten of each class are a good"
    );
    let (count, chosen) = (images_per_session(survey), quoted(name));
    line!(
        text,
        "// start; run again, this script keeps every label in it. Then this writes a script that learns from them, with this encoder:"
    );
    let folder = one_line(&survey.folder.display().to_string());
    line!(text, "//   foretask new {folder} --labels {chosen}-to-label.csv");
    line!(text, "label_next(pre.encoder, data.unlabeled(), #{{");
    line!(text, "    n: {count},");
    line!(text, "    manifest: \"{chosen}-to-label.csv\",");
    line!(text, "    sheet: \"{chosen}-to-label.png\",");
    line!(text, "}});");
}

/// How many images to label next.
fn images_per_session(survey: &DatasetSurvey) -> usize {
    SITTING.min(survey.rows / 2).max(1)
}

fn scarce(text: &mut String, survey: &DatasetSurvey, name: &str) {
    line!(
        text,
        "// Some class has a single labeled image, so none can be held out to measure on: label at least two of each."
    );
    line!(text, "let few  = data.labeled();");
    line!(text, "let pool = data.unlabeled();");
    line!(text);
    let encoder = encoder(text, survey, "pool");
    line!(text, "// Logistic regression on the features is what so few labels allow.");
    line!(text, "let ours = linear_probe({encoder}, few);");
    rest(text, survey, name, "ours");
}

/// Sets the images to measure on apart; the images to pretrain on.
fn set_apart(text: &mut String, held: &HeldOut) -> String {
    match held {
        HeldOut::Split { test, train } => {
            line!(text, "// Nothing ever learns from the images to measure on.");
            line!(text, "let test  = data.split(\"{}\").labeled();", quoted(test));
            if let Some(train) = train {
                line!(text, "let known = data.split(\"{}\").labeled();", quoted(train));
            } else {
                let test = test.replace('\'', "''");
                line!(text, "let known = data.filter(\"split IS NULL OR split <> '{}'\").labeled();", quoted(&test));
            }
            // Evaluation splits are left out by itself.
            "data.unlabeled()".to_owned()
        }
        HeldOut::Share { share, seed } => {
            line!(
                text,
                "// There are no test images: a part of the labeled ones is kept aside, and nothing ever learns from it. What an image shows"
            );
            line!(text, "// decides whether it belongs there, so that images you add later move nobody.");
            line!(text, "let test  = data.labeled().holdout({share:?}, #{{ seed: {seed} }});");
            line!(text, "let known = data.labeled().without(test);");
            "data.without(test).unlabeled()".to_owned()
        }
    }
}

fn measurable(text: &mut String, survey: &DatasetSurvey, held: &HeldOut, name: &str) {
    let pool = set_apart(text, held);
    line!(text);
    let some = survey.labeled < survey.rows;
    if some && survey.fewest <= 3 * FEW {
        line!(text, "// All the labels there are.");
        line!(text, "let few = known;");
    } else {
        let n = survey.fewest.min(FEW);
        let drawn = if n < survey.fewest { 3 } else { 1 };
        line!(
            text,
            "// The labels we pretend to have: {n} of each class{}.",
            if drawn > 1 { ", drawn three times to see how much luck matters" } else { "" }
        );
        line!(text, "// `--set labels={}` asks how far more of them go.", survey.fewest);
        line!(
            text,
            "let few = known.per_class(param(\"labels\", {n}), #{{ seed: 1, draws: param(\"draws\", {drawn}) }});"
        );
    }
    line!(text);
    line!(text, "// The images without their labels, and without those to measure on.");
    line!(text, "let pool = {pool};");
    line!(text);
    let encoder = encoder(text, survey, "pool");
    line!(
        text,
        "// The same labels teach each network: the pretrained one, and one that starts from nothing, trained to convergence."
    );
    training(text);
    line!(text, "let ours    = finetune({encoder}, few, training);");
    line!(text, "let probe   = linear_probe({encoder}, few);");
    line!(text, "let scratch = finetune(net, few, training);");
    let spread = survey.rows >= SPREADABLE;
    if spread {
        line!(text);
        line!(
            text,
            "// The unlabeled images can help twice: the labels spread to their neighbors among them. With small images and some minutes,"
        );
        line!(text, "// `self_train({encoder}, few, pool)` goes on from there.");
        line!(text, "let spread  = spread_labels({encoder}, few, pool);");
    }
    line!(text);
    line!(
        text,
        "// The report adds the baselines that are missing. The result that counts is named before anybody looks."
    );
    line!(text, "report(\"{}\", #{{", quoted(name));
    line!(text, "    finetuned: ours.evaluate(test),");
    line!(text, "    probe: probe.evaluate(test),");
    if spread {
        line!(text, "    spread: spread.evaluate(test),");
    }
    line!(text, "    scratch: scratch.evaluate(test),");
    line!(text, "}}, #{{ headline: \"finetuned\" }});");
    if some {
        rest(text, survey, name, &format!("linear_probe({encoder}, known)"));
    } else {
        line!(text);
        line!(text, "// The classifiers are in the run's folder, in weights/, and need nothing else:");
        line!(text, "//   foretask predict {}.safetensors new-images/ -o labels.csv", quoted(name));
        line!(text, "ours.save(\"{}.safetensors\");", quoted(name));
    }
}

/// Labels for the images that have none; `knows` is a classifier that learned from every label there is to learn from.
fn rest(text: &mut String, survey: &DatasetSurvey, name: &str, knows: &str) {
    let without = survey.rows - survey.labeled;
    line!(text);
    line!(
        text,
        "// The classifier for new images, which needs nothing else (`foretask predict {}.safetensors new-images/ -o labels.csv`),",
        quoted(name)
    );
    line!(
        text,
        "// and labels for the {} images that have none, with their confidence and whether they are unlike anything labeled.",
        thousands(without as u64)
    );
    line!(text, "ours.save(\"{}.safetensors\");", quoted(name));
    if without > 0 {
        line!(text, "ours.predict(data.filter(\"label IS NULL\").unlabeled(), \"{}-labels.csv\");", quoted(name));
        line!(text);
        line!(text, "// Which images to label next, so that the classifier gains most:");
        line!(text, "//   label_next({knows}, data.filter(\"label IS NULL\").unlabeled(), #{{");
        line!(
            text,
            "//       n: {}, manifest: \"{1}-to-label.csv\", sheet: \"{1}-to-label.png\" }});",
            SITTING.min(without.div_ceil(2)),
            quoted(name)
        );
    }
}

/// Inside the quotes of a script.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        let alone = c.to_string();
        match c {
            '\\' | '"' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            _ if one_line(&alone) == alone => out.push(c),
            _ => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_quotes_or_comments() {
        assert_eq!(quoted(r#"a"b\c"#), r#"a\"b\\c"#);
        assert_eq!(one_line("a\nlet x = 1\r\u{1b}[2J\u{202e}\u{2028}"), r"a\nlet x = 1\r\u{1b}[2J\u{202e}\u{2028}");
        let text = "a\nb\r\t\u{1b}\u{202e}\u{2028}\"\\ä👩\u{9b}";
        assert!(!quoted(text).contains(['\n', '\r', '\t', '\u{1b}', '\u{202e}', '\u{2028}', '\u{9b}']));
        assert_eq!(rhai::Engine::new().eval::<String>(&format!("\"{}\"", quoted(text))).unwrap(), text);
    }
}
