//! `.save`: weights into a file.

use std::path::{Path, PathBuf};

use foretask_experiment::Progress;
use foretask_experiment::values::{Classifiers, Encoder, EncoderSource, Trained};
use rhai::Dynamic;

use super::output::{self, Writing};
use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::{CallError, Span};

const PATH: &[Param] = &[
    Param { name: "path", kinds: &[Kind::Text], optional: false },
    Param { name: "options", kinds: &[Kind::Options], optional: true },
];

/// Where the path stands.
const AT: Span = Span::Argument(0);

pub(super) static WORDS: &[Word] = &[Word {
    name: "save",
    theme: Theme::Report,
    summary: "Writes weights into a safetensors file, under torchvision's names",
    about: "A classifier's file carries its class names, input size, normalization, temperature and the features of its labeled \
            images (one tensor more than torchvision's; `foretask export` leaves it out), so that `foretask predict` needs nothing else. Every file \
            carries a sketch of the images that taught it (hashes of their content, at most 512 KiB), so that whoever measures on one of \
            them is told. \
            Several label draws give several files, with -draw1, -draw2, … in their names.",
    use_when: "weights are to go elsewhere; every run keeps those of its report in its own folder anyway",
    not_when: "the same or another script of yours trains it: finished stages are remembered",
    signatures: &[
        Signature { on: Some(Kind::Encoder), params: PATH, returns: Kind::Text },
        Signature { on: Some(Kind::Classifier), params: PATH, returns: Kind::Text },
    ],
    options: || vec![output::overwrite_doc()],
    examples: &[
        Example { about: "features for another project", script: "encoder.save(\"weights/encoder.safetensors\");" },
        Example {
            about: "a classifier to predict with",
            script: "finetune(encoder, few).save(\"weights/clothes.safetensors\");",
        },
    ],
    run: save,
}];

fn save(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let text = call.text(0)?;
    let options: Writing = call.options(1)?;
    let path = output::path(call, &text, &AT, &["safetensors"])?;
    match call.receiver::<Classifiers>() {
        Ok(classifiers) => save_classifiers(call, &classifiers, &path, options.overwrite),
        Err(_) => save_encoder(call, &call.receiver::<Encoder>()?, path, options.overwrite),
    }?;
    Ok(Dynamic::from(text))
}

fn save_encoder(call: &Call<'_>, encoder: &Encoder, path: PathBuf, overwrite: bool) -> Result<(), CallError> {
    let file = output::file(path, overwrite, &AT)?;
    let weights = match &encoder.source {
        EncoderSource::Random { .. } => {
            return Err(CallError::input("a random encoder has no weights before it sees images")
                .help("save what `pretrain` or `finetune` makes of it"));
        }
        EncoderSource::File { encoder, .. } => Some((**encoder).clone()),
        EncoderSource::Pretrained(stage) => stage.result().map(|result| result.encoder.clone()),
    };
    if call.experiment().planning() {
        call.host.will_save(file.path().to_path_buf(), encoder.clone());
        return Ok(());
    }
    let Some(weights) = weights else { return Ok(()) };
    file.write(|path| Ok::<_, CallError>(weights.save(path)?))?;
    call.experiment().emit(Progress::Wrote { what: "Encoder".into(), path: file.path().to_path_buf() });
    Ok(())
}

fn save_classifiers(call: &Call<'_>, classifiers: &Classifiers, path: &Path, overwrite: bool) -> Result<(), CallError> {
    for (index, member) in classifiers.members.iter().enumerate() {
        let path = if classifiers.members.len() == 1 { path.to_path_buf() } else { numbered(path, index + 1) };
        let file = output::file(path, overwrite, &AT)?;
        match &member.trained {
            None => {}
            Some(Trained::Network(classifier)) => {
                file.write(|path| Ok::<_, CallError>(classifier.save(path)?))?;
                call.experiment().emit(Progress::Wrote { what: "Classifier".into(), path: file.path().to_path_buf() });
            }
            Some(Trained::Neighbors(_) | Trained::Pixels(_)) => {
                return Err(CallError::input(format!("{} has no weights to save", classifiers.method.describe()))
                    .help("`finetune` and `linear_probe` give classifiers that can be saved"));
            }
        }
    }
    Ok(())
}

/// `a/b.safetensors` as `a/b-draw2.safetensors`.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-draw{number}.safetensors"))
}
