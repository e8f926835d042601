//! Verbs about the language and the command: words, completions.

use clap::CommandFactory as _;
use foretask_script::Error;

use crate::args::Arguments;

pub(crate) fn words(name: Option<&str>, markdown: bool) -> Result<(), Error> {
    match name {
        Some(name) => print!("{}", foretask_script::explain_word(name)?),
        None if markdown => print!("{}", foretask_script::markdown()),
        None => print!("{}", foretask_script::overview()),
    }
    Ok(())
}

pub(crate) fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(shell, &mut Arguments::command(), "foretask", &mut std::io::stdout());
}
