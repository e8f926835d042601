//! Two passes over the same work: all of it planned, so that wrong input is found before anything is trained; then done.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::experiment::{Experiment, Mode, Settings};
use crate::image_cache::ImageCache;
use crate::progress::Progress;
use crate::run::{RunFolder, RunSource};

/// What a run left behind.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The run's folder.
    pub folder: PathBuf,
    /// The reports written, in order.
    pub reports: Vec<PathBuf>,
}

/// Checks `work` as far as that is possible without training: [`Experiment::plan`] then says what it would do.
///
/// # Errors
/// The first fault of `work`, or a device that is not there.
pub fn planned<E: From<Error>>(
    settings: &Settings,
    work: impl FnOnce(&Arc<Experiment>) -> Result<(), E>,
) -> Result<Arc<Experiment>, E> {
    pass(Experiment::new(Mode::Plan, settings, &ImageCache::default(), None), work)
}

/// Plans `work`, then does it. Results go to a new folder below `settings.out`.
///
/// # Errors
/// What went wrong; interrupted runs are an error of kind [`ErrorKind::Interrupted`].
pub fn run<E>(
    source: &RunSource,
    settings: &Settings,
    work: impl Fn(&Arc<Experiment>) -> Result<(), E>,
) -> Result<Finished, E>
where
    E: From<Error>,
    for<'a> ErrorKind: From<&'a E>,
{
    let images = ImageCache::default();
    let planned = pass(Experiment::new(Mode::Plan, settings, &images, None), &work)?;
    for warning in planned.plan().warnings {
        (settings.listener)(Progress::Warning { text: warning });
    }
    let out = settings.ranks.as_ref().map_or(settings.out.as_path(), |ranks| ranks.folder(&settings.out));
    let folder = Arc::new(RunFolder::create(out, source)?);
    let settings = &once(settings, planned.plan().warnings);
    let outcome = pass(Experiment::new(Mode::Run, settings, &images, Some(Arc::clone(&folder))), &work);
    let status = match &outcome {
        Ok(_) => "done",
        Err(error) if ErrorKind::from(error) == ErrorKind::Interrupted => "interrupted",
        Err(_) => "failed",
    };
    // Warnings of the run itself, where it came so far.
    folder.close(&outcome.as_ref().unwrap_or(&planned).plan(), status)?;
    outcome?;
    if let Some(ranks) = &settings.ranks {
        ranks.finish()?;
    }
    Ok(Finished { folder: folder.path().to_path_buf(), reports: folder.reports() })
}

/// The same settings, under which nobody is warned again of what has been said.
fn once(settings: &Settings, said: Vec<String>) -> Settings {
    let listener = Arc::clone(&settings.listener);
    let heard = move |progress| match progress {
        Progress::Warning { text } if said.contains(&text) => {}
        progress => listener(progress),
    };
    Settings { listener: Arc::new(heard), ..settings.clone() }
}

fn pass<E: From<Error>>(
    experiment: Experiment,
    work: impl FnOnce(&Arc<Experiment>) -> Result<(), E>,
) -> Result<Arc<Experiment>, E> {
    if experiment.settings().device.is_some() {
        // A slip on the command line is nobody else's.
        experiment.device()?;
    }
    let experiment = Arc::new(experiment);
    experiment.interrupt().obeyed(|| work(&experiment))?;
    Ok(experiment)
}
