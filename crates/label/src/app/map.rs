//! All images as points: those that are alike lie together.

use serde_json::{Value, json};

use super::App;
use crate::http::Request;

impl App {
    pub(super) fn map_of(&self, request: &Request) -> Value {
        let learned = self.learner.learned();
        let Some(pool) = &learned.pool else {
            return json!({ "points": [], "version": self.store().version(), "curved": false, "waiting": true });
        };
        let (rows, points, curved) = self.map.of(pool);
        let who = self.who(request);
        let store = self.store();
        let point = |(row, [x, y]): (&u32, &[f32; 2])| {
            let guess = pool.place(*row).and_then(|place| learned.answers.at(place));
            let mine = store.marks(*row).iter().find(|mark| *mark.who == *who).map(|mark| mark.answer.code());
            json!({ "row": row, "x": x, "y": y, "verdict": store.verdict(*row), "mine": mine, "guess": guess })
        };
        let points: Vec<Value> = rows.iter().zip(&points).map(point).collect();
        json!({ "points": points, "version": store.version(), "curved": curved, "of": pool.len(), "waiting": false })
    }
}
