//! `report`: the table, the page, and the baselines that nobody may leave out by accident.

use foretask_experiment::report::{self, ReportOptions, Reported};
use foretask_experiment::values::{Dataset, Encoder, EncoderSource, Evaluation, FoundIssues, LabelCurve, Pretrained};
use rhai::Dynamic;

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

pub(super) static WORDS: &[Word] = &[Word {
    name: "report",
    theme: Theme::Report,
    summary: "Prints the table of results and writes report.html with everything behind it",
    about: "Takes an object map of evaluations, label curves, what `pretrain` and what `find_issues` gave, by name. What is missing among the baselines is added and measured with the same \
            label draws: the same network from scratch, trained to convergence; a frozen random encoder; raw pixels. Results with the \
            same draws are compared pairwise. Evaluation images that are also in the pretraining images or the labeled few are \
            reported loudly. All results must be on the same images.\n\n\
            Without labels there is no accuracy, but there is a report: for `#{ pre: pre }` the page shows how the pretraining went and \
            how healthy its features are, what the task asked and what the network answered, a map of the images it learned from, \
            and for some of them their nearest neighbors.",
    use_when: "always at the end: numbers without baselines say little",
    not_when: "you only want a number on the screen: `print(result)`",
    signatures: &[Signature {
        on: None,
        params: &[
            Param { name: "title", kinds: &[Kind::Text], optional: false },
            Param { name: "results", kinds: &[Kind::Map], optional: false },
            Param { name: "options", kinds: &[Kind::Options], optional: true },
        ],
        returns: Kind::Text,
    }],
    options: || {
        vec![
            OptionDoc::new("baselines", "true or false", "true", "add the baselines that are missing"),
            OptionDoc::new(
                "leakage",
                "\"warn\" or \"error\"",
                "\"warn\"",
                "what to do about evaluation images among those learned from",
            ),
            OptionDoc::new("headline", "text", "the best pretrained result", "the result that the verdict is about"),
        ]
    },
    examples: &[
        Example {
            about: "did pretraining help?",
            script: "let ours = finetune(encoder, few);\nreport(\"clothes\", #{ pretrained: ours.evaluate(test) });",
        },
        Example {
            about: "no label yet: what did the network learn?",
            script: "let pre = pretrain(net, simclr(), data.unlabeled());\nreport(\"first look\", #{ pre: pre });",
        },
        Example {
            about: "strict, and without added baselines",
            script: "report(\"probe\", #{ probe: linear_probe(encoder, few).evaluate(test) }, #{ baselines: false, leakage: \"error\" });",
        },
    ],
    run: report,
}];

fn report(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let title = call.text(0)?;
    if title.trim().is_empty() {
        return Err(CallError::input("a report needs a title").argument(0));
    }
    let options: ReportOptions = call.options(2)?;
    let mut given = Reported::default();
    let mut measured: Option<(String, String)> = None;
    for (name, value) in call.map(1) {
        let at = Span::Value(1, vec![name.to_string()]);
        let name = name.to_string();
        let Some(test) = take(&mut given, &name, value).map_err(|fault| fault.at(at.clone()))? else { continue };
        let fingerprint = test.views[0].fingerprint()?;
        let (first, other) = measured.get_or_insert_with(|| (name.clone(), fingerprint.clone()));
        if *other != fingerprint {
            return Err(CallError::input(format!("`{name}` and `{first}` were measured on different images"))
                .label("measured elsewhere")
                .help("evaluate all results of one report on the same images")
                .at(at));
        }
    }
    if given.is_empty() {
        return Err(CallError::input("there is nothing to report")
            .help("give results by name: `#{ pretrained: ours.evaluate(test) }`, or without labels `#{ pre: pre }`")
            .argument(1));
    }
    if let Some(headline) = &options.headline
        && !given.results.iter().any(|(name, _)| name == headline)
    {
        let names: Vec<&str> = given.results.iter().map(|(name, _)| name.as_str()).collect();
        return Err(CallError::input(format!("there is no result `{headline}`"))
            .maybe_help(crate::errors::did_you_mean(headline, &names, "results"))
            .at(Span::Value(2, vec!["headline".into()])));
    }
    let path = report::write_report(call.experiment(), &title, given, &options)?;
    Ok(Dynamic::from(path.map_or_else(String::new, |path| path.display().to_string())))
}

/// Takes in a value of the map; gives the images it was measured on, if it was.
fn take(given: &mut Reported, name: &str, value: Dynamic) -> Result<Option<Dataset>, CallError> {
    let found = Kind::of(&value);
    if let Some(evaluation) = value.clone().try_cast::<Evaluation>() {
        let test = evaluation.test.clone();
        given.results.push((name.to_owned(), evaluation));
        return Ok(Some(test));
    }
    if let Some(curve) = value.clone().try_cast::<LabelCurve>() {
        // A curve has at least one point.
        let test = curve.evaluations.first().map(|(_, first)| first.test.clone());
        given.curves.push((name.to_owned(), curve));
        return Ok(test);
    }
    if let Some(stage) = value.clone().try_cast::<Pretrained>() {
        given.pretrained.push((name.to_owned(), stage));
        return Ok(None);
    }
    if let Some(issues) = value.clone().try_cast::<FoundIssues>() {
        given.issues.push((name.to_owned(), issues));
        return Ok(None);
    }
    match value.try_cast::<Encoder>().map(|encoder| encoder.source) {
        Some(EncoderSource::Pretrained(stage)) => {
            given.pretrained.push((name.to_owned(), stage));
            Ok(None)
        }
        Some(EncoderSource::File { .. } | EncoderSource::Random { .. }) => Err(CallError::input(format!(
            "`{name}` was not pretrained in this script, so there are no images to show it by"
        ))
        .label("an encoder without images")
        .help("report what `pretrain` gave, or an evaluation: `linear_probe(encoder, few).evaluate(test)`")),
        None => Err(CallError::input(format!(
            "`report` takes evaluations, curves, what `pretrain` or `find_issues` gave, and `{name}` is {found}"
        ))
        .label("nothing to report")
        .help("write `.evaluate(test)` after a classifier")),
    }
}
