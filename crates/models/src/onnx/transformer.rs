//! Vision transformers as graphs.

use super::graph::{Graph, Name, Steps};
use super::wire::Value;
use crate::vit::{Pool, Positions, VitConfig, VitMlp, sincos, turned};

/// What every block knows.
struct Shape {
    tokens: usize,
    heads: usize,
    each: usize,
    epsilon: f32,
    /// Hidden numbers where there are gates, else 0.
    gated: usize,
    /// Cosines and sines by which queries and keys are turned, `[1, 1, tokens, each]`.
    turn: Option<[Name; 2]>,
}

/// `[b, c, h, w]`, normalized, to features. Sides are multiples of the patch.
pub(super) fn vit(graph: &mut Graph<'_>, config: &VitConfig, [height, width]: [usize; 2], x: &str) -> Name {
    let (d, patch) = (config.size.width(), config.patch_side());
    let grid = config.map(height, width);
    let (patches, leading) = (grid[0] * grid[1], config.leading());
    let below = grid[0] * patch - height;
    let beside = grid[1] * patch - width;
    let x =
        graph.convolution(x, "patch_embed.proj", Steps { stride: patch, padding: [0, 0, below, beside], groups: 1 });
    let x = graph.reshape(&x, &[0, d as i64, patches as i64]);
    let x = graph.transpose(&x, &[0, 2, 1]);
    let all = tokens(graph, config, grid, &x);
    let heads = config.size.heads();
    let each = d / heads.max(1);
    let turn = (config.positions == Positions::Rope).then(|| {
        let shape = [1, 1, leading + patches, each];
        turned(grid, leading, each).map(|values| graph.floats(&values, &shape))
    });
    let shape = Shape {
        tokens: leading + patches,
        heads,
        each,
        epsilon: config.epsilon() as f32,
        gated: if config.mlp == VitMlp::Swiglu { config.hidden() } else { 0 },
        turn,
    };
    let x = (0..config.size.depth()).fold(all, |x, number| block(graph, &shape, &x, &format!("blocks.{number}")));
    let x = graph.layer_norm(&x, "norm", shape.epsilon);
    let class = (config.pool != Pool::Mean && config.class_token).then(|| {
        let token = graph.slice(&x, 1, 0, 1);
        graph.reshape(&token, &[0, d as i64])
    });
    let mean = (config.pool != Pool::Cls || class.is_none()).then(|| {
        let tokens = graph.slice(&x, 1, leading, leading + patches);
        graph.mean(&tokens, 1)
    });
    match (class, mean) {
        (Some(class), Some(mean)) => graph.add("Concat", &[&class, &mean], &[("axis", Value::Int(1))]),
        (Some(features), None) | (None, Some(features)) => features,
        // One of them is always there.
        (None, None) => x,
    }
}

/// All tokens, with their positions.
fn tokens(graph: &mut Graph<'_>, config: &VitConfig, grid: [usize; 2], patches: &str) -> Name {
    let (d, count) = (config.size.width(), grid[0] * grid[1]);
    let class_count = usize::from(config.class_token);
    let mut class = config.class_token.then(|| graph.weight("cls_token"));
    let placed = match config.positions {
        Positions::Learned => {
            let all = graph.weight("pos_embed");
            if let Some(token) = class.take() {
                let own = graph.slice(&all, 1, 0, 1);
                class = Some(graph.add("Add", &[&token, &own], &[]));
            }
            let of = config.grid_sides();
            let own = graph.slice(&all, 1, class_count, class_count + of[0] * of[1]);
            let own = if of == grid { own } else { stretched(graph, &own, [of, grid], d) };
            graph.add("Add", &[patches, &own], &[])
        }
        Positions::Sincos => {
            let fixed = graph.floats(&sincos(grid, d), &[1, count, d]);
            graph.add("Add", &[patches, &fixed], &[])
        }
        Positions::Rope => patches.to_owned(),
    };
    let registers = (config.registers > 0).then(|| graph.weight("reg_token"));
    let mut all = Vec::new();
    for (token, count) in [(class, 1), (registers, config.registers)] {
        let Some(token) = token else { continue };
        // As many as there are images.
        let batch = graph.add("Shape", &[patches], &[("start", Value::Int(0)), ("end", Value::Int(1))]);
        let rest = graph.ints(&[count as i64, d as i64]);
        let sizes = graph.add("Concat", &[&batch, &rest], &[("axis", Value::Int(0))]);
        all.push(graph.add("Expand", &[&token, &sizes], &[]));
    }
    if all.is_empty() {
        return placed;
    }
    all.push(placed);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    graph.add("Concat", &all, &[("axis", Value::Int(1))])
}

/// Learned positions of one grid for another, as the network brings them there at run time.
fn stretched(graph: &mut Graph<'_>, all: &str, [from, to]: [[usize; 2]; 2], d: usize) -> Name {
    let (d, [rows, columns]) = (d as i64, from.map(|side| side as i64));
    let map = graph.reshape(all, &[1, rows, columns, d]);
    let map = graph.transpose(&map, &[0, 3, 1, 2]);
    let [rows, columns] = to.map(|side| side as i64);
    let sizes = graph.ints(&[1, d, rows, columns]);
    // Linear between pixel centers, the operator's defaults but for the mode.
    let map = graph.add("Resize", &[&map, "", "", &sizes], &[("mode", Value::Text("linear"))]);
    let map = graph.transpose(&map, &[0, 2, 3, 1]);
    graph.reshape(&map, &[1, rows * columns, d])
}

fn block(graph: &mut Graph<'_>, shape: &Shape, x: &str, at: &str) -> Name {
    let y = graph.layer_norm(x, &format!("{at}.norm1"), shape.epsilon);
    let y = attention(graph, shape, &y, &format!("{at}.attn"));
    let y = scaled(graph, y, &format!("{at}.ls1.gamma"));
    let x = graph.add("Add", &[x, &y], &[]);
    let y = graph.layer_norm(&x, &format!("{at}.norm2"), shape.epsilon);
    let y = graph.linear(&y, &format!("{at}.mlp.fc1"));
    let y = if shape.gated > 0 { gate(graph, &y, shape.gated) } else { graph.gelu(&y) };
    let y = graph.linear(&y, &format!("{at}.mlp.fc2"));
    let y = scaled(graph, y, &format!("{at}.ls2.gamma"));
    graph.add("Add", &[&x, &y], &[])
}

fn scaled(graph: &mut Graph<'_>, y: Name, gamma: &str) -> Name {
    if !graph.has(gamma) {
        return y;
    }
    let gamma = graph.weight(gamma);
    graph.add("Mul", &[&y, &gamma], &[])
}

/// The first half, through `SiLU`, times the second.
fn gate(graph: &mut Graph<'_>, x: &str, hidden: usize) -> Name {
    let halves = graph.parts(x, 2, 2, hidden);
    let share = graph.add("Sigmoid", &[&halves[0]], &[]);
    let gates = graph.add("Mul", &[&halves[0], &share], &[]);
    graph.add("Mul", &[&gates, &halves[1]], &[])
}

fn attention(graph: &mut Graph<'_>, shape: &Shape, x: &str, at: &str) -> Name {
    let Shape { tokens, heads, each, .. } = *shape;
    let d = (heads * each) as i64;
    let weight = graph.weight(&format!("{at}.qkv.weight"));
    let mut bias = graph.weight(&format!("{at}.qkv.bias"));
    if shape.turn.is_some() {
        // Keys have none, whatever is stored.
        let mask = [vec![1.0; heads * each], vec![0.0; heads * each], vec![1.0; heads * each]].concat();
        let mask = graph.floats(&mask, &[3 * heads * each]);
        bias = graph.add("Mul", &[&bias, &mask], &[]);
    }
    let all = graph.product(x, &weight, &bias);
    let all = graph.reshape(&all, &[0, tokens as i64, 3, heads as i64, each as i64]);
    let all = graph.transpose(&all, &[2, 0, 3, 1, 4]);
    let parts: Vec<Name> = graph
        .parts(&all, 0, 3, 1)
        .iter()
        .map(|part| {
            let axis = graph.ints(&[0]);
            graph.add("Squeeze", &[part, &axis], &[])
        })
        .collect();
    let [mut queries, mut keys] = [parts[0].clone(), parts[1].clone()];
    if let Some([cosines, sines]) = &shape.turn {
        [queries, keys] = [queries, keys].map(|x| {
            let halves = graph.parts(&x, 3, 2, each / 2);
            let second = graph.add("Neg", &[&halves[1]], &[]);
            let across = graph.add("Concat", &[&second, &halves[0]], &[("axis", Value::Int(3))]);
            let along = graph.add("Mul", &[&x, cosines], &[]);
            let across = graph.add("Mul", &[&across, sines], &[]);
            graph.add("Add", &[&along, &across], &[])
        });
    }
    let scale = graph.floats(&[1.0 / (each.max(1) as f32).sqrt()], &[]);
    let queries = graph.add("Mul", &[&queries, &scale], &[]);
    let keys = graph.transpose(&keys, &[0, 1, 3, 2]);
    let scores = graph.add("MatMul", &[&queries, &keys], &[]);
    let shares = graph.add("Softmax", &[&scores], &[("axis", Value::Int(-1))]);
    let y = graph.add("MatMul", &[&shares, &parts[2]], &[]);
    let y = graph.transpose(&y, &[0, 2, 1, 3]);
    let y = graph.reshape(&y, &[0, tokens as i64, d]);
    graph.linear(&y, &format!("{at}.proj"))
}
