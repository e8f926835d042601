//! Verbs about the language and the command: words, completions, man.

use crate::out::{self, say};
use std::path::Path;

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

pub(crate) fn manual(folder: &Path) -> Result<(), Error> {
    let failed = |error: std::io::Error| {
        let message = format!("manual pages cannot be written into `{}`: {error}", folder.display());
        Error::failed(message, Some("choose another folder with `-o FOLDER`".to_owned()))
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
    say!("{}", folder.join("foretask.1").display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        manual(folder.path()).unwrap();
        let page = |name: &str| std::fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
        assert!(page("foretask").contains("Self\\-supervised learning on images"), "{}", page("foretask"));
        for verb in Arguments::command().get_subcommands() {
            let page = page(&format!("foretask-{}", verb.get_name()));
            assert!(page.contains(".SH SYNOPSIS") && page.contains("Examples:"), "{page}");
        }
    }
}
