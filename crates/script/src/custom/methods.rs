//! What a label generator can do with images and random numbers: one table for the reference, one place that registers it;
//! a test holds the two together.

use std::fmt::Write as _;

use rhai::{Array, Dynamic, Engine, EvalAltResult, Position};

use super::image::Image;
use super::rng::Stream;
use super::trouble::Trouble;
use crate::errors::CallError;
use crate::sandbox;

/// One thing that images or random streams can do.
struct ScriptMethod {
    /// "Image", "Rng", or nothing for a function that stands alone.
    owner: &'static str,
    /// As one writes it.
    form: &'static str,
    about: &'static str,
}

const fn of_image(form: &'static str, about: &'static str) -> ScriptMethod {
    ScriptMethod { owner: "Image", form, about }
}

const fn of_rng(form: &'static str, about: &'static str) -> ScriptMethod {
    ScriptMethod { owner: "Rng", form, about }
}

static METHODS: &[ScriptMethod] = &[
    of_image(".width", "columns"),
    of_image(".height", "rows"),
    of_image(".channels", "1 for gray, 3 for red, green and blue"),
    of_image(".crop(x, y, w, h)", "the part of w x h pixels whose top left corner is (x, y)"),
    of_image(".tile(row, column, grid)", "one of grid x grid equal tiles, counted from 0"),
    of_image(".resize(w, h)", "scaled, anti-aliased"),
    of_image(".rotate90(n)", "turned counter-clockwise by n quarter turns"),
    of_image(".flip()", "mirrored, left to right"),
    of_image(".flip_vertical()", "upside down, without turning"),
    of_image(".gray()", "without color, with as many channels as before"),
    of_image(".blur(sigma)", "Gaussian blur, sigma in pixels up to 32"),
    of_image(".noise(rng, sigma)", "with Gaussian noise, kept within 0 and 1"),
    of_image(".mask(x, y, w, h)", "a rectangle set to 0"),
    of_image(".mask(x, y, w, h, value)", "a rectangle set to a value"),
    of_image(".paste(other, x, y)", "with another image laid over it"),
    of_image(".channel(n)", "one channel as a gray image"),
    of_image(".mean()", "mean of all samples"),
    of_image(".std()", "their standard deviation"),
    of_image(".histogram(bins)", "array: the share of samples in each of so many equal parts of 0 to 1"),
    of_image(".get(x, y)", "a pixel's value in the first channel, 0 to 1"),
    of_image(".get(x, y, channel)", "a pixel's value in a channel"),
    of_image(".set(x, y, value)", "an image with this pixel changed in all channels"),
    of_image(".set(x, y, channel, value)", "an image with this pixel changed in one channel"),
    of_image(".clamp()", "values below 0 set to 0, above 1 to 1"),
    of_image("image + other", "sample by sample; `other` is an image of the same size or a number; also `-` and `*`"),
    of_rng(".below(n)", "a whole number from 0 to n - 1"),
    of_rng(".uniform()", "a number from 0 to below 1"),
    of_rng(".uniform(low, high)", "a number from low to below high"),
    of_rng(".normal()", "a number from the normal distribution with mean 0 and deviation 1"),
    of_rng(".chance(p)", "true with probability p"),
    of_rng(".shuffle(array)", "the array in random order"),
    ScriptMethod { owner: "", form: "blank(w, h, channels)", about: "a black image" },
    ScriptMethod { owner: "", form: "blank(w, h, channels, value)", about: "an image of one value" },
];

impl ScriptMethod {
    /// Without dot and arguments; `None` for operators.
    fn name(&self) -> Option<&'static str> {
        let form = self.form.trim_start_matches('.');
        let name = form.split('(').next()?;
        (!name.contains(' ')).then_some(name)
    }

    fn line(&self) -> String {
        format!("{:<30}{}", self.form, self.about)
    }
}

/// Every name that the reference of label generators knows.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    METHODS.iter().filter_map(ScriptMethod::name)
}

/// Whether images or random streams have this.
pub(crate) fn is_method(name: &str) -> bool {
    names().any(|known| known == name)
}

/// The ways to write `name`, a line each.
pub(crate) fn forms(name: &str) -> Vec<&'static str> {
    METHODS.iter().filter(|method| method.name() == Some(name)).map(|method| method.form).collect()
}

/// The types with a page of their own.
pub(crate) fn owners() -> impl Iterator<Item = &'static str> {
    ["Image", "Rng"].into_iter()
}

/// What the reference says about one of [`owners`].
pub(crate) fn page(owner: &str) -> String {
    let what = match owner {
        "Rng" => {
            "the random stream handed to the function of a `custom_task`. Each image of each epoch has its own, so \
                  the same seed gives the same labels on any number of threads"
        }
        _ => {
            "the image handed to the function of a `custom_task`, brought to the size that the network takes. Values go \
              from 0 to 1. Images are never changed: every method gives a new one"
        }
    };
    let mut text = format!("{owner}: {what}.\n\n");
    for method in METHODS.iter().filter(|method| method.owner == owner || (owner == "Image" && method.owner.is_empty()))
    {
        let _ = writeln!(text, "  {}", method.line());
    }
    text.push_str("\nExample\n  let task = custom_task(|image, rng| {\n      let turn = rng.below(4);\n      #{ input: image.rotate90(turn), label: turn }\n  }, #{ classes: 4 });\n");
    text
}

/// The same as Markdown.
pub(crate) fn markdown() -> String {
    let mut text = String::from("\n## Inside the function of a `custom_task`\n\n| | |\n|---|---|\n");
    for method in METHODS {
        let owner = if method.form.starts_with('.') { method.owner } else { "" };
        let _ = writeln!(text, "| `{owner}{}` | {} |", method.form, method.about);
    }
    text
}

/// What a function may fail with; Rhai adds the place of the call.
type Tried<T> = Result<T, Box<EvalAltResult>>;

#[expect(clippy::unnecessary_box_returns, reason = "the form of Rhai's errors")]
fn thrown(trouble: Trouble) -> Box<EvalAltResult> {
    let fault = CallError::input(trouble.message).label("here").help(trouble.help);
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(fault), Position::NONE))
}

fn tried<T>(done: Result<T, Trouble>) -> Tried<T> {
    done.map_err(thrown)
}

/// The image that came out, if there is room for it beside those that are held.
fn made(done: Result<Image, Trouble>) -> Tried<Image> {
    let image = tried(done)?;
    if sandbox::room(0) {
        return Ok(image);
    }
    Err(thrown(Trouble { message: sandbox::no_room(), help: sandbox::LESS.to_owned() }))
}

/// A number of either kind.
fn number(what: &str, value: &Dynamic) -> Tried<f32> {
    let number = value.as_int().map(|whole| whole as f64).or_else(|_| value.as_float());
    number.map(|number| number as f32).map_err(|found| {
        let message = format!("`{what}` expects a number, not {}", crate::values::Kind::say(found));
        thrown(Trouble { message, help: "write a number such as 0.5".to_owned() })
    })
}

/// Everything of the table.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Image>("Image");
    engine.register_type_with_name::<Stream>("Rng");
    sizes_and_parts(engine);
    looks(engine);
    values(engine);
    arithmetic(engine);
    random(engine);
}

fn sizes_and_parts(engine: &mut Engine) {
    engine.register_get("width", |image: &mut Image| image.shape().width as i64);
    engine.register_get("height", |image: &mut Image| image.shape().height as i64);
    engine.register_get("channels", |image: &mut Image| image.shape().channels as i64);
    engine.register_fn("crop", |image: &mut Image, x: i64, y: i64, w: i64, h: i64| made(image.crop(x, y, w, h)));
    engine
        .register_fn("tile", |image: &mut Image, row: i64, column: i64, grid: i64| made(image.tile(row, column, grid)));
    engine.register_fn("resize", |image: &mut Image, w: i64, h: i64| made(image.resize(w, h)));
    engine.register_fn("rotate90", |image: &mut Image, n: i64| made(Ok(image.rotate90(n))));
    engine.register_fn("flip", |image: &mut Image| made(Ok(image.flip())));
    engine.register_fn("flip_vertical", |image: &mut Image| made(Ok(image.flip_vertical())));
    engine.register_fn("channel", |image: &mut Image, n: i64| made(image.channel(n)));
    engine.register_fn("paste", |image: &mut Image, other: Image, x: i64, y: i64| made(image.paste(&other, x, y)));
    engine.register_fn("blank", |w: i64, h: i64, channels: i64| made(Image::blank(w, h, channels, 0.0)));
    engine.register_fn("blank", |w: i64, h: i64, channels: i64, value: Dynamic| {
        made(Image::blank(w, h, channels, number("value", &value)?))
    });
}

fn looks(engine: &mut Engine) {
    engine.register_fn("gray", |image: &mut Image| made(Ok(image.gray())));
    engine.register_fn("blur", |image: &mut Image, sigma: Dynamic| made(image.blur(number("sigma", &sigma)?)));
    engine.register_fn("noise", |image: &mut Image, rng: Stream, sigma: Dynamic| {
        let sigma = number("sigma", &sigma)?;
        made(rng.draw(|rng| image.noise(rng, sigma)))
    });
    engine.register_fn("mask", |image: &mut Image, x: i64, y: i64, w: i64, h: i64| made(image.mask(x, y, w, h, 0.0)));
    engine.register_fn("mask", |image: &mut Image, x: i64, y: i64, w: i64, h: i64, value: Dynamic| {
        made(image.mask(x, y, w, h, number("value", &value)?))
    });
    engine.register_fn("clamp", |image: &mut Image| made(Ok(image.clamp())));
}

fn values(engine: &mut Engine) {
    engine.register_fn("mean", |image: &mut Image| image.mean());
    engine.register_fn("std", |image: &mut Image| image.std());
    engine.register_fn("histogram", |image: &mut Image, bins: i64| -> Tried<Array> {
        Ok(tried(image.histogram(bins))?.into_iter().map(Dynamic::from).collect())
    });
    engine.register_fn("get", |image: &mut Image, x: i64, y: i64| tried(image.get(x, y, 0)));
    engine.register_fn("get", |image: &mut Image, x: i64, y: i64, channel: i64| tried(image.get(x, y, channel)));
    engine.register_fn("set", |image: &mut Image, x: i64, y: i64, value: Dynamic| {
        made(image.set(x, y, None, number("value", &value)?))
    });
    engine.register_fn("set", |image: &mut Image, x: i64, y: i64, channel: i64, value: Dynamic| {
        made(image.set(x, y, Some(channel), number("value", &value)?))
    });
    engine.register_fn("to_string", |image: &mut Image| format!("Image({})", image.words()));
    engine.register_fn("to_debug", |image: &mut Image| format!("Image({})", image.words()));
}

fn arithmetic(engine: &mut Engine) {
    fn both(engine: &mut Engine, sign: &str, work: impl Fn(f32, f32) -> f32 + Copy + Send + Sync + 'static) {
        engine.register_fn(sign, move |a: Image, b: Image| made(a.with(&b, work)));
        engine.register_fn(sign, move |a: Image, b: f64| made(Ok(a.each(|value| work(value, b as f32)))));
        engine.register_fn(sign, move |a: Image, b: i64| made(Ok(a.each(|value| work(value, b as f32)))));
        engine.register_fn(sign, move |a: f64, b: Image| made(Ok(b.each(|value| work(a as f32, value)))));
        engine.register_fn(sign, move |a: i64, b: Image| made(Ok(b.each(|value| work(a as f32, value)))));
    }
    both(engine, "+", |a, b| a + b);
    both(engine, "-", |a, b| a - b);
    both(engine, "*", |a, b| a * b);
}

fn random(engine: &mut Engine) {
    engine.register_fn("below", |rng: &mut Stream, n: i64| match u64::try_from(n) {
        Ok(n) if n > 0 => Ok(rng.draw(|rng| rng.below(n)) as i64),
        _ => Err(thrown(Trouble {
            message: format!("there is no whole number from 0 to below {n}"),
            help: "`rng.below(n)` expects n from 1".to_owned(),
        })),
    });
    engine.register_fn("uniform", |rng: &mut Stream| rng.draw(foretask_random::Rng::uniform_f64));
    engine.register_fn("uniform", |rng: &mut Stream, low: Dynamic, high: Dynamic| -> Tried<f64> {
        let (low, high) = (f64::from(number("low", &low)?), f64::from(number("high", &high)?));
        Ok(low + (high - low) * rng.draw(foretask_random::Rng::uniform_f64))
    });
    engine.register_fn("normal", |rng: &mut Stream| f64::from(rng.draw(foretask_random::Rng::normal)));
    engine.register_fn("chance", |rng: &mut Stream, p: Dynamic| -> Tried<bool> {
        let p = number("p", &p)?;
        Ok(rng.draw(|rng| rng.chance(p)))
    });
    engine.register_fn("shuffle", |rng: &mut Stream, mut items: Array| {
        rng.draw(|rng| rng.shuffle(&mut items));
        items
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_what_is_registered() {
        let plain = sandbox::bare();
        let names = |engine: &Engine| -> BTreeSet<(String, usize)> {
            let metadata = engine.collect_fn_metadata(
                None,
                |info| Some((info.metadata.name.trim_start_matches("get$").to_owned(), info.metadata.num_params)),
                true,
            );
            metadata.into_iter().collect()
        };
        let mut own = sandbox::bare();
        register(&mut own);
        let before = names(&plain);
        let known = names(&own);
        for method in METHODS {
            let Some(name) = method.name() else { continue };
            let arguments = method
                .form
                .split_once('(')
                .map_or(0, |(_, rest)| if rest == ")" { 0 } else { rest.matches(',').count() + 1 });
            let count = arguments + usize::from(!method.owner.is_empty());
            assert!(known.contains(&(name.to_owned(), count)), "{}", method.form);
        }
        for (name, _) in known.difference(&before) {
            let told = is_method(name) || ["to_string", "to_debug", "+", "-", "*"].contains(&name.as_str());
            assert!(told, "{name} is not in the table");
        }
    }
}
