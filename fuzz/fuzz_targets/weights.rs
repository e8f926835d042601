//! Weights files: a description that says anything, over tensors that may not fit it.
#![no_main]

use foretask_models::{Classifier, Encoder};
use libfuzzer_sys::fuzz_target;

/// A description as this program writes it; inputs replace a part of it.
const DESCRIPTION: &str = include_str!("../description.json");

fuzz_target!(|data: (bool, u16, u16, &[u8], &[u8])| {
    let (structured, from, to, words, tensors) = data;
    let bytes = if structured {
        let mut text = DESCRIPTION.as_bytes().to_vec();
        let (from, to) = (usize::from(from) % text.len(), usize::from(to) % text.len());
        text.splice(from.min(to)..from.max(to), words.iter().copied());
        [&(text.len() as u64).to_le_bytes(), text.as_slice(), tensors].concat()
    } else {
        words.to_vec()
    };
    let file = foretask_fuzz::file("model.safetensors", &bytes);
    for error in [Encoder::load(&file).err(), Classifier::load(&file).err()].into_iter().flatten() {
        assert!(error.to_string().contains("model.safetensors"), "the error names no file: {error}");
    }
});
