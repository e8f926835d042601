//! Whether tensors are those of a network, and what is missing where they are not.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use foretask_backend::{Path, Scope, available_memory_bytes};

use super::recognized::Refusal;
use crate::BackboneConfig;
use crate::file::{Shapes, numbers};

/// So many names of a kind are said.
const NAMED: usize = 3;

/// Refuses tensors, by the network's names, that are not all of the network's, or others.
pub(super) fn require(config: &BackboneConfig, channels: usize, found: &Shapes) -> Result<(), Refusal> {
    let all = found.values().map(|shape| numbers(shape)).fold(0, u64::saturating_add);
    let expected = config.stored_numbers(channels);
    if all == expected {
        // Names and sizes are held against the network's when it is filled.
        return Ok(());
    }
    let name = config.network();
    let more = format!(" ({all} numbers where a plain {name} of this size has {expected}{})", {
        shapes_of(config, channels).map(|wanted| difference(&wanted, found)).unwrap_or_default()
    });
    Err(Refusal::Unlike(more))
}

/// Sizes of a network's tensors by name; none where the machine has no room for the network.
pub(super) fn shapes_of(config: &BackboneConfig, channels: usize) -> Option<Shapes> {
    struct Collect(Path, Shapes);
    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.0.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.insert(self.0.name(), param.lazy_shape().to_vec());
        }
    }
    let needed = config.stored_numbers(channels).saturating_mul(4);
    if available_memory_bytes().is_some_and(|free| needed > free / 2) {
        return None;
    }
    let device = foretask_backend::device("flex").ok()?.plain();
    let mut collect = Collect(Path::default(), Shapes::new());
    config.build(channels, &Scope::unfilled(&device)).visit(&mut collect);
    Some(collect.1)
}

/// What is missing, of another size, or more: "; missing: 2 (norm.weight, norm.bias)".
fn difference(wanted: &Shapes, found: &Shapes) -> String {
    let missing: Vec<String> = wanted.keys().filter(|name| !found.contains_key(*name)).cloned().collect();
    let other = wanted.iter().filter_map(|(name, wanted)| {
        let found = found.get(name).filter(|found| *found != wanted)?;
        Some(format!("{name} {found:?} instead of {wanted:?}"))
    });
    let over: Vec<String> = found.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
    let parts = [("missing", missing), ("of another size", other.collect()), ("left over", over)];
    let told = parts.into_iter().filter(|(_, names)| !names.is_empty());
    told.fold(String::new(), |text, (what, names)| {
        let more = if names.len() > NAMED { ", …" } else { "" };
        let some = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        text + &format!("; {what}: {} ({some}{more})", names.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arch, Stem};

    #[test]
    fn what_is_missing_and_what_is_more_is_named() {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Small);
        let mut shapes = shapes_of(&config, 3).unwrap();
        assert!(require(&config, 3, &shapes).is_ok());
        shapes.remove("layer1.0.bn2.bias").unwrap();
        shapes.insert("layer1.0.conv3.weight".into(), vec![4, 4]);
        shapes.insert("conv1.weight".into(), vec![4, 3, 5, 5]);
        let Err(Refusal::Unlike(text)) = require(&config, 3, &shapes) else { panic!("taken") };
        assert!(text.contains("numbers where a plain resnet10"), "{text}");
        for part in [
            "; missing: 1 (layer1.0.bn2.bias)",
            "; of another size: 1 (conv1.weight [4, 3, 5, 5] instead of [4, 3, 3, 3])",
            "; left over: 1 (layer1.0.conv3.weight)",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
