//! What one source file names: its `use` paths and the paths in its code that begin with `crate`, `super` or `self`.

use crate::tidy::tokens::{Token, tokens};

/// A path that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// As written, with braces multiplied out; a `*` at the end is dropped.
    pub(super) parts: Vec<String>,
    /// What it is called in this file, where it is imported: its last part or what stands behind `as`.
    pub(super) alias: Option<String>,
    /// Whether it is passed on (`pub use`).
    pub(super) is_public: bool,
    /// The modules with a body (`mod x { … }`) it stands in.
    pub(super) within: Vec<String>,
    pub(super) line: usize,
}

/// A source file.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) paths: Vec<Path>,
    /// Whether it has nothing but `mod`, `use` and attributes.
    pub(super) only_names: bool,
}

impl Source {
    /// Reads a file that compiles. Items for tests alone are left out.
    pub(super) fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let mut reader = Reader { tokens: &tokens, at: 0, paths: Vec::new(), within: Vec::new(), only_names: true };
        while reader.at < tokens.len() {
            reader.step();
        }
        Self { paths: reader.paths, only_names: reader.only_names }
    }
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    paths: Vec<Path>,
    /// The modules with a body that are open, each with the number of braces open within it.
    within: Vec<(String, usize)>,
    only_names: bool,
}

impl Reader<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    /// Reads the next thing of interest.
    fn step(&mut self) {
        let word = self.text(self.at).to_owned();
        let next = self.text(self.at + 1).to_owned();
        match (word.as_str(), next.as_str()) {
            ("#", "[" | "!") => self.attribute(),
            ("use", "<") => self.other(),
            ("use", _) => self.import(),
            ("mod", _) if self.text(self.at + 2) == ";" => self.at += 3,
            ("mod", name) if self.text(self.at + 2) == "{" => {
                self.within.push((name.to_owned(), 0));
                self.at += 3;
                self.only_names = false;
            }
            ("crate" | "super" | "self", "::") => self.inline(),
            ("pub", "(") => self.at = self.closing(self.at + 1) + 1,
            ("pub" | ";", _) => self.at += 1,
            _ => self.other(),
        }
    }

    /// Anything else; only braces matter.
    fn other(&mut self) {
        self.only_names = false;
        match (self.text(self.at).to_owned().as_str(), self.within.last_mut()) {
            ("{", Some((_, open))) => *open += 1,
            ("}", Some((_, 0))) => drop(self.within.pop()),
            ("}", Some((_, open))) => *open -= 1,
            _ => {}
        }
        self.at += 1;
    }

    /// The place of the bracket that closes the one at `open`.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            match self.text(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        self.tokens.len()
    }

    /// Passes an attribute, and what follows it if that is for tests alone.
    fn attribute(&mut self) {
        let open = if self.text(self.at + 1) == "!" { self.at + 2 } else { self.at + 1 };
        let end = self.closing(open);
        let is_test = self.text(open + 1) == "cfg" && {
            let words: Vec<&str> = (open + 2..end).map(|at| self.text(at)).collect();
            words.contains(&"test") && !words.contains(&"not") && !words.contains(&"any")
        };
        self.at = end + 1;
        if is_test {
            self.pass_item();
        }
    }

    fn pass_item(&mut self) {
        while self.at < self.tokens.len() {
            match self.text(self.at) {
                "{" => {
                    self.at = self.closing(self.at) + 1;
                    return;
                }
                "(" | "[" => self.at = self.closing(self.at) + 1,
                ";" => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// `use …;`
    fn import(&mut self) {
        let is_public = self.at > 0 && matches!(self.text(self.at - 1), "pub" | ")");
        let line = self.tokens[self.at].line;
        self.at += 1;
        self.tree(&mut Vec::new(), is_public, line);
        while self.at < self.tokens.len() && self.text(self.at) != ";" {
            self.at += 1;
        }
        self.at += 1;
    }

    /// One branch of a tree of imports, up to `,`, `}` or `;`, which are not passed.
    fn tree(&mut self, before: &mut Vec<String>, is_public: bool, line: usize) {
        let kept = before.len();
        while self.at < self.tokens.len() {
            match self.text(self.at) {
                "{" => {
                    self.at += 1;
                    while !matches!(self.text(self.at), "}" | "") {
                        if self.text(self.at) == "," {
                            self.at += 1;
                        } else {
                            self.tree(before, is_public, line);
                        }
                    }
                    self.at += 1;
                    before.truncate(kept);
                    return;
                }
                "::" => self.at += 1,
                "*" => {
                    self.at += 1;
                    self.push(before.clone(), None, is_public, line);
                    before.truncate(kept);
                    return;
                }
                "as" | "," | "}" | ";" => break,
                part => {
                    let part = part.to_owned();
                    // `a::{self}` is `a`.
                    if part != "self" || before.is_empty() {
                        before.push(part);
                    }
                    self.at += 1;
                }
            }
        }
        let mut alias = before.last().cloned();
        if self.text(self.at) == "as" {
            alias = Some(self.text(self.at + 1).to_owned());
            self.at += 2;
        }
        self.push(before.clone(), alias, is_public, line);
        before.truncate(kept);
    }

    /// A path in code, such as `crate::a::b`.
    fn inline(&mut self) {
        let line = self.tokens[self.at].line;
        let mut parts = vec![self.text(self.at).to_owned()];
        self.at += 1;
        let is_word = |text: &str| text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        while self.text(self.at) == "::" && is_word(self.text(self.at + 1)) {
            parts.push(self.text(self.at + 1).to_owned());
            self.at += 2;
        }
        self.only_names = false;
        self.push(parts, None, false, line);
    }

    fn push(&mut self, parts: Vec<String>, alias: Option<String>, is_public: bool, line: usize) {
        let within = self.within.iter().map(|(name, _)| name.clone()).collect();
        self.paths.push(Path { parts, alias, is_public, within, line });
    }
}
