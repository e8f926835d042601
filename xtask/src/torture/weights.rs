//! Mutated weights files: tensors, values that are no numbers, descriptions.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use foretask_random::Rng;
use serde_json::{Map, Value};

use super::case::{Case, Tried};
use super::description;
use super::experiments::IMAGES;
use super::mutate::{flip, mutated};
use super::product::latest;
use super::verdict;
use super::workshop::Workshop;

pub(super) const KINDS: &[&str] = &["tensors", "not_finite", "description", "header", "bytes"];

/// The name that messages must show.
const FILE: &str = "model.safetensors";

pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    let mut rng = case.rng();
    let place = case.place()?;
    let of_classifier = rng.chance(0.6);
    let whole = fs::read(if of_classifier { classifier(shop)? } else { encoder(shop)? })?;
    fs::write(place.join(FILE), spoiled(case.kind, &whole, &mut rng)?)?;
    std::os::unix::fs::symlink(shop.images().join("test"), place.join(IMAGES))?;
    let script = format!("let encoder = load_encoder(\"{FILE}\");\nknn(encoder, dataset(\"{IMAGES}\"));\n");
    fs::write(place.join("script.rhai"), script)?;
    let command: &[&str] = match rng.below(4) {
        0 if of_classifier => &["predict", FILE, IMAGES, "-o", "answers.csv"],
        0 | 1 => &["embed", FILE, IMAGES, "-o", "features.csv"],
        2 => &["export", FILE, "-o", "out.safetensors"],
        _ => &["check", "script.rhai", "--device", "flex"],
    };
    let done = case.look(&mut shop.foretask(&place, command))?;
    verdict::orderly_about(&done, &[FILE])?;
    if case.kind == "not_finite" {
        ensure!(done.code != Some(0), "weights that are no numbers are used: {}", verdict::told(&done));
    }
    Ok(Tried::Held)
}

/// An encoder's file.
pub(super) fn encoder(shop: &Workshop) -> Result<PathBuf> {
    Ok(shop.undisturbed("rotation")?.place.join("encoder.safetensors"))
}

/// A classifier's file.
fn classifier(shop: &Workshop) -> Result<PathBuf> {
    let folder = latest(&shop.undisturbed("finetune")?.place)?.join("weights");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().next().with_context(|| format!("{} is empty", folder.display()))
}

fn spoiled(kind: &str, whole: &[u8], rng: &mut Rng) -> Result<Vec<u8>> {
    let mut bytes = whole.to_vec();
    let begin = data_begin(whole)?;
    match kind {
        "tensors" => (0..=rng.below(20)).for_each(|_| flip(&mut bytes[begin..], rng)),
        "not_finite" => {
            let at = rng.below(floats(whole)? as u64) as usize;
            let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
            let value = values[rng.below(3) as usize].to_le_bytes();
            let at = begin + float_at(whole, at)?;
            bytes[at..at + 4].copy_from_slice(&value);
        }
        "description" => {
            let mut header: Map<String, Value> = serde_json::from_slice(&whole[8..begin])?;
            description::mutate(&mut header, rng)?;
            let text = serde_json::to_vec(&header)?;
            bytes = (text.len() as u64).to_le_bytes().to_vec();
            bytes.extend(&text);
            bytes.extend(&whole[begin..]);
        }
        "header" => {
            let changed = mutated(&whole[..begin], rng);
            bytes.splice(..begin, changed);
        }
        _ => bytes = mutated(whole, rng),
    }
    Ok(bytes)
}

/// Where the tensors' bytes begin: after a length of eight bytes and a text of that length.
fn data_begin(file: &[u8]) -> Result<usize> {
    let length = file.first_chunk::<8>().context("the file is shorter than its header")?;
    Ok(8 + u64::from_le_bytes(*length) as usize)
}

/// Begin and end of the bytes of every tensor of `f32`.
fn spans(file: &[u8]) -> Result<Vec<(usize, usize)>> {
    let header: Map<String, Value> = serde_json::from_slice(&file[8..data_begin(file)?])?;
    let span = |tensor: &Value| {
        let end = |at: usize| tensor["data_offsets"][at].as_u64().map(|offset| offset as usize);
        (tensor["dtype"] == "F32").then(|| Some((end(0)?, end(1)?))).flatten()
    };
    Ok(header.values().filter_map(span).collect())
}

fn floats(file: &[u8]) -> Result<usize> {
    Ok(spans(file)?.iter().map(|(begin, end)| (end - begin) / 4).sum())
}

/// The offset of the `number`-th float.
fn float_at(file: &[u8], mut number: usize) -> Result<usize> {
    for (begin, end) in spans(file)? {
        let count = (end - begin) / 4;
        if number < count {
            return Ok(begin + 4 * number);
        }
        number -= count;
    }
    anyhow::bail!("the file has no such float")
}
