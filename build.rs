//! Tells the binary which compiler made it, so that an operator can ask it.

use std::process::Command;

fn main() {
    // The compiler is part of what Cargo knows already; nothing else is read.
    println!("cargo::rerun-if-env-changed=RUSTC");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output();
    let version = version.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
    println!("cargo::rustc-env=WEIR_RUSTC={}", version.unwrap_or_default());
    println!("cargo::rustc-env=WEIR_PROFILE={}", std::env::var("PROFILE").unwrap_or_default());
}
