//! Self-training without some of the labels, to see how far its answers for new images can be believed.

use std::collections::HashSet;

use foretask_data::Images;
use foretask_models::Encoder;
use foretask_train::{
    Context, HeldOut, LEAST_HELD_OUT, LinearProbe, extract_features, fewest_per_class, labels_of, stratified_folds,
};

use super::{SelfTrainOptions, in_rounds};
use crate::{EvalError, nearest};

/// Parts that the labeled images are left out in.
const PARTS: usize = 3;

/// Answers for a third of the labeled images (for further thirds, until there are enough), by classifiers that were self-trained
/// without them: the encoder has seen neither their labels nor, among the pool, themselves, as it has not seen the images it will be
/// asked about. Hidden from the last spreading alone they would flatter: the encoder has learned where their labels lie.
pub(super) fn answers(
    encoder: &Encoder,
    few: &Images,
    pool: &Images,
    options: &SelfTrainOptions,
    cx: &Context<'_>,
) -> Result<Option<HeldOut>, EvalError> {
    let labels = labels_of(few)?;
    let fewest = fewest_per_class(&labels, few.classes().len());
    if labels.len() < LEAST_HELD_OUT || fewest < 2 {
        return Ok(None);
    }
    cx.note("self-training once more without a third of the labels, to see how far its answers can be believed");
    let mut found = HeldOut::default();
    let mut trained = 0;
    for (number, held) in stratified_folds(&labels, PARTS.min(fewest), options.seed).iter().enumerate() {
        if found.len() >= LEAST_HELD_OUT {
            break;
        }
        let folder = cx.folder.join(format!("held-out-{}", number + 1));
        // What happens in there is not the stage's own course.
        let quiet = |_| ();
        let within = Context { folder: &folder, events: &quiet, ..*cx };
        let held: Vec<u32> = held.iter().map(|&i| i as u32).collect();
        let kept: Vec<u32> = (0..labels.len() as u32).filter(|i| !held.contains(i)).collect();
        let unseen = few.select(&held);
        let others = without(pool, &unseen);
        // A pool of nothing else is better than none.
        let others = if others.len() > options.spread.neighbors { &others } else { pool };
        let done = in_rounds(encoder, &few.select(&kept), others, options, &within)?;
        let features = extract_features(&done.classifier.encoder, &unseen, &within)?;
        let head = LinearProbe::of(&done.classifier.weight, &done.classifier.bias);
        let given: Vec<u32> = held.iter().map(|&i| labels[i as usize]).collect();
        found.add(&head, &features.data, &given);
        let neighbors = nearest(&done.features, &features, 1)?;
        found.distances.extend(neighbors.iter().flatten().map(|found| (1.0 - found.similarity).clamp(0.0, 2.0)));
        trained += 1;
    }
    found.how = match trained {
        1 => "self-trained once more without a third of the labels".to_owned(),
        times => format!("self-trained {times} times more, each time without a part of the labels"),
    };
    Ok(Some(found))
}

/// The images of the pool that are none of these.
fn without(pool: &Images, unseen: &Images) -> Images {
    let seen: HashSet<u64> = (0..unseen.len()).map(|i| unseen.content_hash(i)).collect();
    let others: Vec<u32> =
        (0..pool.len()).filter(|&i| !seen.contains(&pool.content_hash(i))).map(|i| i as u32).collect();
    pool.select(&others)
}
