//! What the page does.

use std::path::PathBuf;

use foretask_experiment::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use crate::http::Request;
use crate::store::Answer;

/// Images that changed and that are sent along.
const ITEMS: usize = 1000;

/// Images and what is said of them.
#[derive(Debug, Deserialize)]
struct Said {
    /// "label" or "confirm".
    #[serde(default)]
    kind: Kind,
    /// Row and answer: a class by its number, -1 unsure, -2 not usable, nothing to take it back.
    said: Vec<(u32, Option<i64>)>,
}

#[derive(Debug, Default, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Label,
    Confirm,
}

/// A change of a class.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
enum ClassAct {
    Add { name: String },
    Change { id: i64, name: String, key: Option<char> },
    Remove { id: i64, into: Option<i64> },
}

impl App {
    pub(super) fn act(&self, what: &str, request: &Request) -> Result<Value, Error> {
        let who = self.who(request);
        match what {
            "label" => self.label(&who, read(request)?),
            "class" => self.change_class(&who, read(request)?),
            "undo" => self.turn(&who, true),
            "redo" => self.turn(&who, false),
            "script" => self.write_script(),
            "table" => self.write_table(),
            "train" => self.train(),
            "stop_training" => {
                self.training.stop();
                Ok(json!({}))
            }
            _ => Err(Error::input(format!("there is nothing to do called {what}"))),
        }
    }

    fn label(&self, who: &str, said: Said) -> Result<Value, Error> {
        let answer = |(row, code): (u32, Option<i64>)| match code.map(|code| (code, Answer::of_code(code))) {
            None => Ok((row, None)),
            Some((_, Some(answer))) => Ok((row, Some(answer))),
            Some((code, None)) => Err(Error::input(format!("{code} is no answer"))),
        };
        let kind = match said.kind {
            Kind::Label => "label",
            Kind::Confirm => "confirm",
        };
        let said: Vec<(u32, Option<Answer>)> = said.said.into_iter().map(answer).collect::<Result<_, _>>()?;
        let rows = self.store().label(who, kind, &said)?;
        Ok(self.saved(who, json!({ "rows": rows }), &rows))
    }

    fn change_class(&self, who: &str, act: ClassAct) -> Result<Value, Error> {
        let mut store = self.store();
        let told = match act {
            ClassAct::Add { name } => json!({ "id": store.add_class(who, &name)? }),
            ClassAct::Change { id, name, key } => {
                store.change_class(who, id, &name, key)?;
                json!({ "id": id })
            }
            ClassAct::Remove { id, into } => json!({ "images": store.remove_class(who, id, into)? }),
        };
        drop(store);
        Ok(self.saved(who, told, &[]))
    }

    fn turn(&self, who: &str, back: bool) -> Result<Value, Error> {
        let mut store = self.store();
        let done = if back { store.undo(who)? } else { store.redo(who)? };
        drop(store);
        let rows = done.as_ref().map(|done| done.rows.clone()).unwrap_or_default();
        Ok(self.saved(who, json!({ "done": done }), &rows))
    }

    /// What is on the disk is learned from, and goes into the table within a moment; the answer says so.
    fn saved(&self, who: &str, mut told: Value, rows: &[u32]) -> Value {
        self.learner.labels_changed();
        let learned = self.learner.learned();
        let store = self.store();
        let version = store.version();
        let items: Vec<Value> = rows.iter().take(ITEMS).map(|row| self.item(&store, &learned, *row, who)).collect();
        drop(store);
        told["items"] = json!(items);
        self.manifest.ask(version);
        told["trouble"] = json!(self.manifest.trouble());
        told["saved"] = json!(true);
        told["version"] = json!(version);
        self.moves.step();
        told
    }

    /// Writes the table now rather than in a moment.
    fn write_table(&self) -> Result<Value, Error> {
        let version = self.store().version();
        match self.manifest.save(version) {
            Some(trouble) => Err(Error::failed(trouble)),
            None => Ok(json!({ "path": self.manifest.path().display().to_string(), "saved": true })),
        }
    }

    fn write_script(&self) -> Result<Value, Error> {
        let (path, found) = self.made_script()?;
        Ok(json!({ "path": path.display().to_string(), "found": found }))
    }

    /// A script for the table as it is now.
    fn made_script(&self) -> Result<(PathBuf, Vec<String>), Error> {
        let scripts = self.scripts.as_ref().ok_or_else(|| Error::input("no script can be written here"))?;
        let version = self.store().version();
        if let Some(trouble) = self.manifest.save(version) {
            return Err(Error::failed(trouble));
        }
        (scripts.make)(&self.data.path, self.manifest.path())
    }

    /// Makes the script and runs it.
    fn train(&self) -> Result<Value, Error> {
        let (path, _) = self.made_script()?;
        let scripts = self.scripts.as_ref().ok_or_else(|| Error::input("no script can be run here"))?;
        self.training.begin(&path, &scripts.run)?;
        Ok(json!({ "path": path.display().to_string() }))
    }
}

fn read<T: serde::de::DeserializeOwned>(request: &Request) -> Result<T, Error> {
    serde_json::from_slice(&request.body).map_err(|error| Error::input(format!("this request cannot be read: {error}")))
}
