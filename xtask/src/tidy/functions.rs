//! Functions: few parameters, and no longer than a screen without a reason.

use super::tokens::{Token, tokens};
use super::{File, has_extension};

/// The most parameters that a function has, `self` not counted: more of them belong together in some way that deserves a name.
const PARAMETERS: usize = 5;
/// The most lines that a function has, from `fn` to its last brace.
const LINES: usize = 80;
/// How a comment above a longer function begins: what follows says why it is one.
const REASON: &str = "// Long: ";

/// Problems of functions. What other languages declare (`extern "C" { … }`) is theirs, and how many parameters the function of a
/// trait has is told where the trait is declared.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| has_extension(&file.path, "rs")) {
        let Some(text) = &file.text else { continue };
        let lines: Vec<&str> = text.lines().collect();
        for Function { name, line, parameters, length } in functions(&tokens(text)) {
            let place = format!("{}:{line}: `{name}`", file.path);
            if parameters > PARAMETERS {
                problems.push(format!(
                    "{place} has {parameters} parameters, {PARAMETERS} are the most; group what belongs together in a struct"
                ));
            }
            if length > LINES && !has_reason(&lines[..line - 1]) {
                problems.push(format!(
                    "{place} has {length} lines, {LINES} are the most; split it, or give a reason above it: `{REASON}…`"
                ));
            }
        }
    }
    problems
}

/// A function, declared or defined.
#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    /// Of the word `fn`, from 1.
    line: usize,
    parameters: usize,
    /// Lines from `fn` to the last brace; 0 where it has no body.
    length: usize,
}

fn functions<'a>(tokens: &[Token<'a>]) -> Vec<Function<'a>> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let mut found = Vec::new();
    // How many braces are open, and behind how many the functions of a trait stand that is implemented here.
    let (mut depth, mut of_trait) = (0_usize, None);
    let mut at = 0;
    while at < tokens.len() {
        match text(at) {
            "extern" if text(at + 1) == "\"" && text(at + 2) == "{" => at = closing(tokens, at + 2),
            "fn" => {
                let own = |found: Function<'a>| Function {
                    parameters: if of_trait == Some(depth) { 0 } else { found.parameters },
                    ..found
                };
                found.extend(function(tokens, at).map(own));
            }
            "impl" if implements(&tokens[at..]) => of_trait = Some(depth + 1),
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                of_trait = of_trait.filter(|&inside| inside <= depth);
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether an `impl` begins the implementation of a trait, rather than being a type or without a trait.
fn implements(tokens: &[Token<'_>]) -> bool {
    let head = tokens.iter().position(|token| matches!(token.text, "{" | ";")).unwrap_or(tokens.len());
    // `for<'a>` belongs to a bound.
    (1..head).any(|at| tokens[at].text == "for" && tokens.get(at + 1).is_some_and(|next| next.text != "<"))
        && is_even(&tokens[1..head])
}

/// The function whose `fn` stands at `at`; none for the type of a pointer.
fn function<'a>(tokens: &[Token<'a>], at: usize) -> Option<Function<'a>> {
    // A macro may fill in the name.
    let name = at + 1 + usize::from(tokens.get(at + 1)?.text == "$");
    let open = (name + 1..tokens.len()).find(|&open| tokens[open].text == "(" && is_even(&tokens[name + 1..open]))?;
    let only_generics = open == name + 1 || tokens[name + 1].text == "<";
    if tokens[name].text == "(" || !only_generics {
        return None;
    }
    let close = closing(tokens, open);
    let mut end = close + 1;
    while end < tokens.len() && !matches!(tokens[end].text, "{" | ";") {
        end = if matches!(tokens[end].text, "(" | "[") { closing(tokens, end) } else { end } + 1;
    }
    let line = tokens[at].line;
    let has_body = tokens.get(end).is_some_and(|token| token.text == "{");
    let last = tokens.get(closing(tokens, end)).map_or(line, |token| token.line);
    Some(Function {
        name: tokens[name].text,
        line,
        parameters: parameters(&tokens[open + 1..close]),
        length: if has_body { last - line + 1 } else { 0 },
    })
}

/// How many parameters a list has, `self` not counted.
fn parameters(list: &[Token<'_>]) -> usize {
    let mut count = 0;
    let mut start = 0;
    for at in 0..=list.len() {
        if at < list.len() && !(list[at].text == "," && is_even(&list[start..at])) {
            continue;
        }
        let first = list[start..at].iter().find(|token| !matches!(token.text, "&" | "mut"));
        count += usize::from(first.is_some_and(|token| token.text != "self"));
        start = at + 1;
    }
    count
}

/// Whether every bracket in a row of tokens is closed in it, those of generics, too.
fn is_even(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_isize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" | "<" => depth += 1,
            // The end of an arrow is none.
            ">" if at > 0 && tokens[at - 1].text == "-" => {}
            ")" | "]" | "}" | ">" => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// The place of the bracket that closes the one at `open`, or the end.
fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}

/// Whether the comments and attributes that `lines` end in hold a reason.
fn has_reason(lines: &[&str]) -> bool {
    let above = lines
        .iter()
        .rev()
        .map(|line| line.trim_start())
        .take_while(|line| line.starts_with("//") || line.starts_with("#["));
    above.into_iter().any(|line| line.strip_prefix(REASON).is_some_and(|reason| !reason.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        check(&[File { path: "a.rs".into(), text: Some(text.into()) }])
    }

    /// `name` and the number of parameters of each function in a text.
    fn counted(text: &str) -> Vec<(String, usize)> {
        functions(&tokens(text)).into_iter().map(|found| (found.name.to_owned(), found.parameters)).collect()
    }

    #[test]
    fn parameters_are_counted_without_self() {
        for (text, expected) in [
            ("fn f() {}", 0),
            ("fn f(a: u8) {}", 1),
            ("fn f(a: u8, (b, c): (u8, u8),) {}", 2),
            ("fn f(&self) {}", 0),
            ("fn f(&'a mut self, a: u8) -> u8 {}", 1),
            ("fn f(mut self: Box<Self>, a: [u8; 2], b: [u8; 3]);", 2),
            ("fn f<'a, const N: usize>(a: &'a [u8; N], b: Map<u8, u16>) where u8: Copy {}", 2),
            ("fn f<F: Fn(u8, u8) -> u8, G>(a: F, b: impl Fn(u8, u8) -> Map<u8, u8>, c: fn(u8, u8) -> u8) {}", 3),
            ("macro_rules! m { ($n:ident) => { fn $n(a: u8, b: u8) {} }; }", 2),
            ("/* fn g(a, b) */ const S: &str = \"fn h(a, b)\"; fn f(/* one, */ a: u8) {} // , b", 1),
        ] {
            let found = counted(text);
            assert_eq!(found.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [expected], "{text}: {found:?}");
        }
        assert_eq!(counted("type F = fn(u8, u8) -> u8; struct S { f: fn(u8) }"), []);
        let nested = counted("fn f(a: u8) { fn g(a: u8, b: u8) {} let h: fn(u8) = g; }");
        assert_eq!(nested, [("f".to_owned(), 1), ("g".to_owned(), 2)]);
    }

    #[test]
    fn too_many_parameters_are_told_but_for_other_languages() {
        let many = "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, g: u8)";
        assert_eq!(
            problems(&format!("struct S;\n\n{many} {{}}\n")),
            ["a.rs:3: `f` has 6 parameters, 5 are the most; group what belongs together in a struct"]
        );
        assert_eq!(problems(&format!("trait T {{\n    {many};\n}}\n")).len(), 1);
        assert_eq!(problems("fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8) {}\n"), [""; 0]);
        assert_eq!(problems(&format!("unsafe extern \"C\" {{\n    pub {many};\n}}\n")), [""; 0]);
        assert_eq!(problems(&format!("extern \"C\" {many} {{}}\n")).len(), 1);
    }

    #[test]
    fn functions_of_a_trait_are_counted_where_it_is_declared() {
        let f = |name: &str| format!("fn {name}(&self, a: u8, b: u8, c: u8, d: u8, e: u8, g: u8)");
        let text = format!(
            "trait T {{ {}; }}\nimpl<A: Fn(u8, u8)> T for S<A> {{ {} {{ if a < b {{ fn h() {{}} }} }} {} {{}} }}\nimpl S {{ {} {{}} }}\n",
            f("one"),
            f("one"),
            f("two"),
            f("own"),
        );
        let expected = [("one", 6), ("one", 0), ("h", 0), ("two", 0), ("own", 6)];
        assert_eq!(counted(&text), expected.map(|(name, count)| (name.to_owned(), count)));
        let inside = format!(
            "impl T for S {{ fn t(x: impl for<'a> Fn(&'a u8)) {{ {} {{}} }} }}",
            f("hidden").replace("&self, ", "")
        );
        assert_eq!(counted(&inside), [("t".to_owned(), 0), ("hidden".to_owned(), 6)]);
        let of_type =
            format!("fn t(x: impl Fn(u8) -> u8) {{ for x in y {{}} {} {{}} }}", f("hidden").replace("&self, ", ""));
        assert_eq!(counted(&of_type), [("t".to_owned(), 1), ("hidden".to_owned(), 6)]);
    }

    #[test]
    fn a_long_function_needs_a_reason() {
        let of = |lines: usize| format!("pub fn f() {{\n{}}}\n", "    // }\n".repeat(lines - 2));
        assert_eq!(problems(&of(LINES)), [""; 0]);
        let found = problems(&of(LINES + 1));
        let message = "a.rs:1: `f` has 81 lines, 80 are the most; split it, or give a reason above it: `// Long: …`";
        assert_eq!(found, [message]);
        let below = |above: &str| problems(&format!("{above}\n{}", of(LINES + 1)));
        assert_eq!(below("// Long: a table of cases.\n#[test]"), [""; 0]);
        assert_eq!(below("/// Words.\n// Long: a table of cases.\n// Of all kinds."), [""; 0]);
        for without in
            ["// Long: ", "// Long:", "// Too long.", "// Long: for another.\nfn g() {}", "// Long: far away.\n"]
        {
            assert_eq!(below(without).len(), 1, "{without}");
        }
        // Braces in quotes are none, and lines of quotes count.
        let quoted = format!("fn f() {{\n    let a = \"}}}}\n{}\";\n}}\n", "x\n".repeat(LINES));
        assert_eq!(problems(&quoted).len(), 1);
    }
}
