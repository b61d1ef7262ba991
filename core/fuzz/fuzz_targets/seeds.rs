//! Where does a fuzz run begin?
//!
//! Writes the valid inputs of every target to `FOLDER/TARGET/NUMBER`.

#![forbid(unsafe_code)]

use std::path::Path;

use planogram_fuzz::{kernel, rows};

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "corpus".to_owned());
    let all = [
        ("handshake", kernel::handshakes()),
        ("entry", kernel::entries()),
        ("checkpoint", kernel::checkpoints()),
        ("condition", kernel::conditions()),
        ("rows", rows::valid()),
    ];
    for (target, seeds) in all {
        let folder = Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder)?;
        for (at, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(at.to_string()), seed)?;
        }
    }
    Ok(())
}
