//! `preview`: a sheet of pictures that shows what a task asks.

use foretask_experiment::PlannedPreview;
use foretask_experiment::preview::{named, resolve, write_sheet};
use foretask_experiment::values::{Dataset, Task};
use foretask_experiment::{Progress, Role};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::{Call, Example, Kind, Param, Signature, Theme, Word, output};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

pub(super) static WORDS: &[Word] = &[Word {
    name: "preview",
    theme: Theme::Report,
    summary: "Writes a picture sheet: what goes into the network, and the label made for it",
    about: "With the random choices in words. `foretask preview SCRIPT` does this for every task of a script without running it.",
    use_when: "you choose a task or its options: a task you cannot solve by looking teaches little",
    not_when: "",
    signatures: &[Signature {
        on: None,
        params: &[
            Param { name: "task", kinds: &[Kind::Task], optional: false },
            Param { name: "images", kinds: &[Kind::Dataset], optional: false },
            Param { name: "path", kinds: &[Kind::Text], optional: false },
            Param { name: "options", kinds: &[Kind::Options], optional: true },
        ],
        returns: Kind::Text,
    }],
    options: || {
        vec![
            OptionDoc::new("images", "whole number from 1 to 100", "8", "how many images are shown"),
            OptionDoc::new(
                "seed",
                "whole number",
                "the script's seed",
                "decides which images, and every random choice",
            ),
            output::overwrite_doc(),
        ]
    },
    examples: &[Example {
        about: "what does rotation ask?",
        script: "preview(rotation(), data.unlabeled(), \"rotation.png\", #{ images: 4 });",
    }],
    run: preview,
}];

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    images: usize,
    seed: Option<u64>,
    overwrite: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { images: 8, seed: None, overwrite: false }
    }
}

fn preview(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let (task, data): (Task, Dataset) = (call.value(0)?, call.value(1)?);
    let text = call.text(2)?;
    let options: Options = call.options(3)?;
    if !(1..=100).contains(&options.images) {
        return Err(CallError::input("`images` must be from 1 to 100").at(Span::Value(3, vec!["images".into()])));
    }
    let at = Span::Argument(2);
    let path = output::path(call, &text, &at, &["png"])?;
    let view = data.single("preview", Role::Images)?;
    let several = task.mix.tasks.len() > 1;
    let pool = call.experiment().survey(&data, view)?;
    for (index, (task, _)) in task.met(&pool)?.tasks.into_iter().enumerate() {
        let path = if several { named(&path, index + 1, task.name()) } else { path.clone() };
        let planned = PlannedPreview { task, data: data.clone(), image_size: None };
        // Resolving refuses what cannot work; nothing is drawn while planning.
        resolve(call.experiment(), &planned)?;
        let file = output::file(path, options.overwrite, &at)?;
        if !call.experiment().planning() {
            let seed = options.seed.unwrap_or_else(|| call.experiment().seed());
            write_sheet(call.experiment(), &planned, options.images, seed, &file)?;
            call.experiment().emit(Progress::Wrote { what: "Preview".into(), path: file.path().to_path_buf() });
        }
    }
    Ok(Dynamic::from(text))
}
