//! The compiler's version, which is std's, and whether std's unstable ancillary data may be used.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_BOOTSTRAP");
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("rustc runs");
    let version = String::from_utf8(output.stdout).expect("rustc prints text");
    println!("cargo::rustc-env=RUSTC_VERSION={}", version.trim());
    let may = env::var("RUSTC_BOOTSTRAP").is_ok_and(|crates| crates.contains("rsocket_peers"));
    if may || version.contains("nightly") {
        println!("cargo::rustc-cfg=std_ancillary");
    }
}
