//! `WebDataset`: tar archives in which the members of one name are one sample (`7.jpg`, `7.cls`).
//!
//! By the letter a name ends at its first dot and the members of a sample follow each other. What people have is not always so:
//! names have further dots (`img_v1.07.jpg`), labels come after all images, or folders are the classes. So members are matched by
//! name wherever they stand, and what belongs to no image is counted.

mod labels;
mod names;

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::tar::{self, Member};
use crate::{
    decode::extensions_in_words,
    error::{DataError, Result},
    find::{self, Passed, Reason},
    manifest::is_split,
    shard::{Shard, ShardSlice},
    source::Source,
};

/// What the archives hold, sample by sample.
#[derive(Default)]
pub(super) struct Archives {
    pub(super) sources: Vec<Source>,
    /// From `.cls` and the like, else from `.json`, else from folders.
    pub(super) labels: Vec<Option<String>>,
    /// From `.txt`.
    pub(super) texts: Vec<Option<String>>,
    /// From the archive's name: `train-00012.tar`; else from folders.
    pub(super) splits: Vec<Option<String>>,
}

/// The archives meant by a path: one, those of a folder, or those of a pattern.
pub(super) fn find(source: &Path, passed: &mut Passed) -> Result<Vec<PathBuf>> {
    if source.is_file() {
        let name = source.to_string_lossy().to_lowercase();
        let packed = [".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst"];
        if packed.iter().any(|ending| name.ends_with(ending)) {
            let reason =
                "a compressed archive has to be unpacked first: `gunzip`, `unxz` or `unzstd` make a .tar of it"
                    .to_owned();
            return Err(DataError::Import { path: source.to_owned(), reason });
        }
    }
    let is_tar = |path: &PathBuf| find::extension_of(path) == "tar";
    if source.exists() {
        return Ok(find::listed(source, passed)?.into_iter().map(|(_, path)| path).filter(is_tar).collect());
    }
    Ok(find::expand(source, passed)?.into_iter().filter(is_tar).collect())
}

/// Indexes the archives; of their contents only labels and captions are read.
pub(super) fn open(paths: &[PathBuf], passed: &mut Passed) -> Result<Archives> {
    let mut archives = Archives::default();
    for path in paths {
        let shard = Arc::new(Shard::new(path.clone()));
        let split = split_in_name(path);
        archives.add(&shard, &tar::members(path, passed)?, split.as_deref(), passed)?;
    }
    if archives.sources.is_empty() {
        let reason = format!("no image ({}) in {} archive(s)", extensions_in_words(), paths.len());
        return Err(DataError::Import { path: paths.first().cloned().unwrap_or_default(), reason });
    }
    archives.folders_as_classes();
    Ok(archives)
}

/// The members of one archive that say something of its samples, by the name of the sample and what they are.
type SampleParts<'a> = HashMap<(&'a str, names::Role), Vec<(&'a Member, bool)>>;

impl Archives {
    fn add(&mut self, shard: &Arc<Shard>, members: &[Member], split: Option<&str>, passed: &mut Passed) -> Result<()> {
        let mut told: SampleParts<'_> = HashMap::new();
        let mut images = Vec::new();
        for member in members {
            if let Some(reason) = find::leftover_in_path(&member.name) {
                passed.add(reason, &member.name);
                continue;
            }
            match names::role(&member.name) {
                (stem, Some(names::Role::Image)) => images.push((stem, member)),
                (stem, Some(role)) => told.entry((stem, role)).or_default().push((member, false)),
                (_, None) => passed.add(names::why_unused(&member.name), &member.name),
            }
        }
        let stems: BTreeSet<&str> = images.iter().map(|(stem, _)| *stem).collect();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (stem, image) in images {
            // `7.mask.png` belongs to `7.jpg`.
            if names::shorter(stem).any(|shorter| stems.contains(shorter)) {
                passed.add(Reason::Further, &image.name);
                continue;
            }
            // Of several with one name the second has the second label.
            let number = seen.entry(stem).or_default();
            let label = match Self::text(shard, &mut told, (stem, names::Role::Label), *number)? {
                Some(label) => labels::in_text(&label),
                None => match Self::text(shard, &mut told, (stem, names::Role::Json), *number)? {
                    Some(json) => labels::in_json(&json).unwrap_or_else(|| {
                        passed.add(Reason::Unlabeling, &image.name);
                        None
                    }),
                    None => None,
                },
            };
            let text = Self::text(shard, &mut told, (stem, names::Role::Text), *number)?;
            *number += 1;
            let len = u32::try_from(image.len).map_err(|_| DataError::Import {
                path: shard.path().to_owned(),
                reason: format!("\"{}\" has {} bytes, more than any image", image.name, image.len),
            })?;
            let place = ShardSlice { shard: shard.clone(), offset: image.offset, len, checksum: None };
            self.sources.push(Source::Packed { place, name: Some(image.name.as_str().into()), look: None });
            self.labels.push(label);
            self.texts.push(text);
            self.splits.push(split.map(str::to_owned));
        }
        let orphans = told.values().flatten().filter(|(_, used)| !used);
        orphans.for_each(|(member, _)| passed.add(Reason::Orphan, &member.name));
        Ok(())
    }

    /// What the `number`-th member of a name and role says; of `img.left.jpg` also what `img.cls` says.
    fn text<'a>(
        shard: &Shard,
        told: &mut SampleParts<'a>,
        (stem, role): (&'a str, names::Role),
        number: usize,
    ) -> Result<Option<String>> {
        let Some(name) =
            std::iter::once(stem).chain(names::shorter(stem)).find(|&name| told.contains_key(&(name, role)))
        else {
            return Ok(None);
        };
        let Some(members) = told.get_mut(&(name, role)) else { return Ok(None) };
        let last = members.len() - 1;
        let (member, used) = &mut members[number.min(last)];
        *used = true;
        let refuse = |reason| DataError::Import { path: shard.path().to_owned(), reason };
        if member.len > labels::LONGEST {
            return Err(refuse(format!(
                "\"{}\" has {} bytes, more than any label or caption",
                member.name, member.len
            )));
        }
        let bytes = shard.read(member.offset, member.len as usize).map_err(refuse)?;
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        Ok((!text.is_empty()).then_some(text))
    }

    /// Where no member says a label, folders do, as they do outside of archives: below those that all images share,
    /// `class/7.jpg` or `train/class/7.jpg`.
    fn folders_as_classes(&mut self) {
        if self.labels.iter().any(Option::is_some) {
            return;
        }
        let names: Vec<&str> = self.sources.iter().map(|source| source.name().unwrap_or_default()).collect();
        let folders = names::folders_below_shared(&names);
        let has_splits = folders.iter().all(|folders| folders.first().is_some_and(|top| is_split(top)));
        for (i, folders) in folders.iter().enumerate() {
            let (split, class) = match folders.as_slice() {
                [top, rest @ ..] if has_splits => (Some((*top).to_owned()), rest.first()),
                all => (None, all.first()),
            };
            self.labels[i] = class.map(|class| (*class).to_owned());
            if self.splits[i].is_none() {
                self.splits[i] = split;
            }
        }
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

/// `train` of `imagenet-train-000123.tar`.
fn split_in_name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    stem.split(['-', '_', '.']).find(|part| is_split(part)).map(str::to_owned)
}
