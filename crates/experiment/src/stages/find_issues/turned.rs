//! Images that lie on their side or their head, by the answers of an encoder that was taught to tell quarter turns.

use foretask_data::Images;
use foretask_eval::{Issue, IssueKind};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::preview::examples;
use crate::stages::with_context;
use crate::values::{Encoder, EncoderSource};

/// Images that are asked about between two looks at the request to stop.
const BLOCK: usize = 64;
const TURNS: usize = 4;

/// Images that are turned with a probability of at least `sure`, the surest first; `None` where the encoder was not taught by the task
/// `rotation` in this script. All four turns of an image are asked about: what they say together of the image itself is averaged.
pub(super) fn turned(
    experiment: &Experiment,
    encoder: &Encoder,
    images: &Images,
    sure: f64,
) -> Result<Option<Vec<Issue>>, Error> {
    let EncoderSource::Pretrained(stage) = &encoder.source else { return Ok(None) };
    let Some(result) = stage.result() else { return Ok(None) };
    let Some(task) = result.tasks.iter().position(|planned| planned.task.task.name() == "rotation") else {
        return Ok(None);
    };
    let mut found = Vec::new();
    for begin in (0..images.len()).step_by(BLOCK) {
        let places: Vec<u32> = (begin as u32..(begin + BLOCK).min(images.len()) as u32).collect();
        let asked = examples(&result.tasks[task].task, &images.select(&places), 0)?;
        let shares = with_context(experiment, |cx| {
            foretask_train::stop_if_asked()?;
            Ok(result.class_shares(task, &asked, cx.device)?)
        })?;
        found.extend(places.iter().zip(shares).filter_map(|(place, shares)| {
            let (turn, share) = likeliest(&shares)?;
            let issue = Issue {
                kind: IssueKind::Turned,
                image: *place,
                value: share,
                other: None,
                bits: None,
                instead: Some(turn as u32),
            };
            (turn != 0 && share >= sure).then_some(issue)
        }));
    }
    found.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.image.cmp(&b.image)));
    Ok(Some(found))
}

/// By how many quarter turns to the left the image itself is turned, and how sure that is: input k was turned by k quarters more.
fn likeliest(shares: &[f32]) -> Option<(usize, f64)> {
    if shares.len() != TURNS * TURNS {
        return None;
    }
    let of = |own: usize| {
        let sum: f32 = (0..TURNS).map(|more| shares[more * TURNS + (more + own) % TURNS]).sum();
        f64::from(sum) / TURNS as f64
    };
    (0..TURNS).map(|own| (own, of(own))).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turns_of_an_image_are_asked_together() {
        // Whatever is asked, the network sees one quarter more than there is.
        let mut shares = [0.1_f32; 16];
        for more in 0..4 {
            shares[more * 4 + (more + 1) % 4] = 0.7;
        }
        let (turn, share) = likeliest(&shares).unwrap();
        assert_eq!(turn, 1);
        assert!((share - 0.7).abs() < 1e-6);
        assert_eq!(likeliest(&[0.25; 16]).unwrap().0, 0);
        assert_eq!(likeliest(&[0.25; 4]), None);
    }
}
