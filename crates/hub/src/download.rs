//! Bytes that arrive, are kept as they come, and are compared with what was announced.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use reqwest::{Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::asked::{Asked, Progress};
use crate::client::{Client, Described, Failure, unreachable};
use crate::error::HubError;

/// A file that is growing.
pub(crate) struct Part<'a> {
    path: &'a Path,
    file: File,
    hash: Sha256,
    pub(crate) length: u64,
}

impl<'a> Part<'a> {
    /// What an earlier try has left, and where to go on.
    pub(crate) fn open(path: &'a Path) -> Result<Self, HubError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(HubError::file("made", folder))?;
        }
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path);
        let mut part =
            Self { path, file: file.map_err(HubError::file("opened", path))?, hash: Sha256::new(), length: 0 };
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = part.file.read(&mut buffer).map_err(HubError::file("read", path))?;
            if read == 0 {
                return Ok(part);
            }
            part.hash.update(&buffer[..read]);
            part.length += read as u64;
        }
    }

    fn begin_anew(&mut self) -> Result<(), HubError> {
        self.file.set_len(0).map_err(HubError::file("written", self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(HubError::file("written", self.path))?;
        (self.hash, self.length) = (Sha256::new(), 0);
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        self.file.write_all(bytes).map_err(HubError::file("written", self.path))?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// On the disk, with its SHA-256.
    pub(crate) fn finish(self) -> Result<(u64, String), HubError> {
        self.file.sync_all().map_err(HubError::file("written", self.path))?;
        let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or('0');
        let hash = self.hash.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        Ok((self.length, hash))
    }

    /// Takes in what is missing.
    pub(crate) async fn complete(
        &mut self,
        client: &Client<'_>,
        (asked, described): (&Asked<'_>, &Described),
        progress: &dyn Fn(Progress),
    ) -> Result<(), Failure> {
        let failed = Failure::Final;
        if described.bytes.is_some_and(|bytes| self.length > bytes) {
            self.begin_anew().map_err(failed)?;
        }
        if self.length > 0 && described.bytes == Some(self.length) {
            return Ok(());
        }
        let mut answer = client.body(asked, &described.at, self.length).await?;
        if !goes_on(&answer, self.length) {
            self.begin_anew().map_err(failed)?;
            if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
                answer = client.body(asked, &described.at, 0).await?;
            }
        }
        let host = described.at.host_str().unwrap_or("the server");
        loop {
            progress(Progress { done: self.length, total: described.bytes });
            match client.patiently(answer.chunk()).await? {
                Ok(Some(bytes)) => self.add(&bytes).map_err(failed)?,
                Ok(None) => break,
                Err(error) => return Err(Failure::Passing(unreachable(host, &error))),
            }
        }
        match described.bytes {
            Some(bytes) if self.length < bytes => {
                let reason = format!("it ended after {} of {bytes} bytes", self.length);
                Err(Failure::Passing(HubError::Unreachable { host: host.to_owned(), reason }))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the answer begins where the part ends.
fn goes_on(answer: &Response, length: u64) -> bool {
    if length == 0 {
        return answer.status() != StatusCode::RANGE_NOT_SATISFIABLE;
    }
    let range = answer.headers().get("content-range").and_then(|value| value.to_str().ok());
    answer.status() == StatusCode::PARTIAL_CONTENT
        && range.is_some_and(|range| range.trim_start_matches("bytes ").starts_with(&format!("{length}-")))
}
