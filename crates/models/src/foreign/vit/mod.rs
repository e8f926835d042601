//! Vision transformers under the names of timm, `DINO`, `DINOv2`, `DINOv3`, `MAE`, `MoCo v3`, `I-JEPA`, torchvision and Hugging Face.

mod family;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use foretask_backend::StateDict;

use self::family::{VitFamily, family};
use self::names::{of_hugging_face, of_timm, of_torchvision};
use super::ForeignOptions;
use super::fit::require;
use super::recognized::{Destination, Moved, Recognized, Refusal, choose_prefix, placed_shapes};
use crate::file::Shapes;
use crate::{InputSpec, Pool, Positions, VitConfig, VitMlp, VitSize};

/// How a family calls its tensors.
struct Spelling {
    /// The tensors by which it is told: patches, and one more.
    marks: [&'static str; 2],
    place: fn(&str) -> Option<Destination>,
}

const SPELLINGS: [Spelling; 5] = [
    Spelling { marks: ["patch_embed.proj.weight", "blocks.0.norm1.weight"], place: of_timm },
    // In chunks, as it is trained in parts.
    Spelling { marks: ["patch_embed.proj.weight", "blocks.0.0.norm1.weight"], place: of_timm },
    Spelling { marks: ["conv_proj.weight", "encoder.layers.encoder_layer_0.ln_1.weight"], place: of_torchvision },
    Spelling {
        marks: ["embeddings.patch_embeddings.projection.weight", "embeddings.position_embeddings"],
        place: of_hugging_face,
    },
    // DINOv3 has no positions.
    Spelling { marks: ["embeddings.patch_embeddings.weight", "embeddings.register_tokens"], place: of_hugging_face },
];

/// A vision transformer by its names; size, patch, registers and grid follow from the sizes.
pub(super) fn recognize(shapes: &Shapes, options: &ForeignOptions) -> Result<Option<Recognized>, Refusal> {
    for Spelling { marks, place } in &SPELLINGS {
        let mut notes = Vec::new();
        let Some(prefix) = choose_prefix(shapes, *marks, options.prefix.as_deref(), &mut notes)? else { continue };
        let own = |name: &String| place(name.strip_prefix(prefix.as_str())?);
        let names: BTreeMap<String, Destination> =
            shapes.keys().filter_map(|name| Some((name.clone(), own(name)?))).collect();
        let mut body = placed_shapes(shapes, &names);
        let found = infer(&body)?;
        complete(&mut body, &found);
        require(&found.config.clone().into(), found.channels, &body)?;
        if options.stem.is_some() {
            return Err(Refusal::Choice("a vision transformer, which has no stem; leave `stem` out".into()));
        }
        let family = family(shapes, &prefix, &found.config, marks[0]);
        return settled(found, names, family, options.side, notes).map(Some);
    }
    Ok(None)
}

/// What sizes tell.
struct Found {
    config: VitConfig,
    channels: usize,
    /// The file has no position for the class token.
    without_class: bool,
}

fn infer(body: &Shapes) -> Result<Found, Refusal> {
    let shape = |name: &str| body.get(name).map(Vec::as_slice);
    let unlike = || Refusal::Unlike(String::new());
    let Some(&[width, channels, patch, _]) = shape("patch_embed.proj.weight") else { return Err(unlike()) };
    let depth = (0..1000).take_while(|block| shape(&format!("blocks.{block}.norm1.weight")).is_some()).count();
    let known = |size: &VitSize| size.width() == width && size.depth() == depth;
    let Some(size) = VitSize::ALL.into_iter().find(known) else {
        let far = |size: &VitSize| size.width().abs_diff(width) + 16 * size.depth().abs_diff(depth);
        let nearest = VitSize::ALL.into_iter().min_by_key(far).unwrap_or_default();
        let (name, wide, deep) = (nearest.name(), nearest.width(), nearest.depth());
        let more = format!(" (the nearest known network is vit_{name}, {wide} wide with {deep} blocks)");
        return Err(Refusal::Unlike(more));
    };
    let registers = match shape("reg_token") {
        Some(&[_, registers, _]) => registers,
        _ => 0,
    };
    let class_token = shape("cls_token").is_some();
    let gated = match (shape("blocks.0.mlp.fc1.weight"), shape("blocks.0.mlp.fc2.weight")) {
        (Some(&[first, _]), Some(&[_, hidden])) => first == 2 * hidden,
        _ => false,
    };
    let (positions, side, without_class) = match shape("pos_embed") {
        Some(&[_, count, _]) => {
            let square = |count: usize| Some(count.isqrt()).filter(|side| *side > 0 && side * side == count);
            let own = if class_token { count.checked_sub(1).and_then(square) } else { None };
            match (own, square(count)) {
                (Some(side), _) => (Positions::Learned, side, false),
                (None, Some(side)) => (Positions::Learned, side, class_token),
                (None, None) => return Err(unlike()),
            }
        }
        Some(_) => return Err(unlike()),
        None => (Positions::Rope, (USUAL / patch.max(1)).max(1), false),
    };
    let config = VitConfig {
        size,
        patch: Some(patch),
        grid: Some([side, side]),
        registers,
        layer_scale: shape("blocks.0.ls1.gamma").is_some(),
        positions,
        pool: if class_token { Pool::Cls } else { Pool::Mean },
        mlp: if gated { VitMlp::Swiglu } else { VitMlp::Gelu },
        class_token,
        ..VitConfig::default()
    };
    config.check().map_err(|_| unlike())?;
    Ok(Found { config, channels, without_class })
}

/// Sizes as they will be: a position of the class token where the file has none, and biases that `DINOv3` leaves out.
fn complete(body: &mut Shapes, found: &Found) {
    let width = found.config.size.width();
    if found.without_class
        && let Some([_, count, _]) = body.get_mut("pos_embed").map(Vec::as_mut_slice)
    {
        *count += 1;
    }
    if found.config.positions == Positions::Rope {
        for block in 0..found.config.size.depth() {
            body.insert(format!("blocks.{block}.attn.qkv.bias"), vec![3 * width]);
        }
    }
}

/// Biases of queries, nothing, and biases of values: `DINOv3`'s keys have none, whether the file leaves theirs out, masks it, or
/// has none of all.
fn without_key_biases(state: &mut StateDict) {
    let weights: Vec<(String, usize)> = state
        .iter()
        .filter(|(name, _)| name.ends_with("attn.qkv.weight"))
        .map(|(name, tensor)| (name.replace("attn.qkv.weight", "attn.qkv.bias"), tensor.shape[0] / 3))
        .collect();
    for (name, width) in weights {
        let bias =
            state.entry(name).or_insert_with(|| foretask_backend::HostTensor { shape: Vec::new(), data: Vec::new() });
        let data = &bias.data;
        let values = match data.len() / width.max(1) {
            3 => data[2 * width..].to_vec(),
            2 => data[width..].to_vec(),
            _ => vec![0.0; width],
        };
        let queries = if data.len() >= 2 * width { data[..width].to_vec() } else { vec![0.0; width] };
        bias.data = [queries, vec![0.0; width], values].concat();
        bias.shape = vec![3 * width];
    }
}

/// The side of the input that is taken where weights were made for one that costs much more.
const USUAL: usize = 224;

fn settled(
    found: Found,
    names: BTreeMap<String, Destination>,
    family: VitFamily,
    side: Option<usize>,
    mut notes: Vec<String>,
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
    let what = format!(
        "{} with patches of {patch} pixels, {} register(s), {channels} channel(s), from names and shapes; taken for {}'s weights",
        config.size.network(),
        config.registers,
        family.name
    );
    notes.insert(0, what);
    let turned = config.positions == Positions::Rope;
    if to != from && !turned {
        notes.insert(
            1,
            format!(
                "positions of {}x{} patches ({own} pixels) brought to {}x{} ({side} pixels)",
                from[0], from[1], to[0], to[1]
            ),
        );
    }
    let pool = if family.pool == Pool::Mean { "the mean of the patches" } else { "the class token" };
    notes.push(format!("features = {pool} (assumed)"));
    let input = if channels == 3 && !family.centered {
        InputSpec::imagenet(side, side)
    } else {
        InputSpec::centered(channels, side, side)
    };
    let config = VitConfig { grid: Some(to), pool: family.pool, ..config };
    let positions = (!turned).then_some(Moved { from, to, how: family.how, class: config.class_token, without_class });
    let finish = if turned { without_key_biases } else { |_: &mut StateDict| () };
    Ok(Recognized { config: config.into(), names, positions, finish, input, notes })
}
