//! The tasks that a script puts together itself: `custom_task` and `multi_task`.

use foretask_experiment::values::{Encoder, Task};
use foretask_pretext::Task as Pretext;
use foretask_train::{Balance, TaskMix};
use rhai::{Array, Dynamic, FnPtr};
use serde::{Deserialize, Serialize};

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::custom::{Function, ScriptGenerator, Wanted};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "custom_task",
        theme: Theme::Tasks,
        summary: "Whatever label a function of your own makes out of an image",
        about: "The function is called with each image, brought to the size that the network takes, and with a random stream. It gives \
                `#{ input: image, label: class }`, or `#{ input: image, target: image or array of numbers }`, each with a `note` for the \
                preview if you like. It may use variables and functions of the script, but no words; `foretask words Image` and \
                `foretask words Rng` say what is there. It runs on the threads that make batches; the same seed gives the same \
                labels on any number of them. A changed function is another task: what it pretrained is not taken for this one's.",
        use_when: "you know something about your images that the other tasks do not use: a scale bar, a known symmetry, an order of things",
        not_when: "a task here does the same: it is faster, and its shortcuts are known. A label that a trace of your own editing gives \
                   away teaches nothing: look at `foretask preview` first",
        signatures: &[Signature {
            on: None,
            params: &[Param { name: "function", kinds: &[Kind::Function], optional: false }, OPTIONS],
            returns: Kind::Task,
        }],
        options: || {
            vec![
                OptionDoc::new(
                    "classes",
                    "whole number from 2, or array of names",
                    "none",
                    "what labels there are; needed for labels and only for them",
                ),
                OptionDoc::new("name", "text", "\"custom_task\"", "what messages call it"),
            ]
        },
        examples: &[
            Example {
                about: "by how many quarter turns was the image turned?",
                script: "let turned = |image, rng| {\n    let turn = rng.below(4);\n    #{ input: image.rotate90(turn), label: turn }\n};\n\
                         let task = custom_task(turned, #{ classes: 4 });",
            },
            Example {
                about: "how bright was it, before the light was changed? The target is a number",
                script: "let task = custom_task(|image, rng| #{ input: image * rng.uniform(0.5, 1.0), target: [image.mean()] });\n\
                         let pre = pretrain(net, task, data.unlabeled(), #{ budget: \"2m\" });",
            },
        ],
        run: custom_task,
    },
    Word {
        name: "multi_task",
        theme: Theme::Tasks,
        summary: "Several pretext tasks on one encoder, each with a head of its own",
        about: "Takes an array of tasks, or of pairs `[task, weight]`. Every step learns from all of them; the loss and accuracy of each \
                are shown apart. With `balance: \"gradient\"` their gradients are first brought to equal length in the encoder, so that \
                no task drowns another because its loss is measured in larger numbers.",
        use_when: "tasks teach different things: what is shown (`simclr`, `rotation`) and how it looks in detail (`super_resolution`)",
        not_when: "time is short: each step costs as much as all its tasks together",
        signatures: &[Signature {
            on: None,
            params: &[Param { name: "tasks", kinds: &[Kind::Array], optional: false }, OPTIONS],
            returns: Kind::Task,
        }],
        options: || {
            vec![OptionDoc::new(
                "balance",
                "\"weights\" or \"gradient\"",
                "\"weights\"",
                "whether losses are weighed as they are, or after bringing their gradients to equal length",
            )]
        },
        examples: &[
            Example {
                about: "two tasks, the second counts half",
                script: "let task = multi_task([[rotation(), 1.0], [super_resolution(), 0.5]]);",
            },
            Example {
                about: "so that none drowns the other",
                script: "let task = multi_task([rotation(), simclr()], #{ balance: \"gradient\" });",
            },
        ],
        run: multi_task,
    },
];

/// Number or names of the classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a whole number from 2, or an array of names")]
enum Classes {
    Count(usize),
    Names(Vec<String>),
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CustomOptions {
    classes: Option<Classes>,
    name: Option<String>,
}

/// The most classes: more are no classes but a mistake, such as a number of images.
const MOST_CLASSES: usize = 100_000;

impl Classes {
    fn names(self) -> Result<Vec<String>, String> {
        let names: Vec<String> = match self {
            Self::Count(count) if count > MOST_CLASSES => return Err(format!("{count} classes are too many")),
            Self::Count(count) => (0..count).map(|class| class.to_string()).collect(),
            Self::Names(names) => names,
        };
        if names.len() < 2 {
            return Err(format!("a label needs at least 2 classes to choose from, not {}", names.len()));
        }
        match names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            Some((_, twice)) => Err(format!("the class \"{twice}\" stands twice")),
            None => Ok(names),
        }
    }
}

fn custom_task(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options: CustomOptions = call.options(1)?;
    let wanted = match options.classes {
        Some(classes) => Wanted::Label(
            classes
                .names()
                .map_err(|message| CallError::input(message).at(Span::Value(1, vec!["classes".to_owned()])))?,
        ),
        None => Wanted::Target,
    };
    let pointer: FnPtr = call.value(0)?;
    let script = call.host.sources().get(&call.host.script.name);
    let Some((source, Some(ast))) = script else {
        return Err(CallError::failed("the script is not at hand"));
    };
    let function = Function::new(&pointer, source, ast, call.host.explainer).map_err(|fault| fault.argument(0))?;
    let name = options.name.unwrap_or_else(|| call.word.name.to_owned());
    let task = Pretext::Custom(ScriptGenerator::new(function, wanted).into_task(name));
    Ok(Dynamic::from(Task::from(task)))
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MultiOptions {
    balance: Weighing,
}

/// [`Balance`] as the script writes it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Weighing {
    #[default]
    Weights,
    Gradient,
}

fn multi_task(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options: MultiOptions = call.options(1)?;
    let balance = match options.balance {
        Weighing::Weights => Balance::Weights,
        Weighing::Gradient => Balance::Gradients,
    };
    let items: Array = call.value(0)?;
    if items.is_empty() {
        return Err(CallError::input("`multi_task` expects at least one task")
            .label("nothing in it")
            .help("write `multi_task([rotation(), simclr()])`")
            .argument(0));
    }
    let (mut tasks, mut teachers) = (Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        let (task, weight, taught_by) = weighted(item, at)?;
        tasks.push((task, weight));
        teachers.extend(taught_by);
    }
    Ok(Dynamic::from(Task { mix: TaskMix { tasks, balance, teachers: Vec::new() }, teachers }))
}

/// The task and weight of the list's item number `at`, and those who teach it.
fn weighted(item: &Dynamic, at: usize) -> Result<(Pretext, f64, Vec<Encoder>), CallError> {
    let here = |path: &[usize]| {
        let path = std::iter::once(at).chain(path.iter().copied());
        Span::Value(0, path.map(|index| index.to_string()).collect())
    };
    let item = item.flatten_clone();
    let Ok(pair) = item.as_array_ref() else {
        let (task, teachers) = single(&item, here(&[]))?;
        return Ok((task, 1.0, teachers));
    };
    let form = "write `[task, weight]`, such as `[rotation(), 0.5]`";
    let [task, weight] = pair.as_slice() else {
        return Err(CallError::input(format!(
            "an array inside of `multi_task` is a pair of task and weight, this one has length {}",
            pair.len()
        ))
        .help(form)
        .at(here(&[])));
    };
    let (task, teachers) = single(task, here(&[0]))?;
    let Ok(number) = weight.as_float().or_else(|_| weight.as_int().map(|whole| whole as f64)) else {
        return Err(CallError::input(format!("a weight is a number, not {}", Kind::of(weight)))
            .help(form)
            .at(here(&[1])));
    };
    if !(number > 0.0 && number.is_finite()) {
        return Err(CallError::input(format!("a weight must be above 0, not {number}"))
            .label("out of range")
            .help("leave a task out that is not to count")
            .at(here(&[1])));
    }
    Ok((task, number, teachers))
}

fn single(value: &Dynamic, here: Span) -> Result<(Pretext, Vec<Encoder>), CallError> {
    let Some(task) = value.clone().try_cast::<Task>() else {
        return Err(CallError::input(format!("`multi_task` expects tasks, not {}", Kind::of(value)))
            .label("not a task")
            .help("write `multi_task([[rotation(), 1.0], [simclr(), 0.5]])`")
            .at(here));
    };
    let (mut tasks, teachers) = (task.mix.tasks, task.teachers);
    match (tasks.pop(), tasks.is_empty()) {
        (Some((task, _)), true) => Ok((task, teachers)),
        _ => Err(CallError::input("a `multi_task` cannot be part of another")
            .label("several tasks already")
            .help("put all tasks into one list")
            .at(here)),
    }
}
