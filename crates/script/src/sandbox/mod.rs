//! What a script may use, and how much of it. Both engines come from here: that of scripts and that of label generators.
//!
//! A script may come from anywhere, so nothing it says may end the process or keep it busy for long. Allowed is what is
//! listed: packages of Rhai without a clock, a console, a way out or `eval`, and the words. Bounded are the steps, the
//! processor time between two words, the size and depth of values, the pixels of images, the depth of calls and expressions.

mod clock;
mod compare;
mod depth;
mod memory;
#[cfg(test)]
mod tests;
mod texts;

use foretask_experiment::thousands;
use std::time::Duration;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Dynamic, Engine, EvalAltResult, OptimizationLevel, Position};

pub(crate) use clock::outside;
pub(crate) use depth::check as check_value;
pub(crate) use memory::{Held, LESS, no_room, room};

use crate::errors::CallError;

/// Calls of functions inside each other.
pub(crate) const MAX_CALLS: usize = 64;
/// Expressions and blocks inside each other, as Rhai counts them (a few for each bracket).
pub(crate) const MAX_EXPRESSIONS: usize = 64;
/// Stack for the deepest calls of the deepest expressions, several times over; only what is touched takes memory.
const STACK_BYTES: usize = 64 << 20;

/// What differs between the engines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Steps of one evaluation.
    pub(crate) steps: u64,
    /// Bytes of a text.
    pub(crate) text: usize,
    /// Items of an array, counting those inside its items.
    pub(crate) array: usize,
    /// Entries of an object map, counting those inside its values.
    pub(crate) map: usize,
    /// Processor time, without that of words.
    pub(crate) time: Duration,
    /// What is said where that is not enough.
    pub(crate) too_long: &'static str,
}

/// An engine that knows the allowed packages and none of the words.
/// `interrupted` is asked at every step.
pub(crate) fn engine(limits: Limits, interrupted: impl Fn() -> bool + Send + Sync + 'static) -> Engine {
    let mut engine = bare();
    // Folding constants would drop the positions of map keys, which errors underline.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_max_operations(limits.steps);
    engine.set_max_call_levels(MAX_CALLS);
    engine.set_max_expr_depths(MAX_EXPRESSIONS, MAX_EXPRESSIONS);
    engine.set_max_string_size(limits.text);
    engine.set_max_array_size(limits.array);
    engine.set_max_map_size(limits.map);
    engine.disable_symbol("eval");
    // What `this` stands for is not a variable, so nobody could look how deep it becomes.
    engine.disable_symbol("this");
    texts::register(&mut engine);
    compare::register(&mut engine);
    #[expect(deprecated, reason = "marked so because it may change; the version of rhai is pinned")]
    engine.on_var(move |name, _, context| {
        let value = context.scope().get(name);
        value.map_or(Ok(()), |value| depth::check(value, &limits)).map_err(|fault| stopped(fault, Position::NONE))?;
        Ok(None)
    });
    engine.on_progress(move |steps| {
        if interrupted() {
            return Some(Dynamic::from("interrupted".to_owned()));
        }
        if let Some(fault) = memory::too_much(steps) {
            return Some(Dynamic::from(fault));
        }
        clock::too_long(steps).then(|| {
            Dynamic::from(CallError::input(limits.too_long).label("stopped here").help(
                "work on whole arrays and images at once; long words such as `pretrain` take the time they need, many \
                         short ones add up",
            ))
        })
    });
    engine
}

/// Rhai's own functions that depend on nothing but their arguments.
pub(crate) fn bare() -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    engine
}

impl Limits {
    fn too_many_entries(&self) -> CallError {
        too_large("an object map", self.map, "entries, those of inner maps counted")
    }

    fn too_many_items(&self) -> CallError {
        too_large("an array", self.array, "items, those of inner arrays counted")
    }
}

fn too_large(holder: &str, most: usize, parts: &str) -> CallError {
    CallError::input(format!("{holder} of the script has more than {} {parts}", thousands(most as u64)))
        .label("too large")
        .help("large tables are for `dataset` and its views")
}

/// What to say where the engine itself has found a limit exceeded.
pub(crate) fn exceeded(error: &EvalAltResult, limits: &Limits) -> Option<CallError> {
    Some(match error {
        EvalAltResult::ErrorTooManyOperations(_) => {
            CallError::input("the script makes too many steps; is a loop endless?")
                .label(format!("stopped here, after {}", thousands(limits.steps)))
                .help("long work belongs into words such as `pretrain`, which count as one step")
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            CallError::input(format!("functions call each other more than {MAX_CALLS} deep"))
                .label("stopped here")
                .help("a loop (`for`, `while`) can repeat as often as it takes")
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => match what.as_str() {
            what if what.contains("string") => too_large("a text", limits.text, "bytes"),
            what if what.contains("map") => limits.too_many_entries(),
            _ => limits.too_many_items(),
        },
        EvalAltResult::ErrorTooManyModules(_) => {
            CallError::input("a script imports at most 32 others").label("one too many")
        }
        _ => return None,
    })
}

/// Evaluates with room on the stack and the clock running.
pub(crate) fn evaluate<T>(limits: &Limits, work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, || clock::running(limits.time, work))
}

/// An end that the script cannot catch.
#[expect(clippy::unnecessary_box_returns, reason = "the form of Rhai's errors")]
pub(crate) fn stopped(fault: CallError, position: Position) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(fault), position))
}
