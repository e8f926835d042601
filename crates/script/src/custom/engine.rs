//! The small engine of label generators: limits, and none of the words.

use std::cell::Cell;

use rhai::packages::{
    BasicArrayPackage, BasicMapPackage, BasicMathPackage, CorePackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Engine, OptimizationLevel};

use super::methods;

/// Steps a function may make for one image: enough to visit every pixel of a photograph several times, and an endless
/// loop ends within a second.
pub(super) const MAX_OPERATIONS: u64 = 10_000_000;

/// Rhai's own functions that depend on nothing but their arguments: no clock, no console, no `eval`.
pub(super) fn bare() -> Engine {
    let mut engine = Engine::new_raw();
    CorePackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    engine
}

/// An engine for many threads at once.
pub(super) fn engine() -> Engine {
    let mut engine = bare();
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_fail_on_invalid_map_property(true);
    engine.disable_symbol("eval");
    engine.set_max_operations(MAX_OPERATIONS);
    engine.set_max_call_levels(64);
    engine.set_max_expr_depths(64, 64);
    engine.set_max_string_size(1 << 16);
    engine.set_max_array_size(1 << 20);
    engine.set_max_map_size(10_000);
    methods::register(&mut engine);
    engine.on_print(|_| PRINTED.set(true));
    engine.on_debug(|_, _, _| PRINTED.set(true));
    engine
}

thread_local! {
    /// Printing does not fail in Rhai; whoever called asks afterwards.
    static PRINTED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the function called last on this thread tried to print.
pub(super) fn printed() -> bool {
    PRINTED.take()
}
