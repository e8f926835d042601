//! Verbs about the language and the command: words, completions.

use crate::out;
use clap::CommandFactory as _;
use foretask_script::Error;

use crate::args::Arguments;

pub(crate) fn words(name: Option<&str>, markdown: bool) -> Result<(), Error> {
    match name {
        Some(name) => out::print(&foretask_script::explain_word(name)?),
        None if markdown => out::print(&foretask_script::markdown()),
        None => out::print(&foretask_script::overview()),
    }
    Ok(())
}

pub(crate) fn completions(shell: clap_complete::Shell) {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "foretask", &mut text);
    out::bytes(&text);
}
