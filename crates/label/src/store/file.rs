//! A labels file as a whole, looked at beside whoever works on it: what `foretask labels` prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use foretask_experiment::Error;
use serde::Serialize;

use super::answer::{Answer, Verdict, verdict};
use super::change::parsed;
use super::class::Class;
use super::history::{HistoryLine, lines};
use super::schema;

/// What is in a labels file.
#[derive(Debug, Clone, Serialize)]
pub struct LabelsFile {
    /// Images of each class, by its name, in the order the classes were made.
    pub classes: Vec<(String, usize)>,
    /// Images that nobody could tell.
    pub unsure: usize,
    /// Images of no use.
    pub unusable: usize,
    /// Images of which people say different things, with who says what.
    pub disputed: Vec<(String, Vec<(String, String)>)>,
    /// What each person has said, in images.
    pub people: Vec<(String, usize)>,
    /// For two people who have looked at the same images: how many, and of how many of these they say the same.
    pub agreement: Vec<Agreement>,
    /// What holds for each image, in order of their names; none for those in dispute.
    pub images: Vec<LabeledImage>,
    /// The latest acts, the latest first.
    pub history: Vec<HistoryLine>,
    /// All acts, with those that were taken back.
    pub acts: usize,
}

/// Two people compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// The two.
    pub people: [String; 2],
    /// Images that both have said something of.
    pub both: usize,
    /// Of these, images of which they say the same.
    pub same: usize,
    /// Cohen's kappa: agreement beyond what chance would give them, 1 at best. None where both always say one and the same.
    pub kappa: Option<f64>,
}

/// An image and what holds for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabeledImage {
    /// The image as the dataset calls it.
    pub image: String,
    /// Its class.
    pub label: Option<String>,
    /// "unsure", "not usable" or "disputed" where it has none.
    pub status: Option<String>,
    /// Who said so.
    pub by: String,
}

/// Reads a labels file; `history` latest acts.
///
/// # Errors
/// Where there is none, or it cannot be read.
pub fn read_labels(path: &Path, history: usize) -> Result<LabelsFile, Error> {
    let db = schema::open_to_read(path)?;
    read(&db, history).map_err(|error| schema::broken(path, &error))
}

type Marks = BTreeMap<String, Vec<(String, Answer)>>;

fn read(db: &rusqlite::Connection, history: usize) -> rusqlite::Result<LabelsFile> {
    // One moment for all of it, whatever is written meanwhile.
    let _snapshot = db.unchecked_transaction()?;
    let mut query = db.prepare("SELECT id, state FROM classes ORDER BY id")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut classes = Vec::new();
    for row in rows {
        let (id, state) = row?;
        classes.push(Class { id, state: parsed(&state)? });
    }
    let mut marks = Marks::new();
    let mut query = db.prepare("SELECT image, who, answer FROM marks ORDER BY image, at")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(answer) = Answer::of_code(row.get(2)?) {
            marks.entry(row.get(0)?).or_default().push((row.get(1)?, answer));
        }
    }
    let acts: i64 = db.query_row("SELECT count(*) FROM acts", [], |row| row.get(0))?;
    Ok(LabelsFile { history: lines(db, None, history)?, acts: acts as usize, ..summary(&classes, &marks) })
}

fn summary(classes: &[Class], marks: &Marks) -> LabelsFile {
    let name = |id: i64| {
        let class = classes.iter().find(|class| class.id == id);
        class.map_or_else(|| format!("class {id}"), |class| class.state.name.clone())
    };
    let known = |answer: Answer| match answer {
        Answer::Class(id) => classes.iter().any(|class| class.id == id && !class.state.gone),
        Answer::Unsure | Answer::Unusable => true,
    };
    let said = |answer: Answer| match answer {
        Answer::Class(id) => name(id),
        Answer::Unsure => "unsure".to_owned(),
        Answer::Unusable => "not usable".to_owned(),
    };
    let (mut counts, mut people) = (BTreeMap::<i64, usize>::new(), BTreeMap::<String, usize>::new());
    let (mut unsure, mut unusable, mut disputed, mut images) = (0, 0, Vec::new(), Vec::new());
    for (image, said_of_it) in marks {
        for (who, _) in said_of_it {
            *people.entry(who.clone()).or_default() += 1;
        }
        let holds = verdict(
            said_of_it.iter().map(|(who, answer)| (who.as_str(), *answer)).filter(|(_, answer)| known(*answer)),
        );
        let (label, status) = match holds {
            Verdict::Class(id) => {
                *counts.entry(id).or_default() += 1;
                (Some(name(id)), None)
            }
            Verdict::Unsure => {
                unsure += 1;
                (None, Some("unsure"))
            }
            Verdict::Unusable => {
                unusable += 1;
                (None, Some("not usable"))
            }
            Verdict::Disputed => {
                let who_says = said_of_it.iter().map(|(who, answer)| (who.clone(), said(*answer)));
                disputed.push((image.clone(), who_says.collect()));
                (None, Some("disputed"))
            }
            Verdict::Open => (None, None),
        };
        let by: Vec<&str> = said_of_it.iter().map(|(who, _)| who.as_str()).collect();
        images.push(LabeledImage { image: image.clone(), label, status: status.map(str::to_owned), by: by.join(", ") });
    }
    let living = classes.iter().filter(|class| !class.state.gone);
    LabelsFile {
        classes: living.map(|class| (class.state.name.clone(), counts.get(&class.id).copied().unwrap_or(0))).collect(),
        unsure,
        unusable,
        disputed,
        agreement: agreement(marks),
        people: people.into_iter().collect(),
        images,
        history: Vec::new(),
        acts: 0,
    }
}

/// Every two people who have looked at the same image.
pub(crate) fn agreement(marks: &Marks) -> Vec<Agreement> {
    let people: BTreeSet<&str> = marks.values().flatten().map(|(who, _)| who.as_str()).collect();
    let people: Vec<&str> = people.into_iter().collect();
    let mut found = Vec::new();
    for (at, &one) in people.iter().enumerate() {
        for &other in &people[at + 1..] {
            let of = |who: &str, marks: &[(String, Answer)]| marks.iter().find(|mark| mark.0 == who).map(|mark| mark.1);
            let pairs: Vec<(Answer, Answer)> =
                marks.values().filter_map(|marks| Some((of(one, marks)?, of(other, marks)?))).collect();
            if !pairs.is_empty() {
                let same = pairs.iter().filter(|(a, b)| a == b).count();
                let people = [one.to_owned(), other.to_owned()];
                found.push(Agreement { people, both: pairs.len(), same, kappa: kappa(&pairs) });
            }
        }
    }
    found
}

/// Cohen (1960): (observed - expected) / (1 - expected).
fn kappa(pairs: &[(Answer, Answer)]) -> Option<f64> {
    let count = pairs.len() as f64;
    let (mut first, mut second) = (BTreeMap::<Answer, f64>::new(), BTreeMap::<Answer, f64>::new());
    for (a, b) in pairs {
        *first.entry(*a).or_default() += 1.0 / count;
        *second.entry(*b).or_default() += 1.0 / count;
    }
    let expected: f64 = first.iter().map(|(answer, share)| share * second.get(answer).copied().unwrap_or(0.0)).sum();
    let observed = pairs.iter().filter(|(a, b)| a == b).count() as f64 / count;
    (expected < 1.0 - 1e-12).then(|| (observed - expected) / (1.0 - expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_by_hand() {
        let (a, b) = (Answer::Class(1), Answer::Class(2));
        // Observed 3/4; shares 1/2 and 1/2 against 3/4 and 1/4: expected 1/2; kappa 1/2.
        assert_eq!(kappa(&[(a, a), (a, a), (b, b), (b, a)]), Some(0.5));
        assert_eq!(kappa(&[(a, a), (a, a)]), None);
        assert_eq!(kappa(&[(a, b), (b, a)]), Some(-1.0));
    }
}
