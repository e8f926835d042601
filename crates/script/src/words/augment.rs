//! How views of an image are made, as a value that scripts can change step by step.

use foretask_pretext::{Augment, PRESETS};
use rhai::{Array, Dynamic, Engine, Map};

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::{CallError, did_you_mean};
use crate::options::OptionDoc;

pub(super) static WORDS: &[Word] = &[Word {
    name: "augment",
    theme: Theme::Tasks,
    summary: "How views of an image are made: a preset, and what you change about it",
    about: "Gives an object map that starts from a preset; whatever it does not name is decided by the preset, the size of the images \
            and their channels. Every option is a key and a method: `augment(\"simclr\").jitter(0.4).crop(0.2, 1.0)` is \
            `#{ preset: \"simclr\", jitter: 0.4, crop: [0.2, 1.0] }`. Presets: none, weak, strong, simclr, moco, simsiam, byol, dino. \
            `foretask preview` shows what comes out.",
    use_when: "the views of a joint-embedding task (`views: …`), of fine-tuning or self-training (`augment: …`) should be others than \
               the default",
    not_when: "only crop, jitter, flip or blur changes: joint-embedding tasks take these directly",
    signatures: &[Signature {
        on: None,
        params: &[
            Param { name: "preset", kinds: &[Kind::Text], optional: false },
            Param { name: "options", kinds: &[Kind::Options], optional: true },
        ],
        returns: Kind::Map,
    }],
    options,
    examples: &[
        Example {
            about: "gentler views",
            script: "let task = simclr(#{ views: augment(\"simclr\").jitter(0.4).crop(0.5, 1.0) });",
        },
        Example {
            about: "stronger changes while fine-tuning",
            script: "let ours = finetune(encoder, few, #{ augment: augment(\"strong\", #{ rotate: 10 }) });",
        },
    ],
    run: augment,
}];

fn options() -> Vec<OptionDoc> {
    let probability = "probability from 0 to 1";
    let strength = "strength from 0 to 1";
    [
        ("crop", "[low, high], shares of the area", "random crop; [1, 1] takes the whole image"),
        ("ratio", "[low, high]", "width to height of a crop, relative to that of the input"),
        ("pad", "pixels", "largest move each way"),
        ("fill", "\"zero\" or \"edge\"", "what appears where the image was moved or turned away"),
        ("rotate", "degrees from 0 to 180", "largest turn either way"),
        ("flip", probability, "mirror image"),
        ("vertical_flip", probability, "upside down by mirroring"),
        ("jitter", "strength from 0 to 1.25", "overall strength of light and color changes"),
        ("jitter_p", probability, "how often light and color are changed at all"),
        ("brightness", strength, "factor of 1 - b to 1 + b"),
        ("contrast", strength, "factor of 1 - c to 1 + c"),
        ("saturation", strength, "color only"),
        ("hue", "share of a turn from 0 to 0.5", "color only"),
        ("grayscale", probability, "take the color away; color only"),
        ("channel_drop", probability, "blacken one of the channels; not of a single one"),
        ("posterize", probability, "keep only the upper `bits` bits"),
        ("bits", "1 to 8", "bits that `posterize` keeps"),
        ("equalize", probability, "spread the levels evenly"),
        ("blur", probability, "Gaussian blur"),
        ("sigma", "[low, high] in pixels", "width of the blur"),
        ("solarize", probability, "invert everything above half brightness"),
        ("cutout", probability, "blacken a rectangle"),
        ("cutout_area", "[low, high], shares of the area", "how much `cutout` blackens"),
    ]
    .map(|(name, kind, about)| OptionDoc::new(name, kind, "the preset's", about))
    .to_vec()
}

fn augment(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let preset = call.text(0)?;
    Augment::preset(&preset).map_err(|_| {
        let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
        let fault = CallError::input(format!("there is no preset \"{preset}\"")).label("unknown preset").argument(0);
        fault.maybe_help(did_you_mean(&preset, &names, "presets"))
    })?;
    // Read once for its errors; the map itself is the value.
    let _: Augment = call.options(1)?;
    let mut map = call.map(1);
    map.insert("preset".into(), preset.into());
    Ok(Dynamic::from_map(map))
}

/// Every option as a method of the map: with one value, or with two for a range.
pub(crate) fn register(engine: &mut Engine) {
    for option in options() {
        let (one, two) = (option.name.clone(), option.name.clone());
        engine.register_fn(option.name.as_str(), move |map: &mut Map, value: Dynamic| -> Map {
            let mut changed = map.clone();
            changed.insert(one.as_str().into(), value);
            changed
        });
        engine.register_fn(option.name.as_str(), move |map: &mut Map, low: Dynamic, high: Dynamic| -> Map {
            let mut changed = map.clone();
            changed.insert(two.as_str().into(), Array::from([low, high]).into());
            changed
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_option_of_an_augmentation_is_documented() {
        let keys = serde_json::to_value(Augment::none()).unwrap();
        let keys: BTreeSet<String> = keys.as_object().unwrap().keys().filter(|key| *key != "preset").cloned().collect();
        assert_eq!(options().into_iter().map(|option| option.name).collect::<BTreeSet<_>>(), keys);
    }

    #[test]
    fn methods_give_changed_maps_and_leave_the_old_one() {
        let mut engine = Engine::new();
        register(&mut engine);
        let script = "let a = #{ preset: \"simclr\" }; let b = a.jitter(0.4).crop(0.2, 1.0).jitter(0.5);\n\
                      [a.len(), b.jitter, b.crop[1]]";
        let found = engine.eval::<Array>(script).unwrap();
        assert_eq!((found[0].as_int(), found[1].as_float(), found[2].as_float()), (Ok(1), Ok(0.5), Ok(1.0)));
    }
}
