//! The condition of `.filter("…")`.
#![no_main]

use std::sync::OnceLock;

use foretask_data::Manifest;
use libfuzzer_sys::fuzz_target;

const TABLE: &str = "\
path,label,split,number,share,yes
a.png,cat,train,1,0.5,true
b.png,dog,test,-2,,false
c.png,,train,3,1e9,
";

fuzz_target!(|predicate: &str| {
    static MANIFEST: OnceLock<Manifest> = OnceLock::new();
    let open = || Manifest::open(foretask_fuzz::file("table.csv", TABLE.as_bytes())).expect("a manifest");
    if let Ok(view) = MANIFEST.get_or_init(open).filter(predicate) {
        let _ = view.count();
    }
});
