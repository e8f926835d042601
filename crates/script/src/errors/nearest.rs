//! "Did you mean …": the known name nearest to what was written.

/// The known name nearest to `written`, if one is near enough that a slip of the fingers explains it.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
    let wanted = plain(written);
    known
        .into_iter()
        .map(|name| {
            let candidate = plain(name);
            let prefix = wanted.len() >= 3 && (candidate.starts_with(&wanted) || wanted.starts_with(&candidate));
            let score = strsim::jaro_winkler(&wanted, &candidate) + if prefix { 0.1 } else { 0.0 };
            // What was begun and not written to its end is meant before what is spelled alike.
            let begun = wanted.len() >= 4 && candidate.starts_with(&wanted);
            (begun, score, strsim::damerau_levenshtein(&wanted, &candidate), name)
        })
        .filter(|(_, score, distance, _)| *score >= 0.84 || (*distance <= 2 && wanted.len() >= 4))
        .min_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)).then(b.1.total_cmp(&a.1)))
        .map(|(.., name)| name)
}

/// "did you mean `x`?" when a known name is near, otherwise the list of what is known.
pub(crate) fn did_you_mean(written: &str, known: &[&str], what: &str) -> Option<String> {
    match nearest(written, known.iter().copied()) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None if known.is_empty() => None,
        None => Some(format!("known {what}: {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_refuses_strangers() {
        let known = ["epochs", "batch_size", "lr", "per_class", "super_resolution"];
        assert_eq!(nearest("epohcs", known), Some("epochs"));
        assert_eq!(nearest("batchSize", known), Some("batch_size"));
        assert_eq!(nearest("superresolution", known), Some("super_resolution"));
        assert_eq!(nearest("perclass", known), Some("per_class"));
        assert_eq!(nearest("banana", known), None);
        assert_eq!(nearest("dinov2", ["dino_vits8", "dinov2_vitl14", "dinov2_vits14"]), Some("dinov2_vitl14"));
    }
}
