//! Packs: the index that names places, and the shard in which they lie. What is not damaged is as we write it.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use foretask_data::{Images, LoadOptions, Manifest, PackOptions};
use libfuzzer_sys::fuzz_target;

/// The files of a small pack, by name.
fn whole() -> &'static [(PathBuf, Vec<u8>)] {
    static WHOLE: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        for number in 0..4 {
            foretask_fuzz::file(&format!("pictures/{}/{number}.png", number % 2), foretask_fuzz::PNG);
        }
        let (from, to) = (foretask_fuzz::folder().join("pictures"), foretask_fuzz::folder().join("packed"));
        foretask_data::pack(&from, &to, &PackOptions::default(), &mut |_, _| ()).expect("a pack");
        let files = std::fs::read_dir(to).expect("the pack").flatten().map(|entry| entry.path());
        files.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(path).expect("a file"))).collect()
    })
}

fuzz_target!(|data: (u8, Vec<(u16, u8)>, u16)| {
    let (which, changes, cut) = data;
    let files = whole();
    let chosen = usize::from(which) % files.len();
    for (number, (path, bytes)) in files.iter().enumerate() {
        let mut bytes = bytes.clone();
        if number == chosen {
            for &(at, value) in &changes {
                let at = usize::from(at) % bytes.len().max(1);
                bytes[at] ^= value;
            }
            if cut > 0x8000 {
                bytes.truncate(usize::from(cut) % bytes.len().max(1));
            }
        }
        std::fs::write(path, bytes).expect("a file");
    }
    let Ok(manifest) = Manifest::open(foretask_fuzz::folder().join("packed")) else { return };
    let Ok(samples) = manifest.samples() else { return };
    let options = LoadOptions { max_bad_fraction: 1.0, ..LoadOptions::default() };
    if let Ok(images) = Images::load(&samples, &options) {
        for at in 0..images.len() {
            let _ = images.get(at);
        }
    }
});
