//! CIFAR-10, CIFAR-100 and STL-10: records of fixed length. Inputs are repeated up to a few records' length, so that libFuzzer
//! need not find out how long one is.
#![no_main]

use foretask_data::ImportFormat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u8, u16, &[u8])| {
    let (version, extra, bytes) = data;
    let (format, name, record) = match version % 3 {
        0 => (ImportFormat::Cifar10, "cifar/data_batch_1.bin", 3_073),
        1 => (ImportFormat::Cifar100, "cifar/train.bin", 3_074),
        _ => (ImportFormat::Stl10, "cifar/train_X.bin", 27_648),
    };
    // Whole records in half of the cases, any length in the others.
    let length = if extra % 2 == 0 { record * usize::from(extra / 2 % 4) } else { usize::from(extra) };
    let filled: Vec<u8> = bytes.iter().copied().cycle().take(if bytes.is_empty() { 0 } else { length }).collect();
    let file = foretask_fuzz::file(name, &filled);
    foretask_fuzz::import(&file, format);
});
