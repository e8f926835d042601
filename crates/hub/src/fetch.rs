//! A file of the hub: found in the cache, or fetched into it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::asked::{Asked, Progress};
use crate::cache::Folder;
use crate::client::{Client, Described, Failure};
use crate::download::Part;
use crate::error::HubError;
use crate::settings::Hub;

/// So often in a row nothing may arrive.
const TRIES: usize = 5;
/// A try after which so many bytes have come was no failure.
const WORTH: u64 = 1 << 20;
/// How often a lock that another process holds is looked at.
const LOOK: Duration = Duration::from_millis(200);

impl Hub {
    /// The file, where it was fetched before, by this program or another.
    pub fn cached(&self, asked: &Asked<'_>) -> Option<PathBuf> {
        Folder::of(&self.cache, asked.repository).find(asked.revision, asked.file)
    }

    /// The file, fetched where it is not in the cache. `stop` is asked four times a second whether to give up; what has arrived
    /// by then is kept for the next time.
    ///
    /// # Errors
    /// [`HubError`]: offline, no way to the hub, no right to the file, no room on the disk, or not what was announced.
    pub fn fetch(
        &self,
        asked: &Asked<'_>,
        progress: &dyn Fn(Progress),
        stop: &dyn Fn() -> bool,
    ) -> Result<PathBuf, HubError> {
        if let Some(path) = self.cached(asked) {
            return Ok(path);
        }
        let (repository, file) = (asked.repository.to_owned(), asked.file.to_owned());
        if self.offline {
            return Err(HubError::Offline { repository, file });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(HubError::file("used", &self.cache))?;
        runtime.block_on(self.fetch_patiently(asked, progress, stop))
    }

    async fn fetch_patiently(
        &self,
        asked: &Asked<'_>,
        progress: &dyn Fn(Progress),
        stop: &dyn Fn() -> bool,
    ) -> Result<PathBuf, HubError> {
        let client = Client::new(self, stop)?;
        let (mut failures, mut tries) = (0, 0);
        loop {
            tries += 1;
            let mut kept = 0;
            let before = std::cell::Cell::new(None);
            let told = |now: Progress| {
                before.set(before.get().or(Some(now.done)));
                progress(now);
            };
            let error = match self.attempt(&client, asked, &told, &mut kept).await {
                Ok(path) => return Ok(path),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error)) => error,
            };
            let arrived = kept.saturating_sub(before.get().unwrap_or(kept));
            failures = if arrived >= WORTH { 1 } else { failures + 1 };
            if failures >= TRIES {
                return Err(match error {
                    HubError::Unreachable { reason, .. } if kept > 0 => {
                        HubError::Broken { file: asked.file.to_owned(), tries, reason, kept }
                    }
                    other => other,
                });
            }
            let pause = self.patience.pause * (1 << (failures - 1));
            wait(pause, stop).await?;
        }
    }

    /// One try. `kept` becomes the number of bytes that are there after it.
    async fn attempt(
        &self,
        client: &Client<'_>,
        asked: &Asked<'_>,
        progress: &dyn Fn(Progress),
        kept: &mut u64,
    ) -> Result<PathBuf, Failure> {
        let described = client.describe(asked).await?;
        let folder = Folder::of(&self.cache, asked.repository);
        let _lock = loop {
            match folder.lock(&described.etag).map_err(Failure::Final)? {
                Some(lock) => break lock,
                // Another process fetches it.
                None => wait(LOOK, client.stop).await.map_err(Failure::Final)?,
            }
        };
        let blob = folder.blob(&described.etag);
        if !blob.is_file() {
            let path = folder.part(&described.etag);
            let mut part = Part::open(&path).map_err(Failure::Final)?;
            let resumed = part.length > 0;
            let completed = part.complete(client, (asked, &described), progress).await;
            *kept = part.length;
            completed?;
            let (bytes, sha256) = part.finish().map_err(Failure::Final)?;
            if let Err(error) = verify(asked, &described, bytes, &sha256) {
                remove(&path).map_err(Failure::Final)?;
                // What another program has left may be the fault.
                return Err(if resumed { Failure::Passing(error) } else { Failure::Final(error) });
            }
            std::fs::rename(&path, &blob).map_err(HubError::file("written", &blob)).map_err(Failure::Final)?;
        }
        folder.enter(&described.etag, (asked.revision, &described.commit), asked.file).map_err(Failure::Final)
    }
}

/// Holds what came against what was announced: its size, and its SHA-256, which is what the hub calls large files by.
fn verify(asked: &Asked<'_>, described: &Described, bytes: u64, sha256: &str) -> Result<(), HubError> {
    let other = |found: String, expected: String| {
        let (repository, file) = (asked.repository.to_owned(), asked.file.to_owned());
        Err(HubError::Other { repository, file, found, expected })
    };
    if let Some(announced) = described.bytes.filter(|announced| *announced != bytes) {
        return other(format!("{bytes} bytes"), announced.to_string());
    }
    let etag = &described.etag;
    let own = (etag.len() == 64 && etag.bytes().all(|b| b.is_ascii_hexdigit())).then_some(etag.as_str());
    for expected in [own, asked.sha256].into_iter().flatten() {
        if !expected.eq_ignore_ascii_case(sha256) {
            return other(format!("the SHA-256 {sha256}"), expected.to_owned());
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), HubError> {
    std::fs::remove_file(path).map_err(HubError::file("removed", path))
}

async fn wait(pause: Duration, stop: &dyn Fn() -> bool) -> Result<(), HubError> {
    let end = tokio::time::Instant::now() + pause;
    while tokio::time::Instant::now() < end {
        if stop() {
            return Err(HubError::Interrupted);
        }
        tokio::time::sleep(LOOK.min(pause)).await;
    }
    Ok(())
}
