//! Vision transformers under the names of timm, `DINO`, `DINOv2`, `MAE`, torchvision and Hugging Face.

mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::names::{of_hugging_face, of_timm, of_torchvision};
use super::ForeignOptions;
use super::recognized::{Destination, Moved, Recognized, Refusal, choose_prefix, numbers};
use crate::file::Shapes;
use crate::vit::Resize;
use crate::{BackboneConfig, InputSpec, Pool, Positions, VitConfig, VitSize};

/// How a family calls its tensors.
struct Spelling {
    /// The tensors by which it is told: patches, and the first block's first norm.
    marks: [&'static str; 2],
    place: fn(&str) -> Option<Destination>,
}

const SPELLINGS: [Spelling; 4] = [
    Spelling { marks: ["patch_embed.proj.weight", "blocks.0.norm1.weight"], place: of_timm },
    // In chunks, as it is trained in parts.
    Spelling { marks: ["patch_embed.proj.weight", "blocks.0.0.norm1.weight"], place: of_timm },
    Spelling { marks: ["conv_proj.weight", "encoder.layers.encoder_layer_0.ln_1.weight"], place: of_torchvision },
    Spelling {
        marks: ["embeddings.patch_embeddings.projection.weight", "embeddings.cls_token"],
        place: of_hugging_face,
    },
];

/// A vision transformer by its names; size, patch, registers and grid follow from the sizes.
pub(super) fn recognize(shapes: &Shapes, options: &ForeignOptions) -> Result<Option<Recognized>, Refusal> {
    for Spelling { marks, place } in &SPELLINGS {
        let Some(prefix) = choose_prefix(shapes, *marks, options.prefix.as_deref())? else { continue };
        let own = |name: &String| place(name.strip_prefix(prefix.as_str())?);
        let names: BTreeMap<String, Destination> =
            shapes.keys().filter_map(|name| Some((name.clone(), own(name)?))).collect();
        let body: BTreeMap<&str, &Vec<usize>> =
            names.iter().filter_map(|(name, place)| Some((place.name.as_str(), shapes.get(name)?))).collect();
        let Some(found) = infer(&body) else { return Ok(None) };
        let all = numbers(names.keys().filter_map(|name| shapes.get(name)));
        let without = if found.without_class { found.config.size.width() as u64 } else { 0 };
        let config = BackboneConfig::from(found.config.clone());
        let expected = config.stored_numbers(found.channels).saturating_sub(without);
        if all != expected {
            let more = format!(" ({all} numbers where a plain {} of this size has {expected})", config.network());
            return Err(Refusal::Unlike(more));
        }
        if options.stem.is_some() {
            return Err(Refusal::Choice("a vision transformer, which has no stem; leave `stem` out".into()));
        }
        let family = family(shapes, &prefix, &found, marks[0]);
        return settled(found, names, family, options.side).map(Some);
    }
    Ok(None)
}

/// What sizes tell.
struct Found {
    config: VitConfig,
    channels: usize,
    without_class: bool,
}

fn infer(body: &BTreeMap<&str, &Vec<usize>>) -> Option<Found> {
    let shape = |name: &str| body.get(name).map(|shape| shape.as_slice());
    let &[width, channels, patch, _] = shape("patch_embed.proj.weight")? else { return None };
    let depth = (0..1000).take_while(|block| shape(&format!("blocks.{block}.norm1.weight")).is_some()).count();
    let size = VitSize::ALL.into_iter().find(|size| size.width() == width && size.depth() == depth)?;
    let registers = match shape("reg_token") {
        Some(&[_, registers, _]) => registers,
        _ => 0,
    };
    let &[_, count, _] = shape("pos_embed")? else { return None };
    let square = |count: usize| Some(count.isqrt()).filter(|side| *side > 0 && side * side == count);
    let (side, without_class) = match (square(count.checked_sub(1)?), square(count)) {
        (Some(side), _) => (side, false),
        (None, Some(side)) => (side, true),
        (None, None) => return None,
    };
    let config = VitConfig {
        size,
        patch: Some(patch),
        grid: Some([side, side]),
        registers,
        layer_scale: shape("blocks.0.ls1.gamma").is_some(),
        positions: Positions::Learned,
        pool: Pool::Cls,
    };
    config.check().ok()?;
    Some(Found { config, channels, without_class })
}

/// What a family of weights was made with.
struct VitFamily {
    name: &'static str,
    /// Mean and deviation 0.5 instead of `ImageNet`'s.
    centered: bool,
    pool: Pool,
    how: Resize,
}

/// By what only one of them has; `DINO`'s and supervised weights of timm differ in the classifier alone.
fn family(shapes: &Shapes, prefix: &str, found: &Found, patches: &str) -> VitFamily {
    let has = |name: &str| shapes.contains_key(&format!("{prefix}{name}"));
    let plain = Resize::Scaled { offset: 0.0 };
    let scaled = Resize::Scaled { offset: 0.1 };
    let (name, centered, pool, how) = if has("decoder_embed.weight") {
        ("MAE", false, Pool::Mean, plain)
    } else if patches == "conv_proj.weight" {
        ("torchvision", false, Pool::Cls, plain)
    } else if found.config.layer_scale && found.config.registers > 0 {
        ("DINOv2 with registers", false, Pool::Cls, Resize::Smoothed)
    } else if found.config.layer_scale {
        ("DINOv2", false, Pool::Cls, scaled)
    } else if patches.starts_with("embeddings.") {
        ("Hugging Face ViT", true, Pool::Cls, plain)
    } else if has("head.weight") {
        ("timm, with a classifier", true, Pool::Cls, Resize::Smoothed)
    } else {
        ("DINO", false, Pool::Cls, scaled)
    };
    VitFamily { name, centered, pool, how }
}

/// The side of the input that is taken where weights were made for one that costs much more.
const USUAL: usize = 224;

fn settled(
    found: Found,
    names: BTreeMap<String, Destination>,
    family: VitFamily,
    side: Option<usize>,
) -> Result<Recognized, Refusal> {
    let Found { config, channels, without_class } = found;
    let (patch, from) = (config.patch_side(), config.grid_sides());
    let own = patch * from[0];
    let side = side.unwrap_or(if own > 2 * USUAL && USUAL.is_multiple_of(patch) { USUAL } else { own });
    if side < patch || !side.is_multiple_of(patch) {
        let (less, more) = ((side / patch).max(1) * patch, (side / patch + 1) * patch);
        return Err(Refusal::Choice(format!(
            "a transformer with patches of {patch} pixels, which do not fill {side} pixels; choose image_size: {less} or {more}"
        )));
    }
    let to = [side / patch; 2];
    let mut notes = vec![format!(
        "{} with patches of {patch} pixels, {} register(s), {channels} channel(s), from names and shapes; taken for {}'s weights",
        config.network(),
        config.registers,
        family.name
    )];
    if to != from {
        notes.push(format!(
            "positions of {}x{} patches ({own} pixels) brought to {}x{} ({side} pixels)",
            from[0], from[1], to[0], to[1]
        ));
    }
    let pool = if family.pool == Pool::Mean { "the mean of the patches" } else { "the class token" };
    notes.push(format!("features = {pool} (assumed)"));
    let input = if channels == 3 && !family.centered {
        InputSpec::imagenet(side, side)
    } else {
        InputSpec::centered(channels, side, side)
    };
    let config = VitConfig { grid: Some(to), pool: family.pool, ..config };
    let positions = Some(Moved { from, to, how: family.how, without_class });
    Ok(Recognized { config: config.into(), names, positions, input, notes })
}
