//! Lets the server compile before the front end was ever built, and compile again after it was.

fn main() -> std::io::Result<()> {
    let site = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/site");
    // The files are embedded from this folder, which has to be there.
    std::fs::create_dir_all(site)?;
    println!("cargo:rerun-if-changed=build.rs");
    // A debug build reads the files when they are asked for.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo:rerun-if-changed={site}");
    }
    Ok(())
}
