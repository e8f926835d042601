//! Lists of images: what to label next, all, those of a class, those like another one, …

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use foretask_experiment::Error;
use serde_json::{Value, json};

use super::App;
use crate::http::Request;
use crate::learn::{Learned, Reason, Suggestion};
use crate::store::{Store, Verdict, is_source};

/// Images of a list that are sent at once.
pub(super) const AT_ONCE: usize = 500;
/// Images that are like another one.
const LIKE: usize = 400;

impl App {
    pub(super) fn list(&self, request: &Request) -> Result<Value, Error> {
        let who = self.who(request);
        let view = request.query.get("view").map_or("all", String::as_str);
        let offset: usize = request.number("offset").unwrap_or(0);
        let count = request.number("count").unwrap_or(100).min(AT_ONCE);
        let learned = self.learner.learned();
        if view == "next" {
            return Ok(self.next(&who, count, &learned));
        }
        let rows = self.rows(view, request, &who, &learned)?;
        let some = rows.iter().skip(offset).take(count);
        let store = self.store();
        let items: Vec<Value> = some.map(|row| self.item(&store, &learned, *row, &who)).collect();
        Ok(json!({ "total": rows.len(), "offset": offset, "version": store.version(), "items": items }))
    }

    /// What to label next: suggestions that nobody else has before their eyes. Before there are any, images spread evenly.
    fn next(&self, who: &str, count: usize, learned: &Learned) -> Value {
        let reasons: BTreeMap<u32, Reason> = learned.suggestions.iter().map(|s| (s.row, s.reason)).collect();
        let store = self.store();
        let open = |row: &u32| store.verdict(*row) == Verdict::Open;
        let suggested = learned.suggestions.iter().map(|Suggestion { row, .. }| *row);
        let spread = crate::learn::spread_evenly(self.data.len());
        let found: Vec<u32> = if learned.rounds > 0 {
            let spread = spread.filter(|row| !reasons.contains_key(row));
            self.leases().hand_out(who, suggested.chain(spread).filter(open), count, Instant::now())
        } else {
            self.leases().hand_out(who, spread.filter(open), count, Instant::now())
        };
        let item = |row: &u32| {
            let mut item = self.item(&store, learned, *row, who);
            item["reason"] = match reasons.get(row) {
                Some(Reason::Group(of)) => json!({ "group": of }),
                Some(Reason::Between(a, b)) => json!({ "between": [a, b] }),
                Some(Reason::Unlike) => json!({ "unlike": true }),
                None => json!({ "spread": learned.rounds == 0 }),
            };
            item
        };
        let items: Vec<Value> = found.iter().map(item).collect();
        json!({ "total": items.len(), "offset": 0, "version": store.version(), "rounds": learned.rounds, "items": items })
    }

    fn rows(&self, view: &str, request: &Request, who: &str, learned: &Learned) -> Result<Arc<Vec<u32>>, Error> {
        let query = request.query.get("q").map_or("", |q| q.trim());
        let class: i64 = request.number("class").unwrap_or(0);
        let row: u32 = request.number("row").unwrap_or(u32::MAX);
        let version = self.store().version();
        let all = || (0..self.data.len() as u32).collect::<Vec<u32>>();
        let name = format!("{view}\0{query}\0{class}\0{row}\0{who}\0{}", learned.rounds);
        match view {
            // Those that are in sight, once more.
            "these" => {
                let known = |row: &u32| (*row as usize) < self.data.len();
                Ok(Arc::new(query.split(',').filter_map(|row| row.parse().ok()).filter(known).take(AT_ONCE).collect()))
            }
            "all" => self.lists.get("all", 0, || Ok(all())),
            "search" => self.lists.get(&format!("search\0{query}"), 0, || Ok(self.search(query))),
            "filter" => self.lists.get(&format!("filter\0{query}"), 0, || self.filter(query)),
            "like" => self.lists.get(&name, 0, || {
                let pool = learned.pool.as_ref();
                let pool = pool.ok_or_else(|| Error::input("no features yet: they are being computed"))?;
                if pool.place(row).is_none() {
                    return Err(Error::input("this image's features are not known yet, or it cannot be read"));
                }
                let like = pool.like(row, LIKE).into_iter().map(|(row, _)| row);
                Ok(std::iter::once(row).chain(like).collect())
            }),
            "confirm" => self.lists.get(&name, version, || {
                let Some(pool) = &learned.pool else { return Ok(Vec::new()) };
                let store = self.store();
                let rows = learned.answers.surest(class).into_iter().map(|(place, _)| pool.row(place));
                Ok(rows.filter(|row| store.verdict(*row) == Verdict::Open).collect())
            }),
            "doubtful" => Ok(Arc::new(learned.doubtful.iter().map(|doubtful| doubtful.row).collect())),
            "bad" => Ok(Arc::new(self.learner.bad().into_iter().map(|(row, _)| row).collect())),
            _ => {
                let kind = Kind::of(view, class).ok_or_else(|| Error::input(format!("there is no list {view}")))?;
                self.lists.get(&name, version, || Ok(kind.rows(&self.store(), self.data.len() as u32, who)))
            }
        }
    }

    /// Images whose name holds all the words, whatever their case.
    fn search(&self, query: &str) -> Vec<u32> {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let fits = |row: &u32| {
            let name = self.data.names.name(*row).unwrap_or_default().to_lowercase();
            words.iter().all(|word| name.contains(word.as_str()))
        };
        (0..self.data.len() as u32).filter(fits).collect()
    }

    /// Images by a condition as `.filter` takes it.
    fn filter(&self, condition: &str) -> Result<Vec<u32>, Error> {
        let view = self.data.manifest.filter(condition)?;
        match view.samples() {
            Ok(samples) => Ok(samples.rows.into_iter().map(|row| row as u32).collect()),
            Err(foretask_data::DataError::Empty { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// An image as the page shows it.
    pub(super) fn item(&self, store: &Store, learned: &Learned, row: u32, who: &str) -> Value {
        let marks = store.marks(row);
        let mine = marks.iter().find(|mark| *mark.who == *who).map(|mark| mark.answer.code());
        let said: Vec<Value> = marks
            .iter()
            .map(|mark| json!({ "who": &*mark.who, "answer": mark.answer.code(), "source": is_source(&mark.who) }))
            .collect();
        let guess = learned.pool.as_ref().and_then(|pool| learned.answers.at(pool.place(row)?));
        json!({
            "row": row,
            "name": self.data.names.name(row),
            "mine": mine,
            "verdict": store.verdict(row),
            "said": said,
            "guess": guess,
            "doubt": learned.doubts.get(&row).map(|doubt| (doubt.likelier, doubt.own)),
        })
    }
}

/// Images by what was said of them.
enum Kind {
    Open,
    Labeled,
    Class(i64),
    Is(Verdict),
    Mine,
    /// Looked at by exactly one other person.
    Second,
}

impl Kind {
    fn of(view: &str, class: i64) -> Option<Self> {
        Some(match view {
            "open" => Self::Open,
            "labeled" => Self::Labeled,
            "class" => Self::Class(class),
            "unsure" => Self::Is(Verdict::Unsure),
            "unusable" => Self::Is(Verdict::Unusable),
            "disputed" => Self::Is(Verdict::Disputed),
            "mine" => Self::Mine,
            "second" => Self::Second,
            _ => return None,
        })
    }

    fn rows(&self, store: &Store, images: u32, who: &str) -> Vec<u32> {
        if let Self::Open = self {
            let mut closed = store.verdicts().map(|(row, _)| row).peekable();
            return (0..images).filter(|row| closed.next_if_eq(row).is_none()).collect();
        }
        let mut found: Vec<(i64, u32)> = Vec::new();
        for (row, marks) in store.marked() {
            let people = || marks.iter().filter(|mark| !is_source(&mark.who));
            let fits = match self {
                Self::Open => false,
                Self::Labeled => store.verdict(row) != Verdict::Open,
                Self::Class(class) => store.verdict(row) == Verdict::Class(*class),
                Self::Is(verdict) => store.verdict(row) == *verdict,
                Self::Mine => marks.iter().any(|mark| *mark.who == *who),
                Self::Second => people().count() == 1 && people().all(|mark| *mark.who != *who),
            };
            if fits {
                found.push((marks.iter().map(|mark| mark.at).max().unwrap_or(0), row));
            }
        }
        // The latest first: it is what one wants to look at again.
        found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        found.into_iter().map(|(_, row)| row).collect()
    }
}
