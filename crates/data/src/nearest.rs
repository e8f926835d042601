//! "Did you mean": the known name nearest to a misspelt one.

/// The nearest of `known` to `name`, where one is near enough to be what was meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_name_and_nonsense_finds_none() {
        let known = ["width", "height", "label"];
        assert_eq!(nearest("widht", known).as_deref(), Some("width"));
        assert_eq!(nearest("Label", known).as_deref(), Some("label"));
        assert_eq!(nearest("zzz", known), None);
    }
}
