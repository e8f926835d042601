//! The Python program that lies beside an ONNX file.

use foretask_data::{Range, Reading};
use foretask_models::{Encoder, Fit, InputSpec, OnnxInput};

/// The program for images that are read in this way, and what to say of it; of photographs without one. None where one range
/// of values does not tell black and white.
pub(super) fn example_for(
    file: &str,
    encoder: &Encoder,
    reading: Option<&Reading>,
    input: OnnxInput,
    tells: bool,
) -> Option<(String, &'static str)> {
    let Some(Reading { channels, range }) = reading else {
        return Some((example(file, encoder, input, tells), "IMAGE"));
    };
    let pairs = match range {
        Range::Between(pairs) => pairs.clone(),
        Range::Whites(whites) => {
            let mut all = whites.words.values().map(|white| *white as f32).chain(whites.floats);
            match (all.next(), all.next()) {
                (None, _) => vec![[0.0, 255.0]],
                (Some(white), None) => vec![[0.0, white]],
                _ => return None,
            }
        }
        Range::Auto | Range::Percentile => return None,
    };
    let (before, print) = answer(tells);
    let handed = match input {
        OnnxInput::Pixels => {
            "{\"pixels\": numpy.round(planes * 255).astype(numpy.uint8).transpose(1, 2, 0)[numpy.newaxis]}"
        }
        OnnxInput::Planes => "{\"image\": planes[numpy.newaxis]}",
    };
    let side = |end: usize| format!("{:?}", pairs.iter().map(|pair| pair[end]).collect::<Vec<_>>());
    let text = format!(
        "# What {file} says of arrays [height, width, {}] in the values of the image files (channels {channels}):\n\
         # pip install onnxruntime numpy pillow\n{}\n\
         import numpy\nimport onnxruntime\nfrom PIL import Image, ImageOps\n\n\
         session = onnxruntime.InferenceSession(pathlib.Path(__file__).with_suffix(\"\"))\n{before}\
         black, white = numpy.float32({}), numpy.float32({})\n\
         for path in sys.argv[1:]:\n    \
         values = numpy.load(path).astype(numpy.float32)\n    \
         values = numpy.clip((values.reshape(*values.shape[:2], -1) - black) / (white - black), 0, 1)\n    \
         planes = [Image.fromarray(plane) for plane in numpy.ascontiguousarray(values.transpose(2, 0, 1))]\n    \
         planes = numpy.stack([numpy.asarray({}) for image, color in zip(planes, {:?})])\n{}",
        encoder.input.channels,
        modules(tells),
        side(0),
        side(1),
        fitted(&encoder.input, "color"),
        encoder.input.mean,
        print(handed),
    );
    Some((text, "ARRAY.npy"))
}

/// How Pillow brings `image` to the input's size; what is around it has this `color`.
fn fitted(spec: &InputSpec, color: &str) -> String {
    let (width, height) = (spec.width, spec.height);
    match spec.fit {
        Fit::Crop => format!("ImageOps.fit(image, ({width}, {height}), Image.Resampling.BILINEAR)"),
        Fit::Pad => format!("ImageOps.pad(image, ({width}, {height}), Image.Resampling.BILINEAR, color={color})"),
        Fit::Stretch => format!("image.resize(({width}, {height}), Image.Resampling.BILINEAR)"),
    }
}

fn modules(tells: bool) -> &'static str {
    if tells { "import json\nimport pathlib\nimport sys\n" } else { "import pathlib\nimport sys\n" }
}

/// What is done before all images, and what prints the answer of what is handed in.
fn answer(tells: bool) -> (&'static str, fn(&str) -> String) {
    if tells {
        ("classes = json.loads(session.get_modelmeta().custom_metadata_map[\"classes\"])\n", |handed| {
            format!(
                "    [probabilities] = session.run([\"probabilities\"], {handed})[0]\n    \
                 print(path, classes[probabilities.argmax()], probabilities.max())\n"
            )
        })
    } else {
        ("", |handed| {
            format!("    [features] = session.run([\"features\"], {handed})[0]\n    print(path, features.tolist())\n")
        })
    }
}

/// A program of a few lines that says of photographs what the file says.
fn example(file: &str, encoder: &Encoder, input: OnnxInput, tells: bool) -> String {
    let spec = &encoder.input;
    let mode = match spec.channels {
        1 => "L",
        4 => "RGBA",
        _ => "RGB",
    };
    let (width, height) = (spec.width, spec.height);
    let color: Vec<String> = spec.mean.iter().map(|mean| format!("{:.0}", mean * 255.0)).collect();
    let color = if spec.channels == 1 { color.join("") } else { format!("({})", color.join(", ")) };
    let fitted = fitted(spec, &color);
    let channels = spec.channels;
    let handed = match input {
        OnnxInput::Pixels => format!("{{\"pixels\": pixels.reshape(1, {height}, {width}, {channels})}}"),
        OnnxInput::Planes => format!(
            "{{\"image\": pixels.reshape(1, {height}, {width}, {channels}).transpose(0, 3, 1, 2).astype(numpy.float32) / 255}}"
        ),
    };
    let (before, print) = answer(tells);
    let (modules, answer) = (modules(tells), print(&handed));
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
    use foretask_data::{Channels, Whites};
    use foretask_models::{Arch, BackboneConfig};

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

    #[test]
    fn a_program_for_measurements_takes_arrays_in_their_own_values() {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4);
        let encoder = Encoder::random(&config, &InputSpec::centered(2, 24, 32), 1).unwrap();
        let of = |range: Range| {
            let reading = Reading { channels: Channels::Count(2), range };
            example_for("a.onnx", &encoder, Some(&reading), OnnxInput::Planes, true)
        };
        let (text, takes) = of(Range::Between(vec![[0.0, 4000.0], [-5.0, 1.5]])).unwrap();
        for words in [
            "black, white = numpy.float32([0.0, -5.0]), numpy.float32([4000.0, 1.5])",
            "[height, width, 2]",
            "ImageOps.fit(image, (32, 24)",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!((takes, text.lines().count() <= 20), ("ARRAY.npy", true), "{text}");
        // Files of several types have several whites, and an array does not say which it comes from.
        let whites = Whites { words: [(255, 255), (65535, 4095)].into(), floats: None };
        assert!(of(Range::Whites(whites)).is_none() && of(Range::Whites(Whites::default())).is_some());
    }
}
