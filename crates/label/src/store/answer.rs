//! What people say of an image, and what follows where several said something.

use std::sync::Arc;

use serde::Serialize;

/// What one person says of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// It is of this class.
    Class(i64),
    /// It cannot be told.
    Unsure,
    /// It is of no use: blurred, empty, no such picture.
    Unusable,
}

impl Answer {
    /// As it is stored: a class by its number, which is from 1.
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Class(id) => id,
            Self::Unsure => -1,
            Self::Unusable => -2,
        }
    }

    /// What is stored as this number, if anything is.
    pub(crate) const fn of_code(code: i64) -> Option<Self> {
        match code {
            1.. => Some(Self::Class(code)),
            -1 => Some(Self::Unsure),
            -2 => Some(Self::Unusable),
            _ => None,
        }
    }
}

/// What one person said of an image, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Who.
    pub(crate) who: Arc<str>,
    /// What.
    pub(crate) answer: Answer,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
}

/// What holds for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "class")]
pub(crate) enum Verdict {
    /// Nobody said anything.
    Open,
    /// A class.
    Class(i64),
    /// Somebody looked and could not tell, and nobody could.
    Unsure,
    /// Of no use.
    Unusable,
    /// As many say one thing as say another.
    Disputed,
}

/// Whether a name is that of a source of labels, such as "(dataset)", rather than a person's.
pub(crate) fn is_source(who: &str) -> bool {
    who.starts_with('(')
}

/// What follows from several answers, in the order they were given: what most people say, where no other answer has as many. Who
/// cannot tell has no vote unless nobody can. The latest source counts where no person has said anything.
pub(crate) fn verdict<'a>(answers: impl IntoIterator<Item = (&'a str, Answer)>) -> Verdict {
    let (mut votes, mut unsure): (Vec<(Answer, usize)>, bool) = (Vec::new(), false);
    let mut given = None;
    for (who, answer) in answers {
        if is_source(who) {
            given = Some(answer);
            continue;
        }
        if answer == Answer::Unsure {
            unsure = true;
        } else if let Some(vote) = votes.iter_mut().find(|vote| vote.0 == answer) {
            vote.1 += 1;
        } else {
            votes.push((answer, 1));
        }
    }
    if let Some(given) = given.filter(|_| votes.is_empty() && !unsure) {
        votes.push((given, 1));
    }
    let most = votes.iter().map(|vote| vote.1).max().unwrap_or(0);
    let mut first = votes.iter().filter(|vote| vote.1 == most);
    match (first.next(), first.next()) {
        (None, _) if unsure => Verdict::Unsure,
        (None, _) => Verdict::Open,
        (Some((Answer::Class(class), _)), None) => Verdict::Class(*class),
        (Some(_), None) => Verdict::Unusable,
        (Some(_), Some(_)) => Verdict::Disputed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_votes_count_and_doubt_has_none() {
        let (cat, dog) = (Answer::Class(1), Answer::Class(2));
        for (answers, expected) in [
            (vec![], Verdict::Open),
            (vec![cat], Verdict::Class(1)),
            (vec![Answer::Unsure], Verdict::Unsure),
            (vec![Answer::Unsure, Answer::Unsure, cat], Verdict::Class(1)),
            (vec![cat, dog], Verdict::Disputed),
            (vec![cat, dog, dog], Verdict::Class(2)),
            (vec![Answer::Unusable, cat], Verdict::Disputed),
            (vec![Answer::Unusable, Answer::Unsure], Verdict::Unusable),
        ] {
            let people = answers.iter().map(|answer| ("ann", *answer));
            assert_eq!(verdict(people), expected, "{answers:?}");
        }
    }

    #[test]
    fn people_win_over_sources_and_later_sources_over_earlier_ones() {
        let (cat, dog) = (Answer::Class(1), Answer::Class(2));
        assert_eq!(verdict([("(dataset)", cat)]), Verdict::Class(1));
        assert_eq!(verdict([("(dataset)", cat), ("(table.csv)", dog)]), Verdict::Class(2));
        assert_eq!(verdict([("ann", dog), ("(table.csv)", cat)]), Verdict::Class(2));
        assert_eq!(verdict([("(dataset)", cat), ("ann", Answer::Unsure)]), Verdict::Unsure);
    }

    #[test]
    fn what_is_stored_comes_back() {
        for answer in [Answer::Class(1), Answer::Class(i64::MAX), Answer::Unsure, Answer::Unusable] {
            assert_eq!(Answer::of_code(answer.code()), Some(answer));
        }
        assert_eq!((Answer::of_code(0), Answer::of_code(-3)), (None, None));
    }
}
