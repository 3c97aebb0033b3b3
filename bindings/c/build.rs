//! Gives the shared library that cargo links the soname that the installed one has.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,librsocket.so.0");
}
