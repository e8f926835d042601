//! Trying a label generator on a few images while planning: what kind of target it makes, and whether it works at all.

use std::time::{Duration, Instant};

use foretask_data::Images;
use foretask_pretext::{
    Batch, Custom, GeneratedTarget, ImageRef, PretextError, Refusal, Shape, TargetKind, Targets, Task,
};
use foretask_random::Key;
use foretask_train::TaskMix;

use crate::error::Error;

/// Images tried, and how often each: enough to meet most branches of a function, and done in milliseconds.
const IMAGES: usize = 8;
const TIMES: u64 = 4;
/// A slow function is tried on fewer: a plan must not take longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The tasks with every target known. `shape_of` plans with the tasks as they are given to it and says the input shape.
///
/// # Errors
/// What the function has to say about one of `images`, with its place in the script.
pub(crate) fn choose_targets(
    mix: &TaskMix,
    images: &Images,
    shape_of: impl FnOnce(&TaskMix) -> Result<Shape, Error>,
) -> Result<TaskMix, Error> {
    if !mix.tasks.iter().any(|(task, _)| matches!(task, Task::Custom(_))) {
        return Ok(mix.clone());
    }
    let mut settled = mix.clone();
    for (task, _) in &mut settled.tasks {
        if let Task::Custom(custom) = task
            && custom.target == TargetKind::Views
        {
            // Any target does to find out which inputs the network will take.
            custom.target = TargetKind::Classes { names: vec![String::new(); 2], per_image: 1 };
        }
    }
    let shape = shape_of(&settled)?;
    for ((task, _), (given, _)) in settled.tasks.iter_mut().zip(&mix.tasks) {
        if let Task::Custom(given) = given {
            *task = Task::Custom(tried(given, images, shape)?);
        }
    }
    Ok(settled)
}

fn tried(custom: &Custom, images: &Images, shape: Shape) -> Result<Custom, Error> {
    let mut custom = custom.clone();
    if images.is_empty() {
        return Err(Error::input("there is no image to try the label generator on")
            .help("look at the data with `foretask describe`"));
    }
    let begin = Instant::now();
    for index in (0..images.len().min(IMAGES)).take_while(|&index| index == 0 || begin.elapsed() < PATIENCE) {
        let pixels = images.get(index)?;
        let image = foretask_train::image_ref(&pixels)?;
        let name = format!("{} (row {})", images.name(index), images.row(index));
        let fault = |error: PretextError| Error::of_generator(&error, Some(&name)).unwrap_or_else(|| error.into());
        for time in 0..TIMES {
            let key = Key::new(time).named("plan").with(images.row(index));
            if custom.target == TargetKind::Views {
                custom.target = kind(&custom, image, key, shape).map_err(fault)?;
            }
            let task = Task::Custom(custom.clone());
            let mut batch = Batch::new(&task.layout(shape), 1);
            for slot in batch.slots() {
                task.generate(image, key, shape, slot).map_err(fault)?;
            }
        }
    }
    Ok(custom)
}

/// What the function makes of one image.
fn kind(custom: &Custom, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<TargetKind, PretextError> {
    let refused = |refusal: Refusal| {
        let Refusal { message, help, place } = refusal;
        PretextError::Custom { name: custom.name.clone(), message, help, place }
    };
    let Some(generator) = &custom.generator else {
        return Err(refused(Refusal::from("its function is not there".to_owned())));
    };
    let made = generator.generate(image, key, shape).map_err(refused)?;
    Ok(match made.target {
        GeneratedTarget::Class(_) => {
            let message = "the label generator gives a label, but nobody said what labels there are";
            return Err(refused(Refusal { place: generator.place(), ..Refusal::from(message.to_owned()) }));
        }
        GeneratedTarget::Image(planes) => TargetKind::Image { shape: planes.shape, weighted: false },
        GeneratedTarget::Vector(values) => TargetKind::Vectors { length: values.len() },
    })
}

/// A warning where the labels that a function gives to `images` say little: all the same, or some never given.
pub(crate) fn labels_in_doubt<'a>(
    task: &Task,
    images: impl Iterator<Item = ImageRef<'a>>,
    shape: Shape,
) -> Option<String> {
    /// With more classes some are missing by chance among a hundred images.
    const FEW: usize = 12;
    let (Task::Custom(_), TargetKind::Classes { names, .. }) = (task, task.target(shape)) else { return None };
    let mut counts = vec![0_usize; names.len()];
    let begin = Instant::now();
    for (number, image) in images.enumerate().take_while(|_| begin.elapsed() < PATIENCE) {
        let mut batch = Batch::new(&task.layout(shape), 1);
        let key = Key::new(number as u64).named("labels in doubt");
        // A function that fails here fails again, with its message, when it is trained with.
        batch.slots().into_iter().try_for_each(|slot| task.generate(image, key, shape, slot)).ok()?;
        if let Targets::Classes { classes, .. } = batch.targets {
            for class in classes {
                counts[class as usize] += 1;
            }
        }
    }
    let tried: usize = counts.iter().sum();
    let given = counts.iter().filter(|&&count| count > 0).count();
    if tried < 2 * names.len() * names.len() || names.len() > FEW || given == names.len() {
        return None;
    }
    let missing = counts.iter().zip(&names).filter(|(count, _)| **count == 0).map(|(_, name)| format!("\"{name}\""));
    let missing = missing.collect::<Vec<_>>().join(", ");
    Some(format!(
        "custom_task: of {} classes only {given} came up in {tried} tries (never: {missing}); draw the label with \
         `rng.below({})`, or leave classes out",
        names.len(),
        names.len()
    ))
}
