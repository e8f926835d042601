//! Words that load weights: of a file, or published ones by their name.

use std::path::{Path, PathBuf};

use foretask_experiment::values::Encoder;
use foretask_models::{Fit, ForeignOptions, ModelError, PUBLISHED, Published, Stem, load_weights};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::{self, CallError, Span};
use crate::options::OptionDoc;

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "load_encoder",
        theme: Theme::Models,
        summary: "An encoder from a file: one saved by `.save`, or published weights (.safetensors, .pth)",
        about: "A file of ours carries its architecture, input size and normalization. Weights from elsewhere are recognized by their \
                names and shapes (residual networks, ConvNeXts and vision transformers under the names of torchvision, timm, Hugging Face, DINO, \
                DINOv2, DINOv3, MAE, MoCo, I-JEPA and lightly, EfficientNet-Lite0 under timm's and its package's); \
                what they do not say (input size, normalization) is that of the published network unless given.",
        use_when: "an encoder was trained earlier or elsewhere",
        not_when: "the same script trains it: `pretrain` remembers what it did and loads it at once",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "path", kinds: &[Kind::Text], optional: false },
                Param { name: "options", kinds: &[Kind::Options], optional: true },
            ],
            returns: Kind::Encoder,
        }],
        options: load_options,
        examples: &[Example {
            about: "probe an encoder of an earlier run",
            script: "let encoder = load_encoder(\"encoder.safetensors\");\nlet probe = linear_probe(encoder, few);",
        }],
        run: load_encoder,
    },
    Word {
        name: "pretrained",
        theme: Theme::Models,
        summary: "An encoder of published weights by their name",
        about: "The file is looked for in `third_party/weights` below the working folder and in `foretask/weights` of your cache \
                folder (`~/.cache`); where it is in neither, the error says where to get it. Its license is printed, and \
                stands in every file that is saved from it. Known: `efficientnet_lite0` (ImageNet's labels, Apache-2.0). Images \
                are enlarged to `image_size`: published weights expect 224 pixels, and 128 cost a third of it.",
        use_when: "there are few images or little time: features of published weights beat what a CPU learns in an hour",
        not_when: "images are unlike photographs, or nothing but your own images may teach the encoder: `pretrain`",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "name", kinds: &[Kind::Text], optional: false },
                Param { name: "options", kinds: &[Kind::Options], optional: true },
            ],
            returns: Kind::Encoder,
        }],
        options: published_options,
        examples: &[Example {
            about: "probe published features",
            script: "let encoder = pretrained(\"efficientnet_lite0\", #{ image_size: 128 });\nlet probe = linear_probe(encoder, few);",
        }],
        run: pretrained,
    },
];

fn load_options() -> Vec<OptionDoc> {
    vec![
        OptionDoc::new(
            "image_size",
            "whole number",
            "the file's, else 224 or 32 by its stem",
            "side of the network's input in pixels",
        ),
        OptionDoc::new(
            "mean",
            "array of numbers, one a channel",
            "the file's, else ImageNet's",
            "normalization on 0 to 1",
        ),
        OptionDoc::new(
            "std",
            "array of numbers, one a channel",
            "the file's, else ImageNet's",
            "normalization on 0 to 1",
        ),
        OptionDoc::new(
            "stem",
            "\"small\" or \"strided\"",
            "\"small\"",
            "only weights from elsewhere whose first layer is 3x3",
        ),
        OptionDoc::new(
            "prefix",
            "text",
            "found by itself",
            "only weights from elsewhere: the part of the file to take",
        ),
        OptionDoc::new(
            "fit",
            "\"crop\", \"pad\" or \"stretch\"",
            "the file's, else \"crop\"",
            "images of another shape: cut out their middle, fill up with mean color, or change their proportions",
        ),
    ]
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LoadEncoderOptions {
    image_size: Option<usize>,
    mean: Option<Vec<f32>>,
    std: Option<Vec<f32>>,
    stem: Option<Stem>,
    prefix: Option<String>,
    fit: Option<Fit>,
}

fn load_encoder(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options: LoadEncoderOptions = call.options(1)?;
    let text = call.text(0)?;
    if let Some(planned) = call.host.will_have_saved(Path::new(&text)) {
        return Ok(Dynamic::from(planned));
    }
    let path = call.host.find(&text);
    let foreign =
        ForeignOptions { prefix: options.prefix.clone(), stem: options.stem, side: options.image_size, input: None };
    let loaded = load_weights(&path, &foreign).map_err(|error| {
        let missing =
            matches!(&error, ModelError::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound);
        let fault = call.refused(error, 1);
        let fault = if fault.at == Span::Word { fault.argument(0) } else { fault };
        if missing { fault.label("no such file").help(WHERE_WEIGHTS_ARE) } else { fault }
    })?;
    for note in loaded.notes {
        call.experiment().note(format!("{}: {note}", path.display()));
    }
    let hash = content_hash(&path).map_err(|error| call.refused(error, 1).argument(0))?;
    let encoder = settled(call, loaded.encoder, &options)?;
    Ok(Dynamic::from(encoder_of(call, &path, &hash, encoder)))
}

/// The encoder with what the options say of its input.
fn settled(
    call: &Call<'_>,
    mut encoder: foretask_models::Encoder,
    options: &LoadEncoderOptions,
) -> Result<foretask_models::Encoder, CallError> {
    if let Some(side) = options.image_size {
        encoder.config.resolve(side, side)?;
        (encoder.input.height, encoder.input.width) = (side, side);
    }
    for (name, given, own) in
        [("mean", &options.mean, &mut encoder.input.mean), ("std", &options.std, &mut encoder.input.std)]
    {
        if let Some(values) = given {
            if values.len() != own.len() {
                return Err(CallError::input(format!(
                    "`{name}` needs {} numbers, one a channel, not {}",
                    own.len(),
                    values.len()
                ))
                .at(Span::Value(1, vec![name.into()])));
            }
            own.clone_from(values);
        }
    }
    if let Some(fit) = options.fit {
        encoder.input.fit = fit;
    }
    encoder.input.check().map_err(|error| call.refused(error, 1))?;
    Ok(encoder)
}

/// The script's value of an encoder of a file; says what the file leaves open, and whose it is.
fn encoder_of(call: &Call<'_>, path: &Path, hash: &str, encoder: foretask_models::Encoder) -> Encoder {
    if let Some(license) = &encoder.license {
        call.experiment().note(format!("{}: {}; license: {license}", path.display(), encoder.origin));
    }
    if !encoder.seen.is_complete() {
        call.experiment().note(format!(
            "{}: the file does not say which images taught it; if images you measure on are among them, nobody can tell",
            path.display()
        ));
    }
    let identity = serde_json::json!({ "file": &hash[..32], "input": encoder.input, "config": encoder.config });
    Encoder::from_file(path, identity, encoder)
}

const WHERE_WEIGHTS_ARE: &str =
    "`.save(\"name.safetensors\")` of an encoder writes one; every run keeps its encoders in its weights/ folder";

/// Tells files with other bytes apart.
fn content_hash(path: &Path) -> Result<String, ModelError> {
    let mut hash = blake3::Hasher::new();
    let read = foretask_files::open(path).and_then(|file| hash.update_reader(file).map(|_| ()));
    read.map_err(|source| ModelError::File { action: "read", path: path.into(), source })?;
    Ok(hash.finalize().to_hex().to_string())
}

fn published_options() -> Vec<OptionDoc> {
    vec![
        OptionDoc::new("image_size", "whole number", "224", "side of the network's input in pixels"),
        OptionDoc::new(
            "fit",
            "\"crop\", \"pad\" or \"stretch\"",
            "\"crop\"",
            "images of another shape: cut out their middle, fill up with mean color, or change their proportions",
        ),
    ]
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PublishedOptions {
    image_size: Option<usize>,
    fit: Option<Fit>,
}

fn pretrained(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options: PublishedOptions = call.options(1)?;
    let name = call.text(0)?;
    let Some(published) = Published::find(&name) else {
        let known = PUBLISHED.iter().map(|published| published.name);
        let all = known.clone().collect::<Vec<_>>().join(", ");
        let fault = CallError::input(format!("no published weights are called \"{name}\"")).argument(0);
        let near = errors::nearest(&name, known).map(|near| format!("did you mean \"{near}\"? "));
        return Err(fault.label("unknown name").help(format!(
            "{}(known: {all}); `load_encoder(\"file\")` reads weights from a file",
            near.unwrap_or_default()
        )));
    };
    let folders = weights_folders();
    let Some(path) = folders.iter().map(|folder| folder.join(published.file)).find(|path| path.is_file()) else {
        let folders: Vec<String> = folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
        let fault = CallError::input(format!("the file of these weights, `{}`, is not here", published.file));
        return Err(fault.argument(0).label("not on this machine").help(format!(
            "put it into {}; it comes from {}",
            folders.join(" or "),
            published.source
        )));
    };
    let failed = |error| call.refused(error, 1).argument(0);
    let hash = content_hash(&path).map_err(failed)?;
    if hash != published.hash {
        let fault =
            CallError::input(format!("`{}` is not the published file: its contents are others", path.display()));
        return Err(fault
            .argument(0)
            .label("these weights")
            .help(format!("take it again from {}, or read it as it is with `load_encoder`", published.source)));
    }
    let encoder = published.load(&path).map_err(failed)?.encoder;
    let options = LoadEncoderOptions { image_size: options.image_size, fit: options.fit, ..Default::default() };
    let encoder = settled(call, encoder, &options)?;
    Ok(Dynamic::from(encoder_of(call, &path, &hash, encoder)))
}

/// Where files of published weights lie: below the working folder, and in the user's cache.
fn weights_folders() -> Vec<PathBuf> {
    let absolute = |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let cache = cache.map(|cache| cache.join("foretask/weights"));
    std::iter::once(PathBuf::from("third_party/weights")).chain(cache).collect()
}
