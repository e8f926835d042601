//! WebDataset archives. The checksums of headers are made right, so that libFuzzer gets past them.
#![no_main]

use foretask_data::ImportFormat;
use libfuzzer_sys::fuzz_target;

const BLOCK: usize = 512;
const CHECKSUM: std::ops::Range<usize> = 148..156;

fuzz_target!(|data: (bool, &[u8])| {
    let (honest, bytes) = data;
    let mut bytes = bytes.to_vec();
    if honest {
        for header in bytes.chunks_exact_mut(BLOCK) {
            header[CHECKSUM].fill(b' ');
            let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
            header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    let file = foretask_fuzz::file("tar/train-0.tar", &bytes);
    foretask_fuzz::import(&file, ImportFormat::WebDataset);
});
