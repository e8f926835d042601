//! Features of a batch of pictures, an encoder saved and loaded again: `cargo run --release -p foretask-models --example encode`

use burn::tensor::{Tensor, TensorData};
use foretask_models::{Arch, BackboneConfig, Encoder, InputSpec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = foretask_backend::device("auto")?;
    let input = InputSpec::centered(3, 32, 32);
    let (config, reasons) = BackboneConfig::resnet(Arch::ResNet18, 16).resolve(input.height, input.width)?;
    let cost = config.cost(input.channels, input.height, input.width);
    println!(
        "{} on {device}: {} parameters, {:.1} MFLOP an image",
        config.name(),
        cost.parameters,
        cost.forward_flops as f64 / 1e6
    );
    for reason in reasons {
        println!("  {reason}");
    }

    let encoder = Encoder::random(&config, &input, 1)?;
    let file = std::env::temp_dir().join("foretask-example-encoder.safetensors");
    encoder.save(&file)?;
    let encoder = Encoder::load(&file)?;
    std::fs::remove_file(&file)?;

    let mut pixels: Vec<f32> = (0..2 * input.len()).map(|i| (i % 256) as f32 / 255.0).collect();
    input.normalize(&mut pixels);
    let images = Tensor::<4>::from_data(TensorData::new(pixels, [2, 3, 32, 32]), &device.plain());
    let features = encoder.build(&device.plain())?.forward(images);
    println!("features {:?}, first {:.4}", features.dims(), features.into_data().try_to_vec::<f32>()?[0]);
    Ok(())
}
