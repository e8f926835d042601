//! Images that are there twice, a little altered: saved anew, cropped by a hair, brightened, taken a moment later.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foretask_data::{Channels, Depth, Images, LoadOptions, Pixels, Range, Samples, Source, Values};
use foretask_train::Features;

use super::{Issue, IssueKind, Look};
use crate::EvalError;
use crate::similarity::Neighbor;

/// Share of the sides that is cut off an altered copy, and what its brightness is multiplied by.
const CROP: f64 = 1.0 / 24.0;
const BRIGHTER: f32 = 1.1;
/// Share of altered copies that may be less alike than the threshold.
const MISSED: f64 = 0.1;
/// Similarities outside of these say nothing about copies; two that are equal differ from 1 by rounding.
pub(super) const RANGE: (f64, f64) = (0.5, 0.9999);
/// Bits of a hash that are looked up at once, and images of one such part that one is held against.
const BAND: u32 = 16;
const OF_BAND: usize = 64;
/// Pairs beyond the threshold that are told.
const BEYOND: usize = 40;
/// Bits beyond the allowed ones that still count as close to the threshold.
const CLOSE_BITS: u32 = 6;

/// Copies of at most `most` of the images, evenly chosen, as careless hands make them: a hair is cropped off, and they are
/// brightened by a tenth. Their places, and the copies.
///
/// # Errors
/// An image that cannot be read any more.
pub fn altered_copies(images: &Images, most: usize) -> Result<(Vec<u32>, Images), EvalError> {
    let count = images.len().min(most.max(1));
    let places: Vec<u32> = (0..count).map(|at| (at * images.len() / count.max(1)) as u32).collect();
    let sources: Vec<Source> =
        places.iter().map(|place| altered_source(images, *place as usize)).collect::<Result<_, _>>()?;
    let samples = Samples {
        rows: (0..count as u64).collect(),
        labels: vec![None; count],
        classes: Arc::from(Vec::new()),
        sources,
    };
    // The copies hold what was decoded: its black and white stand for themselves.
    let white = match images.depth() {
        Depth::Bytes => f32::from(u8::MAX),
        Depth::Words => f32::from(u16::MAX),
        Depth::Floats => 1.0,
    };
    let (channels, range) = (Channels::Count(images.channels()), Range::Between(vec![[0.0, white]]));
    Ok((places, Images::load(&samples, &LoadOptions { channels, range, ..LoadOptions::default() })?))
}

/// The picture as careless hands copy it: a hair is cropped off, and it is brightened by a tenth.
pub fn altered(pixels: &Pixels<'_>) -> Pixels<'static> {
    let cut = |length: usize| ((length as f64 * CROP).round() as usize).clamp(usize::from(length > 2), length / 3);
    let (left, top) = (cut(pixels.width), cut(pixels.height));
    let (width, height) = (pixels.width - 2 * left, pixels.height - 2 * top);
    let channels = pixels.channels;
    let kept = (top..top + height).flat_map(|y| {
        let begin = (y * pixels.width + left) * channels;
        begin..begin + width * channels
    });
    let data: Values<'static> = match &pixels.data {
        Values::Bytes(values) => {
            kept.map(|at| (f32::from(values[at]) * BRIGHTER).round().min(255.0) as u8).collect::<Vec<_>>().into()
        }
        Values::Words(values) => {
            kept.map(|at| (f32::from(values[at]) * BRIGHTER).round().min(65535.0) as u16).collect::<Vec<_>>().into()
        }
        Values::Floats(values) => kept.map(|at| (values[at] * BRIGHTER).min(1.0)).collect::<Vec<_>>().into(),
    };
    Pixels { width, height, channels, data }
}

/// One image, altered, as a file of `NumPy`'s: the one format that holds any number of channels of any depth.
fn altered_source(images: &Images, at: usize) -> Result<Source, EvalError> {
    let Pixels { width, height, channels, data } = altered(&images.get(at)?);
    let kind = match data.depth() {
        Depth::Bytes => "|u1",
        Depth::Words => "<u2",
        Depth::Floats => "<f4",
    };
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({height}, {width}, {channels}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    match &data {
        Values::Bytes(values) => bytes.extend_from_slice(values),
        Values::Words(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Values::Floats(values) => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
    }
    Ok(Source::Bytes { bytes: bytes.as_slice().into(), name: None })
}

/// The cosine similarity that nine in ten altered copies reach; rows of the two belong together.
///
/// # Errors
/// Features of unequal number or length, or none.
pub fn copies_similarity(originals: &Features, copies: &Features) -> Result<f64, EvalError> {
    if originals.len() != copies.len() || originals.dim != copies.dim || originals.is_empty() {
        let text = format!("{} copies of {} images with features", copies.len(), originals.len());
        return Err(EvalError::Input(text));
    }
    let mut found: Vec<f64> = (0..originals.len()).map(|at| cosine(originals.row(at), copies.row(at))).collect();
    found.sort_unstable_by(f64::total_cmp);
    Ok(found[(MISSED * (found.len() - 1) as f64).floor() as usize].clamp(RANGE.0, RANGE.1))
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let (mut product, mut first, mut second) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        product += a * b;
        first += a * a;
        second += b * b;
    }
    let length = (first * second).sqrt();
    if length > 0.0 { product / length } else { 0.0 }
}

/// Pairs of which features say that they show the same (`similarity`) and the perceptual hash says that it looks the same (`bits`). Each
/// image but the first of a group of copies once, with the earlier one that it is most alike, the most alike pairs first; and the
/// pairs that are just beyond the threshold. Pictures of one tone are no copies of each other.
pub(super) fn near_duplicates(
    looks: &[Look],
    features: &Features,
    around: &[Vec<Neighbor>],
    (similarity, bits): (f64, u32),
) -> (Vec<Issue>, Vec<Issue>) {
    let mut same: BTreeMap<u32, Issue> = BTreeMap::new();
    let mut beyond: BTreeMap<u32, Issue> = BTreeMap::new();
    // As far below the threshold again as the threshold is below 1, some way.
    let nearly = similarity - 0.5 * (1.0 - similarity);
    for (earlier, later) in candidates(looks, around) {
        let (one, other) = (&looks[earlier as usize], &looks[later as usize]);
        if !one.shows_something() || !other.shows_something() {
            continue;
        }
        let differ = one.bits(other);
        if differ > bits + CLOSE_BITS {
            continue;
        }
        let alike = cosine(features.row(earlier as usize), features.row(later as usize));
        if alike < nearly {
            continue;
        }
        let issue = Issue {
            other: Some(earlier),
            bits: Some(differ),
            ..Issue::new(IssueKind::Duplicate, later as usize, alike)
        };
        let list = if alike >= similarity && differ <= bits { &mut same } else { &mut beyond };
        let kept = list.entry(later).or_insert_with(|| issue.clone());
        if closer(&issue, kept) {
            *kept = issue;
        }
    }
    let sorted = |list: BTreeMap<u32, Issue>| {
        let mut list: Vec<Issue> = list.into_values().collect();
        list.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.bits.cmp(&b.bits)).then(a.image.cmp(&b.image)));
        list
    };
    beyond.retain(|later, _| !same.contains_key(later));
    let mut beyond = sorted(beyond);
    beyond.truncate(BEYOND);
    (sorted(same), beyond)
}

/// Whether a pair is more alike than another one; of equals the earlier.
fn closer(issue: &Issue, than: &Issue) -> bool {
    let order = issue.value.total_cmp(&than.value).then(than.bits.cmp(&issue.bits)).then(than.other.cmp(&issue.other));
    order.is_gt()
}

/// Pairs that are worth a closer look, the earlier image first: neighbors by their features, and those that share a quarter of
/// their hash, which every two hashes do that differ in fewer than four bits.
fn candidates(looks: &[Look], around: &[Vec<Neighbor>]) -> BTreeSet<(u32, u32)> {
    let mut found = BTreeSet::new();
    for (own, list) in (0_u32..).zip(around) {
        found.extend(list.iter().map(|near| (own.min(near.index), own.max(near.index))));
    }
    for band in 0..u64::BITS / BAND {
        let mut before: HashMap<u16, Vec<u32>> = HashMap::new();
        for (own, look) in (0_u32..).zip(looks).filter(|(_, look)| look.shows_something()) {
            let list = before.entry((look.hash >> (band * BAND)) as u16).or_default();
            // The first ones, since copies are told of the first of their group, and the latest ones.
            let late = list.len().saturating_sub(OF_BAND / 2).max(OF_BAND / 2);
            let shown = list.iter().take(OF_BAND / 2).chain(list.iter().skip(late));
            found.extend(shown.filter(|other| looks[**other as usize].bits(look) < BAND).map(|other| (*other, own)));
            list.push(own);
        }
    }
    found
}
