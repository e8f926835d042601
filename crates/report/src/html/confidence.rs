//! How far the probabilities can be believed.

use serde::Serialize;

use super::results::role_class;
use crate::Report;
use crate::words::percent_number;

#[derive(Serialize)]
pub(super) struct ConfidenceView {
    rows: Vec<Row>,
    /// The log-loss of guessing evenly.
    guess: Option<String>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    role: &'static str,
    temperature: Option<String>,
    reason: String,
    log_loss: String,
    error: String,
}

pub(super) fn view(report: &Report) -> Option<ConfidenceView> {
    let rows: Vec<Row> = report
        .ordered_results()
        .into_iter()
        .filter_map(|row| {
            let found = row.confidence.as_ref()?;
            Some(Row {
                name: row.name.clone(),
                role: role_class(row.role),
                temperature: found.temperature.map(|temperature| format!("{temperature:.2}")),
                reason: found.reason.clone(),
                log_loss: format!("{:.3}", found.log_loss),
                error: percent_number(found.calibration_error),
            })
        })
        .collect();
    let chance = report.evaluation.as_ref().and_then(|evaluation| evaluation.chance).filter(|chance| *chance > 0.0);
    (!rows.is_empty()).then(|| ConfidenceView { rows, guess: chance.map(|chance| format!("{:.3}", -chance.ln())) })
}
