//! What can be wrong with a launcher's variables.

use std::fmt;

/// Names of variables, as a sentence lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Vec<&'static str>);

impl Names {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<&'static str>> for Names {
    fn from(names: Vec<&'static str>) -> Self {
        Self(names)
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let before = match at {
                0 => "",
                _ if at + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{before}{name}")?;
        }
        Ok(())
    }
}

/// What is wrong with the environment variables by which a launcher says who is who.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// Some are set, and others that belong to them are not.
    #[error("the environment speaks of several processes by {present}, but lacks {missing}. {fix}")]
    HalfSet {
        /// What is set.
        present: Names,
        /// What is not.
        missing: Names,
        /// The way out.
        fix: &'static str,
    },
    /// One is no number, or too small or large.
    #[error(
        "{name} is \"{value}\", but must be a whole number from {least} to {most}; unset it to run one process, or let a launcher set it"
    )]
    Number {
        /// The variable.
        name: &'static str,
        /// Its value, or how that begins.
        value: String,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
    /// Slurm's list of machines begins in a way that names none.
    #[error(
        "SLURM_NODELIST begins with \"{value}\", which names no machine; set MASTER_ADDR to the one where rank 0 runs"
    )]
    Nodes {
        /// How it begins.
        value: String,
    },
}
