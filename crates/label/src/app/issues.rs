//! What may be wrong: kinds with their counts, and the images of a kind.

use foretask_eval::IssueKind;
use foretask_experiment::Error;
use serde_json::{Value, json};

use super::App;
use super::list::AT_ONCE;
use crate::http::Request;
use crate::learn::Fault;

impl App {
    /// The kinds that were found. Labels come from the classifier, everything else from the images.
    pub(super) fn issues(&self) -> Value {
        let learned = self.learner.learned();
        let faults = self.learner.faults();
        let kind = |kind: IssueKind, count: usize| json!({ "kind": kind.name(), "title": kind.title(), "measure": kind.measure(), "count": count });
        let labels = Some(learned.doubtful.len()).filter(|count| *count > 0).map(|count| kind(IssueKind::Label, count));
        let others = faults.iter().flat_map(|faults| faults.kinds()).map(|(of, faults)| kind(of, faults.len()));
        let kinds: Vec<Value> = labels.into_iter().chain(others).collect();
        json!({ "kinds": kinds, "waiting": faults.is_none(), "similarity": faults.as_ref().map(|faults| faults.similarity) })
    }

    /// Images of a kind, the gravest first.
    pub(super) fn issues_of(&self, request: &Request) -> Result<Value, Error> {
        let name = request.query.get("kind").map_or("", String::as_str);
        let kind = IssueKind::of_name(name).ok_or_else(|| Error::input(format!("there is no kind of issue {name}")))?;
        let who = self.who(request);
        let offset: usize = request.number("offset").unwrap_or(0);
        let count = request.number("count").unwrap_or(100).min(AT_ONCE);
        let learned = self.learner.learned();
        let faults = self.learner.faults();
        let of_labels: Vec<Fault> = if kind == IssueKind::Label {
            let fault = |doubt: &crate::learn::Doubtful| Fault {
                row: doubt.row,
                value: f64::from(doubt.own),
                other: None,
                bits: None,
            };
            learned.doubtful.iter().map(fault).collect()
        } else {
            Vec::new()
        };
        let found = match &faults {
            Some(faults) if kind != IssueKind::Label => faults.kind(kind),
            _ => &of_labels,
        };
        let store = self.store();
        let items: Vec<Value> = found
            .iter()
            .skip(offset)
            .take(count)
            .map(|fault| {
                let mut item = self.item(&store, &learned, fault.row, &who);
                item["issue"] = json!({
                    "words": kind.in_words(fault.value),
                    "value": fault.value,
                    "bits": fault.bits,
                    "other": fault.other,
                    "other_name": fault.other.and_then(|other| self.data.names.name(other)),
                });
                item
            })
            .collect();
        Ok(json!({ "total": found.len(), "offset": offset, "version": store.version(), "items": items }))
    }
}
