//! How deep and how wide values may become. Cloning, comparing, printing and dropping a value all descend into it, so that a
//! chain of a hundred thousand closures would overflow the stack. A value grows deeper only through a variable that holds
//! it, and every variable is looked at when it is used.

use rhai::{Dynamic, FnPtr};

use super::Limits;
use crate::errors::CallError;

/// Arrays, maps and captured values inside each other.
const MAX_DEPTH: usize = 100;
/// Values inside a value. Arrays and maps have limits of their own; functions that capture functions twice do not.
const MAX_PARTS: usize = 250_000;

/// What is too much about a value.
enum Excess {
    Depth,
    Parts,
    /// A map that grew entry by entry, which Rhai itself does not count.
    Entries,
    /// The same of an array.
    Items,
}

/// What was counted in a value so far.
#[derive(Default)]
struct Count {
    parts: usize,
    entries: usize,
    items: usize,
}

/// Refuses a value that is too deep or holds too much.
pub(crate) fn check(value: &Dynamic, limits: &Limits) -> Result<(), CallError> {
    descend(value, 0, &mut Count::default(), limits).map_err(|excess| match excess {
        Excess::Depth => {
            CallError::input(format!("this value holds values inside each other more than {MAX_DEPTH} deep"))
                .label("too deep")
                .help("collect values side by side, `list.push(value)`, instead of wrapping them again and again")
        }
        Excess::Parts => CallError::input(format!("this value holds more than {MAX_PARTS} others"))
            .label("too large")
            .help("keep what is needed only; large tables are for `dataset` and its views"),
        Excess::Entries => limits.too_many_entries(),
        Excess::Items => limits.too_many_items(),
    })
}

fn descend(value: &Dynamic, depth: usize, count: &mut Count, limits: &Limits) -> Result<(), Excess> {
    count.parts += 1;
    if count.parts > MAX_PARTS {
        return Err(Excess::Parts);
    }
    if value.is_array() {
        if let Ok(items) = value.as_array_ref() {
            inside(depth)?;
            within(&mut count.items, items.len(), limits.array, Excess::Items)?;
            for item in items.iter() {
                descend(item, depth + 1, count, limits)?;
            }
        }
    } else if value.is_map() {
        if let Ok(map) = value.as_map_ref() {
            inside(depth)?;
            within(&mut count.entries, map.len(), limits.map, Excess::Entries)?;
            for value in map.values() {
                descend(value, depth + 1, count, limits)?;
            }
        }
    } else if value.is_fnptr()
        && let Some(function) = value.read_lock::<FnPtr>()
        && !function.curry().is_empty()
    {
        inside(depth)?;
        for value in function.curry() {
            descend(value, depth + 1, count, limits)?;
        }
    }
    Ok(())
}

fn inside(depth: usize) -> Result<(), Excess> {
    if depth < MAX_DEPTH { Ok(()) } else { Err(Excess::Depth) }
}

fn within(sum: &mut usize, more: usize, most: usize, excess: Excess) -> Result<(), Excess> {
    *sum += more;
    if *sum <= most { Ok(()) } else { Err(excess) }
}
