//! Residual networks under torchvision's names.

use super::ForeignOptions;
use super::recognized::{Destination, Recognized, Refusal, choose_prefix, numbers};
use crate::file::Shapes;
use crate::{Arch, BackboneConfig, InputSpec, Stem};

/// A residual network by its names; kind, width, stem and channels follow from the sizes.
pub(super) fn recognize(shapes: &Shapes, options: &ForeignOptions) -> Result<Option<Recognized>, Refusal> {
    let marks = ["conv1.weight", "layer4.0.conv1.weight"];
    let Some(prefix) = choose_prefix(shapes, marks, options.prefix.as_deref())? else { return Ok(None) };
    let own = |name: &str| name.strip_prefix(prefix.as_str()).filter(|rest| is_backbone(rest)).map(str::to_owned);
    let body: Shapes = shapes.iter().filter_map(|(name, shape)| Some((own(name)?, shape.clone()))).collect();
    let Some((arch, width, channels, kernel)) = infer(&body) else { return Err(Refusal::Unlike(String::new())) };
    let mut notes = vec![format!("{} of width {width}, {channels} channel(s), from the shapes", arch.name())];
    let first = Stem::of_kernel(kernel).ok_or(Refusal::Unlike(String::new()))?;
    let (found, expected) =
        (numbers(body.values()), BackboneConfig::resnet(arch, width).with_stem(first).stored_numbers(channels));
    if found != expected {
        // Groups, squeezes and wider insides, which the name tells; or something is missing.
        let name = arch.name();
        let more = format!(" ({found} numbers where a plain {name} of this width has {expected})");
        return Err(Refusal::Unlike(more));
    }
    let stem = stem(kernel, options.stem, &mut notes).map_err(Refusal::Choice)?;
    let side = if stem == Stem::Imagenet { 224 } else { 32 };
    let input = if channels == 3 { InputSpec::imagenet(side, side) } else { InputSpec::centered(channels, side, side) };
    let names = shapes.keys().filter_map(|name| Some((name.clone(), Destination::whole(own(name)?)))).collect();
    let config = BackboneConfig::resnet(arch, width).with_stem(stem);
    Ok(Some(Recognized { config, names, positions: None, input, notes }))
}

/// Whether a name without its prefix belongs to a residual network's body.
fn is_backbone(name: &str) -> bool {
    ["conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4."].iter().any(|part| name.starts_with(part))
}

/// Kind, width, channels and kernel of the first convolution, from the sizes; none for residual networks that are not here.
fn infer(shapes: &Shapes) -> Option<(Arch, usize, usize, usize)> {
    let shape = |name: &str| shapes.get(name).map(Vec::as_slice);
    let &[width, channels, kernel, _] = shape("conv1.weight")? else { return None };
    let bottleneck = shape("layer1.0.conv3.weight").is_some();
    let blocks = [1, 2, 3, 4].map(|stage| {
        (0..100).take_while(|block| shape(&format!("layer{stage}.{block}.conv1.weight")).is_some()).count()
    });
    let known = [Arch::ResNet10, Arch::ResNet18, Arch::ResNet34, Arch::ResNet50];
    let arch = known.into_iter().find(|arch| arch.is_bottleneck() == bottleneck && arch.blocks() == blocks)?;
    BackboneConfig::resnet(arch, width).check().ok()?;
    Some((arch, width, channels, kernel))
}

/// The stem by the first convolution's size, and what was assumed.
fn stem(kernel: usize, wanted: Option<Stem>, notes: &mut Vec<String>) -> Result<Stem, String> {
    match (kernel, wanted) {
        (7, None | Some(Stem::Imagenet | Stem::Auto)) => Ok(Stem::Imagenet),
        (3, Some(stem @ (Stem::Small | Stem::Strided))) => Ok(stem),
        (3, None | Some(Stem::Auto)) => {
            notes.push("stem = small (a 3x3 first convolution; its stride is not in the file)".into());
            Ok(Stem::Small)
        }
        (_, wanted) => {
            let wanted = wanted.map_or("a known stem", Stem::name);
            Err(format!("a first convolution of {kernel}x{kernel}, which is not {wanted}; leave `stem` out"))
        }
    }
}
