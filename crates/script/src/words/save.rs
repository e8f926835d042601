//! `.save`: weights into a file.

use std::path::{Path, PathBuf};

use rhai::Dynamic;

use super::word::no_options;
use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::Progress;
use crate::errors::Fault;
use crate::values::{Classifiers, Encoder, EncoderSource, Trained};

const PATH: &[Param] = &[Param { name: "path", kinds: &[Kind::Text], optional: false }];

pub(super) static WORDS: &[Word] = &[Word {
    name: "save",
    theme: Theme::Report,
    summary: "Writes weights into a safetensors file, under torchvision's names",
    about: "A classifier's file carries its class names, input size, normalization, temperature and the features of its labelled \
            images (one tensor more than torchvision's; `foretask export` leaves it out), so that `foretask predict` needs nothing else. \
            Several label draws give several files, with -draw1, -draw2, … in their names.",
    use_when: "weights shall go elsewhere; every run keeps those of its report in its own folder anyway",
    not_when: "the same or another script of yours trains it: finished stages are remembered",
    signatures: &[
        Signature { on: Some(Kind::Encoder), params: PATH, returns: Kind::Text },
        Signature { on: Some(Kind::Classifier), params: PATH, returns: Kind::Text },
    ],
    options: no_options,
    examples: &[
        Example { about: "features for another project", script: "encoder.save(\"weights/encoder.safetensors\");" },
        Example {
            about: "a classifier to predict with",
            script: "finetune(encoder, few).save(\"weights/clothes.safetensors\");",
        },
    ],
    run: save,
}];

fn save(call: &Call<'_>) -> Result<Dynamic, Fault> {
    let text = call.text(0)?;
    let path = call.host.writable(&text).map_err(|fault| fault.argument(0))?;
    if path.extension().is_none_or(|extension| extension != "safetensors") {
        return Err(Fault::input(format!("weights go into a .safetensors file, not `{text}`")).argument(0));
    }
    match call.receiver::<Classifiers>() {
        Ok(classifiers) => save_classifiers(call, &classifiers, &path),
        Err(_) => save_encoder(call, &call.receiver::<Encoder>()?, &path),
    }?;
    Ok(Dynamic::from(text))
}

fn save_encoder(call: &Call<'_>, encoder: &Encoder, path: &Path) -> Result<(), Fault> {
    let weights = match &encoder.source {
        EncoderSource::Random { .. } => {
            return Err(Fault::input("a random encoder has no weights before it sees images")
                .help("save what `pretrain` or `finetune` makes of it"));
        }
        EncoderSource::File { encoder, .. } => Some((**encoder).clone()),
        EncoderSource::Pretrained(stage) => stage.result().map(|result| result.encoder.clone()),
    };
    if call.host.planning() {
        call.host.will_save(path.to_path_buf(), encoder.clone());
        return Ok(());
    }
    let Some(weights) = weights else { return Ok(()) };
    weights.save(path)?;
    call.host.tell(Progress::Wrote { what: "Encoder".into(), path: path.to_path_buf() });
    Ok(())
}

fn save_classifiers(call: &Call<'_>, classifiers: &Classifiers, path: &Path) -> Result<(), Fault> {
    for (index, member) in classifiers.members.iter().enumerate() {
        let path = if classifiers.members.len() == 1 { path.to_path_buf() } else { numbered(path, index + 1) };
        match &member.trained {
            None => {}
            Some(Trained::Network(classifier)) => {
                classifier.save(&path)?;
                call.host.tell(Progress::Wrote { what: "Classifier".into(), path });
            }
            Some(Trained::Neighbours(_) | Trained::Pixels(_)) => {
                return Err(Fault::input(format!("{} has no weights to save", classifiers.method.describe()))
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
