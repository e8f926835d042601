//! `pick_task`: which pretext task suits these images and labels.

use foretask_experiment::stages::{PickOptions, PickTask};
use foretask_experiment::values::{Dataset, Task};
use rhai::{Array, Dynamic, Map};

use super::{Call, Example, Kind, Param, Signature, Theme, Word, held_out};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

pub(super) static WORDS: &[Word] = &[Word {
    name: "pick_task",
    theme: Theme::Training,
    summary: "Races pretext tasks on the labeled few, dropping the weaker half in each rung, and says which to use and why",
    about: "In each rung every task that is left pretrains the network; a linear probe on the frozen features is cross-validated on the \
            few labels, the same parts for all; the better half goes on with more steps, until two are left and one wins (successive \
            halving, Jamieson and Talwalkar 2016). No test image is touched. Each rung pretrains from the beginning, as `pretrain` \
            with so many steps does, and shares its stages: the winner's encoder is one you could have trained by yourself. A time \
            budget is for the whole race, each rung taking an equal part; the steps that fit are measured in the first rung. Intervals are \
            over the labeled images; with a hundred of them differences below some 5 points are often within noise, and it says so.",
    use_when: "you do not know which pretext task suits your images, and have at least two labels a class",
    not_when: "you want all of them measured on a test set: `scripts/compare_pretext.rhai`",
    signatures: &[Signature {
        on: None,
        params: &[
            Param { name: "start", kinds: &[Kind::Network, Kind::Encoder], optional: false },
            Param { name: "images", kinds: &[Kind::Dataset], optional: false },
            Param { name: "few", kinds: &[Kind::Dataset], optional: false },
            Param { name: "tasks", kinds: &[Kind::Array, Kind::Map], optional: false },
            Param { name: "options", kinds: &[Kind::Options], optional: true },
        ],
        returns: Kind::Picked,
    }],
    options,
    examples: &[
        Example {
            about: "which of three, in ten minutes?",
            script: "let few = data.split(\"train\").per_class(10);\n\
                     let picked = pick_task(net, data.unlabeled(), few, [simclr(), rotation(), denoising()], #{ budget: \"10m\" });\n\
                     print(picked);\n\
                     let ours = finetune(picked.encoder, few);",
        },
        Example {
            about: "options of one task, by names",
            script: "let few = data.split(\"train\").per_class(10);\n\
                     let tasks = #{ cool: simclr(#{ temperature: 0.1 }), warm: simclr(#{ temperature: 0.5 }) };\n\
                     print(pick_task(net, data.unlabeled(), few, tasks, #{ steps: 300 }).name);",
        },
    ],
    run: pick_task,
}];

fn options() -> Vec<OptionDoc> {
    let defaults = PickOptions::default();
    let [folds, repeats] = held_out::parts(defaults.folds, defaults.repeats);
    vec![
        OptionDoc::new(
            "budget",
            "time: \"90s\", \"10m\", \"1h30m\"",
            "\"10m\" if no length is given",
            "length: for pretraining in the whole race",
        ),
        OptionDoc::new(
            "steps",
            "whole number from 1",
            "-",
            "length: updates of the weights in the last rung; each rung before has half as many",
        ),
        folds,
        repeats,
        OptionDoc::new(
            "seed",
            "whole number",
            "the script's seed",
            "decides the parts and every random choice of pretraining",
        ),
        OptionDoc::new("pretrain", "object map", "#{}", "further options of `pretrain`, the same for all tasks"),
    ]
}

fn pick_task(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let mut options: PickOptions = call.options(4)?;
    let written = call.map(4);
    let within = |option: &str| Span::Value(4, vec![option.to_owned()]);
    if !written.contains_key("seed") {
        options.seed = call.experiment().seed();
    }
    let nested = written.get("pretrain").and_then(|map| map.clone().try_cast::<Map>()).unwrap_or_default();
    if let Some(length) = ["budget", "epochs", "steps"].into_iter().find(|&length| nested.contains_key(length)) {
        return Err(CallError::input("the race decides how long each task pretrains")
            .help("write `budget` or `steps` beside `pretrain`, not inside of it")
            .at(Span::Key(4, vec!["pretrain".into(), length.into()])));
    }
    if !nested.contains_key("seed") {
        options.pretrain.seed = options.seed;
    }
    if !nested.contains_key("on_collapse") {
        // A task whose features collapse loses the race; it does not end it.
        options.pretrain.on_collapse = foretask_train::OnCollapse::Warn;
    }
    options.check().map_err(|(option, message)| CallError::input(message).at(within(option)))?;
    options.pretrain.validate().map_err(|error| {
        let fault = CallError::from(error);
        match fault.option.clone().filter(|option| nested.contains_key(option.as_str())) {
            Some(option) => fault.at(Span::Value(4, vec!["pretrain".into(), option])),
            None => fault,
        }
    })?;
    let (images, few): (Dataset, Dataset) = (call.value(1)?, call.value(2)?);
    let start = call.start()?;
    let tasks = tasks(call)?;
    Ok(Dynamic::from(PickTask { start, images, few, tasks, options }.run(call.experiment())?))
}

/// The tasks with their names; several of one word are numbered.
fn tasks(call: &Call<'_>) -> Result<Vec<(String, Task)>, CallError> {
    let task = |value: Dynamic, at: String| {
        let found = Kind::of(&value);
        value.try_cast::<Task>().ok_or_else(|| {
            CallError::input(format!("`pick_task` races tasks, and this is {found}"))
                .label("not a task")
                .help("write its word with parentheses: `simclr()`")
                .at(Span::Value(3, vec![at]))
        })
    };
    let mut tasks: Vec<(String, Task)> = Vec::new();
    if let Some(array) = call.maybe::<Array>(3) {
        for (index, value) in array.into_iter().enumerate() {
            let task = task(value, index.to_string())?;
            let name = task.mix.name();
            let alike = tasks.iter().filter(|(_, other)| other.mix.name() == name).count();
            tasks.push((if alike == 0 { name } else { format!("{name} {}", alike + 1) }, task));
        }
    } else {
        for (name, value) in call.map(3) {
            tasks.push((name.to_string(), task(value, name.to_string())?));
        }
    }
    match tasks.len() {
        0 => Err(CallError::input("there is no task to pick from")
            .help("give two or more: `[simclr(), rotation()]`")
            .argument(3)),
        1 => Err(CallError::input("one task alone needs no race")
            .help("give two or more, or pretrain with it: `pretrain(net, task, images)`")
            .argument(3)),
        _ => Ok(tasks),
    }
}
