//! Words that load weights: of a file, or published ones by their name.

use std::path::Path;

use foretask_experiment::published;
use foretask_experiment::values::{Encoder, ForSmall};
use foretask_models::{Fit, ForeignOptions, ModelError, PUBLISHED, Pool, Published, Source, Stem, load_weights};
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
        about: "`foretask models` lists the names. The file is looked for in `third_party/weights` below the working folder, in \
                `foretask/weights` of your cache folder (`~/.cache`) and in the cache of the Hugging Face hub; where it is in none, it \
                is fetched from the hub, once (also by `check`, so that nothing is trained before it is there), and compared with the \
                hub's SHA-256. `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean what they mean for `huggingface_hub`; \
                where there is no way to the hub, the error says which file to bring and where to put it. The license is printed, and \
                stands in the report and in every file that is saved from the weights; some ask for `accept_license: true`. Images \
                are brought to `image_size`: most published weights expect 224 pixels, and 128 cost a third of it.",
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
            script: "let encoder = pretrained(\"efficientnet_lite0\");\nlet probe = linear_probe(encoder, few);",
        }],
        run: pretrained,
    },
];

fn pool_doc() -> OptionDoc {
    OptionDoc::new(
        "pool",
        "\"cls\", \"mean\" or \"both\"",
        "the weights' own",
        "of a vision transformer: the class token, the mean of the patches, or both one after the other (twice as many features)",
    )
}

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
        pool_doc(),
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
    pool: Option<Pool>,
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
    pooled(encoder, options.pool).map_err(|error| call.refused(error, 1))
}

/// The encoder with its tokens summed up by another rule than its own, where one was asked for.
fn pooled(encoder: foretask_models::Encoder, pool: Option<Pool>) -> Result<foretask_models::Encoder, ModelError> {
    let Some(pool) = pool else { return Ok(encoder) };
    let config = encoder.config.clone().with_pool(pool)?;
    Ok(foretask_models::Encoder { config, ..encoder })
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
        OptionDoc::new(
            "image_size",
            "whole number, or \"auto\"",
            "\"auto\"",
            "side of the network's input in pixels; auto: 128 (126 where patches have 14) for images up to 64, else 224",
        ),
        OptionDoc::new(
            "fit",
            "\"crop\", \"pad\" or \"stretch\"",
            "\"crop\"",
            "images of another shape: cut out their middle, fill up with mean color, or change their proportions",
        ),
        OptionDoc::new(
            "accept_license",
            "true or false",
            "false",
            "whether you agree to a license that asks for it; `foretask models` says which do",
        ),
        pool_doc(),
    ]
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PublishedOptions {
    #[serde(with = "foretask_pretext::auto_option")]
    image_size: Option<usize>,
    fit: Option<Fit>,
    accept_license: bool,
    pool: Option<Pool>,
}

fn pretrained(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options: PublishedOptions = call.options(1)?;
    let name = call.text(0)?;
    let published = published::named(&name).map_err(|error| {
        let error = CallError::from(error).argument(0);
        match errors::nearest(&name, PUBLISHED.iter().map(|published| published.name)) {
            Some(near) => {
                let known = error.help.clone().unwrap_or_default();
                error.help(format!("did you mean \"{near}\"? {known}"))
            }
            None => error,
        }
    })?;
    let settings = call.experiment().settings();
    let path = published::file(published, options.accept_license, settings)
        .map_err(|error| CallError::from(error).argument(0))?;
    let failed = |error| call.refused(error, 1).argument(0);
    let hash = content_hash(&path).map_err(failed)?;
    if let Source::Package { hash: own, how, .. } = published.source
        && hash != own
    {
        let message = format!("`{}` is not the published file: its contents are others", path.display());
        let error = CallError::input(message).argument(0).label("these weights");
        return Err(error.help(format!("take it again from {how}, or read it as it is with `load_encoder`")));
    }
    let [small, own] = published.sides;
    let fit = options.fit.unwrap_or_default();
    let read = move |path: &Path, side: usize| {
        let mut encoder = published.load(path, side)?.encoder;
        encoder.input.fit = fit;
        pooled(encoder, options.pool)
    };
    let encoder = read(&path, options.image_size.unwrap_or(own)).map_err(|error| call.refused(error, 1))?;
    let encoder = encoder_of(call, &path, &hash, encoder);
    if options.image_size.is_some() || small == own {
        return Ok(Dynamic::from(encoder));
    }
    let again = path.clone();
    let small = ForSmall::new(Published::SMALL, move || Ok(read(&again, small)?));
    Ok(Dynamic::from(encoder.with_small(small)))
}
