//! Descriptions of options that several trainings have.

use foretask_pretext::OptionInfo;

/// The default of an option that is left to the library.
pub(crate) const AUTO: &str = "\"auto\"";

pub(crate) const WARMUP: OptionInfo = OptionInfo::new(
    "warmup",
    "share of the steps, 0 to 0.9",
    "0.1",
    "the learning rate rises during these first steps",
);

pub(crate) const PRECISION: OptionInfo = OptionInfo::new(
    "precision",
    "\"f32\" or \"bf16\"",
    "\"f32\"",
    "what the network computes in: bf16 is faster on libtorch with AVX512-BF16 or a GPU (see `foretask doctor`)",
);

pub(crate) const SEED: OptionInfo = OptionInfo::new(
    "seed",
    "whole number",
    "the script's seed",
    "decides first weights, order and every random choice",
);

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use serde::{Serialize, de::DeserializeOwned};
    use serde_json::json;

    use super::*;

    /// Every key of the struct is described once and nothing else is; defaults are those of the struct, where it decides them.
    pub(crate) fn describes<T: Default + Serialize + DeserializeOwned>(
        info: &[OptionInfo],
        decided_elsewhere: &[&str],
    ) {
        let error = serde_json::from_value::<T>(json!({ "?": 0 })).err().unwrap().to_string();
        let (_, known) = error.split_once("expected one of").unwrap();
        let keys: BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
        let described: BTreeSet<&str> = info.iter().map(|option| option.name).collect();
        assert_eq!(described, keys);
        assert_eq!(info.len(), keys.len(), "an option is described twice");
        let defaults = serde_json::to_value(T::default()).unwrap();
        for option in info.iter().filter(|option| !decided_elsewhere.contains(&option.name)) {
            let own = match defaults.get(option.name) {
                // Left out where it has its default, as of a length or a precision.
                None => continue,
                Some(value) => value.to_string(),
            };
            assert_eq!(option.default, own, "{}", option.name);
        }
    }
}
