//! Classes and what they may be called.

use foretask_experiment::Error;
use serde::{Deserialize, Serialize};

/// Longest name, in characters.
const LONGEST: usize = 120;

/// What is known of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClassState {
    /// Its name, as it was written.
    pub(crate) name: String,
    /// The key that gives it, where one was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<char>,
    /// Whether it was deleted or merged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) gone: bool,
    /// The class that it was merged into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) into: Option<i64>,
}

impl ClassState {
    /// A new one.
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), key: None, gone: false, into: None }
    }
}

/// A class with its number, which never stands for another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Class {
    /// The number, from 1.
    pub(crate) id: i64,
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) state: ClassState,
}

/// The name as it is kept: without blanks around it.
///
/// # Errors
/// Where nothing is left, it means "no label" in a table, or it is too long or not on one line.
pub(crate) fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::input("a class needs a name"));
    }
    if name == "-1" {
        return Err(Error::input("a class cannot be called -1: in a table of labels it stands for no label"));
    }
    if name.chars().count() > LONGEST {
        return Err(Error::input(format!("the name of a class has at most {LONGEST} characters")));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::input("the name of a class stands on one line, without control characters"));
    }
    Ok(name.to_owned())
}

/// Refuses a name that another class has, or has but for case or blanks: nobody could tell the two apart.
pub(super) fn check_free<'a>(name: &str, others: impl IntoIterator<Item = &'a Class>) -> Result<(), Error> {
    let wanted = folded(name);
    match others.into_iter().find(|class| !class.state.gone && folded(&class.state.name) == wanted) {
        None => Ok(()),
        Some(class) if class.state.name == name => Err(Error::input(format!("there is a class “{name}” already"))),
        Some(class) => Err(Error::input(format!(
            "there is a class “{}” already, and “{name}” differs from it only by case or blanks",
            class.state.name
        ))
        .help("use the one that is there, or give a name that nobody mistakes for it")),
    }
}

fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_written_but_not_any_name() {
        assert_eq!(checked_name("  <b>Cat</b> 猫 ").unwrap(), "<b>Cat</b> 猫");
        for name in ["", "  ", "-1", "a\nb", &"x".repeat(121)] {
            assert!(checked_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_differs_by_case_or_blanks_is_refused() {
        let classes = [Class { id: 1, state: ClassState::named("Red fox") }];
        for name in ["Red fox", "red  FOX", "RED FOX"] {
            assert!(check_free(name, &classes).is_err(), "{name}");
        }
        check_free("Red foxes", &classes).unwrap();
        let gone = [Class { id: 1, state: ClassState { gone: true, ..ClassState::named("Red fox") } }];
        check_free("red fox", &gone).unwrap();
    }
}
