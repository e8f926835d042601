//! `foretask label`: opens the images, their labels and the page.

use std::fmt::Write as _;
use std::io::ErrorKind as IoKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use foretask_data::{Folders, OpenOptions, write_table};
use foretask_experiment::{Error, Interrupt};

use crate::app::{App, AppOptions, Scripts};
use crate::dataset::{Dataset, default_labels_path};
use crate::exchange::foreign_labels;
use crate::http::{Guard, Token, serve};
use crate::learn::{EncoderChoice, LearnOptions};
use crate::run::{RunParts, of_run};
use crate::store::Store;

/// The port where none is asked for, and how many after it are tried.
const PORTS: std::ops::Range<u16> = 8170..8190;
/// What labels that come with the images are called in the history.
const GIVEN: &str = "(dataset)";

/// What to label, and how.
#[derive(Debug, Clone, Default)]
pub struct LabelRequest {
    /// The images: a folder, a manifest, a pattern, a pack; or the folder of a run, for its images and weights.
    pub data: PathBuf,
    /// Classes to begin with.
    pub classes: Vec<String>,
    /// Tables of labels that are taken over, and exports of other programs ([`foreign_labels`](crate::foreign_labels)).
    pub labels: Vec<PathBuf>,
    /// Whether labels that come with the images, in a column or as names of subfolders, are left aside.
    pub ignore_labels: bool,
    /// The labels file; beside the images unless given.
    pub output: Option<PathBuf>,
    /// The encoder for better suggestions than the quick description gives.
    pub encoder: EncoderChoice,
    /// The device that computes with it.
    pub device: Option<String>,
    /// Where to listen; this machine alone unless given.
    pub host: Option<IpAddr>,
    /// The port; a free one unless given.
    pub port: Option<u16>,
    /// Whether a table that somebody else wrote is replaced.
    pub overwrite: bool,
    /// What a person is called who has given no name.
    pub person: String,
}

/// A page that is being served.
#[derive(Debug)]
pub struct Serving {
    /// Its address on this machine, with the token.
    pub address: String,
    /// Its address for other machines, where it listens to them.
    pub elsewhere: Option<String>,
    /// The labels file.
    pub labels: PathBuf,
    /// The table beside it.
    pub manifest: PathBuf,
    /// Images.
    pub images: usize,
    /// Things to know.
    pub notes: Vec<String>,
    app: Arc<App>,
}

impl Serving {
    /// Goes on until somebody asks it to stop. What was acknowledged is on the disk at any moment.
    pub fn until(self, interrupt: &Interrupt) {
        while !interrupt.requested() {
            std::thread::sleep(Duration::from_millis(50));
        }
        self.app.finish();
    }
}

/// Opens images and labels, and serves the page on threads of its own.
///
/// # Errors
/// No images, a labels file that is open elsewhere or cannot be written, a port in use.
pub fn label(request: &LabelRequest, scripts: Option<Scripts>) -> Result<Serving, Error> {
    let resolved = of_run(&request.data)?.map(|run| with_run(request, run));
    let (request, about_run) =
        resolved.as_ref().map_or((request, None), |(request, note)| (request, Some(note.clone())));
    let labels = request.output.clone().unwrap_or_else(|| default_labels_path(&request.data));
    let listener = listen(request)?;
    let folders = if request.ignore_labels { Folders::Ignore } else { Folders::Classes };
    let foreign = Converted::of(&request.labels)?;
    let options = OpenOptions { labels: foreign.tables.clone(), folders };
    let data = Dataset::open(&request.data, &options)?;
    let mut store = Store::open(&labels, Arc::clone(&data.names))?;
    let mut notes = take_over(&mut store, &data, request)?;
    notes.extend(about_run);
    notes.extend(foreign.notes.iter().cloned());
    drop(foreign);
    for note in data.manifest.notes()? {
        notes.push(note.to_string());
    }
    let gone = store.gone().count();
    if gone > 0 {
        let first = store.gone().next().unwrap_or_default();
        notes.push(format!(
            "{gone} labeled images are not among these any more, such as {first}; their labels are kept"
        ));
    }
    let images = data.len();
    let learn = LearnOptions { encoder: request.encoder.clone(), device: request.device.clone() };
    let options = AppOptions { learn, person: request.person.clone(), scripts, overwrite: request.overwrite };
    let app = Arc::new(App::start(data, store, options)?);
    let at = listener.local_addr().map_err(|error| Error::failed(format!("the page has no address: {error}")))?;
    let open_at = request.host.filter(|host| !host.is_loopback());
    let guard = Guard::new(Token::new()?, at.port(), open_at);
    let handler = app.handler(&guard);
    let token = guard.token().digits().to_owned();
    let here = request.host.filter(IpAddr::is_loopback).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let address = |host: IpAddr| format!("http://{}/?token={token}", SocketAddr::new(host, at.port()));
    let elsewhere =
        open_at.map(|host| address(if host.is_unspecified() { own_address().unwrap_or(host) } else { host }));
    let own = match (&elsewhere, open_at) {
        (Some(elsewhere), Some(host)) if !host.is_unspecified() => elsewhere.clone(),
        _ => address(here),
    };
    let started =
        std::thread::Builder::new().name("server".to_owned()).spawn(move || serve(&listener, &guard, &handler));
    started.map_err(|error| Error::failed(format!("no thread could be started: {error}")))?;
    let manifest = app.manifest_path();
    Ok(Serving { address: own, elsewhere, labels, manifest, images, notes, app })
}

/// The request for a run's folder as one for its images, and what to say of that.
fn with_run(request: &LabelRequest, run: RunParts) -> (LabelRequest, String) {
    let mut note = format!("{}: its images are {}", request.data.display(), run.data.display());
    let mut request = LabelRequest { data: run.data, ..request.clone() };
    if request.labels.is_empty() {
        request.labels = run.labels;
    }
    if let (EncoderChoice::Auto, Some(encoder)) = (&request.encoder, run.encoder) {
        let _ = write!(note, ", suggestions by {}", encoder.file_name().unwrap_or_default().to_string_lossy());
        request.encoder = EncoderChoice::File(encoder);
    }
    (request, note)
}

/// Labels and classes that come with the images, from tables and from the command line; what to say of them.
fn take_over(store: &mut Store, data: &Dataset, request: &LabelRequest) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    let new = store.classes().next().is_none() && store.marked().next().is_none();
    for name in &request.classes {
        let name = crate::store::checked_name(name)?;
        if !store.classes().any(|class| class.state.name == name) {
            store.add_class(&request.person, &name)?;
        }
    }
    if (new && !request.ignore_labels) || !request.labels.is_empty() {
        let named = data
            .samples
            .labels
            .iter()
            .zip(0_u32..)
            .filter_map(|(label, row)| Some((row, data.samples.classes.get((*label)? as usize)?.clone())));
        let given: Vec<(u32, String)> = named.collect();
        let tables: Vec<String> = request.labels.iter().map(|table| table.display().to_string()).collect();
        let source = if tables.is_empty() { GIVEN.to_owned() } else { format!("({})", tables.join(", ")) };
        if !given.is_empty() {
            let changed = store.import(&source, &given)?;
            notes.push(format!("{changed} labels taken over from {}", source.trim_matches(['(', ')'])));
        }
    }
    Ok(notes)
}

/// Labels of other programs as tables, for as long as they are read.
struct Converted {
    tables: Vec<PathBuf>,
    notes: Vec<String>,
    folder: Option<PathBuf>,
}

impl Converted {
    fn of(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut found = Self { tables: Vec::new(), notes: Vec::new(), folder: None };
        for (number, path) in paths.iter().enumerate() {
            let Some(labels) = foreign_labels(path)? else {
                found.tables.push(path.clone());
                continue;
            };
            let folder = std::env::temp_dir().join(format!("foretask-labels-{}", std::process::id()));
            std::fs::create_dir_all(&folder)
                .map_err(|error| Error::failed(format!("`{}` cannot be made: {error}", folder.display())))?;
            found.folder = Some(folder.clone());
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let table = folder.join(format!("{number}-{stem}.csv"));
            write_table(&table, &labels.table())?;
            found.tables.push(table);
            found.notes.push(format!("{}: {}, {} labels", path.display(), labels.what, labels.labels.len()));
            found.notes.extend(labels.notes);
        }
        Ok(found)
    }
}

impl Drop for Converted {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}

/// Takes a port.
fn listen(request: &LabelRequest) -> Result<TcpListener, Error> {
    let host = request.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    if let Some(port) = request.port {
        return TcpListener::bind((host, port)).map_err(|error| {
            let address = SocketAddr::new(host, port);
            match error.kind() {
                IoKind::AddrInUse => Error::input(format!("the port {port} is in use"))
                    .help("give another one with --port, or leave it out for a free one"),
                IoKind::AddrNotAvailable => Error::input(format!("{host} is no address of this machine"))
                    .help("give one that it has, or 0.0.0.0 for all of them"),
                IoKind::PermissionDenied => Error::input(format!("the system does not allow the port {port}"))
                    .help("ports from 1024 on are free to use"),
                _ => Error::failed(format!("{address} cannot be listened at: {error}")),
            }
        });
    }
    let mut last = None;
    for port in PORTS.chain([0]) {
        match TcpListener::bind((host, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map_or_else(String::new, |error| error.to_string());
    Err(Error::input(format!("{host} cannot be listened at: {why}"))
        .help("give an address of this machine with --host, or leave it out"))
}

/// The address by which other machines are likeliest to reach this one: the one that it would send from. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address kept for documentation: nobody has it.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|at| at.ip()).filter(|ip| !ip.is_unspecified())
}
