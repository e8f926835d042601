//! Words about the script itself: seed, device, params, printing.

use rhai::Dynamic;

use super::word::no_options;
use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::CallError;

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "seed",
        theme: Theme::Script,
        summary: "Sets the seed of everything random in the words after it",
        about: "Every random draw (weights, crops, label draws, order of images) is made from this number and what is being \
                drawn, so the same script with the same seed gives the same results on the same kind of device. A word's own \
                `seed` option wins. Without this word the seed is 0.",
        use_when: "you want to repeat a whole experiment with other random choices",
        not_when: "you want several label draws of one experiment: `per_class(10, #{ draws: 3 })` does that",
        signatures: &[Signature {
            on: None,
            params: &[Param { name: "n", kinds: &[Kind::Whole], optional: false }],
            returns: Kind::Nothing,
        }],
        options: no_options,
        examples: &[Example { about: "another repetition", script: "seed(7);" }],
        run: seed,
    },
    Word {
        name: "device",
        theme: Theme::Script,
        summary: "Chooses where the words after it compute",
        about: "\"auto\" (the fastest there is), \"flex\" (pure Rust, CPU), \"libtorch\", \"libtorch:cuda:N\". `foretask devices` lists \
                what this build and machine have; `--device` on the command line wins.",
        use_when: "results must come from one kind of device whatever machine runs the script",
        not_when: "any device will do: leave it out, or use `--device`",
        signatures: &[Signature {
            on: None,
            params: &[Param { name: "name", kinds: &[Kind::Text], optional: false }],
            returns: Kind::Nothing,
        }],
        options: no_options,
        examples: &[Example { about: "pure Rust, on every machine", script: "device(\"flex\");" }],
        run: device,
    },
    Word {
        name: "param",
        theme: Theme::Script,
        summary: "Declares a value that `--set name=value` overrides",
        about: "Gives the default, or the value from the command line, which must be of the same type. `--set` with a name that \
                the script does not declare is an error.",
        use_when: "you want to vary a number, a path or a switch without editing the script",
        not_when: "the value never changes: write it down",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "name", kinds: &[Kind::Text], optional: false },
                Param { name: "default", kinds: &[Kind::Number, Kind::Text, Kind::Flag], optional: false },
            ],
            returns: Kind::Any,
        }],
        options: no_options,
        examples: &[Example {
            about: "`foretask run s.rhai --set labels=5` labels fewer",
            script: "let labels = param(\"labels\", 10);\nlet some = data.split(\"train\").per_class(labels);",
        }],
        run: param,
    },
    Word {
        name: "print",
        theme: Theme::Script,
        summary: "Prints a value",
        about: "Texts take values inside backquotes: print(`mean ${ours.mean}`). `foretask check` prints nothing, since numbers from \
                training are not there yet.",
        use_when: "you want to see a value while the script runs",
        not_when: "you want to keep it: `report` writes results down",
        signatures: &[Signature {
            on: None,
            params: &[Param { name: "value", kinds: &[Kind::Any], optional: false }],
            returns: Kind::Nothing,
        }],
        options: no_options,
        examples: &[Example { about: "what is in a dataset", script: "print(data.describe());" }],
        run: print,
    },
];

fn seed(call: &Call<'_>) -> Result<Dynamic, CallError> {
    call.experiment().set_seed(call.whole(0, 0)?);
    Ok(Dynamic::UNIT)
}

fn device(call: &Call<'_>) -> Result<Dynamic, CallError> {
    call.experiment().choose_device(&call.text(0)?).map_err(|error| CallError::from(error).argument(0))?;
    Ok(Dynamic::UNIT)
}

fn param(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let name = call.text(0)?;
    let default = call.raw(1).cloned().unwrap_or_default();
    let Some(text) = call.experiment().declare(&name, &default.to_string())? else { return Ok(default) };
    let wrong = |expected: &str| {
        CallError::input(format!("`--set {name}={text}` does not fit: `{name}` is {expected} in the script"))
            .label(format!("its default is {default}"))
            .argument(1)
    };
    if default.is_int() {
        text.replace('_', "").parse::<i64>().map(Dynamic::from).map_err(|_| wrong("a whole number"))
    } else if default.is_float() {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Dynamic::from).ok_or_else(|| wrong("a number"))
    } else if default.is_bool() {
        text.parse::<bool>().map(Dynamic::from).map_err(|_| wrong("true or false"))
    } else {
        Ok(Dynamic::from(text))
    }
}

/// Rhai hands the text that comes out to the host's printer.
#[expect(clippy::unnecessary_wraps, reason = "the form of all words")]
fn print(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let value = call.raw(0).cloned().unwrap_or_default();
    Ok(Dynamic::from(crate::values::display_within(&value, call.experiment().settings().width)))
}
