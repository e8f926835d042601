//! One word per pretext task of the pretext crate, made from what that crate says about it: a task that is added there is a
//! word here, with options, reference and example. One that is taught by somebody asks for him first, in a file of its own.

use std::sync::LazyLock;

use foretask_experiment::values::Task;
use foretask_pretext::{OptionInfo, TASKS, TaskInfo};
use rhai::Dynamic;

use super::word::no_options;
use super::{Call, Example, Kind, Param, Signature, Theme, Word, distill};
use crate::errors::CallError;
use crate::options;

const SIGNATURE: &[Signature] = &[Signature {
    on: None,
    params: &[Param { name: "options", kinds: &[Kind::Options], optional: true }],
    returns: Kind::Task,
}];

/// The words, in the order of the pretext crate.
pub(super) fn words() -> &'static [Word] {
    static WORDS: LazyLock<Vec<Word>> =
        LazyLock::new(|| TASKS.iter().filter(|info| info.name != distill::WORD).map(word).collect());
    &WORDS
}

fn word(info: &'static TaskInfo) -> Word {
    Word {
        name: info.name,
        theme: Theme::Tasks,
        summary: kept(capitalized(info.summary)),
        about: kept(format!("Kind of label: {}. {}.", info.family.words(), info.paper)),
        use_when: info.use_when,
        not_when: info.avoid_when,
        signatures: SIGNATURE,
        // [`Word::option_docs`] takes them from the same table.
        options: no_options,
        examples: Box::leak(examples(info).into_boxed_slice()),
        run: task,
    }
}

/// Summaries of words begin like sentences.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Words live as long as the program.
fn kept(text: String) -> &'static str {
    String::leak(text)
}

fn examples(info: &TaskInfo) -> Vec<Example> {
    let name = info.name;
    let mut examples =
        vec![Example { about: "with options that fit the images", script: kept(format!("let task = {name}();")) }];
    let telling = |option: &&OptionInfo| option.default != "\"auto\"";
    if let Some(option) = info.options.iter().find(telling).or(info.options.first()) {
        let script = format!("let task = {name}(#{{ {}: {} }});", option.name, option.default);
        examples.push(Example { about: "with an option written out, here as it is by default", script: kept(script) });
    }
    examples
}

fn task(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let task = options::parse_task(call.word.name, &call.map(0), 0, &call.word.option_docs())?;
    Ok(Dynamic::from(Task::from(task)))
}
