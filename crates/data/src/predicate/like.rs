//! SQL patterns: `%` is any text, `_` any one character.

use std::fmt::Write;

/// A pattern's parts, wildcards told from literal characters.
enum Part {
    Any,
    One,
    Literal(char),
}

/// What `LIKE` compares with.
pub(super) struct Pattern {
    parts: Vec<Part>,
    ignore_case: bool,
}

impl Pattern {
    pub(super) fn new(pattern: &str, escape: Option<char>, ignore_case: bool) -> Self {
        let mut characters = pattern.chars();
        let mut parts = Vec::new();
        while let Some(character) = characters.next() {
            parts.push(match character {
                _ if Some(character) == escape => Part::Literal(characters.next().unwrap_or(character)),
                '%' => Part::Any,
                '_' => Part::One,
                _ => Part::Literal(character),
            });
        }
        Self { parts, ignore_case }
    }

    /// The pattern as a regular expression over the whole text.
    pub(super) fn regex(&self) -> String {
        let mut regex = String::from(if self.ignore_case { "(?is)^" } else { "(?s)^" });
        for part in &self.parts {
            match part {
                Part::Any => regex.push_str(".*"),
                Part::One => regex.push('.'),
                Part::Literal(character) if character.is_alphanumeric() => regex.push(*character),
                // Every other character by its number, so that none of them means something.
                Part::Literal(character) => {
                    let _ = write!(regex, "\\x{{{:x}}}", u32::from(*character));
                }
            }
        }
        regex.push('$');
        regex
    }

    /// Whether a text fits.
    pub(super) fn fits(&self, text: &str) -> bool {
        let fold = |character: char| {
            if self.ignore_case { character.to_lowercase().next().unwrap_or(character) } else { character }
        };
        // reach[j]: the parts so far fit the first j characters.
        let text: Vec<char> = text.chars().map(fold).collect();
        let mut reach = vec![false; text.len() + 1];
        reach[0] = true;
        for part in &self.parts {
            reach = match part {
                Part::Any => {
                    let mut seen = false;
                    reach
                        .iter()
                        .map(|&here| {
                            seen |= here;
                            seen
                        })
                        .collect()
                }
                Part::One => std::iter::once(false).chain(reach.iter().copied().take(text.len())).collect(),
                Part::Literal(literal) => {
                    let fits =
                        text.iter().zip(&reach).map(|(character, &before)| before && *character == fold(*literal));
                    std::iter::once(false).chain(fits).collect()
                }
            };
        }
        reach[text.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn wildcards_and_escapes() {
        let fits = |pattern: &str, text: &str| Pattern::new(pattern, Some('\\'), false).fits(text);
        assert!(fits("ankle%", "ankle boot") && fits("%boot", "ankle boot") && fits("%", "") && fits("c_at", "coat"));
        assert!(!fits("ankle", "ankle boot") && !fits("c_at", "cat") && !fits("_", ""));
        assert!(fits("100\\%", "100%") && !fits("100\\%", "1000"));
        assert!(Pattern::new("COAT", None, true).fits("Coat"));
        assert_eq!(Pattern::new("a.%_", None, true).regex(), "(?is)^a\\x{2e}.*.$");
    }
}
