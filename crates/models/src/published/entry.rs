//! One set of published weights: where it comes from, whose it is, and what a file of it is.

use std::path::Path;

use crate::foreign::{ForeignOptions, Imported, load_torch_weights};
use crate::{BackboneConfig, ModelError, Pool, Result};

/// One set of published weights.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// What `pretrained(…)` calls it: `dinov2_vits14`.
    pub name: &'static str,
    /// What it was trained on, in words.
    pub about: &'static str,
    /// Where its file is to be had.
    pub source: Source,
    /// What may be done with it.
    pub license: License,
    /// How the network's [`name`](BackboneConfig::name) begins.
    pub(super) network: &'static str,
    /// Pixels a side that images are brought to: small ones, and all others.
    pub sides: [usize; 2],
    /// What becomes of the tokens at last, where the file does not tell. Nor does it tell then how its positions are brought to
    /// another number of patches, so that it stays at its own.
    pub(super) pool: Option<Pool>,
}

/// Where a file of weights is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The Hugging Face hub, which names large files by their SHA-256.
    Hub {
        /// `owner/name`.
        repository: &'static str,
        /// The file in it.
        file: &'static str,
        /// Numbers of four bytes that the file holds.
        numbers: u64,
    },
    /// A package of another program, from which it is taken by hand.
    Package {
        /// What the file is called.
        file: &'static str,
        /// Its bytes.
        bytes: u64,
        /// BLAKE3 of it, 64 hexadecimal digits.
        hash: &'static str,
        /// How it is got.
        how: &'static str,
    },
}

/// What may be done with weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct License {
    /// As SPDX or its authors call it: `Apache-2.0`.
    pub name: &'static str,
    /// Where it is written.
    pub terms: &'static str,
    /// Why nobody gets them without having agreed; none where everything is allowed that people usually do.
    pub consent: Option<&'static str>,
}

impl Published {
    /// Images whose shorter side has at most so many pixels are small.
    pub const SMALL: usize = 64;

    /// What its file is called where a person puts it.
    pub fn file(&self) -> String {
        match self.source {
            Source::Hub { .. } => format!("{}.safetensors", self.name),
            Source::Package { file, .. } => file.to_owned(),
        }
    }

    /// How many bytes its file has; of one on the hub within a percent.
    pub fn bytes(&self) -> u64 {
        match self.source {
            Source::Hub { numbers, .. } => 4 * numbers,
            Source::Package { bytes, .. } => bytes,
        }
    }

    /// The encoder of a file of these weights for images of `side` pixels, with its license.
    ///
    /// # Errors
    /// As [`load_torch_weights`]; [`ModelError::Choice`] where the file is of another network.
    pub fn load(&self, path: impl AsRef<Path>, side: usize) -> Result<Imported> {
        let path = path.as_ref();
        if self.pool.is_some() && side != self.sides[1] {
            let reason = format!("{} keeps to images of {} pixels", self.name, self.sides[1]);
            return Err(ModelError::Option { option: "image_size", value: side.to_string(), reason });
        }
        let options = ForeignOptions { side: Some(side), ..ForeignOptions::default() };
        let mut imported = load_torch_weights(path, &options)?;
        let encoder = &mut imported.encoder;
        let found = encoder.config.name();
        if !found.starts_with(self.network) {
            let reason = format!("a {found}, not the {} of {}; take the right file", self.network, self.name);
            return Err(ModelError::Choice { path: path.into(), reason });
        }
        if let (BackboneConfig::Vit(config), Some(pool)) = (&mut encoder.config, self.pool) {
            config.pool = pool;
        }
        (encoder.input.height, encoder.input.width) = (side, side);
        encoder.config = encoder.config.resolve(side, side)?.0;
        encoder.license = Some(self.license.name.to_owned());
        self.about.clone_into(&mut encoder.origin);
        Ok(imported)
    }
}
