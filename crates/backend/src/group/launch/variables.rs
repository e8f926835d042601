//! A launcher's variables, read one by one.

use std::collections::BTreeMap;

use super::error::{LaunchError, Names};

/// More processes than anybody starts: what is above is a mistake.
const MOST_RANKS: u64 = 1 << 20;

/// Variables by their names.
#[derive(Clone, Copy)]
pub(super) struct Variables<'a>(&'a BTreeMap<String, String>);

impl<'a> Variables<'a> {
    pub(super) fn of(variables: &'a BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// A value; what is empty counts as not set.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Which of these are set.
    pub(super) fn present(self, names: &[&'static str]) -> Names {
        self.select(names, true)
    }

    fn select(self, names: &[&'static str], set: bool) -> Names {
        names.iter().copied().filter(|name| self.text(name).is_some() == set).collect::<Vec<_>>().into()
    }

    /// An error unless all of `names` are set; it tells which of them are, and of `others`.
    pub(super) fn require(
        self,
        names: &[&'static str],
        others: &[&'static str],
        fix: &'static str,
    ) -> Result<(), LaunchError> {
        let missing = self.select(names, false);
        if missing.is_empty() {
            return Ok(());
        }
        Err(LaunchError::HalfSet { present: self.present(&[names, others].concat()), missing, fix })
    }

    /// A number within bounds.
    fn number(self, name: &'static str, least: u64, most: u64) -> Result<Option<u64>, LaunchError> {
        let Some(value) = self.text(name) else { return Ok(None) };
        match value.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(LaunchError::Number { name, value: value.chars().take(40).collect(), least, most }),
        }
    }

    /// How many processes there are.
    pub(super) fn ranks(self, name: &'static str) -> Result<Option<usize>, LaunchError> {
        Ok(self.number(name, 1, MOST_RANKS)?.map(|ranks| ranks as usize))
    }

    /// One of so many processes.
    pub(super) fn rank(self, name: &'static str, ranks: usize) -> Result<Option<usize>, LaunchError> {
        Ok(self.number(name, 0, ranks as u64 - 1)?.map(|rank| rank as usize))
    }

    /// A port.
    pub(super) fn port(self, name: &'static str) -> Result<Option<u16>, LaunchError> {
        Ok(self.number(name, 1, u16::MAX.into())?.map(|port| port as u16))
    }

    /// The network interface, where one is asked for.
    pub(super) fn interface(self) -> Option<String> {
        self.text("GLOO_SOCKET_IFNAME").map(str::to_owned)
    }
}
