//! The race in words, with what the labels cannot tell.

use foretask_eval::{Paired, Summary, Verdict, paired};

use super::runner::Runner;
use crate::error::Error;

/// One rung, a task a line, the best first.
pub(super) fn rung(
    (number, rungs): (usize, usize),
    runners: &[Runner],
    ranking: &[(usize, Summary)],
    stay: usize,
) -> String {
    let width = ranking.iter().map(|(at, _)| runners[*at].name.len()).max().unwrap_or(0);
    let mut lines = vec![format!("rung {number} of {rungs}, right of the labeled images while held out:")];
    for (place, (at, summary)) in ranking.iter().enumerate() {
        let runner = &runners[*at];
        let (steps, seconds) = runner.score.as_ref().map_or((0, 0.0), |score| (score.steps, score.seconds));
        let interval = summary.interval.map_or_else(String::new, |(low, high)| {
            format!(" ({:.1} to {:.1})", percent(low.max(0.0)), percent(high.min(1.0)))
        });
        let fate = match (place < stay, number == rungs) {
            (true, true) => "wins",
            (true, false) => "goes on",
            (false, _) if close(runner, &runners[ranking[stay - 1].0]) => "out, though within noise of what stays",
            (false, _) => "out",
        };
        let mean = percent(summary.mean);
        lines
            .push(format!("  {:<width$}  {mean:.1} %{interval}, {steps} steps in {seconds:.0} s: {fate}", runner.name));
    }
    lines.join("\n")
}

/// The winner, and how sure that is.
pub(super) fn last(runners: &[Runner], ranking: &[(usize, Summary)]) -> Result<String, Error> {
    let (Some((first, best)), Some((second, _))) = (ranking.first(), ranking.get(1)) else {
        return Err(Error::failed("a race needs two tasks"));
    };
    let (winner, other) = (&runners[*first], &runners[*second]);
    let images = best.values.len();
    let text =
        format!("use {}: {:.1} % of the {images} labeled images right while held out", winner.name, percent(best.mean));
    let Some(Paired { difference, verdict, .. }) = compare(winner, other) else { return Ok(text) };
    let (low, high) = difference.interval.unwrap_or((difference.mean, difference.mean));
    let ahead = format!(
        "{:.1} points ahead of {} (95 % interval {:.1} to {:.1})",
        percent(difference.mean),
        other.name,
        percent(low),
        percent(high)
    );
    Ok(match verdict {
        Verdict::Higher => format!("{text}, {ahead}"),
        _ => format!(
            "{text}, {ahead}: within noise, {} may be as good; more labels tell them apart, or a test set that neither has seen",
            other.name
        ),
    })
}

/// Whether the labels cannot tell the two apart.
fn close(one: &Runner, other: &Runner) -> bool {
    compare(one, other).is_none_or(|found| found.verdict == Verdict::Unclear)
}

fn compare(one: &Runner, other: &Runner) -> Option<Paired> {
    paired(&one.score.as_ref()?.right, &other.score.as_ref()?.right).ok()
}

fn percent(share: f64) -> f64 {
    100.0 * share
}
