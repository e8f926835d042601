//! Maps are made once for each set of features.

use std::sync::{Arc, Mutex, PoisonError};

use foretask_eval::{TsneOptions, maps, pca};

use super::moves::Moves;
use crate::learn::{Pool, spread_evenly};

/// Points; t-SNE grows with the square of them.
const POINTS: usize = 2000;

/// The map of one pool.
#[derive(Debug, Default)]
struct Made {
    /// Which pool, by its encoder and size.
    of: Option<(String, usize)>,
    rows: Vec<u32>,
    linear: Vec<[f32; 2]>,
    curved: Vec<[f32; 2]>,
}

/// Makes maps, on a thread of its own where that takes long.
#[derive(Debug)]
pub(super) struct MapMaker {
    made: Arc<Mutex<Made>>,
    moves: Arc<Moves>,
}

impl MapMaker {
    pub(super) fn new(moves: Arc<Moves>) -> Self {
        Self { made: Arc::default(), moves }
    }

    /// Rows and points of a pool, and whether neighborhoods are shown (t-SNE) or only the directions of largest variance.
    pub(super) fn of(&self, pool: &Arc<Pool>) -> (Vec<u32>, Vec<[f32; 2]>, bool) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let own = (pool.encoder.clone(), pool.len());
        if made.of.as_ref() != Some(&own) {
            let places: Vec<u32> = spread_evenly(pool.len()).take(POINTS).collect();
            let features = pool.unit.select(&places);
            *made = Made {
                of: Some(own.clone()),
                rows: places.iter().map(|place| pool.row(*place)).collect(),
                linear: pca(&features).points,
                curved: Vec::new(),
            };
            let (kept, moves) = (Arc::clone(&self.made), Arc::clone(&self.moves));
            let work = move || {
                let found = foretask_backend::catch("the map", || maps(&features, &TsneOptions::default()));
                let mut made = kept.lock().unwrap_or_else(PoisonError::into_inner);
                // Where there is none (too few images), the other picture stays.
                if let Ok(Ok(found)) = found
                    && made.of == Some(own)
                {
                    made.curved = found.tsne;
                    drop(made);
                    moves.step();
                }
            };
            std::thread::Builder::new().name("map".to_owned()).spawn(work).ok();
        }
        let curved = !made.curved.is_empty();
        (made.rows.clone(), if curved { made.curved.clone() } else { made.linear.clone() }, curved)
    }
}
