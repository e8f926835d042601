//! What the page asks for, and what it is answered.

mod acts;
mod assets;
mod issues;
mod leases;
mod list;
mod lists;
mod map;
mod map_maker;
mod moves;
mod state;
mod training;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foretask_experiment::{Error, ErrorKind};
use serde_json::json;

use self::leases::Leases;
use self::lists::Lists;
use self::map_maker::MapMaker;
use self::moves::Moves;
use self::training::Training;
pub use self::training::{MakeScript, RunScript, Scripts};
use crate::dataset::Dataset;
use crate::http::{Guard, Handler, Method, Request, Response};
use crate::learn::{Known, LearnOptions, Learner, Watch};
use crate::manifest::Manifest;
use crate::pictures::Pictures;
use crate::store::{CurvePoint, Store, Verdict};

/// The header by which the page says who sits before it, percent-encoded.
const WHO: &str = "x-foretask-who";
/// Bytes of a report, at most.
const REPORT: u64 = 1 << 30;
/// A point is added to the curve when so many labels have come.
const CURVE_STEP: u32 = 5;

/// Everything behind the page.
pub(crate) struct App {
    data: Arc<Dataset>,
    store: Arc<Mutex<Store>>,
    manifest: Manifest,
    learner: Learner,
    pictures: Pictures,
    leases: Mutex<Leases>,
    lists: Lists,
    map: MapMaker,
    moves: Arc<Moves>,
    scripts: Option<Scripts>,
    training: Training,
    person: String,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("data", &self.data.path).finish_non_exhaustive()
    }
}

/// What the page is begun with.
pub(crate) struct AppOptions {
    /// What is learned with.
    pub(crate) learn: LearnOptions,
    /// What the page calls a person who has given no name.
    pub(crate) person: String,
    /// Makes and runs scripts.
    pub(crate) scripts: Option<Scripts>,
    /// Whether a table that somebody else wrote is replaced.
    pub(crate) overwrite: bool,
}

impl App {
    /// Begins: learning, and writing the table.
    ///
    /// # Errors
    /// A table that may not be replaced.
    pub(crate) fn start(data: Dataset, store: Store, options: AppOptions) -> Result<Self, Error> {
        let data = Arc::new(data);
        let store = Arc::new(Mutex::new(store));
        let moves = Arc::new(Moves::default());
        let told = Arc::clone(&moves);
        let manifest = Manifest::start(&store, Arc::clone(&data), options.overwrite, move || told.step())?;
        let (told, kept, asked) = (Arc::clone(&moves), Arc::clone(&store), Arc::clone(&store));
        let watch = Watch {
            known: Box::new(move || known(&asked.lock().unwrap_or_else(PoisonError::into_inner))),
            changed: Box::new(move |point| {
                if let Some(point) = point {
                    remember(&mut kept.lock().unwrap_or_else(PoisonError::into_inner), &point);
                }
                told.step();
            }),
        };
        let learner = Learner::start(&data, &options.learn, watch);
        let app = Self {
            pictures: Pictures::new(Arc::clone(&data)),
            leases: Mutex::default(),
            lists: Lists::default(),
            map: MapMaker::new(Arc::clone(&moves)),
            scripts: options.scripts,
            training: Training::new(Arc::clone(&moves)),
            person: options.person,
            data,
            store,
            manifest,
            learner,
            moves,
        };
        app.learner.labels_changed();
        // A kill may have come between the last label and the table.
        let store = app.store();
        let asked = store.marked().next().is_some().then(|| store.version());
        drop(store);
        if let Some(version) = asked {
            app.manifest.ask(version);
        }
        Ok(app)
    }

    /// Where the table of labels is.
    pub(crate) fn manifest_path(&self) -> PathBuf {
        self.manifest.path().to_owned()
    }

    /// Brings the table up to date.
    pub(crate) fn finish(&self) {
        let version = self.store().version();
        self.manifest.save(version);
        self.training.stop();
    }

    /// Answers requests; who may ask was looked at before.
    pub(crate) fn handler(self: &Arc<Self>, guard: &Guard) -> Handler {
        let (app, guard) = (Arc::clone(self), guard.clone());
        Arc::new(move |request| {
            let response = app.answer(request);
            if request.path == "/" && response.status == 200 {
                return response.with_cookie(&guard.cookie(), guard.token().digits());
            }
            response
        })
    }

    fn answer(&self, request: &Request) -> Response {
        let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let found = match (request.method, path.as_slice()) {
            (Method::Get, ["image", row]) => return self.picture(row, request),
            (Method::Get, ["report"]) => return self.report(),
            (Method::Get, ["api", what]) => self.look(what, request),
            (Method::Post, ["api", what]) => self.act(what, request),
            (Method::Get, _) => return assets::asset(&request.path),
            _ => Err(Error::input("there is nothing to do here")),
        };
        found.map_or_else(|error| refused(&error), |value| Response::json(&value))
    }

    fn look(&self, what: &str, request: &Request) -> Result<serde_json::Value, Error> {
        match what {
            "state" => self.state(&self.who(request)),
            "list" => self.list(request),
            "issues" => Ok(self.issues()),
            "issues_of" => self.issues_of(request),
            "history" => self.history(request),
            "people" => self.people(),
            "map" => Ok(self.map_of(request)),
            "bad" => Ok(json!({ "bad": self.bad_images() })),
            "wait" => Ok(json!({ "moves": self.moves.wait(request.number("moves").unwrap_or(0)) })),
            _ => Err(Error::input(format!("there is no answer to {what}"))),
        }
    }

    fn picture(&self, row: &str, request: &Request) -> Response {
        let Ok(row) = row.parse() else { return Response::error(404, "there is no such row") };
        match self.pictures.get(row, request.number("side").unwrap_or(160)) {
            Ok(picture) => Response::of(picture.kind, &*picture.bytes).cached(),
            Err(reason) => Response::error(404, &reason),
        }
    }

    /// The report of the last run: a page of its own, which can reach nothing of this one.
    fn report(&self) -> Response {
        let Some(path) = self.training.report() else { return Response::error(404, "there is no report yet") };
        match foretask_files::read(&path, REPORT) {
            Ok(bytes) => Response::document(bytes),
            Err(error) => Response::error(404, &format!("the report cannot be read: {error}")),
        }
    }

    fn bad_images(&self) -> Vec<serde_json::Value> {
        let bad = self.learner.bad().into_iter();
        bad.map(|(row, reason)| json!({ "row": row, "name": self.data.names.name(row), "reason": reason })).collect()
    }

    /// Who asks.
    fn who(&self, request: &Request) -> String {
        let told = request.header(WHO).map(crate::http::unescaped);
        told.map(|who| who.trim().to_owned()).filter(|who| !who.is_empty()).unwrap_or_else(|| self.person.clone())
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // What a panic left half-changed in memory is on the disk as it was before.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the labels say by now.
fn known(store: &Store) -> Known {
    let mut known = Known::default();
    for (row, verdict) in store.verdicts() {
        if let Verdict::Class(class) = verdict {
            known.labels.push((row, class));
        }
        known.closed.push(row);
    }
    known
}

/// Adds a point to the curve where labels have come since the last one of this encoder.
fn remember(store: &mut Store, point: &CurvePoint) {
    let Ok(curve) = store.curve() else { return };
    let last = curve.iter().rfind(|last| last.encoder == point.encoder);
    if last.is_none_or(|last| point.labels >= last.labels + CURVE_STEP) {
        // It follows from the labels; without it the curve has a point less.
        store.add_to_curve(point).ok();
    }
}

/// What went wrong, as the page shows it.
fn refused(error: &Error) -> Response {
    let message = match &error.help {
        Some(help) => format!("{}; {help}", error.message),
        None => error.message.clone(),
    };
    let status = if error.kind == ErrorKind::Input { 400 } else { 507 };
    Response::error(status, &message)
}
