//! Mutated scripts and predicates, checked but not run.

use std::fs;

use anyhow::{Context, Result, ensure};
use foretask_random::Rng;

use super::case::{Case, Tried};
use super::experiments::IMAGES;
use super::mutate::mutated;
use super::verdict;
use super::workshop::Workshop;
use crate::run::root;
use crate::tidy::has_extension;

pub(super) const KINDS: &[&str] = &["words", "bytes", "nested", "predicate"];

const NAME: &str = "script.rhai";

pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    let mut rng = case.rng();
    let place = case.place()?;
    let text = match case.kind {
        "predicate" => predicate(&mut rng).into_bytes(),
        "nested" => nested(&mut rng).into_bytes(),
        "bytes" => mutated(example(&mut rng)?.as_bytes(), &mut rng),
        _ => other_words(&example(&mut rng)?, &mut rng).into_bytes(),
    };
    fs::write(place.join(NAME), text)?;
    std::os::unix::fs::symlink(shop.images(), place.join(IMAGES))?;
    let done = case.look(&mut shop.foretask(&place, &["check", NAME, "--device", "flex"]))?;
    verdict::orderly_about(&done, &[NAME])?;
    Ok(Tried::Held)
}

/// A script of the repository, on the images at hand.
fn example(rng: &mut Rng) -> Result<String> {
    let folder = root().join("scripts");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut scripts: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    scripts.retain(|path| has_extension(&path.to_string_lossy(), "rhai"));
    scripts.sort();
    ensure!(!scripts.is_empty(), "{} holds no script", folder.display());
    let text = fs::read_to_string(&scripts[rng.below(scripts.len() as u64) as usize])?;
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    Ok(["datasets/fashion-mini", "datasets/stamps"].iter().fold(code, |code, data| code.replace(data, IMAGES)))
}

/// Words, numbers, texts and signs, each by itself.
fn split(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut in_text = false;
    let mut last = ' ';
    for letter in text.chars() {
        let joins = |a: char| a.is_alphanumeric() || a == '_';
        let same = in_text || (joins(letter) && joins(last)) || (letter.is_whitespace() && last.is_whitespace());
        match words.last_mut() {
            Some(word) if same => word.push(letter),
            _ => words.push(letter.to_string()),
        }
        if letter == '"' {
            in_text = !in_text;
        }
        last = letter;
    }
    words
}

fn other_words(text: &str, rng: &mut Rng) -> String {
    const VALUES: [&str; 22] = [
        "0",
        "-1",
        "1e308",
        "9223372036854775807",
        "0.0/0.0",
        "\"\"",
        "()",
        "[]",
        "#{}",
        "true",
        "|x| x",
        "pre",
        "data",
        "net",
        "loop {}",
        "while true { }",
        "fn f(x) { f(x) }",
        "\"../../x\"",
        "throw 1",
        "exit(7)",
        "sleep(100000)",
        "import \"script\" as s;",
    ];
    let mut words = split(text);
    for _ in 0..=rng.below(3) {
        let count = words.len() as u64;
        let (a, b) = (rng.below(count) as usize, rng.below(count) as usize);
        match rng.below(6) {
            0 => drop(words.remove(a)),
            1 => words.insert(b, words[a].clone()),
            2 => words.swap(a, b),
            3 => {
                let copy = words[b].clone();
                words[a] = copy;
            }
            _ => VALUES[rng.below(VALUES.len() as u64) as usize].clone_into(&mut words[a]),
        }
    }
    words.concat()
}

/// Something in something in something.
fn nested(rng: &mut Rng) -> String {
    const PAIRS: [(&str, &str); 10] = [
        ("(", ")"),
        ("[", "]"),
        ("#{ a: ", " }"),
        ("{ ", " }"),
        ("|x| ", ""),
        ("-", ""),
        ("if true { ", " }"),
        ("!", ""),
        ("f(", ")"),
        ("`${", "}`"),
    ];
    let depth = [3, 60, 1_000, 50_000][rng.below(4) as usize];
    let pairs: Vec<_> = (0..=rng.below(3)).map(|_| PAIRS[rng.below(PAIRS.len() as u64) as usize]).collect();
    let open: String = (0..depth).map(|at| pairs[at % pairs.len()].0).collect();
    let close: String = (0..depth).rev().map(|at| pairs[at % pairs.len()].1).collect();
    let grown = ["let x = [];", "let x = #{};", "let x = \"a\";"][rng.below(3) as usize];
    match rng.below(4) {
        0 => format!("fn f(n) {{ f(n + 1) }}\nf(0);\nlet x = {open}1{close};\n"),
        1 => format!("{grown}\nfor i in 0..{depth} {{ x = [x]; }}\nprint(x);\n"),
        2 => format!("let f = |y| y;\nfor i in 0..{depth} {{ let g = f; f = |y| g.call(y); }}\nprint(f.call(1));\n"),
        _ => format!("let x = {open}1{close};\nprint(x);\n"),
    }
}

/// Conditions of random words, some of them long or deep.
fn predicate(rng: &mut Rng) -> String {
    const PARTS: [&str; 34] = [
        "label",
        "split",
        "path",
        "row",
        "nothing",
        "'disc'",
        "'%'",
        "1",
        "-1",
        "0.5",
        "99999999999999999999999",
        "NULL",
        "TRUE",
        "=",
        "<>",
        "<",
        ">=",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "BETWEEN",
        "IS NULL",
        "(",
        ")",
        ",",
        "+",
        "/",
        "%",
        "||",
        "CASE",
        ";",
        "--",
    ];
    let mut text = String::new();
    match rng.below(4) {
        0 => text = format!("{}row = 1{}", "(".repeat(2_000), ")".repeat(2_000)),
        1 => text = vec!["row = 1"; rng.below(3_000) as usize + 1].join(" OR "),
        _ => {
            for _ in 0..=rng.below(12) {
                text.push_str(PARTS[rng.below(PARTS.len() as u64) as usize]);
                text.push(' ');
            }
        }
    }
    format!("let data = dataset(\"{IMAGES}\");\nprint(data.filter(\"{text}\").count);\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_the_sum_of_its_words() {
        let text = "let net = resnet10(#{ width: 16 });  report(\"a b\", x);";
        let words = split(text);
        assert_eq!(words.concat(), text);
        assert!(words.contains(&"resnet10".to_owned()) && words.contains(&"16".to_owned()), "{words:?}");
        assert!(words.contains(&"\"a b\"".to_owned()), "{words:?}");
    }
}
