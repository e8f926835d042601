//! The verb `new --example`: the quickstart and its images, which travel inside the program.

use crate::out::say;
use std::path::Path;

use foretask_experiment::tools;
use foretask_script::Error;

const SCRIPT: &str = include_str!("../../example/quickstart.rhai");

/// The images, with the license that goes with every copy.
const DATASET: [(&str, &[u8]); 3] = [
    ("datasets/fashion-mini/manifest.parquet", include_bytes!("../../example/fashion-mini/manifest.parquet")),
    ("datasets/fashion-mini/README.md", include_bytes!("../../example/fashion-mini/README.md")),
    ("datasets/fashion-mini/LICENSE", include_bytes!("../../example/fashion-mini/LICENSE")),
];

/// Writes them into the working folder.
pub(crate) fn write(overwrite: bool) -> Result<(), Error> {
    let script = script();
    let mut files: Vec<(&str, &[u8])> = vec![("quickstart.rhai", script.as_bytes())];
    files.extend(DATASET);
    for path in tools::unpack(&files, Path::new(""), overwrite)? {
        say!("{}", path.display());
    }
    say!("\n12,000 pictures of clothes, and a script that asks whether pretraining pays with 10 labels a class.");
    say!("To run it, in a few minutes: foretask run quickstart.rhai");
    Ok(())
}

/// The script's commands as they are outside of a checkout.
fn script() -> String {
    SCRIPT.replace("cargo foretask", "foretask").replace("scripts/quickstart.rhai", "quickstart.rhai")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_says_what_is_there() {
        let script = script();
        assert!(script.contains("//   foretask run quickstart.rhai"), "{script}");
        assert!(!script.contains("cargo") && !script.contains("scripts/"), "{script}");
        // What the script opens is what is written beside it.
        let opened = script.split("dataset(\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(DATASET.iter().all(|(path, _)| path.starts_with(&format!("{opened}/"))), "{opened}");
        assert!(DATASET[0].1.starts_with(b"PAR1"), "the link to the dataset leads to it");
    }
}
