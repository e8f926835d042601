//! Blocks of a transformer that learn the more slowly the nearer they are to the pixels.

/// Factors of the learning rate, each with the part it is for, later ones counting before earlier ones: with L blocks,
/// block i has `decay^(L - i)`, what makes tokens of the pixels `decay^(L + 1)`, and the last norm 1, as in `MAE` and `DINOv2`.
/// `names` are those of the network's tensors: `blocks.3.norm1.weight`.
/// `root` is where the network stands in what is trained.
pub(crate) fn factors<'a>(root: &str, names: impl Iterator<Item = &'a String>, decay: f64) -> Vec<(String, f64)> {
    let number = |name: &String| name.strip_prefix("blocks.")?.split('.').next()?.parse::<usize>().ok();
    let Some(last) = names.filter_map(number).max().filter(|_| decay < 1.0) else { return Vec::new() };
    let power = |steps: usize| decay.powi(i32::try_from(steps).unwrap_or(i32::MAX));
    let blocks = (0..=last).map(|block| (format!("{root}.blocks.{block}"), power(last + 1 - block)));
    let ends = [(root.to_owned(), power(last + 2)), (format!("{root}.norm"), 1.0)];
    ends.into_iter().chain(blocks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schedule_of_three_blocks() {
        // `get_layer_id_for_vit` of MAE and DINOv2: tokens 0, block i i + 1, the rest L + 1; the scale is decay^(L + 1 - id).
        let names: Vec<String> =
            ["cls_token", "blocks.0.mlp.fc1.weight", "blocks.2.norm1.bias", "norm.weight"].map(str::to_owned).into();
        let found = factors("backbone", names.iter(), 0.5);
        let of = |part: &str| found.iter().find(|(name, _)| name == part).map(|(_, factor)| *factor);
        assert_eq!(of("backbone"), Some(0.0625));
        assert_eq!(["0", "1", "2"].map(|i| of(&format!("backbone.blocks.{i}")).unwrap()), [0.125, 0.25, 0.5]);
        assert_eq!(of("backbone.norm"), Some(1.0));
        assert_eq!(factors("backbone", names.iter(), 1.0), []);
        assert_eq!(factors("backbone", ["conv1.weight".to_owned()].iter(), 0.5), []);
    }
}
