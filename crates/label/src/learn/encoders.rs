//! The encoder whose features take the place of the quick ones: one that was asked for, published weights that are on this machine, or
//! else one that is pretrained on these very images for a few minutes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use foretask_eval::Look;
use foretask_experiment::stages::Pretrain;
use foretask_experiment::values::{self, LoadSettings, Network};
use foretask_experiment::{
    Error, Event, Experiment, ImageCache, Interrupt, Listener, Mode, Progress, Settings, published,
};
use foretask_models::{Arch, BackboneConfig, Encoder, ForeignOptions, Published, load_weights};
use foretask_pretext::{SimClr, Task};
use foretask_train::PretrainOptions;
use std::sync::Arc;

use crate::dataset::Dataset;

/// Fewer images teach nothing that the quick description does not know.
const FEWEST: usize = 500;
/// Images that a short pretraining looks at, evenly drawn, and its steps.
const MOST: usize = 20_000;
const STEPS: u64 = 800;
/// Images are brought to this size for it.
const SIDE: usize = 64;
/// Where stages are kept, as those of scripts are.
const RUNS: &str = "runs";

/// Which encoder is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EncoderChoice {
    /// Published weights that are on this machine, else a short pretraining.
    #[default]
    Auto,
    /// The quick description alone.
    None,
    /// A file: an encoder or classifier of a run, or weights of another program.
    File(PathBuf),
    /// Published weights by their name; they have to be on this machine.
    Published(String),
}

impl EncoderChoice {
    /// As it is written on the command line: `auto`, `none`, a file, or the name of published weights.
    ///
    /// # Errors
    /// What is neither a file nor a name.
    pub fn of(text: &str) -> Result<Self, Error> {
        match text {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            file if Path::new(file).is_file() => Ok(Self::File(file.into())),
            name if Published::find(name).is_some() => Ok(Self::Published(name.to_owned())),
            other => Err(Error::input(format!("`{other}` is neither a file nor the name of published weights"))
                .help("give a file of weights, a name that `foretask models` lists, auto or none")),
        }
    }
}

/// An encoder to compute features with.
pub(super) struct Chosen {
    /// What the page calls it.
    pub(super) name: String,
    pub(super) encoder: Encoder,
    /// Whether somebody asked for it: then it is not held against the quick description.
    pub(super) asked: bool,
    /// Things to know.
    pub(super) notes: Vec<String>,
}

/// How it is come by.
pub(super) struct Making<'a> {
    pub(super) data: &'a Dataset,
    pub(super) device: Option<&'a str>,
    pub(super) interrupt: &'a Interrupt,
    /// Told of steps done and of all.
    pub(super) progress: Arc<dyn Fn(u64, u64) + Send + Sync>,
}

/// The encoder, if there is to be one.
///
/// # Errors
/// A file that is no encoder; a request to stop; a pretraining that fails.
pub(super) fn encoder(
    choice: &EncoderChoice,
    looks: &HashMap<u32, Look>,
    making: &Making<'_>,
) -> Result<Option<Chosen>, Error> {
    match choice {
        EncoderChoice::None => Ok(None),
        EncoderChoice::File(file) => {
            let found = load_weights(file, &ForeignOptions::default())?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Some(Chosen { name, encoder: found.encoder, asked: true, notes: found.notes }))
        }
        EncoderChoice::Published(name) => {
            let published = published::named(name)?;
            let found = published::list()?.into_iter().find(|listed| listed.name == published.name);
            let file = found.and_then(|listed| listed.file).ok_or_else(|| {
                Error::input(format!("{} is not on this machine", published.name))
                    .help(format!("`foretask models fetch {}` brings it", published.name))
            })?;
            Ok(Some(loaded(published, &file, looks, true)?))
        }
        EncoderChoice::Auto => {
            // The lightest: photographs are many, and it computes beside somebody who labels.
            let there = published::list()?.into_iter().filter(|listed| !listed.consent);
            let there = there.filter_map(|listed| Some((listed.bytes, listed.name, listed.file?)));
            match there.min_by_key(|(bytes, ..)| *bytes) {
                Some((_, name, file)) => Ok(Some(loaded(published::named(name)?, &file, looks, false)?)),
                None => pretrained(making, looks),
            }
        }
    }
}

/// The shorter side that half of the images do not exceed.
fn usual_side(looks: &HashMap<u32, Look>) -> usize {
    let mut sides: Vec<u32> = looks.values().map(|look| look.width.min(look.height)).collect();
    sides.sort_unstable();
    sides.get(sides.len() / 2).map_or(0, |side| *side as usize)
}

fn loaded(published: &Published, file: &Path, looks: &HashMap<u32, Look>, asked: bool) -> Result<Chosen, Error> {
    let [small, large] = published.sides;
    // Some keep to the size that they were taught at.
    let found = if usual_side(looks) <= Published::SMALL {
        published.load(file, small).or_else(|_| published.load(file, large))?
    } else {
        published.load(file, large)?
    };
    let mut notes = found.notes;
    notes.push(format!("{}: license {}", published.name, published.license.name));
    Ok(Chosen { name: published.name.to_owned(), encoder: found.encoder, asked, notes })
}

/// A few minutes of `simclr` with a small network, kept and found again as the stage of a script is.
fn pretrained(making: &Making<'_>, looks: &HashMap<u32, Look>) -> Result<Option<Chosen>, Error> {
    let Making { data, device, interrupt, progress } = making;
    if data.len() < FEWEST {
        return Ok(None);
    }
    let progress = Arc::clone(progress);
    let listener: Listener = Arc::new(move |told| {
        if let Progress::Training { event: Event::Step { step, steps, .. } } = told {
            progress(step, steps);
        }
    });
    let settings = Settings {
        device: device.map(str::to_owned),
        listener,
        interrupt: (*interrupt).clone(),
        ..Settings::new(RUNS)
    };
    let mut manifest = data.manifest.unlabeled()?;
    let count = manifest.count()?;
    if count > MOST {
        manifest = manifest.fraction(MOST as f64 / count as f64, 0)?;
    }
    let load = LoadSettings { max_bad_fraction: 1.0, ..LoadSettings::default() };
    let image_size = (usual_side(looks) > SIDE).then_some(SIDE);
    let request = Pretrain {
        start: Network(BackboneConfig::resnet(Arch::ResNet10, 16)).into(),
        task: values::Task::from(Task::SimClr(SimClr::default())),
        images: values::Dataset::new(manifest, load),
        options: PretrainOptions { steps: Some(STEPS), image_size, ..PretrainOptions::default() },
        online: None,
    };
    let experiment = Experiment::new(Mode::Run, &settings, &ImageCache::default(), None);
    let stage = foretask_backend::catch("pretraining", || request.run(&experiment))??;
    let Some(result) = stage.result() else { return Ok(None) };
    let name = "a short pretraining on these images".to_owned();
    Ok(Some(Chosen { name, encoder: result.encoder.clone(), asked: false, notes: Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_are_called_by_file_or_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("encoder.safetensors");
        std::fs::write(&file, "").unwrap();
        assert_eq!(EncoderChoice::of(file.to_str().unwrap()).unwrap(), EncoderChoice::File(file));
        assert_eq!(EncoderChoice::of("none").unwrap(), EncoderChoice::None);
        assert_eq!(EncoderChoice::of("auto").unwrap(), EncoderChoice::default());
        assert_eq!(
            EncoderChoice::of("EfficientNet-Lite0").unwrap(),
            EncoderChoice::Published("EfficientNet-Lite0".into())
        );
        assert!(EncoderChoice::of("encoder.pt").unwrap_err().help.unwrap().contains("foretask models"));
    }
}
