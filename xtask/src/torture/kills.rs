//! Runs that are killed or interrupted at random moments, up to three times, and run again: the same weights and results to the bit.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::case::{Case, Tried};
use super::process::{Done, Signal};
use super::product::{Product, latest, leftovers};
use super::verdict;
use super::workshop::{Undisturbed, Workshop};
use crate::runs::made;

/// Kills, finishes and repeats one experiment.
pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    let undisturbed = shop.undisturbed(case.kind)?;
    let place = case.place()?;
    shop.lay_out(&place, case.kind)?;
    let mut rng = case.rng();
    for _ in 0..=rng.below(3) {
        let signal = if rng.chance(0.7) { Signal::Kill } else { Signal::Interrupt };
        let moment = undisturbed.time.mul_f64(rng.uniform_f64());
        let mut running = case.start(&mut shop.run(&place))?;
        if !running.ends_before(moment)? {
            running.send(signal)?;
        }
        disturbed(&running.finish(super::process::LIMIT)?, signal)?;
    }
    undisturbed_now(shop, case, &place, &undisturbed)?;
    Ok(Tried::Held)
}

/// The run ends, ends in what an undisturbed one ends in, leaves nothing lying about, and is loaded the next time.
pub(super) fn undisturbed_now(shop: &Workshop, case: &Case, place: &Path, undisturbed: &Undisturbed) -> Result<()> {
    verdict::succeeded(&case.finish(&mut shop.run(place))?)?;
    undisturbed.product.expect(&Product::of(place)?).context("the run after it")?;
    let left = leftovers(place)?;
    ensure!(left.is_empty(), "a finished run leaves {left:?}");
    verdict::succeeded(&case.finish(&mut shop.run(place))?)?;
    undisturbed.product.expect(&Product::of(place)?).context("the second run after it")?;
    let made = made(&latest(place)?)?;
    ensure!(made.is_empty(), "the second run made stages anew: {made:?}");
    Ok(())
}

/// How a process ends that gets a signal, if not before it by itself.
fn disturbed(done: &Done, signal: Signal) -> Result<()> {
    match (done.code, done.signal) {
        _ if done.hung => verdict::orderly(done),
        (Some(0), None) => verdict::succeeded(done),
        (None, Some(9)) if signal == Signal::Kill => Ok(()),
        // Before the handler stands, Ctrl-C ends a process as it ends any.
        (None, Some(2)) if signal == Signal::Interrupt => Ok(()),
        (Some(130), None) if signal == Signal::Interrupt => verdict::orderly(&Done {
            code: Some(1),
            printed: done.printed.clone(),
            command: done.command.clone(),
            ..*done
        }),
        (code, killed) => bail!("after {signal:?}: exit code {code:?}, signal {killed:?}: {}", verdict::told(done)),
    }
}
