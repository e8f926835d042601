//! One function per verb; everything of substance happens in `foretask_experiment`, and in `foretask_script` where a script is read.

mod clean;
mod data;
mod example;
mod label;
mod machine;
mod models;
mod pack;
mod published;
mod repl;
mod runs;
mod scans;
mod script;
mod words;

use crate::out;
use foretask_experiment::tools::{Answering, ImportRequest, PackRequest};
use foretask_script::Error;

use crate::args::Verb;

/// Does what the command line asks.
pub(crate) fn dispatch(verb: Verb) -> Result<(), Error> {
    scans::watch()?;
    match verb {
        Verb::Run { script, common, ranks } => script::run(&script, common, ranks),
        Verb::Check { script, common, json } => script::check(&script, common, json),
        Verb::Preview { script, common, task, images, seed, output, pictures, replace } => {
            let request = foretask_script::PreviewRequest { task, images, seed, output, overwrite: replace.force };
            script::preview(&script, common, &request, pictures)
        }
        Verb::Repl { common } => repl::repl(common),
        Verb::New(arguments) => script::new(&arguments),
        Verb::Describe { dataset, deep, json } => data::describe(&dataset, deep, json),
        Verb::Import { source, output, format, split, per_class, seed, class_names, paths, bad, replace } => {
            let (on_bad_image, max_bad_fraction) = (Some(bad.on_bad_image), bad.max_bad_fraction);
            let request = ImportRequest {
                format,
                split,
                per_class,
                seed,
                class_names,
                paths,
                on_bad_image,
                max_bad_fraction,
                overwrite: replace.force,
            };
            data::import(&source, &output, request)
        }
        Verb::Pack { source, output, max_side, quality, shard_size, format, split, class_names, bad } => {
            let (on_bad_image, max_bad_fraction) = (Some(bad.on_bad_image), bad.max_bad_fraction);
            let import =
                ImportRequest { format, split, class_names, on_bad_image, max_bad_fraction, ..Default::default() };
            let (quality, shard_size) = (Some(quality), Some(shard_size));
            pack::pack(&source, &output, PackRequest { import, max_side, quality, shard_size })
        }
        Verb::Predict { model, images, table, fit, device } => {
            models::predict(&model, &images, &table.into(), &Answering { device: device.as_deref(), fit })
        }
        Verb::Embed { model, images, table, fit, device } => {
            models::embed(&model, &images, &table.into(), &Answering { device: device.as_deref(), fit })
        }
        Verb::Export(arguments) => models::export(&arguments),
        Verb::Label(arguments) => label::label(arguments),
        Verb::Labels(arguments) => label::labels(&arguments),
        Verb::Models(arguments) => published::models(arguments),
        Verb::Runs { script, out, json } => runs::list(&out, script.as_deref(), json),
        Verb::Report(arguments) => runs::report(&arguments),
        Verb::Clean(arguments) => clean::clean(&arguments),
        Verb::Devices { json } => machine::devices(json),
        Verb::Doctor { json } => machine::doctor(json),
        Verb::Words { name, markdown } => words::words(name.as_deref(), markdown),
        Verb::Completions { shell } => {
            words::completions(shell);
            Ok(())
        }
        Verb::Man { output } => words::manual(&output),
    }
}

/// Prints any result as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::failed(error.to_string(), None))?;
    out::json(&text);
    Ok(())
}
