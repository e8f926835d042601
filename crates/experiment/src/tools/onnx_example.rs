//! The Python program that lies beside an ONNX file.

use foretask_models::{Encoder, Fit, OnnxInput};

/// A program of a few lines that says of images what the file says.
pub(super) fn example(file: &str, encoder: &Encoder, input: OnnxInput, tells: bool) -> String {
    let spec = &encoder.input;
    let mode = match spec.channels {
        1 => "L",
        4 => "RGBA",
        _ => "RGB",
    };
    let (width, height) = (spec.width, spec.height);
    let color: Vec<String> = spec.mean.iter().map(|mean| format!("{:.0}", mean * 255.0)).collect();
    let fitted = match spec.fit {
        Fit::Crop => format!("ImageOps.fit(image, ({width}, {height}), Image.Resampling.BILINEAR)"),
        Fit::Pad => {
            let color = if spec.channels == 1 { color.join("") } else { format!("({})", color.join(", ")) };
            format!("ImageOps.pad(image, ({width}, {height}), Image.Resampling.BILINEAR, color={color})")
        }
        Fit::Stretch => format!("image.resize(({width}, {height}), Image.Resampling.BILINEAR)"),
    };
    let channels = spec.channels;
    let handed = match input {
        OnnxInput::Pixels => format!("{{\"pixels\": pixels.reshape(1, {height}, {width}, {channels})}}"),
        OnnxInput::Planes => format!(
            "{{\"image\": pixels.reshape(1, {height}, {width}, {channels}).transpose(0, 3, 1, 2).astype(numpy.float32) / 255}}"
        ),
    };
    let (before, answer) = if tells {
        (
            "classes = json.loads(session.get_modelmeta().custom_metadata_map[\"classes\"])\n",
            format!(
                "    [probabilities] = session.run([\"probabilities\"], {handed})[0]\n    \
                 print(path, classes[probabilities.argmax()], probabilities.max())\n"
            ),
        )
    } else {
        ("", format!("    [features] = session.run([\"features\"], {handed})[0]\n    print(path, features.tolist())\n"))
    };
    let modules = if tells { "import json\nimport pathlib\nimport sys\n" } else { "import pathlib\nimport sys\n" };
    format!(
        "# What {file} says of images: pip install onnxruntime numpy pillow\n{modules}\n\
         import numpy\nimport onnxruntime\nfrom PIL import Image, ImageOps\n\n\
         session = onnxruntime.InferenceSession(pathlib.Path(__file__).with_suffix(\"\"))\n{before}\
         for path in sys.argv[1:]:\n    \
         image = ImageOps.exif_transpose(Image.open(path)).convert(\"{mode}\")\n    \
         pixels = numpy.asarray({fitted}, dtype=numpy.uint8)\n{answer}"
    )
}

#[cfg(test)]
mod tests {
    use foretask_models::{Arch, BackboneConfig, InputSpec};

    use super::*;

    #[test]
    fn a_program_is_short_and_says_how_images_are_fitted() {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4);
        let mut encoder = Encoder::random(&config, &InputSpec::imagenet(24, 32), 1).unwrap();
        let text = example("a.onnx", &encoder, OnnxInput::Pixels, true);
        assert!(
            text.contains("ImageOps.fit(image, (32, 24)") && text.contains("pixels.reshape(1, 24, 32, 3)"),
            "{text}"
        );
        assert!(text.lines().count() <= 16, "{text}");
        encoder.input.fit = Fit::Pad;
        let text = example("a.onnx", &encoder, OnnxInput::Planes, false);
        assert!(text.contains("color=(124, 116, 104)") && text.contains("\"features\""), "{text}");
        encoder.input.fit = Fit::Stretch;
        assert!(example("a.onnx", &encoder, OnnxInput::Planes, false).contains("image.resize((32, 24)"));
    }
}
