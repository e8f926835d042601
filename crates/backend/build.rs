//! With libtorch: compiles what tch lacks, and writes libtorch's folder into this package's tests and examples, so that they
//! run with no environment variable set.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/libtorch/shim.cpp");
    println!("cargo:rerun-if-changed=src/group/c10d/c10d.cpp");
    println!("cargo:rerun-if-changed=src/group/c10d/stub");
    #[cfg(feature = "libtorch")]
    with_libtorch();
}

#[cfg(feature = "libtorch")]
fn with_libtorch() {
    // Set by torch-sys, of which this package is a direct dependent.
    let Ok(libraries) = std::env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{libraries}");
    // The same choices as torch-sys makes.
    println!("cargo:rerun-if-env-changed=LIBTORCH_INCLUDE");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    let root = std::env::var("LIBTORCH_INCLUDE").unwrap_or_else(|_| format!("{libraries}/.."));
    let abi = std::env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".to_owned());
    let compile = |file: &str, name: &str, more: &dyn Fn(&mut cc::Build)| {
        let mut build = cc::Build::new();
        build
            .cpp(true)
            .std("c++17")
            .pic(true)
            // libtorch's headers are not ours to mend.
            .warnings(false)
            .include(format!("{root}/include"))
            .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
            // One header for each function that is used: the common one takes a minute to read.
            .define("AT_PER_OPERATOR_HEADERS", None)
            .file(file);
        more(&mut build);
        build.compile(name);
    };
    compile("src/libtorch/shim.cpp", "foretask_torch", &|_| {});
    compile("src/group/c10d/c10d.cpp", "foretask_group", &|build| {
        // Without the first its header declares nothing; the others are what that includes beyond libtorch's usual headers.
        build.define("USE_C10D_GLOO", None);
        build.include("src/group/c10d/stub").include(format!("{root}/include/torch/csrc/api/include"));
    });
}
