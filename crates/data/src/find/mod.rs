//! Finding the files of a dataset: what a folder, a pattern or an archive holds, and what of it is passed over.
//!
//! One rule for all of them: images are told by their names, what operating systems and editors leave beside them is never
//! taken, every real folder is walked once, only regular files count, and whatever is passed over is counted with a reason.

mod endings;
mod names;
mod passed;
mod pattern;
mod walk;
mod watch;

use std::path::{Path, PathBuf};

pub(crate) use self::{
    endings::{extension_of, is_array, is_image, is_unnamed_image, unread_format},
    names::{leftover, leftover_in_path},
    passed::{Passed, Reason},
    pattern::expand,
};
pub use self::{
    passed::PassedOver,
    watch::{Scanning, watch_scans},
};
use self::{
    passed::Reason::NoImage,
    walk::{Found, Verdict, walk},
};
use crate::error::{DataError, Result};

/// The paths of all images below a folder, relative to it, with `/`, sorted. Files of the names in `tables` are somebody
/// else's business.
pub(crate) fn images_below(root: &Path, tables: &[&str], passed: &mut Passed) -> Result<Vec<String>> {
    let choose = |(): &(), name: &str, what: Found| match (leftover(name), what) {
        (Some(reason), _) => Verdict::Pass(reason),
        (None, Found::Folder) => Verdict::Enter(()),
        (None, Found::File) if is_image(name) => Verdict::Take,
        (None, Found::File) if tables.contains(&name) => Verdict::Leave,
        (None, Found::File) => {
            unread_format(name).map_or(Verdict::Look(NoImage), |of| Verdict::Pass(Reason::Unread(of)))
        }
    };
    let walked = walk(root, (), choose, passed).map_err(|(path, source)| DataError::Read { path, source })?;
    Ok(without_arrays_beside(walked, passed))
}

/// Images without arrays of numbers where there are others: beside pictures they are features or labels.
pub(crate) fn without_arrays_beside<P: AsRef<Path>>(images: Vec<P>, passed: &mut Passed) -> Vec<P> {
    if images.iter().all(is_array) || !images.iter().any(is_array) {
        return images;
    }
    let mut keep = |image: &P| {
        if is_array(image) {
            passed.add(NoImage, &image.as_ref().to_string_lossy());
            return false;
        }
        true
    };
    images.into_iter().filter(|image| keep(image)).collect()
}

/// The regular files right inside a folder, or the file itself, by their names, sorted.
pub(crate) fn listed(source: &Path, passed: &mut Passed) -> Result<Vec<(String, PathBuf)>> {
    if source.is_file() {
        let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(vec![(name, source.to_owned())]);
    }
    let mut files = Vec::new();
    if source.is_dir() {
        for entry in std::fs::read_dir(source).map_err(DataError::read(source))? {
            let path = entry.map_err(DataError::read(source))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match leftover(&name) {
                Some(reason) => passed.add(reason, &name),
                None if path.is_file() => files.push((name, path)),
                None => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
