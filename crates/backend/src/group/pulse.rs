//! Signs of life: every rank tells the store, twice a second, that it lives and how far it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::packed::{pack, unpack};
use super::store::{Store, Trouble};

/// Time between two signs of life.
pub(super) const BEAT: Duration = Duration::from_millis(500);

/// What a rank's last sign of life said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Signs so far.
    pub(super) beat: u64,
    /// The exchange it came to last.
    pub(super) exchange: u64,
}

impl Reading {
    fn pack(self) -> Vec<u8> {
        pack(&[self.beat.to_string(), self.exchange.to_string()])
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let texts = unpack(bytes)?;
        let [beat, exchange] = texts.as_slice() else { return None };
        Some(Self { beat: beat.parse().ok()?, exchange: exchange.parse().ok()? })
    }

    /// A rank's last sign of life; all 0 where it gave none.
    pub(super) fn of(store: &Store, rank: usize) -> Result<Self, Trouble> {
        Ok(store.get(key(rank))?.and_then(|bytes| Self::unpack(&bytes)).unwrap_or_default())
    }
}

fn key(rank: usize) -> String {
    format!("beat/{rank}")
}

/// The thread that gives signs of life, as long as this exists.
pub(super) struct Pulse {
    stop: Option<Sender<()>>,
    /// Locked by nobody but whoever drops this: a group is shared between threads.
    ended: Mutex<Receiver<()>>,
}

impl Pulse {
    /// `exchange` counts what this rank came to.
    pub(super) fn start(store: &Store, rank: usize, exchange: Arc<AtomicU64>) -> Self {
        let raw = store.raw();
        let (stop, stopped) = channel();
        let (end, ended) = channel::<()>();
        let beat = move || {
            // Gone with this thread.
            let _end = end;
            for beat in 1.. {
                let reading = Reading { beat, exchange: exchange.load(Ordering::Relaxed) };
                // Where the store is gone, whoever exchanges something will notice.
                let told = raw.set(&key(rank), &reading.pack());
                if told.is_err() || stopped.recv_timeout(BEAT) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        // A system that grants no thread lets this rank look dead; gloo, which wants some as well, has failed before.
        let _ = std::thread::Builder::new().name("pulse".into()).spawn(beat);
        Self { stop: Some(stop), ended: Mutex::new(ended) }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.stop = None;
        // The store of a stopped machine may keep it for ever.
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(Duration::from_secs(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_come_back_as_they_were_sent() {
        let sent = Reading { beat: 7, exchange: 1 << 40 };
        assert_eq!(Reading::unpack(&sent.pack()), Some(sent));
        assert_eq!(Reading::unpack(&pack(&["7"])), None);
    }
}
