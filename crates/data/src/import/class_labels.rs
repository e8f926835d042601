//! Images with their classes as the Hugging Face hub has them: `image: struct{bytes, path}` and `label` as a number, whose name the
//! file's metadata holds.

use std::path::Path;

use polars::prelude::{
    Column, DataFrame, IntoSeries, NamedFrom, ParquetCompression, ParquetWriter, PolarsResult, Series,
    StatisticsOptions, StructChunked,
};
use serde_json::json;

use super::{BATCH, write::io_error};
use crate::{
    atomic::write_atomically_if,
    error::{DataError, Result},
    manifest::huggingface::metadata,
};

/// An image and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassLabeled {
    /// Its encoding.
    pub bytes: Vec<u8>,
    /// Its file name.
    pub name: String,
    /// The class by its place among the names.
    pub label: Option<u32>,
}

/// Writes `count` images, asked for one by one, as Parquet in groups of 1000 rows; whole or not at all.
///
/// # Errors
/// What `image` fails with; [`DataError::Write`] naming the file.
pub fn write_class_labels(
    path: &Path,
    classes: &[String],
    count: usize,
    image: &dyn Fn(usize) -> Result<ClassLabeled>,
) -> Result<()> {
    let failed = |error| DataError::Write { path: path.to_owned(), source: io_error(error) };
    let features = json!({ "info": { "features": {
        "image": { "_type": "Image" },
        "label": { "names": classes, "_type": "ClassLabel" },
    } } });
    write_atomically_if(path, |file| {
        let open = || -> PolarsResult<_> {
            let empty = frame(&[])?;
            ParquetWriter::new(file)
                .with_compression(ParquetCompression::Zstd(None))
                .with_statistics(StatisticsOptions::empty())
                .with_key_value_metadata(Some(metadata(&features.to_string(), empty.schema())))
                .batched(empty.schema())
        };
        let mut writer = open().map_err(failed)?;
        for begin in (0..count).step_by(BATCH) {
            let batch: Vec<ClassLabeled> = (begin..(begin + BATCH).min(count)).map(image).collect::<Result<_>>()?;
            frame(&batch).and_then(|frame| writer.write_batch(&frame)).map_err(failed)?;
        }
        writer.finish().map(drop).map_err(failed)
    })
}

fn frame(batch: &[ClassLabeled]) -> PolarsResult<DataFrame> {
    let bytes: Vec<&[u8]> = batch.iter().map(|image| image.bytes.as_slice()).collect();
    let names: Vec<&str> = batch.iter().map(|image| image.name.as_str()).collect();
    let fields = [Series::new("bytes".into(), bytes), Series::new("path".into(), names)];
    let images = StructChunked::from_series("image".into(), batch.len(), fields.iter())?.into_series();
    let labels: Vec<Option<i64>> = batch.iter().map(|image| image.label.map(i64::from)).collect();
    DataFrame::new(batch.len(), vec![images.into(), Column::new("label".into(), labels)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Manifest;

    #[test]
    fn what_is_written_is_a_dataset() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        let image = |at: usize| -> Result<ClassLabeled> {
            let bytes = [b"P5\n1 1\n255\n".as_slice(), &[at as u8]].concat();
            Ok(ClassLabeled { bytes, name: format!("{at}.pgm"), label: [Some(1), None, Some(0)][at] })
        };
        let classes = ["cat".to_owned(), "dog".to_owned()];
        write_class_labels(&path, &classes, 3, &image).unwrap();
        let samples = Manifest::open(&path).unwrap().samples().unwrap();
        assert_eq!((samples.labels, samples.classes.to_vec()), (vec![Some(1), None, Some(0)], classes.to_vec()));
        assert_eq!(samples.sources[2].name(), Some("2.pgm"));
        assert_eq!(samples.sources[2].encoded().unwrap().last(), Some(&2));
        // Where pyarrow looks: within the Arrow schema, beside the types that features have there.
        let schema = {
            let file = std::fs::read(&path).unwrap();
            let at = file.windows(12).rposition(|part| part == b"ARROW:schema").unwrap() + 12;
            let text = file[at..].iter().skip_while(|byte| **byte != b'/').copied();
            let text: Vec<u8> = text.take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).collect();
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()
        };
        let holds = |text: &str| schema.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(holds("huggingface") && holds("ClassLabel") && holds("bytes"));
        let broken = |_| Err(DataError::Decode { name: "x".into(), reason: "gone".into() });
        let other = folder.path().join("y.parquet");
        assert!(write_class_labels(&other, &classes, 1, &broken).is_err() && !other.exists());
    }
}
