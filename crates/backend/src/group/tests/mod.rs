//! A process alone, and several of them.

#[cfg(feature = "libtorch")]
mod norms;
#[cfg(feature = "libtorch")]
mod processes;
#[cfg(feature = "libtorch")]
mod with_libtorch;

use std::time::Duration;

use super::*;

#[test]
fn a_process_alone_is_done_at_once() {
    let group = Group::join(&Launch::alone(), &[Fact::new("the script", 7)], &GroupOptions::default()).unwrap();
    assert_eq!((group.rank(), group.ranks(), group.is_first(), group.members().len()), (0, 1, true, 1));
    let mut values = [1.0, 2.0];
    group.all_reduce(&mut values).unwrap();
    group.broadcast(&mut values, 0).unwrap();
    assert_eq!((values, group.all_gather(&values).unwrap()), ([1.0, 2.0], vec![1.0, 2.0]));
    group.agree(&[Fact::new("the weights", "ab")]).unwrap();
    group.set("key", b"value").unwrap();
    let error = group.get("other", Duration::ZERO).unwrap_err().to_string();
    assert!(error.contains("for \"other\", which no rank told"), "{error}");
    group.leave().unwrap();
}

#[test]
#[cfg(not(feature = "libtorch"))]
fn a_build_without_libtorch_says_how_to_get_it() {
    let variables = [("RANK", "1"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "29500")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let launch = Launch::of(&variables.into()).unwrap();
    let error = Group::join(&launch, &[], &GroupOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("rank 1 on ") && error.contains("cargo xtask libtorch"), "{error}");
}
