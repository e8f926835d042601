//! Weights of a PyTorch program as an encoder: `cargo run --release -p foretask-models --example import_torch -- resnet18.pth out.safetensors`

use foretask_models::{ForeignOptions, load_torch_weights};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("expected the weights to read and the .safetensors file to write".into());
    };
    let imported = load_torch_weights(&from, &ForeignOptions::default())?;
    for note in &imported.notes {
        println!("{note}");
    }
    println!("left out: {}", imported.ignored.join(", "));
    imported.encoder.save(&to)?;
    println!("written: {to}");
    Ok(())
}
