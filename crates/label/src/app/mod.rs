//! What the page asks for, and what it is answered.

mod acts;
mod assets;
mod leases;
mod list;
mod lists;
mod map;
mod map_maker;
mod moves;
mod state;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foretask_experiment::{Error, ErrorKind};
use serde_json::json;

use self::leases::Leases;
use self::lists::Lists;
use self::map_maker::MapMaker;
use self::moves::Moves;
use crate::dataset::Dataset;
use crate::http::{Guard, Handler, Method, Request, Response};
use crate::learn::{Known, LearnOptions, Learner};
use crate::manifest::Manifest;
use crate::pictures::Pictures;
use crate::store::{CurvePoint, Store, Verdict};

/// Writes a script that trains from labels: of the data and the table of labels; where it is, and what was found.
pub type MakeScript = Box<dyn Fn(&Path, &Path) -> Result<(PathBuf, Vec<String>), Error> + Send + Sync>;

/// The header by which the page says who sits before it, percent-encoded.
const WHO: &str = "x-foretask-who";
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
    script: Option<MakeScript>,
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
    /// Writes scripts.
    pub(crate) script: Option<MakeScript>,
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
        let manifest = Manifest::start(&store, Arc::clone(&data), options.overwrite)?;
        let moves = Arc::new(Moves::default());
        let (told, kept) = (Arc::clone(&moves), Arc::clone(&store));
        let learner = Learner::start(&data, &options.learn, move |point| {
            if let Some(point) = point {
                remember(&mut kept.lock().unwrap_or_else(PoisonError::into_inner), &point);
            }
            told.step();
        });
        let app = Self {
            pictures: Pictures::new(Arc::clone(&data)),
            leases: Mutex::default(),
            lists: Lists::default(),
            map: MapMaker::new(Arc::clone(&moves)),
            script: options.script,
            person: options.person,
            data,
            store,
            manifest,
            learner,
            moves,
        };
        app.tell_learner();
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

    /// Tells the learner what holds by now.
    fn tell_learner(&self) {
        let store = self.store();
        let mut known = Known::default();
        for (row, _) in store.marked() {
            match store.verdict(row) {
                Verdict::Class(class) => known.labels.push((row, class)),
                Verdict::Open => continue,
                Verdict::Unsure | Verdict::Unusable | Verdict::Disputed => {}
            }
            known.closed.push(row);
        }
        drop(store);
        self.learner.know(known);
    }
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
