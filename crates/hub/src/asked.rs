//! What is asked for, and how far it is.

/// Which file.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `owner/name`.
    pub repository: &'a str,
    /// A branch, or a commit.
    pub revision: &'a str,
    /// Its path in the repository.
    pub file: &'a str,
    /// What its contents must be, where that is known: the SHA-256 as 64 hexadecimal digits. What the hub itself says is held
    /// against the bytes in any case.
    pub sha256: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// The newest version of a file.
    pub fn new(repository: &'a str, file: &'a str) -> Self {
        Self { repository, revision: "main", file, sha256: None }
    }
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are there, those of earlier tries included.
    pub done: u64,
    /// Bytes of the whole file, where the server says so.
    pub total: Option<u64>,
}
