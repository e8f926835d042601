//! A first script, fit to a person's own images.

mod survey;
mod write;

use std::path::{Path, PathBuf};

use foretask_data::Output;
use serde::Serialize;

use self::survey::DatasetSurvey;
use crate::errors::Error;

/// What `foretask new` wrote.
#[derive(Debug, Clone, Serialize)]
pub struct NewScript {
    /// The script.
    pub path: PathBuf,
    /// What was found in the folder, a line each.
    pub found: Vec<String>,
}

/// Looks at a folder of images (or a manifest) and writes a commented script that fits it: `output`, else a file of the
/// folder's name in the working folder. A file that was changed or written by somebody else stays as it is unless `force`.
/// With a table of `labels` the images keep their place in the folder, and an encoder that a first script has saved for it is
/// loaded.
///
/// # Errors
/// [`Error::Plain`] when there are no images, none of those looked at can be read, or the script cannot be written.
pub fn new_script(
    folder: &Path,
    labels: Option<&Path>,
    output: Option<&Path>,
    force: bool,
) -> Result<NewScript, Error> {
    let stem = stem(folder);
    // The script that was written before there were labels stays.
    let name = if labels.is_some() { format!("{stem}-labeled.rhai") } else { format!("{stem}.rhai") };
    let path = output.map_or_else(|| PathBuf::from(name), Path::to_path_buf);
    if path.extension().is_none_or(|ending| ending != "rhai") {
        let help = "end it with .rhai".to_owned();
        return Err(Error::input(format!("`{}` is not the name of a script", path.display()), help));
    }
    let file = Output::at(path, force)?;
    let encoder = PathBuf::from(format!("{stem}-encoder.safetensors"));
    let survey = DatasetSurvey::at(folder, labels, Some(encoder).filter(|file| labels.is_some() && file.is_file()))?;
    let script = write::script(&survey, file.path());
    file.write(|path| Ok::<_, Error>(foretask_data::write_atomically(path, script)?))?;
    Ok(NewScript { path: file.path().to_path_buf(), found: survey.in_words() })
}

/// A name for the script: that of the folder, in letters that every system takes.
fn stem(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let name = if folder.is_dir() { whole.file_name() } else { whole.file_stem() };
    let name = name.map_or_else(String::new, |name| name.to_string_lossy().to_lowercase());
    foretask_experiment::run::slug(&name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use foretask_experiment::{Plan, Settings};

    use super::*;
    use crate::{check, read_script};

    /// A picture of one tone, with a little of its own, gray or colored.
    fn picture(path: &Path, side: usize, tone: u8, color: bool) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let (magic, channels) = if color { ("P6", 3) } else { ("P5", 1) };
        let mut bytes = format!("{magic}\n{side} {side}\n255\n").into_bytes();
        let value =
            |at: usize| tone.wrapping_add((at % 7) as u8).wrapping_add(if color { (at % 3 * 40) as u8 } else { 0 });
        bytes.extend((0..side * side * channels).map(value));
        fs::write(path, bytes).unwrap();
    }

    /// Writes the script for a folder and checks it as `foretask check` does.
    fn planned(root: &Path, folder: &str) -> (String, Plan) {
        let path = root.join(format!("{folder}.rhai"));
        new_script(&root.join(folder), None, Some(&path), true).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let plan = check(read_script(&path).unwrap(), &Settings::new(root.join("runs")));
        (text.clone(), plan.unwrap_or_else(|error| panic!("{error}\n{text}")))
    }

    #[test]
    fn every_kind_of_folder_gets_a_script_that_plans() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        for i in 0..20_u8 {
            for (class, tone) in [("cat", 10), ("dog", 120)] {
                picture(&root.join(format!("classes/{class}/{i}.pgm")), 20, tone + i, false);
                let split = if i < 15 { "train" } else { "test" };
                picture(&root.join(format!("splits/{split}/{class}/{i}.ppm")), 24, tone + i, true);
                if i < 6 {
                    picture(&root.join(format!("some/{class}/{i}.ppm")), 24, tone + i, true);
                }
            }
            picture(&root.join(format!("some/{i}.ppm")), 24, 60 + i, true);
            picture(&root.join(format!("flat/{i}.pgm")), 20, 9 * i, false);
            picture(&root.join(format!("large/{i}.ppm")), 160 + usize::from(i), 9 * i, true);
            picture(&root.join(format!("one/only/{i}.pgm")), 20, 9 * i, false);
        }
        let (text, plan) = planned(root, "classes");
        assert!(text.contains("per_class") && text.contains("holdout(0.2") && text.contains("gray"), "{text}");
        assert_eq!(plan.reports, ["classes"]);
        let (text, _) = planned(root, "splits");
        assert!(text.contains("split(\"test\")") && text.contains("split(\"train\")"), "{text}");
        let (text, plan) = planned(root, "some");
        assert!(text.contains("IS NULL") && text.contains("predict("), "{text}");
        assert!(
            text.contains("//   label_next(linear_probe(pre.encoder, known), data.filter(\"label IS NULL\")"),
            "{text}"
        );
        assert!(plan.data.iter().any(|data| data.labeled == 0), "{:?}", plan.data);
        for folder in ["flat", "large", "one"] {
            let (text, plan) = planned(root, folder);
            assert!(text.contains("embed(") && plan.reports.is_empty(), "{text}");
            // Without labels, the next thing is to say which images deserve one.
            let choosing = format!("    n: 10,\n    manifest: \"{folder}-to-label.csv\"");
            assert!(text.contains("\nlabel_next(pre.encoder") && text.contains(&choosing), "{text}");
        }
    }

    #[test]
    fn a_table_of_labels_keeps_the_folder_and_its_encoder() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        for i in 0..40_u8 {
            picture(&root.join(format!("photos/{i:02}.pgm")), 20, 6 * i, false);
        }
        let labels =
            (0..20).map(|i| format!("photos/{i:02}.pgm,{}\n", ["cat", "dog"][i % 2])).collect::<Vec<_>>().concat();
        fs::write(root.join("todo.csv"), format!("path,label\n{labels}")).unwrap();
        let (path, table) = (root.join("labeled.rhai"), root.join("todo.csv"));
        let written = new_script(&root.join("photos"), Some(&table), Some(&path), false).unwrap();
        assert!(written.found[0].starts_with("40 images"), "{:?}", written.found);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("labels: \"") && text.contains("holdout(") && text.contains("pretrain("), "{text}");
        let plan = check(read_script(&path).unwrap(), &Settings::new(root.join("runs"))).unwrap();
        assert!(plan.data.iter().any(|data| data.labeled == 0 && data.images > 20), "{:?}", plan.data);
        // With an encoder beside it, nothing is pretrained again.
        let survey =
            DatasetSurvey::at(&root.join("photos"), Some(&table), Some("photos-encoder.safetensors".into())).unwrap();
        let text = write::script(&survey, &path);
        assert!(text.contains("let encoder = load_encoder(\"photos-encoder.safetensors\");"), "{text}");
        assert!(text.contains("finetune(encoder, few") && !text.contains("let pre = pretrain("), "{text}");
    }

    #[test]
    fn labels_too_few_to_hold_any_out_are_all_learned_from() {
        let place = tempfile::tempdir().unwrap();
        for i in 0..12 {
            picture(&place.path().join(format!("few/{i}.pgm")), 16, 20 * i, false);
        }
        picture(&place.path().join("few/a/a.pgm"), 16, 3, false);
        picture(&place.path().join("few/b/b.pgm"), 16, 200, false);
        let (text, plan) = planned(place.path(), "few");
        assert!(
            plan.reports.is_empty() && text.contains("predict(") && text.contains("none can be held out"),
            "{text}"
        );
    }

    #[test]
    fn bad_images_are_put_up_with_and_told_of() {
        let place = tempfile::tempdir().unwrap();
        for i in 0..10 {
            picture(&place.path().join(format!("photos/{i}.pgm")), 16, 20 * i, false);
        }
        fs::write(place.path().join("photos/broken.jpg"), "not a picture").unwrap();
        let (text, _) = planned(place.path(), "photos");
        assert!(text.contains("max_bad_fraction: 0.3") && text.contains("broken.jpg"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_act_or_have_lines_are_written_out_and_still_found() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("my\nfo\u{202e}lder\u{1b}[2J");
        for i in 0..10 {
            for (class, tone) in [("c\nat\u{1b}[31m", 10), ("do\u{202e}g\r", 120)] {
                picture(&folder.join(format!("{class}/{i}.pgm")), 20, tone + i, false);
            }
        }
        fs::write(folder.join("br\u{1b}]0;x\u{7}\nok.jpg"), "not a picture").unwrap();
        let path = place.path().join("s.rhai");
        let written = new_script(&folder, None, Some(&path), false).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for shown in written.found.iter().map(String::as_str).chain([text.as_str()]) {
            assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}', '\r']), "{shown:?}");
        }
        assert!(written.found.iter().all(|line| !line.contains('\n')), "{:?}", written.found);
        assert!(text.contains(r"c\nat\u{1b}[31m 10"), "{text}");
        let plan = check(read_script(&path).unwrap(), &Settings::new(place.path().join("runs"))).unwrap();
        assert!(plan.data.iter().any(|data| data.images > 0), "{:?}", plan.data);
    }

    #[test]
    fn names_are_checked_and_files_kept() {
        let place = tempfile::tempdir().unwrap();
        picture(&place.path().join("My \"photos\"/1.pgm"), 16, 20, false);
        let folder = place.path().join("My \"photos\"");
        let path = place.path().join("new.rhai");
        new_script(&folder, None, Some(&path), false).unwrap();
        new_script(&folder, None, Some(&path), false).unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap() + "// mine").unwrap();
        let again = new_script(&folder, None, Some(&path), false).unwrap_err();
        assert!(again.kind().exit_code() == 2 && again.to_string().contains("there already"), "{again}");
        assert!(new_script(&folder, None, Some(&place.path().join("new.txt")), false).is_err());
        assert!(new_script(&place.path().join("nowhere"), None, Some(&place.path().join("x.rhai")), false).is_err());
        assert_eq!(stem(&folder), "my-photos");
        check(read_script(&path).unwrap(), &Settings::new(place.path().join("runs"))).unwrap();
    }
}
