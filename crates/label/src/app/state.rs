//! What is always in sight: counts, accuracy, what is being done.

use std::collections::BTreeMap;

use foretask_experiment::Error;
use serde_json::{Value, json};

use super::App;
use crate::http::Request;
use crate::learn::promise;
use crate::store::{Verdict, read_labels};

/// Acts of the history at once.
const LINES: usize = 100;
/// Points of the curve that are sent, the latest.
const POINTS: usize = 400;

impl App {
    pub(super) fn state(&self, who: &str) -> Result<Value, Error> {
        let moves = self.moves.count();
        let standing = self.learner.standing();
        let learned = self.learner.learned();
        let store = self.store();
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        let (mut unsure, mut unusable, mut disputed, mut by_me) = (0, 0, 0, 0);
        for (row, marks) in store.marked() {
            by_me += usize::from(marks.iter().any(|mark| *mark.who == *who));
            match store.verdict(row) {
                Verdict::Class(id) => *counts.entry(id).or_default() += 1,
                Verdict::Unsure => unsure += 1,
                Verdict::Unusable => unusable += 1,
                Verdict::Disputed => disputed += 1,
                Verdict::Open => {}
            }
        }
        let classes: Vec<Value> = store
            .classes()
            .map(|class| {
                let count = counts.get(&class.id).copied().unwrap_or(0);
                json!({ "id": class.id, "name": class.state.name, "key": class.state.key, "count": count })
            })
            .collect();
        let mut curve = store.curve()?;
        curve.retain(|point| point.encoder == standing.encoder);
        let rest = curve.split_off(curve.len().saturating_sub(POINTS));
        let (gone, version) = (store.gone().count(), store.version());
        let labels_file = store.path().display().to_string();
        drop(store);
        let labeled: usize = counts.values().sum();
        Ok(json!({
            "moves": moves,
            "version": version,
            "data": self.data.path.display().to_string(),
            "images": self.data.len(),
            "labels_file": labels_file,
            "manifest": self.manifest.path().display().to_string(),
            "trouble": self.manifest.trouble(),
            "me": who,
            "by_me": by_me,
            "classes": classes,
            "labeled": labeled,
            "unsure": unsure,
            "unusable": unusable,
            "disputed": disputed,
            "open": self.data.len() - labeled - unsure - unusable - disputed,
            "gone": gone,
            "standing": standing,
            "accuracy": learned.accuracy,
            "doubtful": learned.doubtful.len(),
            "seconds": learned.seconds,
            "rounds": learned.rounds,
            "curve": rest,
            "promise": promise(&rest),
            "script": self.script.is_some(),
        }))
    }

    pub(super) fn history(&self, request: &Request) -> Result<Value, Error> {
        let lines = self.store().history(request.number("before"), LINES)?;
        let known: Vec<Option<u32>> = lines.iter().map(|line| self.data.names.row(&line.what)).collect();
        Ok(json!({ "lines": lines, "rows": known, "more": lines.len() == LINES }))
    }

    pub(super) fn people(&self) -> Result<Value, Error> {
        let path = self.store().path().to_owned();
        let file = read_labels(&path, 0)?;
        let rows: Vec<Option<u32>> = file.disputed.iter().map(|(name, _)| self.data.names.row(name)).collect();
        Ok(json!({ "people": file.people, "agreement": file.agreement, "disputed": file.disputed, "rows": rows }))
    }
}
