//! One function per verb; everything of substance happens in `foretask_script`.

mod data;
mod machine;
mod models;
mod pack;
mod repl;
mod runs;
mod script;
mod words;

use foretask_script::Error;

use crate::args::Verb;

/// Does what the command line asks.
pub(crate) fn dispatch(verb: Verb) -> Result<(), Error> {
    match verb {
        Verb::Run { script, common } => script::run(&script, common),
        Verb::Check { script, common, json } => script::check(&script, common, json),
        Verb::Preview { script, common, task, images, seed, output, pictures } => {
            script::preview(&script, common, &foretask_script::PreviewRequest { task, images, seed, output }, pictures)
        }
        Verb::Repl { common } => repl::repl(common),
        Verb::New { folder, output, force } => script::new(&folder, output.as_deref(), force),
        Verb::Describe { dataset, json } => data::describe(&dataset, json),
        Verb::Import { source, output, format, split, per_class, seed, class_names, paths } => {
            let request = foretask_script::ImportRequest { format, split, per_class, seed, class_names, paths };
            data::import(&source, &output, request)
        }
        Verb::Pack { source, output, max_side, quality, shard_size, format, split, class_names } => {
            let import = foretask_script::ImportRequest { format, split, class_names, ..Default::default() };
            let (quality, shard_size) = (Some(quality), Some(shard_size));
            pack::pack(&source, &output, foretask_script::PackRequest { import, max_side, quality, shard_size })
        }
        Verb::Predict { model, images, output, device } => models::predict(&model, &images, &output, device.as_deref()),
        Verb::Embed { model, images, output, device } => models::embed(&model, &images, &output, device.as_deref()),
        Verb::Export { model, output } => models::export(&model, &output),
        Verb::Runs { script, out, json } => runs::list(&out, script.as_deref(), json),
        Verb::Report { runs, output } => runs::report(&runs, &output),
        Verb::Devices { json } => machine::devices(json),
        Verb::Doctor { json } => machine::doctor(json),
        Verb::Words { name, markdown } => words::words(name.as_deref(), markdown),
        Verb::Completions { shell } => {
            words::completions(shell);
            Ok(())
        }
    }
}

/// Prints any result as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::failed(error.to_string(), None))?;
    println!("{text}");
    Ok(())
}
