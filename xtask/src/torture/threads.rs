//! The same experiments on 1, 2, 8 and 16 threads.

use anyhow::{Context, Result};

use super::case::{Case, Tried};
use super::product::Product;
use super::verdict;
use super::workshop::Workshop;

const THREADS: [&str; 4] = ["1", "2", "8", "16"];

pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    let undisturbed = shop.undisturbed(case.kind)?;
    let place = case.place()?;
    shop.lay_out(&place, case.kind)?;
    let mut rng = case.rng();
    // The first four cases of a kind are one for each number; later ones mix them.
    let computing = THREADS[case.number as usize % THREADS.len()];
    let loading =
        if case.number < THREADS.len() as u64 { computing } else { THREADS[rng.below(THREADS.len() as u64) as usize] };
    let mut command = shop.run(&place);
    command.envs([("RAYON_NUM_THREADS", computing), ("FORETASK_LOADER_THREADS", loading)]);
    verdict::succeeded(&case.finish(&mut command)?)?;
    let context = || format!("{computing} threads that compute, {loading} that load");
    undisturbed.product.expect(&Product::of(&place)?).with_context(context)?;
    Ok(Tried::Held)
}
