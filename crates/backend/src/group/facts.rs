//! What all ranks must have in common, and what each tells of itself.

use super::member::Member;
use super::packed::{pack, unpack};

/// Something that all ranks must have in common: the script's hash, the data's fingerprint, how many numbers the gradients have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is, as a sentence about a difference begins: "the script".
    pub name: String,
    /// How it is here.
    pub value: String,
}

impl Fact {
    /// A fact of this name and value.
    pub fn new(name: impl Into<String>, value: impl ToString) -> Self {
        Self { name: name.into(), value: value.to_string() }
    }
}

/// What a rank shows when it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) member: Member,
    pub(super) facts: Vec<Fact>,
}

/// Two ranks that do not have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In what they differ.
    pub what: String,
    /// The one to which all are compared.
    pub first: Member,
    /// How it is there.
    pub its: String,
    /// The one that differs.
    pub other: Member,
    /// How it is there.
    pub others: String,
}

impl Card {
    pub(super) fn pack(&self) -> Vec<u8> {
        let process = self.member.process.to_string();
        let mut texts = vec![self.member.host.as_str(), &process];
        texts.extend(self.facts.iter().flat_map(|fact| [fact.name.as_str(), fact.value.as_str()]));
        pack(&texts)
    }

    /// `None` where another program wrote it.
    pub(super) fn unpack(rank: usize, bytes: &[u8]) -> Option<Self> {
        let texts = unpack(bytes)?;
        let [host, process, facts @ ..] = texts.as_slice() else { return None };
        let member = Member { rank, host: host.clone(), process: process.parse().ok()? };
        let facts = facts.chunks_exact(2).map(|fact| Fact::new(&fact[0], &fact[1])).collect();
        Some(Self { member, facts })
    }

    /// The first fact in which another rank differs from this one.
    pub(super) fn difference(&self, other: &Self) -> Option<Difference> {
        let value = |card: &Self, name: &str| {
            let found = card.facts.iter().find(|fact| fact.name == name);
            found.map_or_else(|| "nothing".to_owned(), |fact| fact.value.clone())
        };
        let names = self.facts.iter().chain(&other.facts).map(|fact| fact.name.as_str());
        names.map(|name| (name, value(self, name), value(other, name))).find(|(_, its, others)| its != others).map(
            |(name, its, others)| Difference {
                what: name.to_owned(),
                first: self.member.clone(),
                its,
                other: other.member.clone(),
                others,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(rank: usize, facts: &[(&str, &str)]) -> Card {
        let facts = facts.iter().map(|(name, value)| Fact::new(*name, value)).collect();
        Card { member: Member { rank, host: "node-a".into(), process: 12 }, facts }
    }

    #[test]
    fn cards_come_back_as_they_were_sent() {
        let sent = card(3, &[("the script", "ab\ncd"), ("numbers", "7")]);
        assert_eq!(Card::unpack(3, &sent.pack()).unwrap(), sent);
        assert_eq!(Card::unpack(3, b"rubbish"), None);
    }

    #[test]
    fn the_first_difference_is_found_also_where_one_says_nothing() {
        let first = card(0, &[("the version", "1"), ("the script", "a")]);
        assert_eq!(first.difference(&card(1, &[("the version", "1"), ("the script", "a")])), None);
        let found = first.difference(&card(1, &[("the version", "2"), ("the script", "b")])).unwrap();
        assert_eq!((found.what.as_str(), found.its.as_str(), found.others.as_str()), ("the version", "1", "2"));
        let found = first.difference(&card(1, &[("the version", "1")])).unwrap();
        assert_eq!((found.what.as_str(), found.others.as_str()), ("the script", "nothing"));
        let more = card(1, &[("the version", "1"), ("the script", "a"), ("the seed", "3")]);
        assert_eq!(first.difference(&more).unwrap().its, "nothing");
    }
}
