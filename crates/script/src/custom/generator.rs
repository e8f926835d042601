//! A script's function as a label generator of the pretext crate.

use std::sync::Arc;

use foretask_pretext::{
    Custom, GeneratedPair, GeneratedTarget, Generator, ImageRef, Planes, Refusal, Shape, TargetKind, ops,
};
use foretask_random::Key;
use rhai::{Dynamic, Engine, Map};

use super::function::Function;
use super::image::Image;
use super::rng::Stream;
use super::{engine, identity};
use crate::errors::{CallError, did_you_mean};
use crate::sandbox;
use crate::values::Kind;

/// What a function gives beside the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// One of these classes.
    Label(Vec<String>),
    /// An image or numbers, whichever it gives.
    Target,
}

/// A script's function with the engine that runs it on any thread.
pub(crate) struct ScriptGenerator {
    engine: Engine,
    function: Function,
    wanted: Wanted,
}

/// What may stand in the map that a function gives.
const KEYS: [&str; 4] = ["input", "label", "target", "note"];

impl ScriptGenerator {
    pub(crate) fn new(function: Function, wanted: Wanted) -> Self {
        Self { engine: engine::engine(), function, wanted }
    }

    /// The task of this generator. What a `target` is shows only once images are known: [`TargetKind::Views`], which no
    /// function can make, stands in until [`foretask_experiment`].
    pub(crate) fn into_task(self, name: String) -> Custom {
        let target = match &self.wanted {
            Wanted::Label(names) => TargetKind::Classes { names: names.clone(), per_image: 1 },
            Wanted::Target => TargetKind::Views,
        };
        Custom { name, identity: identity::identity(&self.function), target, generator: Some(Arc::new(self)) }
    }

    fn refuse(&self, fault: CallError) -> Refusal {
        Refusal { message: fault.message, help: fault.help, place: self.function.place() }
    }

    fn read(&self, given: Dynamic, shape: Shape) -> Result<GeneratedPair, CallError> {
        let found = Kind::of(&given);
        let Some(mut map) = given.try_cast::<Map>() else {
            return Err(CallError::input(format!("the label generator gives {found} instead of an object map"))
                .help(format!("let its last line be `{}`, without a semicolon", self.form())));
        };
        if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let help = did_you_mean(key, &KEYS, "keys").unwrap_or_default();
            return Err(
                CallError::input(format!("the label generator gives a `{key}`, which means nothing")).help(help)
            );
        }
        let input = map.remove("input").ok_or_else(|| {
            CallError::input("the label generator gives no `input`").help(format!("write `{}`", self.form()))
        })?;
        let input = self.image("input", input)?;
        if input.shape() != shape {
            let wanted = Image::new(Planes::black(shape)).words();
            let help = if input.shape().channels == shape.channels {
                "bring it to the size of the image: `.resize(image.width, image.height)`"
            } else {
                "the network takes as many channels as the images have; `image.gray()` keeps their number"
            };
            return Err(CallError::input(format!("its `input` has {} instead of {wanted}", input.words())).help(help));
        }
        let note = map.remove("note").map(|note| note.to_string());
        let target = self.target(map)?;
        Ok(GeneratedPair { input: input.into_planes(), target, note })
    }

    fn form(&self) -> &'static str {
        match self.wanted {
            Wanted::Label(_) => "#{ input: image, label: 0 }",
            Wanted::Target => "#{ input: image, target: image }",
        }
    }

    fn image(&self, what: &str, value: Dynamic) -> Result<Image, CallError> {
        let found = Kind::of(&value);
        value.try_cast::<Image>().ok_or_else(|| {
            CallError::input(format!("its `{what}` is {found} instead of an image"))
                .help(format!("write `{}`", self.form()))
        })
    }

    fn target(&self, mut map: Map) -> Result<GeneratedTarget, CallError> {
        match (&self.wanted, map.remove("label"), map.remove("target")) {
            (_, Some(_), Some(_)) => Err(CallError::input("the label generator gives both a `label` and a `target`")
                .help("leave one of them out")),
            (Wanted::Label(names), Some(label), None) => class(names, &label),
            (Wanted::Target, None, Some(target)) => numbers_or_image(target),
            (Wanted::Label(_), None, Some(_)) => {
                Err(CallError::input("the label generator gives a `target`, but the task was announced with `classes`")
                    .help("give `label: …` instead, or leave `classes` out"))
            }
            (Wanted::Target, Some(_), None) => Err(CallError::input(
                "the label generator gives a `label`, but nobody said what labels there are",
            )
            .help("write `custom_task(…, #{ classes: 4 })`, or give the names: `#{ classes: [\"left\", \"right\"] }`")),
            (_, None, None) => {
                let key = if matches!(self.wanted, Wanted::Label(_)) { "label" } else { "target" };
                Err(CallError::input(format!("the label generator gives no `{key}`"))
                    .help(format!("write `{}`", self.form())))
            }
        }
    }
}

fn class(names: &[String], label: &Dynamic) -> Result<GeneratedTarget, CallError> {
    if let Ok(number) = label.as_int() {
        return match u32::try_from(number) {
            Ok(class) if (class as usize) < names.len() => Ok(GeneratedTarget::Class(class)),
            _ => Err(CallError::input(format!("its `label` is {number}, but there are {} classes", names.len()))
                .help(format!("labels go from 0 to {}; or change `classes`", names.len().saturating_sub(1)))),
        };
    }
    if let Ok(text) = label.as_immutable_string_ref() {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        return match known.iter().position(|name| *name == text.as_str()) {
            Some(class) => Ok(GeneratedTarget::Class(class as u32)),
            None => {
                Err(CallError::input(format!("its `label` is \"{}\", which is none of the classes", text.as_str()))
                    .maybe_help(did_you_mean(text.as_str(), &known, "classes")))
            }
        };
    }
    Err(CallError::input(format!("its `label` is {} instead of a class", Kind::of(label)))
        .help("give the class's number, counted from 0, or its name"))
}

fn numbers_or_image(target: Dynamic) -> Result<GeneratedTarget, CallError> {
    if target.is::<Image>() {
        return Ok(GeneratedTarget::Image(target.cast::<Image>().into_planes()));
    }
    if let Some(number) = number(&target) {
        return Ok(GeneratedTarget::Vector(vec![number]));
    }
    let found = Kind::of(&target);
    let Ok(items) = target.as_array_ref() else {
        return Err(CallError::input(format!("its `target` is {found} instead of an image or an array of numbers"))
            .help("write `#{ input: image, target: [0.5, 1.0] }`"));
    };
    if items.is_empty() {
        return Err(CallError::input("its `target` is an empty array").help("give at least one number"));
    }
    let numbers = items.iter().enumerate().map(|(at, item)| {
        number(item).ok_or_else(|| {
            CallError::input(format!("its `target` holds {} at position {at} instead of a number", Kind::of(item)))
                .help("a target is an image or an array of numbers")
        })
    });
    Ok(GeneratedTarget::Vector(numbers.collect::<Result<_, _>>()?))
}

fn number(value: &Dynamic) -> Option<f32> {
    value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64)).ok().map(|number| number as f32)
}

impl Generator for ScriptGenerator {
    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<GeneratedPair, Refusal> {
        let mut view = Planes::black(shape);
        ops::center_view(image, shape, &mut view.data);
        let arguments = (Image::new(view), Stream::of(key));
        let Function { pointer, functions, source, ast, explain } = &self.function;
        let given = sandbox::evaluate(&engine::LIMITS, || pointer.call::<Dynamic>(&self.engine, functions, arguments))
            .map_err(|error| explain(*error, source, ast))?;
        if engine::printed() {
            let fault =
                CallError::input("a label generator cannot print: it runs on many threads, once for every image")
                    .help("give `note: \"…\"` beside the label and look at `foretask preview`");
            return Err(self.refuse(fault));
        }
        self.read(given, shape).map_err(|fault| self.refuse(fault))
    }

    fn place(&self) -> Option<(usize, usize)> {
        self.function.place()
    }
}
