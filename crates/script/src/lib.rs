#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// Faults carry what a person needs to read; they are made once per run, never in a loop.
#![allow(clippy::result_large_err)]

mod commands;
mod custom;
mod engine;
mod errors;
mod explain;
mod host;
mod imports;
mod options;
mod reference;
mod repl;
mod resolver;
mod sandbox;
mod session;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod words;
mod writable;

pub use commands::{NewScript, PreviewRequest, Sheet, new_script, preview};
pub use errors::{Error, ScriptError, Source, TraceFrame};
pub use options::OptionDoc;
pub use reference::{explain_word, markdown, overview};
pub use repl::{Repl, is_open};
pub use session::{check, read_script, run};
pub use values::Kind;
pub use words::{Example, Param, Signature, Theme, Word};
