//! Where imported images come from.

use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;

use super::{
    ImportOptions,
    idx::{self, IdxImages},
    plan::{Plan, rename},
    png,
};
use crate::{
    decode,
    error::{DataError, Result},
    manifest::Manifest,
    samples::Source,
};

/// An image on its way into a manifest.
pub(super) struct Image {
    /// Its encoding, where it is to be embedded.
    pub(super) bytes: Vec<u8>,
    /// Its name, or its path relative to the manifest.
    pub(super) path: Option<String>,
}

/// The path of an image that cannot be used, and why.
type Bad = (Option<String>, String);

pub(super) enum Origin {
    /// A manifest or a folder of images.
    Sources(Vec<Source>),
    /// Raw pixels, in sequence.
    Idx(IdxImages),
}

impl Origin {
    pub(super) fn open(source: &Path, options: &ImportOptions) -> Result<(Self, Plan)> {
        let refuse = |reason: String| DataError::Import { path: source.to_owned(), reason };
        let pairs = idx::find(source)?;
        if !pairs.is_empty() {
            let (images, labels, splits) = idx::open(pairs)?;
            let mut values: Vec<u8> = labels.iter().flatten().copied().collect();
            values.sort_unstable();
            values.dedup();
            let classes = values.iter().map(ToString::to_string).collect();
            let classes = rename(classes, options.class_names.as_ref()).map_err(refuse)?;
            let number = |label: u8| values.binary_search(&label).ok().map(|number| number as u32);
            let labels = labels.into_iter().map(|label| label.and_then(number)).collect();
            return Ok((Self::Idx(images), Plan::new(labels, classes, splits, options)));
        }
        let manifest = Manifest::open(source)?;
        let samples = manifest.samples()?;
        let classes = rename(samples.classes.to_vec(), options.class_names.as_ref()).map_err(refuse)?;
        let plan = Plan::new(samples.labels, classes, manifest.split_of_rows()?, options);
        Ok((Self::Sources(samples.sources), plan))
    }

    /// Whether every image is a file of its own.
    pub(super) fn has_files(&self) -> bool {
        match self {
            Self::Sources(sources) => sources.iter().all(|source| matches!(source, Source::File { .. })),
            Self::Idx(_) => false,
        }
    }

    /// Looks at what was not asked for, too: only its end says whether a gzipped file is undamaged.
    pub(super) fn finish(&mut self) -> Result<()> {
        match self {
            Self::Sources(_) => Ok(()),
            Self::Idx(images) => images.finish(),
        }
    }

    /// The images at ascending positions, which also ascend from call to call.
    pub(super) fn read(
        &mut self,
        positions: &[usize],
        destination: &Path,
        embed: bool,
    ) -> Result<Vec<Result<Image, Bad>>> {
        match self {
            Self::Sources(sources) => {
                let folder = destination.parent().unwrap_or(Path::new(""));
                // Made absolute, so that the way from one to the other can be found.
                let folder = if embed { PathBuf::new() } else { absolute(folder)? };
                Ok(positions.par_iter().map(|&position| read(&sources[position], &folder, embed)).collect())
            }
            Self::Idx(images) => {
                let raw = images.read(positions)?;
                Ok(raw
                    .into_par_iter()
                    .map(|(pixels, name)| match png::encode(&pixels) {
                        Ok(bytes) => Ok(Image { bytes, path: Some(name) }),
                        Err(reason) => Err((Some(name), reason)),
                    })
                    .collect())
            }
        }
    }
}

fn read(source: &Source, folder: &Path, embed: bool) -> Result<Image, Bad> {
    let name = || source.name().map(str::to_owned);
    let bad = |reason| (name(), reason);
    let bytes = source.read().map_err(bad)?;
    decode::decode(&bytes, None).map_err(bad)?;
    if embed {
        return Ok(Image { bytes: bytes.into_owned(), path: name() });
    }
    let path = source.path().unwrap_or_default();
    let path = absolute(&path).map_err(|error| bad(error.to_string()))?;
    Ok(Image { bytes: Vec::new(), path: Some(relative(folder, &path)) })
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    // Of a folder that is still to be made, at least the existing part is resolved.
    path.canonicalize().or_else(|_| std::path::absolute(path)).map_err(DataError::read(path))
}

/// The way from a folder to a file, with `/` and as many `..` as it takes.
pub(crate) fn relative(folder: &Path, file: &Path) -> String {
    let (from, to): (Vec<Component>, Vec<Component>) = (folder.components().collect(), file.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_file_goes_up_where_it_must() {
        let relative = |folder: &str, file: &str| relative(Path::new(folder), Path::new(file));
        assert_eq!(relative("/data/set", "/data/set/a/b.png"), "a/b.png");
        assert_eq!(relative("/data/manifests", "/data/images/b.png"), "../images/b.png");
    }
}
