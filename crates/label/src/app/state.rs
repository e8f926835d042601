//! What is always in sight: counts, accuracy, what is being done.

use foretask_experiment::Error;
use serde_json::{Value, json};

use super::App;
use crate::http::Request;
use crate::learn::promise;
use crate::store::read_labels;

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
        let counts = store.counts().clone();
        let by_me = store.by(who);
        let classes: Vec<Value> = store
            .classes()
            .map(|class| {
                let count = counts.classes.get(&class.id).copied().unwrap_or(0);
                json!({ "id": class.id, "name": class.state.name, "key": class.state.key, "count": count })
            })
            .collect();
        let mut curve = store.curve()?;
        curve.retain(|point| point.encoder == standing.encoder);
        let rest = curve.split_off(curve.len().saturating_sub(POINTS));
        let (gone, version) = (store.gone().count(), store.version());
        let labels_file = store.path().display().to_string();
        drop(store);
        let labeled = counts.labeled();
        Ok(json!({
            "moves": moves,
            "version": version,
            "data": self.data.path.display().to_string(),
            "images": self.data.len(),
            "labels_file": labels_file,
            "manifest": self.manifest.path().display().to_string(),
            "table": self.manifest.standing(version),
            "trouble": self.manifest.trouble(),
            "me": who,
            "by_me": by_me,
            "classes": classes,
            "labeled": labeled,
            "unsure": counts.unsure,
            "unusable": counts.unusable,
            "disputed": counts.disputed,
            "open": self.data.len() - labeled - counts.unsure - counts.unusable - counts.disputed,
            "gone": gone,
            "standing": standing,
            "accuracy": learned.accuracy,
            "doubtful": learned.doubtful.len(),
            "seconds": learned.seconds,
            "rounds": learned.rounds,
            "curve": rest,
            "promise": promise(&rest),
            "script": self.scripts.is_some(),
            "training": self.training.standing(),
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
