//! Where imported images come from.

use std::path::{Component, Path, PathBuf};

use polars::prelude::{Column, DataFrame};
use rayon::prelude::*;

use super::{
    ImportFormat, ImportOptions, cifar, idx,
    plan::{ImportPlan, intern, rename},
    png,
    raw::RawImages,
    stl, webdataset,
};
use crate::{
    decode::{self, Notes, Pixels, Raw},
    error::{DataError, Result},
    find::Passed,
    manifest::{Manifest, TableImages},
    shard::ShardSlice,
    source::Source,
};

pub(super) enum Origin {
    /// A manifest or a folder of images.
    Table(TableImages),
    /// Images that are parts of archives.
    Parts(Vec<Source>),
    /// Raw pixels, in sequence.
    Raw(RawImages),
}

/// An image that has been read and decoded.
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    /// Its values as they are written there; a smaller picture where it is to be shrunk.
    pub(super) raw: Raw,
    /// Width and height of the image.
    pub(super) size: (usize, usize),
    pub(super) source: Option<Source>,
    pub(super) name: Option<String>,
}

/// The path of an image that cannot be used, and why.
pub(super) type Bad = (Option<String>, String);

impl Origin {
    pub(super) fn open(source: &Path, options: &ImportOptions) -> Result<(Self, ImportPlan)> {
        let refuse = |reason: String| DataError::Import { path: source.to_owned(), reason };
        let none = |what: &str| Err(refuse(format!("no {what} there")));
        let is = |format| options.format == ImportFormat::Auto || options.format == format;
        if is(ImportFormat::Idx) {
            let pairs = idx::find(source)?;
            if !pairs.is_empty() {
                return from_idx(pairs, options).map_err(|error| renamed(error, source));
            }
            if options.format == ImportFormat::Idx {
                return none("IDX files (named like train-images-idx3-ubyte.gz)");
            }
        }
        for (format, version) in
            [(ImportFormat::Cifar10, cifar::Version::Ten), (ImportFormat::Cifar100, cifar::Version::Hundred)]
        {
            let found = if options.format == format {
                Some((version, cifar::all(source)?)).filter(|(_, files)| !files.is_empty())
            } else if is(format) {
                cifar::find(source)?
            } else {
                continue;
            };
            match found {
                Some((version, files)) => {
                    return from_cifar(version, files, options).map_err(|error| renamed(error, source));
                }
                None if options.format == format => {
                    return none("CIFAR files (data_batch_1.bin, …, or train.bin and test.bin)");
                }
                None => {}
            }
        }
        if is(ImportFormat::Stl10) {
            let files = stl::find(source)?;
            if !files.is_empty() {
                return from_stl(files, options).map_err(|error| renamed(error, source));
            }
            if options.format == ImportFormat::Stl10 {
                return none("STL-10 files (train_X.bin, …)");
            }
        }
        if is(ImportFormat::WebDataset) {
            let mut passed = Passed::default();
            let files = webdataset::find(source, &mut passed)?;
            // A folder of images may hold the archive they came from.
            if !files.is_empty() && (options.format == ImportFormat::WebDataset || !source.is_dir() || only(&files)) {
                return from_archives(&files, passed, options).map_err(|error| renamed(error, source));
            }
            if options.format == ImportFormat::WebDataset {
                return none("tar archive (.tar; compressed ones have to be unpacked first: `gunzip`)");
            }
        }
        from_table(source, options).map_err(|error| renamed(error, source))
    }

    /// Whether every image is a file, or a part of one, that a manifest can point to.
    pub(super) fn has_files(&self) -> bool {
        match self {
            Self::Table(images) => images.are_files(),
            Self::Parts(_) => true,
            Self::Raw(_) => false,
        }
    }

    /// Whether images are parts of files.
    pub(super) fn has_parts(&self) -> bool {
        match self {
            Self::Table(images) => images.are_parts(),
            Self::Parts(_) => true,
            Self::Raw(_) => false,
        }
    }

    /// Images to read at once: `most`, or fewer where they are large.
    pub(super) fn batch(&self, most: usize) -> usize {
        match self {
            Self::Table(_) | Self::Parts(_) => most,
            Self::Raw(images) => images.batch().min(most),
        }
    }

    /// Looks at what was not asked for, too: only its end says whether a gzipped file is undamaged.
    pub(super) fn finish(&mut self) -> Result<()> {
        match self {
            Self::Table(_) | Self::Parts(_) => Ok(()),
            Self::Raw(images) => images.finish(),
        }
    }

    /// The images at ascending positions, which also ascend from call to call. `work` is done on each in parallel; where it
    /// shrinks what is longer than `side`, large JPEGs may come smaller.
    pub(super) fn read<T: Send>(
        &mut self,
        positions: &[usize],
        side: Option<u32>,
        work: impl Fn(Image) -> Result<T, String> + Sync,
    ) -> Result<Vec<Result<(T, Notes), Bad>>> {
        match self {
            Self::Table(images) => Ok(each(&images.at(positions)?, side, work)),
            Self::Parts(sources) => {
                let sources: Vec<Source> = positions.iter().map(|&position| sources[position].clone()).collect();
                Ok(each(&sources, side, work))
            }
            Self::Raw(images) => {
                let raw = images.read(positions)?;
                let one = |(pixels, name): (Pixels<'static>, String)| {
                    let bad = |reason| (Some(name.clone()), reason);
                    let bytes = png::encode(&pixels).map_err(bad)?;
                    let size = (pixels.width, pixels.height);
                    let image = Image { bytes, raw: pixels.into(), size, source: None, name: Some(name.clone()) };
                    Ok((work(image).map_err(bad)?, Notes::default()))
                };
                Ok(raw.into_par_iter().map(one).collect())
            }
        }
    }
}

fn each<T: Send>(
    sources: &[Source],
    side: Option<u32>,
    work: impl Fn(Image) -> Result<T, String> + Sync,
) -> Vec<Result<(T, Notes), Bad>> {
    let one = |source: &Source| {
        let name = source.name().map(str::to_owned);
        let bad = |reason| (name.clone(), reason);
        let bytes = source.read().map_err(bad)?;
        // Nothing is longer than all there is.
        let (raw, size) = decode::read_to_shrink(&bytes, side.unwrap_or(u32::MAX / 2)).map_err(bad)?;
        let notes = decode::assumed(&raw);
        let image = Image { bytes: bytes.into_owned(), raw, size, source: Some(source.clone()), name: name.clone() };
        Ok((work(image).map_err(bad)?, notes))
    };
    sources.par_iter().map(one).collect()
}

/// Errors about class names have no place yet.
fn renamed(error: DataError, source: &Path) -> DataError {
    match error {
        DataError::Import { path, reason } if path.as_os_str().is_empty() => {
            DataError::Import { path: source.to_owned(), reason }
        }
        error => error,
    }
}

fn named(classes: Vec<String>, options: &ImportOptions) -> Result<Vec<String>> {
    rename(classes, options.class_names.as_ref()).map_err(|reason| DataError::Import { path: PathBuf::new(), reason })
}

fn numbered<'a>(splits: impl Iterator<Item = Option<&'a str>>) -> (Vec<Option<u32>>, Vec<String>) {
    let mut names = Vec::new();
    (splits.map(|split| intern(split?, &mut names)).collect(), names)
}

fn from_idx(pairs: Vec<idx::Pair>, options: &ImportOptions) -> Result<(Origin, ImportPlan)> {
    let (images, labels, splits) = idx::open(pairs)?;
    let mut values: Vec<u8> = labels.iter().flatten().copied().collect();
    values.sort_unstable();
    values.dedup();
    let classes = named(values.iter().map(ToString::to_string).collect(), options)?;
    let number = |label: u8| values.binary_search(&label).ok().map(|number| number as u32);
    let labels = labels.into_iter().map(|label| label.and_then(number)).collect();
    let splits = numbered(splits.iter().map(Option::as_deref));
    Ok((Origin::Raw(images), ImportPlan::new(labels, classes, splits, options)))
}

/// The class of every number up to the largest label, by the user's names, else the dataset's.
fn classes_up_to(largest: u8, own: Option<Vec<String>>, options: &ImportOptions) -> Result<Vec<String>> {
    let own = own.filter(|names| names.len() > usize::from(largest) && options.class_names.is_none());
    own.map_or_else(|| named((0..=largest).map(|label| label.to_string()).collect(), options), Ok)
}

fn from_cifar(version: cifar::Version, files: Vec<PathBuf>, options: &ImportOptions) -> Result<(Origin, ImportPlan)> {
    let cifar = cifar::open(version, files)?;
    let classes = classes_up_to(cifar.labels.iter().copied().max().unwrap_or(0), cifar.class_names, options)?;
    let labels = cifar.labels.iter().map(|&label| Some(u32::from(label))).collect();
    let mut plan = ImportPlan::new(labels, classes, numbered(cifar.splits.iter().map(|&split| Some(split))), options);
    if !cifar.coarse.is_empty() {
        let name = |&coarse: &u8| match cifar.coarse_names.as_ref().and_then(|names| names.get(usize::from(coarse))) {
            Some(name) => Some(name.clone()),
            None => Some(coarse.to_string()),
        };
        let names: Vec<Option<String>> = cifar.coarse.iter().map(name).collect();
        plan = plan.with_extra(texts("coarse_label", &names)?);
    }
    Ok((Origin::Raw(cifar.images), plan))
}

fn from_stl(files: Vec<PathBuf>, options: &ImportOptions) -> Result<(Origin, ImportPlan)> {
    let stl = stl::open(files)?;
    let classes = match stl.labels.iter().flatten().max() {
        Some(&largest) => classes_up_to(largest, Some(stl.class_names), options)?,
        None => Vec::new(),
    };
    let labels = stl.labels.iter().map(|label| label.map(u32::from)).collect();
    let splits = numbered(stl.splits.iter().map(|split| Some(split.as_str())));
    Ok((Origin::Raw(stl.images), ImportPlan::new(labels, classes, splits, options)))
}

fn from_archives(files: &[PathBuf], mut passed: Passed, options: &ImportOptions) -> Result<(Origin, ImportPlan)> {
    let archives = webdataset::open(files, &mut passed)?;
    let names = archives.classes();
    let number = |label: &String| names.iter().position(|name| name == label).map(|number| number as u32);
    let labels = archives.labels.iter().map(|label| number(label.as_ref()?)).collect();
    let splits = numbered(archives.splits.iter().map(Option::as_deref));
    let mut plan = ImportPlan::new(labels, named(names.clone(), options)?, splits, options);
    if archives.texts.iter().any(Option::is_some) {
        plan = plan.with_extra(texts("text", &archives.texts)?);
    }
    Ok((Origin::Parts(archives.sources), plan.with_passed(passed.finish())))
}

fn from_table(source: &Path, options: &ImportOptions) -> Result<(Origin, ImportPlan)> {
    let manifest = Manifest::open(source)?;
    let labels = manifest.labels_of_rows()?;
    if labels.is_empty() {
        return Err(DataError::Empty { view: manifest.steps().join(" | ") });
    }
    let classes = named(manifest.classes()?.to_vec(), options)?;
    let plan =
        ImportPlan::new(labels, classes, manifest.split_of_rows()?, options).with_extra(manifest.further_of_rows()?);
    let plan = plan.with_passed(manifest.passed_over().to_vec());
    Ok((Origin::Table(TableImages::new(&manifest)?), plan))
}

fn texts(name: &str, values: &[Option<String>]) -> Result<DataFrame> {
    DataFrame::new(values.len(), vec![Column::new(name.into(), values)])
        .map_err(|error| DataError::Table { table: name.to_owned(), reason: error.to_string() })
}

/// Whether a folder holds these archives and no table of its own.
fn only(archives: &[PathBuf]) -> bool {
    let folder = archives.first().and_then(|path| path.parent()).unwrap_or(Path::new(""));
    Manifest::open(folder).is_err()
}

/// The part of a file that a manifest in `folder` is to point to: (file, offset and length where it is not the whole).
pub(super) fn pointer(source: &Source, folder: &Path) -> Result<(String, Option<(u64, u32)>), String> {
    let place = match source {
        Source::Packed { place, .. } => Some(place),
        _ => None,
    };
    let path =
        place.map(|ShardSlice { shard, .. }| shard.path().to_owned()).or_else(|| source.path()).unwrap_or_default();
    let path = absolute(&path).map_err(|error| error.to_string())?;
    Ok((relative(folder, &path), place.map(|place| (place.offset, place.len))))
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
