//! `cross_validate`: how good a classifier will be, without a test set.

use foretask_experiment::stages::CrossValidate;
use foretask_experiment::values::{Dataset, Encoder};
use rhai::Dynamic;

use super::{Call, Example, Kind, Param, Signature, Theme, Word, held_out};
use crate::errors::CallError;

pub(super) static WORDS: &[Word] = &[Word {
    name: "cross_validate",
    theme: Theme::Evaluation,
    summary: "How many images a probe on these features would name rightly, and of which class: an honest estimate without a test set",
    about: "The labeled images are dealt into parts that hold every class alike, and each part is asked of a probe that learned from the \
            others; then they are dealt anew. The interval is Wilson's over the labeled images: few of them say little, and it shows. \
            What was tuned until this figure was best, it flatters, as a test set would be.",
    use_when: "all labels you have are needed for learning, and you want to know how far the answers can be trusted",
    not_when: "you have labeled images to spare: `.evaluate(test)` measures the classifier itself; or several encoders are to be \
               compared: `pick_encoder` compares them image by image",
    signatures: &[Signature {
        on: None,
        params: &[
            Param { name: "encoder", kinds: &[Kind::Encoder], optional: false },
            Param { name: "few", kinds: &[Kind::Dataset], optional: false },
            Param { name: "options", kinds: &[Kind::Options], optional: true },
        ],
        returns: Kind::Estimate,
    }],
    options: held_out::options,
    examples: &[Example {
        about: "how good are fifty labels?",
        script: "let estimate = cross_validate(encoder, data.split(\"train\").per_class(5));\n\
                 print(estimate);\n\
                 for class in estimate.classes { print(`${class.class}: ${class.recall}`); }",
    }],
    run: cross_validate,
}];

fn cross_validate(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options = held_out::given(call, 2)?;
    let (encoder, few): (Encoder, Dataset) = (call.value(0)?, call.value(1)?);
    Ok(Dynamic::from(CrossValidate { encoder, few, options }.run(call.experiment())?))
}
