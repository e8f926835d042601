//! Rhai's functions of texts whose result can be far larger than the texts they are given, with a look at the size first.

use rhai::{Engine, EvalAltResult, ImmutableString, NativeCallContext, Position};

type Outcome = Result<(), Box<EvalAltResult>>;

/// `replace` in its four forms. Rhai's own looks at the size of the text only once it is there.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn(
        "replace",
        |context: NativeCallContext<'_>, text: &mut ImmutableString, find: &str, with: &str| {
            replace(&context, text, find, with)
        },
    );
    engine.register_fn(
        "replace",
        |context: NativeCallContext<'_>, text: &mut ImmutableString, find: &str, with: char| {
            replace(&context, text, find, with.encode_utf8(&mut [0; 4]))
        },
    );
    engine.register_fn(
        "replace",
        |context: NativeCallContext<'_>, text: &mut ImmutableString, find: char, with: &str| {
            replace(&context, text, find.encode_utf8(&mut [0; 4]), with)
        },
    );
    engine.register_fn(
        "replace",
        |context: NativeCallContext<'_>, text: &mut ImmutableString, find: char, with: char| {
            replace(&context, text, find.encode_utf8(&mut [0; 4]), with.encode_utf8(&mut [0; 4]))
        },
    );
}

fn replace(context: &NativeCallContext<'_>, text: &mut ImmutableString, find: &str, with: &str) -> Outcome {
    let matches = text.matches(find).count();
    let kept = text.len() - matches * find.len();
    let length = matches.saturating_mul(with.len()).saturating_add(kept);
    if length > context.engine().max_string_size() {
        let too_large = EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), Position::NONE);
        return Err(Box::new(too_large));
    }
    *text = text.replace(find, with).into();
    Ok(())
}
