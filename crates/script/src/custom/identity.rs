//! Whether two label generators are the same: a hash of the code that can run and of the values it captured. Comments,
//! spaces and the rest of the script do not count.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rhai::{Dynamic, FnPtr};

use super::function::{Function, definitions, start};
use super::tokens::{self, Token, TokenKind};

/// Raised when an operation on images or numbers changes its result: stored pretrainings then do not fit any more.
const VERSION: u32 = 1;

/// 32 hexadecimal digits.
pub(super) fn identity(function: &Function) -> String {
    let mut code = Code { function, text: String::new(), included: BTreeSet::new() };
    let _ = writeln!(code.text, "label generator {VERSION}");
    code.pointer(&function.pointer);
    blake3::hash(code.text.as_bytes()).to_hex()[..32].to_owned()
}

struct Code<'a> {
    function: &'a Function,
    text: String,
    /// Where functions begin that are in the text already.
    included: BTreeSet<usize>,
}

impl Code<'_> {
    fn pointer(&mut self, pointer: &FnPtr) {
        let _ = write!(self.text, "fn {} [", pointer.curry().len());
        for value in pointer.curry() {
            self.value(value);
        }
        self.text.push(']');
        match start(pointer, &self.function.source, &self.function.ast) {
            Some(at) if pointer.is_anonymous() => self.definition(at),
            _ => self.named(pointer.fn_name()),
        }
    }

    /// All functions of this name, whatever their number of parameters.
    fn named(&mut self, name: &str) {
        let _ = write!(self.text, "{name:?} ");
        for (_, at) in definitions(&self.function.source.text).into_iter().filter(|(defined, _)| defined == name) {
            self.definition(at);
        }
    }

    /// A function's tokens, and those of the functions that it names.
    fn definition(&mut self, at: usize) {
        if !self.included.insert(at) {
            return;
        }
        let source = std::sync::Arc::clone(&self.function.source);
        let tokens = tokens::function(&source.text, at);
        let word = |token: &Token| &source.text[token.bytes.clone()];
        for token in &tokens {
            let _ = write!(self.text, "{}\u{1f}", word(token));
        }
        let known = definitions(&source.text);
        // `Fn(name)` with a name made up at run time may mean any of them.
        let made_up = tokens
            .windows(3)
            .any(|three| word(&three[0]) == "Fn" && word(&three[1]) == "(" && three[2].kind != TokenKind::Text);
        let inside_texts: Vec<&str> = tokens.iter().filter(|token| token.kind == TokenKind::Text).map(word).collect();
        let names = |name: &str| {
            made_up
                || tokens.iter().any(|token| token.kind == TokenKind::Word && word(token) == name)
                || inside_texts.iter().any(|text| text.contains(name))
        };
        let called: BTreeSet<&str> = known.iter().map(|(name, _)| name.as_str()).filter(|name| names(name)).collect();
        for name in called {
            self.named(name);
        }
    }

    fn value(&mut self, value: &Dynamic) {
        if let Ok(items) = value.as_array_ref() {
            self.text.push('[');
            items.iter().for_each(|item| self.value(item));
            self.text.push(']');
        } else if let Ok(map) = value.as_map_ref() {
            self.text.push('{');
            for (key, value) in map.iter() {
                let _ = write!(self.text, "{:?}:", key.as_str());
                self.value(value);
            }
            self.text.push('}');
        } else if let Some(pointer) = value.read_lock::<FnPtr>() {
            self.pointer(&pointer);
        } else if let Ok(number) = value.as_float() {
            let _ = write!(self.text, "f64 {:016x},", number.to_bits());
        } else {
            let _ = write!(self.text, "{} {:?},", value.type_name(), value.to_string());
        }
    }
}
