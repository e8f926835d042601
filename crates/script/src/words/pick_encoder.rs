//! `pick_encoder`: which encoder suits these labeled images.

use foretask_experiment::stages::PickEncoder;
use foretask_experiment::values::{Dataset, Encoder, Pretrained};
use rhai::Dynamic;

use super::{Call, Example, Kind, Param, Signature, Theme, Word, held_out};
use crate::errors::{CallError, Span};

pub(super) static WORDS: &[Word] = &[Word {
    name: "pick_encoder",
    theme: Theme::Training,
    summary: "Races encoders on the labeled few: a cross-validated probe of each, with what an image costs, and which to use",
    about: "Nothing is trained but probes on frozen features: the labeled images are dealt into parts that hold every class alike, \
            the same for all encoders, and each part is asked of a probe that learned from the others. No test image is touched. \
            Differences are compared image by image; with a hundred images those below some 5 points are often within noise, and it \
            says so, and whether a cheaper encoder may be as good. The time of an image is that on this machine.",
    use_when: "you have an encoder of your own and published weights, and do not know which suits your images",
    not_when: "you want them measured on a test set: `linear_probe(…).evaluate(test)` of each, and `report`",
    signatures: &[Signature {
        on: None,
        params: &[
            Param { name: "encoders", kinds: &[Kind::Map], optional: false },
            Param { name: "few", kinds: &[Kind::Dataset], optional: false },
            Param { name: "options", kinds: &[Kind::Options], optional: true },
        ],
        returns: Kind::PickedEncoder,
    }],
    options: held_out::options,
    examples: &[Example {
        about: "the own one or an untrained one?",
        script: "let few = data.split(\"train\").per_class(5);\n\
                 let picked = pick_encoder(#{ own: encoder, untrained: random_encoder(net) }, few);\n\
                 print(picked);\n\
                 let ours = finetune(picked.encoder, few);",
    }],
    run: pick_encoder,
}];

fn pick_encoder(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options = held_out::given(call, 2)?;
    let encoders = encoders(call)?;
    let few: Dataset = call.value(1)?;
    Ok(Dynamic::from(PickEncoder { encoders, few, options }.run(call.experiment())?))
}

/// The encoders with their names.
fn encoders(call: &Call<'_>) -> Result<Vec<(String, Encoder)>, CallError> {
    let mut encoders = Vec::new();
    for (name, value) in call.map(0) {
        let found = Kind::of(&value);
        let encoder = match value.clone().try_cast::<Pretrained>() {
            Some(stage) => Encoder::pretrained(stage),
            None => value.try_cast::<Encoder>().ok_or_else(|| {
                CallError::input(format!("`pick_encoder` races encoders, and this is {found}"))
                    .label("not an encoder")
                    .help("`pre.encoder`, `pretrained(\"…\")`, `load_encoder(\"…\")` or `random_encoder(net)`")
                    .at(Span::Value(0, vec![name.to_string()]))
            })?,
        };
        encoders.push((name.to_string(), encoder));
    }
    if encoders.len() < 2 {
        return Err(CallError::input("a race needs two encoders or more")
            .help("give them by name: `#{ own: pre.encoder, lite: pretrained(\"efficientnet_lite0\") }`")
            .argument(0));
    }
    Ok(encoders)
}
