//! `distill`: the task that is taught by other networks.

use foretask_experiment::values::{Encoder, Task};
use foretask_pretext::{Task as Pretext, TeacherInfo};
use rhai::{Array, Dynamic};

use super::word::no_options;
use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::{CallError, Span};
use crate::options;

pub(super) const WORD: &str = "distill";

const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };

pub(super) static WORDS: &[Word] = &[Word {
    name: WORD,
    theme: Theme::Tasks,
    summary: "Be like a larger network that was trained before: its features are the label",
    about: "The teacher, or each of an array of them, is frozen and sees the same views as the student, at its own input size. The \
            student learns to which images the teacher finds an image similar, and which places of an image it finds similar to each \
            other; layers that this needs are thrown away in the end, and the student keeps its own size. As it is, the teacher is asked \
            once about a few fixed views of each image, which are kept for other runs, too: that is what makes it quick on CPUs. The \
            teacher's `image_size` decides what asking costs. With `views: 0` it is asked about new and mixed views in every step, as in \
            lightly-train. A student stands under its teachers' licenses, and files made of it say so.",
    use_when: "published weights suit your images but are too large or too slow for you, and labels are few: a small network learns in \
               minutes what took others weeks",
    not_when: "the teacher knows nothing of such images: `linear_probe(teacher, few)` says so in a minute",
    signatures: &[Signature {
        on: None,
        params: &[Param { name: "teacher", kinds: &[Kind::Encoder, Kind::Array], optional: false }, OPTIONS],
        returns: Kind::Task,
    }],
    // [`Word::option_docs`] takes them from the pretext crate.
    options: no_options,
    examples: &[
        Example {
            about: "a small network after one of this script",
            script: "let small = pretrain(net, distill(encoder), data.unlabeled(), #{ steps: 2 });",
        },
        Example {
            about: "two teachers, asked anew in every step",
            script: "let task = distill([encoder, random_encoder(net)], #{ views: 0 });",
        },
    ],
    run: distill,
}];

fn distill(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let teachers = teachers(call)?;
    let task = options::parse_task(WORD, &call.map(1), 1, &call.word.option_docs())?;
    let Pretext::Distill(distill) = task else { return Err(CallError::failed("`distill` made another task")) };
    let unmet = |teacher: &Encoder| TeacherInfo::unmet(teacher.short(), teacher.fingerprint());
    let distill = distill.with_teachers(teachers.iter().map(unmet).collect());
    Ok(Dynamic::from(Task { mix: Pretext::Distill(distill).into(), teachers }))
}

fn teachers(call: &Call<'_>) -> Result<Vec<Encoder>, CallError> {
    if let Some(teacher) = call.maybe::<Encoder>(0) {
        return Ok(vec![teacher]);
    }
    let items: Array = call.value(0)?;
    let encoder = |(at, item): (usize, Dynamic)| {
        let found = Kind::of(&item);
        item.try_cast::<Encoder>().ok_or_else(|| {
            CallError::input(format!("`distill` is taught by encoders, and this is {found}"))
                .label("not an encoder")
                .help("write `[pretrained(\"efficientnet_lite0\"), pre.encoder]`")
                .at(Span::Value(0, vec![at.to_string()]))
        })
    };
    let teachers: Vec<Encoder> = items.into_iter().enumerate().map(encoder).collect::<Result<_, _>>()?;
    if teachers.is_empty() {
        return Err(CallError::input("`distill` needs a teacher")
            .label("nobody in it")
            .help("write `distill(pretrained(\"efficientnet_lite0\"))`")
            .argument(0));
    }
    Ok(teachers)
}
