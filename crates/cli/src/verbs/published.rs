//! `foretask models`: published weights, and which of them are here.

use foretask_experiment::{Settings, published};
use foretask_script::Error;

use super::print_json;
use crate::args::{ModelsAct, ModelsArguments};
use crate::lines::table;
use crate::out::{self, say};
use crate::{interrupt, progress};

pub(crate) fn models(arguments: ModelsArguments) -> Result<(), Error> {
    match arguments.act {
        None => list(arguments.json),
        Some(ModelsAct::Fetch { names, accept_license }) => fetch(&names, accept_license),
    }
}

fn list(json: bool) -> Result<(), Error> {
    let listed = published::list()?;
    if json {
        return print_json(&listed);
    }
    let mut rows = vec![["name", "size", "license", "here", "what it is"].map(str::to_owned).to_vec()];
    for model in &listed {
        let license =
            if model.consent { format!("{} (asks for consent)", model.license) } else { model.license.into() };
        let here = if model.file.is_some() { "yes" } else { "no" }.to_owned();
        let size = format!("{} MB", model.bytes.div_ceil(1_000_000));
        rows.push(vec![model.name.to_owned(), size, license, here, model.about.to_owned()]);
    }
    out::print(&table(&rows));
    say!(
        "\n`pretrained(\"NAME\")` in a script uses them, and fetches what is missing; `foretask models fetch NAME` does that alone."
    );
    Ok(())
}

fn fetch(names: &[String], accepted: bool) -> Result<(), Error> {
    let mut settings = Settings::new("runs");
    settings.listener = progress::listener();
    interrupt::listen()?;
    interrupt::goes_to(&settings.interrupt);
    // A wrong name is found before anything is fetched.
    let all = names.iter().map(|name| published::named(name)).collect::<Result<Vec<_>, _>>()?;
    for model in all {
        let path = published::file(model, accepted, &settings)?;
        say!("{}: {}", model.name, path.display());
        say!("  {}; license: {} ({})", model.about, model.license.name, model.license.terms);
    }
    Ok(())
}
