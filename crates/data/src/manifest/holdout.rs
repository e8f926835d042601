//! Rows held out by what their images show rather than by where they stand, so that images that are added, renamed or sorted
//! otherwise leave everybody else on their side.

use polars::prelude::{NamedFrom, Series, col};
use rayon::prelude::*;

use super::{Manifest, columns::ROW, engine::among};
use crate::error::Result;
use crate::{samples::Samples, source::Source};

/// Of larger files, this many bytes from either end and the length stand for the whole.
const END: usize = 1 << 16;

/// A number for each image, from its encoded bytes alone; `None` where there are none to read.
pub fn content_numbers(samples: &Samples) -> Vec<Option<u64>> {
    samples.sources.par_iter().map(number).collect()
}

/// Whether the image of a [content number](content_numbers) is in the part of size `share` that `seed` holds out.
pub fn is_held_out(content: u64, share: f64, seed: u64) -> bool {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&content.to_le_bytes()).update(&seed.to_le_bytes());
    let word = first_word(&hasher.finalize());
    // The upper 53 bits are a number from 0 to below 1 that an f64 holds exactly.
    ((word >> 11) as f64) / ((1_u64 << 53) as f64) < share
}

fn number(source: &Source) -> Option<u64> {
    let bytes = source.read().ok()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    if bytes.len() <= 2 * END {
        hasher.update(&bytes);
    } else {
        hasher.update(&bytes[..END]).update(&bytes[bytes.len() - END..]);
    }
    Some(first_word(&hasher.finalize()))
}

fn first_word(hash: &blake3::Hash) -> u64 {
    hash.as_bytes().iter().take(8).fold(0, |word, &byte| word << 8 | u64::from(byte))
}

impl Manifest {
    /// About `share` of the rows (0 < share < 1), those whose images' bytes say so together with `seed`. Whether a row is held
    /// out depends on nothing but its image: copies of an image are on the same side, and rows that are added move nobody.
    ///
    /// # Errors
    /// [`DataError::Argument`](crate::DataError::Argument) where `share` is out of range;
    /// [`DataError::Empty`](crate::DataError::Empty) where no row is held out.
    pub fn holdout(&self, share: f64, seed: u64) -> Result<Self> {
        if !(share > 0.0 && share < 1.0) {
            return Err(super::argument(
                "share",
                share,
                "a number above 0 and below 1, such as 0.2 for a fifth of the images",
            ));
        }
        let samples = self.samples()?;
        let held = |content: &Option<u64>| content.is_some_and(|content| is_held_out(content, share, seed));
        let contents = content_numbers(&samples);
        let rows: Vec<u64> =
            samples.rows.iter().zip(&contents).filter(|(_, content)| held(content)).map(|(row, _)| *row).collect();
        let step = format!("holdout {share} seed {seed}");
        if rows.is_empty() {
            let view = format!("{} | {step}", self.steps.join(" | "));
            return Err(crate::DataError::Empty { view });
        }
        Ok(self.selected(&rows, step))
    }

    /// The rows that are not among those of `other`, a view of the same table.
    ///
    /// # Errors
    /// [`DataError::Argument`](crate::DataError::Argument) for a view of another table.
    pub fn without(&self, other: &Self) -> Result<Self> {
        let name = other.steps.join(" | ");
        if !std::sync::Arc::ptr_eq(&self.table, &other.table) {
            return Err(super::argument("without", name, "a part of the same dataset: both from one `dataset(…)`"));
        }
        let mut rows: Vec<u32> = Vec::new();
        other.visit(&[ROW], |data| {
            rows.extend(other.table.row_numbers(data)?.into_iter().map(|row| row as u32));
            Ok(())
        })?;
        let rows = Series::new("rows".into(), rows);
        Ok(self.narrowed(among(col(ROW), rows).not(), format!("without ({name})")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::test_images::{dataset, write};

    fn held(folder: &std::path::Path, share: f64, seed: u64) -> BTreeSet<String> {
        let samples = Manifest::open(folder).unwrap().holdout(share, seed).unwrap().samples().unwrap();
        samples.sources.iter().map(|source| source.name().unwrap().to_owned()).collect()
    }

    #[test]
    fn images_that_are_added_move_nobody() {
        let folder = tempfile::tempdir().unwrap();
        for i in 0..200_u32 {
            write(
                folder.path().join(format!("photo {i:03}.pgm")),
                [b"P5\n1 1\n255\n".as_slice(), &i.to_le_bytes()].concat(),
            );
        }
        let before = held(folder.path(), 0.2, 0);
        assert!((25..=55).contains(&before.len()), "{}", before.len());
        assert_ne!(before, held(folder.path(), 0.2, 1));
        assert!(before.is_subset(&held(folder.path(), 0.4, 0)));
        // In front of, between and behind the others; every row gets another number.
        for (i, name) in ["a", "photo 000a", "photo 100a", "z"].iter().enumerate() {
            write(folder.path().join(format!("{name}.pgm")), format!("P5\n1 1\n255\n{i} new"));
        }
        let after = held(folder.path(), 0.2, 0);
        assert!(before.is_subset(&after) && after.len() <= before.len() + 4);
        // A copy is on the side of its original.
        let original = before.first().unwrap();
        std::fs::copy(folder.path().join(original), folder.path().join("copy.pgm")).unwrap();
        assert!(held(folder.path(), 0.2, 0).contains("copy.pgm"));
    }

    #[test]
    fn the_rest_is_what_is_not_held_out() {
        let folder = tempfile::tempdir().unwrap();
        dataset(folder.path(), 40);
        let data = Manifest::open(folder.path()).unwrap();
        let test = data.labeled().unwrap().holdout(0.3, 5).unwrap();
        let rest = data.without(&test).unwrap();
        assert_eq!(test.count().unwrap() + rest.count().unwrap(), 40);
        let rows = |view: &Manifest| view.samples().unwrap().rows.into_iter().collect::<BTreeSet<u64>>();
        assert!(rows(&test).is_disjoint(&rows(&rest)));
        assert!(rows(&rest.unlabeled().unwrap()).is_disjoint(&rows(&test)));
        assert!(data.holdout(1.0, 0).is_err() && data.holdout(0.0, 0).is_err());
        let other = Manifest::open(folder.path()).unwrap();
        assert!(data.without(&other).unwrap_err().to_string().contains("same dataset"));
    }
}
