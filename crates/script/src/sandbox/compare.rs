//! Rhai's functions of arrays that ask a function of the script about two items. Rhai's own take a failing function for an
//! answer; here its error ends the work, at its place.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext};

use crate::errors::CallError;
use crate::values::Kind;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// `sort`, `order` and `dedup` by a function.
pub(super) fn register(engine: &mut Engine) {
    for name in ["sort", "sort_by"] {
        engine.register_fn(name, |context: NativeCallContext<'_>, array: &mut Array, by: FnPtr| -> Outcome<()> {
            // An error leaves the items as they were.
            *array = sorted(array.clone(), &mut |a, b| compared(&context, &by, a, b))?;
            Ok(())
        });
    }
    for name in ["order", "order_by"] {
        engine.register_fn(name, |context: NativeCallContext<'_>, array: &mut Array, by: FnPtr| -> Outcome<Array> {
            sorted(array.clone(), &mut |a, b| compared(&context, &by, a, b))
        });
    }
    engine.register_fn("dedup", |context: NativeCallContext<'_>, array: &mut Array, same: FnPtr| -> Outcome<()> {
        let mut kept = Array::new();
        for item in array.iter() {
            let again = match kept.last() {
                Some(last) => {
                    let answer = same.call_raw(&context, None, [last.clone(), item.clone()])?;
                    let found = Kind::of(&answer);
                    answer.as_bool().map_err(|_| wrong(&context, &found, "true or false"))?
                }
                None => false,
            };
            if !again {
                kept.push(item.clone());
            }
        }
        *array = kept;
        Ok(())
    });
}

/// How the function orders two items: by a number below, at or above 0, or by whether the first one comes first.
fn compared(context: &NativeCallContext<'_>, by: &FnPtr, a: &Dynamic, b: &Dynamic) -> Outcome<Ordering> {
    let answer = by.call_raw(context, None, [a.clone(), b.clone()])?;
    if let Ok(number) = answer.as_int() {
        return Ok(number.cmp(&0));
    }
    if let Ok(number) = answer.as_float() {
        return Ok(number.partial_cmp(&0.0).unwrap_or(Ordering::Equal));
    }
    match answer.as_bool() {
        Ok(true) => Ok(Ordering::Less),
        Ok(false) => Ok(Ordering::Greater),
        Err(_) => Err(wrong(context, &Kind::of(&answer), "a number below, at or above 0, or true or false")),
    }
}

#[expect(clippy::unnecessary_box_returns, reason = "the form of Rhai's errors")]
fn wrong(context: &NativeCallContext<'_>, found: &str, wanted: &str) -> Box<EvalAltResult> {
    let fault = CallError::input(format!("the function that compares two items gives {found} instead of {wanted}"))
        .label("compares by it")
        .help("write for example `list.sort(|a, b| a - b)`");
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(fault), context.call_position()))
}

/// Merge sort: ends with the first failing comparison, keeps equal items in their order, and gives some order where the answers
/// contradict each other.
fn sorted<T>(mut items: Vec<T>, compare: &mut impl FnMut(&T, &T) -> Outcome<Ordering>) -> Outcome<Vec<T>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let second = sorted(items.split_off(items.len() / 2), compare)?;
    let mut first = sorted(items, compare)?.into_iter().peekable();
    let mut second = second.into_iter().peekable();
    let mut merged = Vec::with_capacity(first.len() + second.len());
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        let next = if compare(a, b)? == Ordering::Greater { second.next() } else { first.next() };
        merged.extend(next);
    }
    merged.extend(first);
    merged.extend(second);
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_in_order_and_equal_ones_as_they_stood() {
        let mut rng = foretask_random::Key::new(1).rng();
        let items: Vec<(u64, usize)> = (0..500).map(|at| (rng.below(40), at)).collect();
        let mut wanted = items.clone();
        wanted.sort_by_key(|item| item.0);
        assert_eq!(sorted(items, &mut |a, b| Ok(a.0.cmp(&b.0))).unwrap(), wanted);
        for count in 0..4 {
            let few: Vec<i32> = (0..count).rev().collect();
            assert_eq!(sorted(few, &mut |a, b| Ok(a.cmp(b))).unwrap(), (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn contradictions_are_survived_and_the_first_failure_ends_it() {
        let mut turn = 0;
        let found = sorted((0..200).collect(), &mut |_: &i32, _| {
            turn += 1;
            Ok(if turn % 3 == 0 { Ordering::Less } else { Ordering::Greater })
        });
        assert_eq!(found.unwrap().len(), 200);
        let mut calls = 0;
        let found = sorted((0..200).collect(), &mut |_: &i32, _| {
            calls += 1;
            Err("no".into())
        });
        assert!(found.is_err() && calls == 1, "{calls}");
    }
}
