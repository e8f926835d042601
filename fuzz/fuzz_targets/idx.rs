//! IDX, gzipped or not: the images, and the labels that belong to them.
#![no_main]

use foretask_data::ImportFormat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (&[u8], &[u8])| {
    let images = foretask_fuzz::file("idx/train-images-idx3-ubyte", data.0);
    foretask_fuzz::file("idx/train-labels-idx1-ubyte", data.1);
    foretask_fuzz::import(&images, ImportFormat::Idx);
});
