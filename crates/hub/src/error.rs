//! What can go wrong, and the way out.

use std::io;
use std::path::PathBuf;

/// Why a file of the hub is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Nothing may be fetched.
    #[error("`{file}` of {repository} is not in the cache, and `HF_HUB_OFFLINE` forbids to fetch it")]
    Offline {
        /// The repository.
        repository: String,
        /// The file in it.
        file: String,
    },
    /// No answer, or none that could be read.
    #[error("{host} cannot be reached ({reason})")]
    Unreachable {
        /// Whom the request went to.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The repository is for those alone who accepted its terms.
    #[error(
        "{repository} is gated{}: accept its terms at {page}, and give a token of yours by `HF_TOKEN` or `hf auth login`",
        if *.token { ", and your token does not open it" } else { "" }
    )]
    Gated {
        /// The repository.
        repository: String,
        /// Where its terms are.
        page: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// The token is not one.
    #[error("the hub does not know the token in {place}: put a valid one there, or take it away")]
    Token {
        /// Where the token comes from.
        place: String,
    },
    /// There is no such file.
    #[error("there is no `{file}` in {repository} ({reason})")]
    Missing {
        /// The repository.
        repository: String,
        /// The file in it.
        file: String,
        /// What the hub says.
        reason: String,
    },
    /// An answer that means nothing good.
    #[error("{host} answers {status}{reason}")]
    Refused {
        /// Who answers.
        host: String,
        /// The status.
        status: u16,
        /// What it says, if anything.
        reason: String,
    },
    /// The connection broke too often.
    #[error(
        "the download of `{file}` broke off {tries} times ({reason}); {kept} bytes of it are kept, and fetching again goes on \
         from there"
    )]
    Broken {
        /// The file.
        file: String,
        /// How often it was tried.
        tries: usize,
        /// What happened at last.
        reason: String,
        /// Bytes that are there.
        kept: u64,
    },
    /// Not what was announced.
    #[error(
        "what came as `{file}` of {repository} has {found} instead of {expected}: it was thrown away; fetch it again, and if that \
         does not help, the server (or something before it) changes what it sends"
    )]
    Other {
        /// The repository.
        repository: String,
        /// The file.
        file: String,
        /// "the SHA-256 …", "… bytes".
        found: String,
        /// The same as it should be.
        expected: String,
    },
    /// The cache cannot be used.
    #[error("`{}` cannot be {action}: {source}", .path.display())]
    File {
        /// What was to be done with it: "written".
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody asked to stop.
    #[error("interrupted; what has arrived is kept, and fetching again goes on from there")]
    Interrupted,
    /// A variable of the environment is of no use.
    #[error("`{variable}` {reason}")]
    Variable {
        /// Which.
        variable: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl HubError {
    /// Whether the same file, brought by hand, would help.
    pub fn is_about_the_way(&self) -> bool {
        matches!(
            self,
            Self::Offline { .. }
                | Self::Unreachable { .. }
                | Self::Refused { .. }
                | Self::Broken { .. }
                | Self::Gated { .. }
                | Self::Other { .. }
        )
    }

    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
