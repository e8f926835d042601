//! Label generators written in the script itself: `custom_task(|image, rng| #{ input: …, label: … })`.
//!
//! The function runs on the loader's threads, once for every image and epoch, in a small engine of its own: images, a
//! random stream, numbers, texts, arrays, maps and the script's own functions, but none of the words. All it draws comes
//! from the key of (seed, epoch, row), and what it captured is copied for each call, so that the same script and seed give
//! the same labels on any number of threads.

mod engine;
mod function;
mod generator;
mod identity;
mod image;
mod methods;
mod rng;
#[cfg(test)]
mod tests;
mod tokens;
mod trouble;

pub(crate) use engine::LIMITS;
pub(crate) use function::{Explainer, Function};
pub(crate) use generator::{ScriptGenerator, Wanted};
pub(crate) use methods::{forms, is_method, markdown, names, owners, page};
pub use tokens::is_open;
