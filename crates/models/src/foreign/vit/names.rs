//! The network's names by those of the families.

use super::super::recognized::Destination;

/// `timm`, `DINO`, `DINOv2`, `MAE`.
pub(super) fn of_timm(name: &str) -> Option<Destination> {
    match name {
        "cls_token"
        | "pos_embed"
        | "reg_token"
        | "norm.weight"
        | "norm.bias"
        | "patch_embed.proj.weight"
        | "patch_embed.proj.bias" => return Some(Destination::whole(name)),
        // DINOv2's and DINOv3's.
        "register_tokens" | "storage_tokens" => return Some(Destination::whole("reg_token")),
        _ => {}
    }
    let rest = name.strip_prefix("blocks.")?;
    let (block, part) = rest.split_once('.')?;
    // The number of a chunk goes before that of the block.
    let (block, part) = match part.split_once('.') {
        Some((inner, part)) if inner.parse::<usize>().is_ok() => (inner, part),
        _ => (block, part),
    };
    // timm's DINOv3 has biases of queries and values by themselves, and none of keys.
    if let Some(number) = ["attn.q_bias", "attn.k_bias", "attn.v_bias"].iter().position(|known| part == *known) {
        let block: usize = block.parse().ok()?;
        return Some(Destination { name: format!("blocks.{block}.attn.qkv.bias"), part: number });
    }
    let known = [
        ("norm1.", "norm1."),
        ("norm2.", "norm2."),
        ("attn.qkv.weight", "attn.qkv.weight"),
        ("attn.qkv.bias", "attn.qkv.bias"),
        ("attn.proj.", "attn.proj."),
        ("mlp.fc1.", "mlp.fc1."),
        ("mlp.fc2.", "mlp.fc2."),
        ("ls1.gamma", "ls1.gamma"),
        ("ls2.gamma", "ls2.gamma"),
        // timm's DINOv3.
        ("gamma_1", "ls1.gamma"),
        ("gamma_2", "ls2.gamma"),
        // DINOv2's giant.
        ("mlp.w12.", "mlp.fc1."),
        ("mlp.w3.", "mlp.fc2."),
    ];
    // DINOv3's mask of keys' biases says what is known: they count for nothing.
    if part.ends_with("bias_mask") {
        return None;
    }
    within(block, part, &known)
}

pub(super) fn of_torchvision(name: &str) -> Option<Destination> {
    match name {
        "class_token" => return Some(Destination::whole("cls_token")),
        "encoder.pos_embedding" => return Some(Destination::whole("pos_embed")),
        _ => {}
    }
    for (from, to) in [("conv_proj.", "patch_embed.proj."), ("encoder.ln.", "norm.")] {
        if let Some(rest) = name.strip_prefix(from) {
            return Some(Destination::whole(format!("{to}{rest}")));
        }
    }
    let (block, part) = name.strip_prefix("encoder.layers.encoder_layer_")?.split_once('.')?;
    let known = [
        ("ln_1.", "norm1."),
        ("ln_2.", "norm2."),
        ("self_attention.in_proj_", "attn.qkv."),
        ("self_attention.out_proj.", "attn.proj."),
        ("mlp.0.", "mlp.fc1."),
        ("mlp.3.", "mlp.fc2."),
        ("mlp.linear_1.", "mlp.fc1."),
        ("mlp.linear_2.", "mlp.fc2."),
    ];
    within(block, part, &known)
}

/// Both spellings: files of transformers 4, and what transformers 5 makes of them.
pub(super) fn of_hugging_face(name: &str) -> Option<Destination> {
    match name {
        "embeddings.cls_token" => return Some(Destination::whole("cls_token")),
        "embeddings.position_embeddings" => return Some(Destination::whole("pos_embed")),
        "embeddings.register_tokens" => return Some(Destination::whole("reg_token")),
        _ => {}
    }
    for (from, to) in [
        ("embeddings.patch_embeddings.projection.", "patch_embed.proj."),
        // DINOv3's.
        ("embeddings.patch_embeddings.", "patch_embed.proj."),
        ("layernorm.", "norm."),
        ("norm.", "norm."),
    ] {
        if let Some(rest) = name.strip_prefix(from) {
            return Some(Destination::whole(format!("{to}{rest}")));
        }
    }
    let fronts = ["encoder.layer.", "layers.", "encoder.layers.", "model.layer.", "layer."];
    let rest = fronts.iter().find_map(|front| name.strip_prefix(front))?;
    let (block, part) = rest.split_once('.')?;
    let parts = [
        ("attention.attention.query.", "attn.qkv.", 0),
        ("attention.attention.key.", "attn.qkv.", 1),
        ("attention.attention.value.", "attn.qkv.", 2),
        ("attention.q_proj.", "attn.qkv.", 0),
        ("attention.k_proj.", "attn.qkv.", 1),
        ("attention.v_proj.", "attn.qkv.", 2),
        // Gates, then what they are for; DINOv3 without gates has the latter alone.
        ("mlp.gate_proj.", "mlp.fc1.", 0),
        ("mlp.up_proj.", "mlp.fc1.", 1),
    ];
    for (from, to, number) in parts {
        if let Some(rest) = part.strip_prefix(from) {
            let block: usize = block.parse().ok()?;
            return Some(Destination { name: format!("blocks.{block}.{to}{rest}"), part: number });
        }
    }
    let known = [
        ("norm1.", "norm1."),
        ("norm2.", "norm2."),
        ("layernorm_before.", "norm1."),
        ("layernorm_after.", "norm2."),
        ("attention.output.dense.", "attn.proj."),
        ("attention.o_proj.", "attn.proj."),
        ("intermediate.dense.", "mlp.fc1."),
        ("output.dense.", "mlp.fc2."),
        ("mlp.fc1.", "mlp.fc1."),
        ("mlp.fc2.", "mlp.fc2."),
        ("mlp.down_proj.", "mlp.fc2."),
        ("mlp.weights_in.", "mlp.fc1."),
        ("mlp.weights_out.", "mlp.fc2."),
        ("layer_scale1.lambda1", "ls1.gamma"),
        ("layer_scale2.lambda1", "ls2.gamma"),
    ];
    within(block, part, &known)
}

fn within(block: &str, part: &str, known: &[(&str, &str)]) -> Option<Destination> {
    let block: usize = block.parse().ok()?;
    let (from, to) = known.iter().find(|(from, _)| part.starts_with(from))?;
    Some(Destination::whole(format!("blocks.{block}.{}", part.replacen(from, to, 1))))
}
