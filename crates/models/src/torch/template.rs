//! Texts with parts that are only there under a condition.

/// What begins a line that is an instruction.
const MARK: &str = "#: ";

/// The template without instructions: what stands between `#: if NAME` and `#: end` is kept where `holds` says so of the name, what
/// stands between `#: else` and `#: end` where it does not. Conditions may lie in each other.
///
/// ```
/// let text = foretask_models::only_what("a\n#: if b\nb\n#: else\nc\n#: end\n", |name| name == "b");
/// assert_eq!(text, "a\nb\n");
/// ```
pub fn only_what(template: &str, holds: impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(template.len());
    // Whether what stands in each of the open conditions is kept.
    let mut open: Vec<bool> = Vec::new();
    for line in template.lines() {
        match line.strip_prefix(MARK).map(|instruction| instruction.split_once(' ').unwrap_or((instruction, ""))) {
            Some(("if", name)) => open.push(holds(name)),
            Some(("else", _)) => open.iter_mut().last().into_iter().for_each(|keeps| *keeps = !*keeps),
            Some(_) => drop(open.pop()),
            None if open.iter().all(|keeps| *keeps) => {
                kept.push_str(line);
                kept.push('\n');
            }
            None => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_lie_in_each_other() {
        let template = "#: if a\n1\n#: if b\n2\n#: else\n3\n#: end\n4\n#: else\n5\n#: end\n6\n";
        let under = |names: &[&str]| only_what(template, |name| names.contains(&name)).replace('\n', "");
        assert_eq!([under(&[]), under(&["a"]), under(&["b"]), under(&["a", "b"])], ["56", "1346", "56", "1246"]);
    }
}
