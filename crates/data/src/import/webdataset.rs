//! `WebDataset`: tar archives in which the members of one name, up to the first dot, are one sample (`7.jpg`, `7.cls`).

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

use super::{raw::listed, tar};
use crate::{
    decode::EXTENSIONS,
    error::{DataError, Result},
    manifest::is_split,
    samples::Source,
    shard::{Place, Shard},
};

/// Labels and captions are not longer than that.
const LONGEST_TEXT: u64 = 1 << 20;

/// What the archives hold, sample by sample.
#[derive(Default)]
pub(super) struct Archives {
    pub(super) sources: Vec<Source>,
    /// From `.cls`, else from `label`, `cls` or `class_name` of `.json`.
    pub(super) labels: Vec<Option<String>>,
    /// From `.txt`.
    pub(super) texts: Vec<Option<String>>,
    /// From the archive's name: `train-00012.tar`.
    pub(super) splits: Vec<Option<String>>,
}

/// The archives meant by a path: one, those of a folder, or those of a pattern.
pub(super) fn find(source: &Path) -> Result<Vec<PathBuf>> {
    let is_tar = |path: &Path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tar"));
    if source.exists() {
        return Ok(listed(source)?.into_iter().map(|(_, path)| path).filter(|path| is_tar(path)).collect());
    }
    let matches = glob::glob(&source.to_string_lossy()).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = matches.filter(|path| path.is_file() && is_tar(path)).collect();
    files.sort();
    Ok(files)
}

/// Indexes the archives; of their contents only labels and captions are read.
pub(super) fn open(paths: &[PathBuf]) -> Result<Archives> {
    let mut archives = Archives::default();
    for path in paths {
        let shard = Arc::new(Shard::new(path.clone()));
        let split = split_in_name(path);
        let members = tar::members(path)?;
        for sample in members.chunk_by(|a, b| parts(&a.name).0 == parts(&b.name).0) {
            archives.add(&shard, sample, split.as_ref())?;
        }
    }
    if archives.sources.is_empty() {
        let reason = format!("no image ({}) in {} archive(s)", EXTENSIONS.join(", "), paths.len());
        return Err(DataError::Import { path: paths.first().cloned().unwrap_or_default(), reason });
    }
    Ok(archives)
}

impl Archives {
    fn add(&mut self, shard: &Arc<Shard>, sample: &[tar::Member], split: Option<&String>) -> Result<()> {
        let is_image = |member: &&tar::Member| {
            let ending = parts(&member.name).1.rsplit('.').next().unwrap_or_default();
            EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(ending))
        };
        // `7.jpg` rather than `7.mask.png`.
        let Some(image) =
            sample.iter().filter(is_image).min_by_key(|member| parts(&member.name).1.matches('.').count())
        else {
            return Ok(());
        };
        let text = |ending: &str| -> Result<Option<String>> {
            let member = sample.iter().find(|member| parts(&member.name).1.eq_ignore_ascii_case(ending));
            let Some(member) = member.filter(|member| member.len <= LONGEST_TEXT) else { return Ok(None) };
            let refuse = |reason| DataError::Import { path: shard.path().to_owned(), reason };
            let bytes = shard.read(member.offset, member.len as usize).map_err(refuse)?;
            let text = String::from_utf8_lossy(&bytes).trim().to_owned();
            Ok((!text.is_empty()).then_some(text))
        };
        let label = match text("cls")? {
            Some(label) => Some(label),
            None => text("json")?.and_then(|json| label_in(&json)),
        };
        let len = u32::try_from(image.len).map_err(|_| DataError::Import {
            path: shard.path().to_owned(),
            reason: format!("\"{}\" has {} bytes, more than any image", image.name, image.len),
        })?;
        let place = Place { shard: shard.clone(), offset: image.offset, len, checksum: None };
        self.sources.push(Source::Packed { place, name: Some(image.name.as_str().into()), look: None });
        self.labels.push(label);
        self.texts.push(text("txt")?);
        self.splits.push(split.cloned());
        Ok(())
    }

    /// The labels in class order: by number where all are numbers.
    pub(super) fn classes(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.labels.iter().flatten().collect();
        let mut names: Vec<String> = names.into_iter().cloned().collect();
        let numbers: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
        if numbers.is_some() {
            names.sort_by_key(|name| name.parse::<i64>().unwrap_or_default());
        }
        names
    }
}

/// "a/7" and "mask.png" of "a/7.mask.png".
fn parts(name: &str) -> (&str, &str) {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    match name[file..].find('.') {
        Some(dot) => (&name[..file + dot], &name[file + dot + 1..]),
        None => (name, ""),
    }
}

fn label_in(json: &str) -> Option<String> {
    let json: Value = serde_json::from_str(json).ok()?;
    match ["label", "cls", "class_name"].iter().find_map(|key| json.get(key))? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

/// `train` of `imagenet-train-000123.tar`.
fn split_in_name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    stem.split(['-', '_', '.']).find(|part| is_split(part)).map(str::to_owned)
}
