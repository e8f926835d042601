//! With libtorch: compiles what tch lacks, and writes libtorch's folder into this package's tests and examples, so that they
//! run with no environment variable set.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/libtorch/shim.cpp");
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
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .pic(true)
        // libtorch's headers are not ours to mend.
        .warnings(false)
        .include(format!("{root}/include"))
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        // One header for each function that is used: the common one takes a minute to read.
        .define("AT_PER_OPERATOR_HEADERS", None)
        .file("src/libtorch/shim.cpp")
        .compile("foretask_torch");
}
