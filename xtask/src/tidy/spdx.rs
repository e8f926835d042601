//! License expressions as Cargo.toml holds them: `MIT OR (Apache-2.0 WITH LLVM-exception AND Zlib)`, and the older `MIT/Apache-2.0`.

/// Whether the expression can be satisfied with allowed licenses alone. `AND` binds tighter than `OR`.
pub(crate) fn satisfied(expression: &str, allowed: &[&str]) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let value = any(&mut rest, allowed)?;
    if rest.is_empty() { Ok(value) } else { Err(format!("`{}` is left over", rest.join(" "))) }
}

fn any(rest: &mut &[&str], allowed: &[&str]) -> Result<bool, String> {
    let mut value = all(rest, allowed)?;
    while take(rest, "OR") {
        value |= all(rest, allowed)?;
    }
    Ok(value)
}

fn all(rest: &mut &[&str], allowed: &[&str]) -> Result<bool, String> {
    let mut value = one(rest, allowed)?;
    while take(rest, "AND") {
        value &= one(rest, allowed)?;
    }
    Ok(value)
}

fn one(rest: &mut &[&str], allowed: &[&str]) -> Result<bool, String> {
    if take(rest, "(") {
        let value = any(rest, allowed)?;
        return if take(rest, ")") { Ok(value) } else { Err("`)` is missing".into()) };
    }
    let mut name = next(rest).ok_or("it ends too early")?.to_owned();
    if take(rest, "WITH") {
        name = format!("{name} WITH {}", next(rest).ok_or("`WITH` names no exception")?);
    }
    // `MPL-2.0+` is MPL-2.0 or, at our choice, a later version.
    let name = name.strip_suffix('+').unwrap_or(&name);
    Ok(allowed.contains(&name))
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    let found = rest.first() == Some(&word);
    if found {
        *rest = &rest[1..];
    }
    found
}

fn next<'a>(rest: &mut &[&'a str]) -> Option<&'a str> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    const ALLOWED: &[&str] = &["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"];

    #[test]
    fn expressions_are_read_as_spdx_says() {
        let cases = [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("Zlib+", true),
            ("GPL-3.0 AND MIT", false),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 OR MIT AND Zlib", true),
            ("(GPL-3.0 OR MIT) AND Zlib", true),
            ("(GPL-3.0 OR MIT) AND Apache-2.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0 WITH Other-exception", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(satisfied(expression, ALLOWED), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for expression in ["", "MIT OR", "(MIT", "MIT Zlib", "MIT WITH"] {
            assert!(satisfied(expression, ALLOWED).is_err(), "{expression}");
        }
    }
}
